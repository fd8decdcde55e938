"""Details out of three databases: one list, whose pages reach from one database into the next."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from dbgate.errors import DatabaseUnavailable, DecisionFailed, GateError
from dbgate.records import DayDetails, DaySlice, Payment
from dbgate.work import Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, Clock, deposit, read
from tests.dbgate.three_branches import Utility

pytestmark = pytest.mark.engine("sqlite")


def wanting(first_row: int, rows_max: int = 3, day: date = DAY) -> Work:
    """Return the work of one who wants a slice."""
    wanted = DaySlice(day, first_row, rows_max)

    def _answer(records: WorkingSet, moment: Moment) -> object:
        return records.details(BANK, wanted), records.day(BANK), moment.clearing_date

    return read(_answer, details=wanted)


def details_of(utility: Utility, first_row: int, rows_max: int = 3, day: date = DAY) -> DayDetails | None:
    [answer] = utility.ask(wanting(first_row, rows_max, day))
    details, clearing_day, clearing_date = answer  # type: ignore[misc]
    assert clearing_day.clearing_date == clearing_date
    assert details is None or isinstance(details, DayDetails)
    return details


def close_day(utility: Utility, *indexes: int) -> None:
    for index in indexes:
        utility.branches[index].gate.close_day(BANK, DAY)


@pytest.fixture
def serials(utility: Utility) -> list[int]:
    """Four payments in the first database, none in the second, three in the third, paid in turn; by fep_serial."""
    numbers = (1, 201, 2, 202, 1, 201, 2)
    paid = utility.ask(*(deposit(number, serial, 5) for serial, number in enumerate(numbers, 1)))
    return sorted(row.fep_serial for row in paid if isinstance(row, Payment) and row.fep_serial is not None)


def test_one_list_over_all_databases(utility: Utility, serials: list[int]) -> None:
    """Each slice has the rows that stand there by fep_serial, wherever they are stored, and the count of all."""
    close_day(utility, 0, 1, 2)
    assert len(serials) == 7
    for rows_max in (1, 3, 20):
        for first_row in range(9):
            details = details_of(utility, first_row, rows_max)
            assert details is not None
            found = [row.fep_serial for row in details.rows]
            assert (details.row_count, found) == (7, serials[first_row : first_row + rows_max])


@pytest.mark.engine("postgresql")
def test_one_list_over_three_servers(utility: Utility, serials: list[int]) -> None:
    """On PostgreSQL too."""
    close_day(utility, 0, 1, 2)
    details = details_of(utility, 2, 4)
    assert details is not None
    assert [row.fep_serial for row in details.rows] == serials[2:6]


def test_a_day_that_one_database_has_not_closed(utility: Utility, serials: list[int]) -> None:
    """It is open: whoever asks is told by the earliest day, and no rows are fetched."""
    close_day(utility, 0, 2)
    assert details_of(utility, 0) is None
    close_day(utility, 1)
    assert details_of(utility, 0) is not None


def test_only_those_concerned_are_asked_for_rows(
    utility: Utility, serials: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are asked how many rows they have; rows are read where the slice stands."""
    close_day(utility, 0, 1, 2)
    asked: list[tuple[int, DaySlice | None]] = []
    for index, branch in enumerate(utility.branches):
        monkeypatch.setattr(branch.gate, "submit", _noting(index, branch.gate.submit, asked))
    assert details_of(utility, 5) is not None
    none = DaySlice(DAY, 0, 0)
    assert asked == [(0, none), (1, none), (2, none), (2, DaySlice(DAY, 1, 2))]


def _noting(index: int, submit: Callable[[Work], None], asked: list[tuple[int, DaySlice | None]]) -> object:
    def _submit(work: Work) -> None:
        asked.append((index, work.needs.details))
        submit(work)

    return _submit


def test_one_that_cannot_be_asked_fails_it(utility: Utility, serials: list[int]) -> None:
    """A page that lacks rows would be taken for the truth."""
    close_day(utility, 0, 1, 2)
    utility.take_away(1)
    assert [type(answer) for answer in utility.ask(wanting(0))] == [DatabaseUnavailable]


def test_one_that_goes_away_between_the_questions(
    utility: Utility, serials: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request fails once, with the error of the one that had the rows."""
    close_day(utility, 0, 1, 2)
    submit = utility.branches[2].gate.submit

    def _only_counts(work: Work) -> None:
        if work.needs.details is not None and work.needs.details.rows_max:
            raise DatabaseUnavailable("gone")
        submit(work)

    monkeypatch.setattr(utility.branches[2].gate, "submit", _only_counts)
    [alone, crossing, elsewhere] = utility.ask(wanting(5), wanting(3), wanting(0))
    for answer in (alone, crossing):
        assert isinstance(answer, GateError)
        assert str(answer) == "gone"
    assert not isinstance(elsewhere, GateError)


def test_none_that_can_be_asked(utility: Utility) -> None:
    """The work is not even taken."""
    for index in range(3):
        utility.take_away(index)
    with pytest.raises(DatabaseUnavailable):
        utility.gate.submit(wanting(0))


def test_a_bug_in_a_decision(utility: Utility, serials: list[int]) -> None:
    """It is answered as one in a batch is, and once."""
    close_day(utility, 0, 1, 2)
    buggy = read(lambda records, moment: 1 // 0, details=DaySlice(DAY, 0, 3))
    assert [type(answer) for answer in utility.ask(buggy)] == [DecisionFailed]
    assert buggy.batch_size == 1


def test_a_bank_that_one_database_does_not_know(utility: Utility, serials: list[int], clock: Clock) -> None:
    """Where the bank has no clearing date it has no rows, and that closes no day and keeps none open."""
    clock.moment += timedelta(days=1)
    paid = utility.ask(deposit(1, 50, 5, bank="0109"))
    assert isinstance(paid[0], Payment)
    utility.branches[0].gate.close_day("0109", DAY + timedelta(days=1))
    wanted = DaySlice(DAY + timedelta(days=1), 0, 3)
    [found] = utility.ask(read(lambda records, moment: records.details("0109", wanted), "0109", details=wanted))
    assert isinstance(found, DayDetails)
    assert [row.identity for row in found.rows] == [paid[0].identity]
