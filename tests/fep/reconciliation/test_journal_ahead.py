"""The journal is read ahead: all of it comes, and whoever leaves early leaves no thread behind."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection

from dbgate.books import day_keys
from dbgate.books.day_keys import JournalDay
from dbgate.database import Database
from dbgate.reports.snapshots import Snapshot, snapshot
from fep.reconciliation import journal_ahead
from fep.reconciliation.journal_ahead import JournalAhead
from tests.support.recon_day import DAY, keep, paid

OF_DAY = JournalDay("0102", DAY)


@pytest.fixture(autouse=True)
def _little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """One key in each portion, and room for one portion: the databases are always ahead."""
    monkeypatch.setattr(day_keys, "KEYS_AT_ONCE", 1)
    monkeypatch.setattr(journal_ahead, "PORTIONS_MAX", 1)


@pytest.fixture
def snapshots(journals: list[Database]) -> Iterator[list[Snapshot]]:
    """Of three databases with three payments, none and one."""
    keep(journals[0], [paid(number, number, 100) for number in (1, 2, 3)])
    keep(journals[2], [paid(4, 201, 400)])
    with ExitStack() as opened:
        yield [opened.enter_context(snapshot(each)) for each in journals]


def serials(portions: Iterator[Sequence[str]]) -> list[int]:
    return sorted(int(day_keys.identity_of("0102", key).bank_serial) for keys in portions for key in keys)


def test_all_of_it(snapshots: list[Snapshot]) -> None:
    """The sums of every database, then the keys of each; when these have come, its snapshot may be asked again."""
    with JournalAhead(snapshots, OF_DAY) as ahead:
        assert ahead.sums() == [(3, 300), (0, 0), (1, 400)]
        for each, expected in zip(snapshots, [[1, 2, 3], [], [4]], strict=True):
            assert serials(ahead.portions()) == expected
            assert day_keys.day_sums(each, OF_DAY)[0] == len(expected)


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_left_early(snapshots: list[Snapshot], taken: int) -> None:
    """As when the file is refused: the thread ends, and the snapshots are free."""
    with JournalAhead(snapshots, OF_DAY) as ahead:
        if taken:
            ahead.sums()
        if taken > 1:
            next(ahead.portions())
    assert not [each for each in threading.enumerate() if each.name == "journal-ahead"]
    assert day_keys.day_sums(snapshots[0], OF_DAY) == (3, 300)


def test_an_error_is_raised_where_it_is_waited_for(snapshots: list[Snapshot], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever befalls a database in the middle of its keys; nothing of it is lost in the thread."""
    keys_of = journal_ahead.day_keys

    def lost(connection: Connection, day: JournalDay) -> Iterator[Sequence[str]]:
        yield next(keys_of(connection, day))
        raise ConnectionResetError

    monkeypatch.setattr(journal_ahead, "day_keys", lost)
    with JournalAhead(snapshots, OF_DAY) as ahead:
        ahead.sums()
        portions = ahead.portions()
        next(portions)
        with pytest.raises(ConnectionResetError):
            next(portions)
