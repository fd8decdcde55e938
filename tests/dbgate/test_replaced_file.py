"""A database file moved away or replaced under a running daemon: no payment goes into what nobody opens again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dbgate.batch import MoneyLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.work import Decide, Decision, Moment
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import account_no, answers, deposit, identity, work
from tests.support.databases import stored

pytestmark = pytest.mark.engine("sqlite")

PAYMENTS = "SELECT bank_serial FROM payments WHERE movement = 'pay' ORDER BY bank_serial"


@pytest.fixture
def path(database: Database) -> Path:
    """The database's file."""
    return Path(str(database.money_engine.url.database))


@pytest.fixture
def replace_file(path: Path) -> Callable[[], None]:
    """Put another file in the database's place, as a restored backup is."""

    def _replace() -> None:
        backup = path.with_suffix(".backup")
        shutil.copy(path, backup)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.replace(backup, path)

    return _replace


def checkpointed(database: Database) -> None:
    with database.money_engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")


def test_file_replaced_between_batches(database: Database, replace_file: Callable[[], None]) -> None:
    """After a backup was put in its place, the next payment is in that file."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([deposit(1, 1, 5)])
    lane.close()
    lane.run([deposit(2, 2, 5)])
    checkpointed(database)
    replace_file()
    lane.run([deposit(3, 3, 5)])
    lane.close()

    assert stored(database, PAYMENTS) == [(f"{serial:012d}",) for serial in (1, 2, 3)]


def test_file_replaced_amid_a_batch(database: Database, replace_file: Callable[[], None]) -> None:
    """A batch that has begun on the old file is not committed there, but run again on the new one."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([deposit(1, 1, 5)])
    lane.close()
    replaced: list[bool] = []
    inner: Decide = deposit(2, 2, 5).decide

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        if not replaced:
            replaced.append(True)
            replace_file()
        return inner(working_set, moment)

    [result] = answers(lane.run([work(_decide, own=identity(2), account_no=account_no(2), serial=True)]))
    lane.close()

    assert not isinstance(result, Exception)
    assert stored(database, PAYMENTS) == [("000000000001",), ("000000000002",)]


def test_file_moved_away(database: Database, path: Path) -> None:
    """Without its file a payment is refused as not done, and no empty database is made in its place."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([deposit(1, 1, 5)])
    path.rename(path.with_suffix(".away"))
    [result] = answers(lane.run([deposit(2, 2, 5)]))
    lane.close()

    assert isinstance(result, DatabaseUnavailable)
    assert not path.exists()
