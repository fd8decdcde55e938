"""Read snapshots on PostgreSQL: a batch of queries sees one state of the database, whatever is committed meanwhile.

A payment is committed between two statements of the batch: whoever pays has locked the table of bills, so the batch has
read the account and waits for the bills.
"""

from collections.abc import Iterator

import pytest

from dbgate.batch import ReadLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.work import Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import account_no, fill, read
from tests.dbgate.running import Running, session, wait_for_waiting

pytestmark = pytest.mark.engine("postgresql")

BEFORE, AFTER = (0, 2), (77, 0)
NEVER_WAS = (0, 0)


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with ten accounts, each with two open bills and nothing on its balance."""
    database = Database(url)
    fill(database)
    yield database
    database.dispose()


def look() -> Work:
    """A QUERY: the balance and how many bills are unsettled."""

    def _look(working_set: WorkingSet, moment: Moment) -> object:
        account = working_set.account(account_no(1))
        assert account is not None
        return account.balance_fen, len(working_set.unsettled_bills(account_no(1)))

    return read(_look, account_no=account_no(1))


def look_while_somebody_pays(lane: ReadLane, url: str) -> list[object]:
    """What two queries of one batch see, between whose statements a payment is committed; and one after it."""
    lane.run([look()])
    with session(url) as paying:
        paying.execute("LOCK TABLE bills IN ACCESS EXCLUSIVE MODE")
        looking = Running(lane, [look(), look()])
        wait_for_waiting(url, 1)
        paying.execute("UPDATE accounts SET balance_fen = 77 WHERE account_no = %s", [account_no(1)])
        paying.execute("UPDATE bills SET state = 'settled' WHERE account_no = %s", [account_no(1)])
        paying.execute("COMMIT")
        during = looking.answers()
    return [*during, lane.run([look()])[0][1]]


def test_a_query_sees_one_state(database: Database, url: str) -> None:
    """Balance and bills are of the same moment, for all queries of the batch; the next batch sees the payment."""
    lane = ReadLane(database, ClearingDates())
    seen = look_while_somebody_pays(lane, url)
    lane.close()

    assert seen == [BEFORE, BEFORE, AFTER]


def test_without_a_snapshot_a_state_is_seen_that_never_was(database: Database, url: str) -> None:
    """What the snapshot saves us from: under READ COMMITTED the bills are settled and the balance is still the old."""
    database.read_engine = database.read_engine.execution_options(isolation_level="READ COMMITTED")
    lane = ReadLane(database, ClearingDates())
    seen = look_while_somebody_pays(lane, url)
    lane.close()

    assert seen == [NEVER_WAS, NEVER_WAS, AFTER]


def test_a_snapshot_is_not_kept(database: Database, url: str) -> None:
    """Between two batches a lane holds nothing: no old rows are kept for it, and no lock is in anybody's way."""
    lane = ReadLane(database, ClearingDates())
    lane.run([look()])
    with session(url) as other:
        query = "SELECT state, backend_xmin IS NULL FROM pg_stat_activity WHERE application_name = 'fep'"
        states = [tuple(row) for row in other.execute(query)]
        other.execute("SET LOCAL lock_timeout = '1s'")
        other.execute("LOCK TABLE accounts, bills, payments IN ACCESS EXCLUSIVE MODE")
    lane.close()

    assert states == [("idle", True)]
