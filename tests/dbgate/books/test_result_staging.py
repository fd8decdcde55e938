"""Rows of a debit result are found by number, whatever order they came in; none has the number of another."""

from dbgate.books.result_staging import ResultStaging, StagedRow


def staged(row_no: int, place: int = 0, serial: str | None = None) -> StagedRow:
    day = None if serial is None else 20261122
    return StagedRow(
        row_no,
        row_no + 1,
        place,
        f"02{row_no:08d}",
        "王",
        "6222",
        202610,
        1,
        f"B{row_no}",
        100,
        0,
        "00",
        100,
        day,
        serial,
    )


def test_rows_by_number_and_database() -> None:
    """Each database's rows come in the order of their numbers."""
    with ResultStaging() as staging:
        for row_no in (3, 1, 4, 2):
            assert staging.add(staged(row_no, place=row_no % 2)) is None
        assert [row.row_no for row in staging.rows_of(1)] == [1, 3]
        assert [row.row_no for row in staging.rows_of(0)] == [2, 4]
        assert staging.row(4) == staged(4)
        assert staging.row(5) is None


def test_a_number_or_an_identity_again() -> None:
    """The row that has it already is told; rows without an identity are all different."""
    with ResultStaging() as staging:
        assert [staging.add(staged(row_no)) for row_no in (1, 2)] == [None, None]
        assert staging.add(staged(3, serial="9")) is None
        assert staging.add(staged(2, serial="8")) == staged(2)
        assert staging.add(staged(4, serial="9")) == staged(3, serial="9")
        assert staging.row(4) is None
