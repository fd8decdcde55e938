"""What only a real Oracle can show: its clock, its locks, its waits, its batch errors; skipped where there is none.

``docs/oracle.md`` says how to run this on a first server.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from dbgate.clearing import ClearingDates
from dbgate.clock import system_clock
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.faults import Fault, fault_of
from dbgate.gate import Gate
from dbgate.loading import _ACCOUNTS_LOCKED, ACCOUNTS
from dbgate.prepared import InsertRows
from dbgate.records import Payment
from dbgate.tables import allocations
from dbgate.trip import run
from dbgate.work import Work
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import BANK, account_no, deposit, fill, settle
from tests.dbgate.test_clearing_locks import hold, overlapping, transaction
from tests.support.databases import stored
from tests.support.oracle_server import ENVIRONMENT, real_oracle_url

pytestmark = [
    pytest.mark.engine("oracle"),
    pytest.mark.skipif(real_oracle_url() is None, reason=f"{ENVIRONMENT} names no server"),
]

INSERT = InsertRows("t_insert_on_real_oracle", allocations, if_new=True)


@pytest.fixture
def real(new_database_url: NewDatabase) -> Iterator[Database]:
    """The server, with ten accounts of two bills each, and its own clock."""
    with new_database_url() as url:
        database = Database(url)
        fill(database)
        yield database
        database.dispose()


def test_clock(real: Database) -> None:
    """It tells the time of Shanghai, wherever server and session stand."""
    with real.connect(money=True) as connection:
        assert abs(real.now(connection) - system_clock()) < timedelta(seconds=30)


def test_taken_keys(real: Database) -> None:
    """Of several rows those go in whose key is free, they are counted, and the transaction goes on."""
    with real.connect(money=True) as connection:
        with connection.begin():
            assert run(connection, INSERT, [(1, "B1", 1, 0), (1, "B2", 1, 0)]).count == 2
            assert run(connection, INSERT, [(1, "B1", 9, 9), (1, "B3", 1, 0), (1, "B2", 9, 9)]).count == 1
        with connection.begin(), pytest.raises(DBAPIError, match="ORA-01400"):
            run(connection, INSERT, [(2, "B1", None, 0)])
    assert stored(real, "SELECT count(*), sum(principal_fen) FROM allocations") == [(3, 3)]


def waited(began: float) -> float:
    """Seconds since ``began``."""
    return time.monotonic() - began


def test_a_lock_is_waited_for_two_seconds(real: Database) -> None:
    """FOR UPDATE WAIT gives up by itself."""
    with transaction(real) as holder, transaction(real) as other:
        run(holder, _ACCOUNTS_LOCKED, [account_no(1)])
        began = time.monotonic()
        with pytest.raises(DBAPIError) as busy:
            run(other, _ACCOUNTS_LOCKED, [account_no(1)])
        assert 1.0 < waited(began) < 4.0
    assert fault_of(busy.value) is Fault.LOCKED


def test_an_insert_that_waits_is_broken_off(real: Database) -> None:
    """The call timeout ends it, the server confirms that, and the connection goes on."""
    with transaction(real) as holder, real.connect(money=True) as other:
        run(holder, INSERT, [(3, "B1", 1, 0)])
        begun = real.begin(other, time.monotonic() + 4)
        began = time.monotonic()
        with pytest.raises(DBAPIError) as broken_off:
            run(other, INSERT, [(3, "B1", 1, 0)])
        assert 1.0 < waited(began) < 4.0
        begun.rollback()
        with other.begin():
            assert len(run(other, ACCOUNTS, [account_no(1)]).rows) == 1
    assert fault_of(broken_off.value) is Fault.LOCKED


def test_reading_is_one_snapshot(real: Database) -> None:
    """A query in several statements sees one state."""
    with real.connect(money=False) as reader, reader.begin():
        before = run(reader, ACCOUNTS, [account_no(1)]).rows
        with real.money_engine.begin() as connection:
            connection.exec_driver_sql("UPDATE accounts SET balance_fen = balance_fen + 1")
        assert run(reader, ACCOUNTS, [account_no(1)]).rows == before
        with pytest.raises(DBAPIError, match="ORA-01456"):
            reader.exec_driver_sql("DELETE FROM bills")


def test_a_day_is_held_together(real: Database) -> None:
    """Two lanes hold it at the same time, by a slot each."""
    CutOff(real, ClearingDates()).ensure([BANK])
    with transaction(real) as first, transaction(real) as second:
        assert len(hold(first, 1, BANK)) == len(hold(second, 2, BANK)) == 1


def test_holds_that_overlap_do_not_keep_the_cut_off_out(real: Database) -> None:
    """Eight lanes without a pause between their batches: the day moves in well under two seconds all the same."""
    clearing = ClearingDates()
    cut_off = CutOff(real, clearing)
    cut_off.ensure([BANK])
    present = clearing.last_read(BANK)
    assert present is not None
    with overlapping(real, clearing):
        began = time.monotonic()
        assert cut_off.close_day(BANK, present) == present + timedelta(days=1)
        assert waited(began) < 2.0


def test_two_daemons_with_four_lanes_each(real: Database) -> None:
    """Eight lanes that get the same requests at once settle no bill twice and lose no deposit."""
    lock = threading.Lock()
    answers: list[object] = []

    def _deliver(results: list[tuple[Work, object]]) -> None:
        with lock:
            answers.extend(answer for _, answer in results)

    databases = [Database(real.money_engine.url.render_as_string(hide_password=False)) for _ in range(2)]
    gates = [Gate(database, _deliver) for database in databases]
    for number in range(150):
        for gate in gates:
            gate.submit(deposit(number % 10, number, 5))
            gate.submit(settle(number % 10, 1000 + number))
    assert [gate.close(60) for gate in gates] == [True, True]
    for database in databases:
        database.dispose()

    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert Counter(map(type, answers))[Payment] == 160
    assert stored(real, "SELECT count(*), count(DISTINCT fep_serial) FROM payments") == [(160, 160)]
    assert stored(real, "SELECT sum(balance_fen) FROM accounts") == [(750,)]
    assert stored(real, "SELECT count(*) FROM allocations") == [(20,)]
