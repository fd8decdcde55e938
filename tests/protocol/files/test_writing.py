"""Writing a file: what is not whole has no tail, and rows are taken one by one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from protocol.errors import LocalProtocolError
from protocol.files.canonical import ReconcileHead, ReconcileRow
from protocol.files.reading import check_file
from protocol.files.standard import RECONCILE_DETAIL
from protocol.files.writing import tally_of, write_file
from tests.protocol.files.golden import DAY, DZ, FILES, REQUESTS

ROWS = [ReconcileRow(*row) for row in REQUESTS]


def changed(row: Any, **changes: object) -> Any:
    return replace(row, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"row_count": 3}, "4 rows, the head says 3"), ({"total_fen": 1}, "total"), ({"row_count": 5}, "4 rows")],
)
def test_head_that_does_not_fit(changes: dict[str, object], reason: str) -> None:
    """The tail is never written."""
    written: list[bytes] = []
    with pytest.raises(LocalProtocolError, match=reason):
        written.extend(write_file(RECONCILE_DETAIL, changed(FILES["DZ"][2], **changes), ROWS))
    assert written
    assert b"T" not in b"".join(written)


@pytest.mark.parametrize(
    "changes", [{"bank_serial": "x"}, {"account_no": ""}, {"amount_fen": -1}, {"amount_fen": 10**16}, {"state": 0}]
)
def test_value_that_does_not_fit(changes: dict[str, object]) -> None:
    """Ours to mend; the error names the field and quotes nothing."""
    with pytest.raises(LocalProtocolError, match=r"^row\.\w+: ") as caught:
        list(write_file(RECONCILE_DETAIL, FILES["DZ"][2], [changed(ROWS[0], **changes)]))
    assert "0102000000000001" not in str(caught.value)


def test_count_and_total_of_rows() -> None:
    """What the head of a file of them says."""
    tally = tally_of(RECONCILE_DETAIL, iter(ROWS))
    assert tally.for_head() == {"row_count": 4, "total_fen": 11_000}
    assert b"".join(write_file(RECONCILE_DETAIL, ReconcileHead("0102", DAY, **tally.for_head()), ROWS)) == DZ


def test_rows_are_taken_as_they_are_written() -> None:
    """A file of any size is written without holding its rows."""
    taken = 0

    def rows() -> Iterator[ReconcileRow]:
        nonlocal taken
        for _ in range(20_000):
            taken += 1
            yield ROWS[1]

    head = ReconcileHead("0102", DAY, 20_000, 20_000 * 11_000)
    blocks = write_file(RECONCILE_DETAIL, head, rows())
    first = [next(blocks), next(blocks)]
    assert taken <= 500
    data = b"".join([*first, *blocks])
    assert sum(1 for _ in check_file(RECONCILE_DETAIL, [data], {}).rows([data])) == 20_000
    assert tally_of(RECONCILE_DETAIL, rows()).row_count == 20_000
