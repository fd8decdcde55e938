"""Journal and audit logs are held against each other, both ways."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from datetime import date, datetime

import pytest

from dbgate.audits.told import Posted
from dbgate.records import Movement
from fep.audit.movement_check import Disagreement, ToldMovements, told_from
from fep.audit.verifying import Walked

DAY = date(2026, 11, 22)
BEGUN = datetime(2026, 11, 22, 8, 0)
BEFORE = datetime(2026, 11, 22, 12, 0)
ACCOUNT = "0102000000000007"


def posted(serial: int, amount_fen: int = 100, at: datetime = datetime(2026, 11, 22, 10, 0), **changes) -> Posted:
    row = Posted(serial, "0102", DAY, f"{serial:012d}", Movement.PAY, ACCOUNT, amount_fen, DAY, at)
    return row._replace(**changes)


def line(serial: int, amount_fen: int = 100, *, code: str = "0000", day: str = "20261122", hour: int = 10) -> bytes:
    numbered = f'"fep_serial": "{serial:012d}", ' if code == "0000" else ""
    return (
        f'{{"seq": 7, "at": "2026-11-22T{hour:02d}:00:00.000+08:00", "kind": "money", "counted": "pay", '
        f'"clearing_date": "{day}", "amount_fen": {amount_fen}, "bank_code": "0102", "transaction": "pay", '
        f'"bank_date": "20261122", "bank_serial": "{serial:012d}", {numbered}"response_code": "{code}", '
        f'"account_no": "010200******0007", "hash": "00"}}\n'
    ).encode()


def differing(rows: list[Posted], *lines: bytes, since: date = DAY) -> list[tuple[str, int]]:
    told = ToldMovements(since, BEFORE)
    for each in lines:
        told.take(each)
    return [(each.what.value, each.fep_serial) for each in told.compare(rows, BEGUN)]


def test_what_agrees() -> None:
    """Nothing is said of it; a repeat is told twice and posted once."""
    assert differing([posted(1), posted(2)], line(1), line(2), line(2)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 101},
        {"bank_code": "0103"},
        {"clearing_date": date(2026, 11, 23)},
        {"account_no": "0102000000000008"},
    ],
)
def test_a_row_that_was_changed(changes: dict[str, object]) -> None:
    """Amount, bank, day and what is left of the account must be those that the log tells."""
    assert differing([posted(1)._replace(**changes)], line(1)) == [("differs", 1)]


def test_a_row_that_no_log_tells_of() -> None:
    """It was added by hand, or the log's end was cut off."""
    assert differing([posted(1), posted(2)], line(2)) == [("untold", 1)]


def test_a_row_that_was_deleted() -> None:
    """The log tells of it still."""
    assert differing([posted(1)], line(1), line(2)) == [("gone", 2)]


def test_what_is_on_its_way() -> None:
    """What has just happened, and what was before the log began, is left out; so are other days."""
    young, old = datetime(2026, 11, 22, 12, 0), datetime(2026, 11, 22, 7, 59)
    assert differing([posted(1, at=young), posted(2, at=old)], line(3, hour=12)) == []
    assert differing([], line(1, day="20261121")) == []


def test_an_outcome_that_was_not_known() -> None:
    """It was told as such, under the bank's serial: its row may stand there, or not."""
    assert differing([posted(1)], line(1, code="9002")) == []
    assert differing([], line(1, code="9002")) == []


def test_from_when_on_logs_tell(tmp_path) -> None:
    """From the first line of all chains that are whole; where one has no beginning, from what is left of it."""

    def walked(first_line: int, hour: int) -> Walked:
        return Walked(tmp_path, first_line=first_line, first_at=f"2026-11-22T{hour:02d}:00:00.000+08:00")

    assert told_from([]) is None
    assert told_from([walked(1, 8), walked(1, 7)]) == datetime(2026, 11, 22, 7)
    assert told_from([walked(1, 7), walked(40, 9)]) == datetime(2026, 11, 22, 9)


def test_each_has_its_words() -> None:
    """In both languages."""
    assert all(each.text.en and each.text.zh for each in Disagreement)
