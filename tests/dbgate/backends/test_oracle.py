"""Oracle: sessions, waits, clock, order of the locks and batch errors, over an emulation of the driver."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import oracledb
import pytest
from sqlalchemy.exc import DBAPIError

from dbgate import schema
from dbgate.backends.oracle import ORACLE, ROWS_AHEAD
from dbgate.batch import MoneyLane, ReadLane
from dbgate.books.tables import metadata
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, StatementFailed
from dbgate.faults import Fault, fault_of
from dbgate.insertion import execute_if_new
from dbgate.loading import ACCOUNTS, ask
from dbgate.prepared import InsertRows
from dbgate.records import Payment
from dbgate.storing import rows
from dbgate.tables import allocations
from dbgate.trip import Trip, run
from dbgate.work import Decision, Moment
from dbgate.working_set import WorkingSet
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import BANK, account_no, answers, deposit, fill, identity, payment, read, settle, undo, work
from tests.support.databases import stored
from tests.support.oracle_emulation import Emulation, ora
from tests.support.statements import on_statement

pytestmark = pytest.mark.engine("oracle")


@pytest.fixture
def own_clock(new_database_url: NewDatabase) -> Iterator[Database]:
    """A database that tells the time itself."""
    with new_database_url() as url:
        database = Database(url)
        yield database
        database.dispose()


def test_a_session_is_prepared(own_clock: Database, oracle: Emulation) -> None:
    """Text is compared by its bytes, a COMMIT waits for the disk, every round trip has a bound from the first on."""
    bounds: list[int] = []
    connect = oracle.connect

    def _connect(**options: Any) -> Any:
        connection = connect(**options)
        connection.around.append(("", lambda: bounds.append(connection.call_timeout), bool))
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracledb, "connect", _connect)
        for money in (True, False):
            own_clock.connect(money=money).close()

    for connection in oracle.connections:
        assert connection.session == [
            "ISOLATION_LEVEL=READ COMMITTED",
            "NLS_COMP = BINARY NLS_SORT = BINARY",
            "COMMIT_WAIT = WAIT",
        ]
        assert connection.module == "fep-daemon"
        assert connection.options["tcp_connect_timeout"] == 5.0
        assert connection.options["expire_time"] == 1
    assert set(bounds) == {4000}
    assert oracledb.defaults.prefetchrows == ROWS_AHEAD


def test_reading_is_one_snapshot(database: Database, oracle: Emulation) -> None:
    """A batch of queries sees one state of the database, and cannot write."""
    with database.connect(money=False) as reader, reader.begin():
        before = run(reader, ACCOUNTS, [account_no(1)]).rows
        lane = MoneyLane(database, ClearingDates())
        assert [type(answer) for answer in answers(lane.run([deposit(1, 1, 50)]))] == [Payment]
        lane.close()
        assert run(reader, ACCOUNTS, [account_no(1)]).rows == before
        with pytest.raises(DBAPIError, match="ORA-01456"):
            reader.exec_driver_sql("DELETE FROM bills")
    with database.connect(money=False) as reader, reader.begin():
        assert run(reader, ACCOUNTS, [account_no(1)]).rows != before

    begun = [position for position, text in enumerate(oracle.texts) if text == "SET TRANSACTION READ ONLY"]
    assert [oracle.texts[position + 1].startswith("SELECT accounts") for position in begun] == [True, True]


@pytest.mark.parametrize(("wait_s", "expected_ms"), [(10.0, 5000), (1.0, 1000), (-3.0, 1000), (1e9, 86_400_000)])
def test_a_round_trip_is_bounded(own_clock: Database, wait_s: float, expected_ms: int) -> None:
    """By half of what is left, so that there is time for the other half, and by a second at least."""
    with own_clock.connect(money=True) as connection, own_clock.begin(connection, time.monotonic() + wait_s):
        driver: Any = connection.connection.dbapi_connection
        assert driver.call_timeout == pytest.approx(expected_ms, abs=20)
        ORACLE.lift_time_limit(connection)
        assert driver.call_timeout == 0


def test_who_gives_up_breaks_off(own_clock: Database) -> None:
    """What a lane waits for is broken off from outside; a connection that is closed already does not mind."""
    cancelled: list[bool] = []
    with own_clock.connect(money=True) as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.cancel = lambda: cancelled.append(True)
        ORACLE.abandon(driver)

        def _closed() -> None:
            raise oracledb.InterfaceError("DPY-1001: not connected")

        driver.cancel = _closed
        ORACLE.abandon(driver)
    assert cancelled == [True]


def test_the_clock_is_the_server_s(own_clock: Database, oracle: Emulation) -> None:
    """It is cut to milliseconds, never rounded up into the next clearing date."""
    oracle.clock = lambda: datetime(2026, 11, 22, 23, 29, 59, 999_600)
    cut_off = CutOff(own_clock, ClearingDates())
    cut_off.ensure([BANK])
    with own_clock.connect(money=False) as connection, connection.begin():
        assert own_clock.now(connection) == datetime(2026, 11, 22, 23, 29, 59, 999_000)
    assert stored(own_clock, "SELECT clearing_date FROM clearing_dates") == [(20261122,)]


def test_statements_follow_the_order_of_the_locks(database: Database, oracle: Emulation) -> None:
    """Slots of the banks, the dates they hold, accounts, originals, and only then everything else."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([settle(1, 1)])
    del oracle.texts[:]
    lane.run([undo(1, 2, identity(1)), settle(2, 3)])
    lane.close()

    first = [text.split() for text in oracle.texts[:6]]
    assert [(words[words.index("FROM") + 1], words[-2:] == ["WAIT", "2"]) for words in first] == [
        ("clearing_slots", True),
        ("clearing_dates", False),
        ("accounts", True),
        ("payments", True),
        ("payments", False),
        ("bills", False),
    ]


def test_an_identity_that_was_taken(database: Database) -> None:
    """ORA-00001 in a batch means: taken; the batch loads that row too and decides again."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([deposit(1, 2, 5)])

    def _again(working_set: WorkingSet, moment: Moment) -> Decision:
        if working_set.payment(identity(2)) is not None:
            return Decision("found")
        return Decision("new", Changes(journal=(payment(identity(2), moment, 1, 7),)))

    results = answers(lane.run([work(_again, account_no=account_no(1), serial=True), deposit(3, 9, 5)]))
    lane.close()

    assert results[0] == "found"
    assert isinstance(results[1], Payment)
    assert stored(database, "SELECT count(*) FROM payments") == [(2,)]


def test_another_batch_error_is_raised(database: Database) -> None:
    """What is not a taken key is an error of the one request, by the driver's own code, and nothing of it stays."""
    lane = MoneyLane(database, ClearingDates())

    def _bad(working_set: WorkingSet, moment: Moment) -> Decision:
        row = payment(identity(8), moment, 1, 7, channel=None)
        return Decision(1, Changes(journal=(row,)))

    bad = work(_bad, own=identity(8), account_no=account_no(1), serial=True)
    results = answers(lane.run([bad, deposit(4, 9, 5)]))
    lane.close()

    assert isinstance(results[0], StatementFailed)
    assert str(results[0]) == "DatabaseError ORA-01400"
    assert isinstance(results[1], Payment)
    assert stored(database, "SELECT count(*) FROM payments") == [(1,)]


class BatchCursor:
    """A cursor as the driver's documentation describes it: some rows went in, the others are told by their errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = [error.args[0] for error in errors]
        self.rowcount = 0
        self.called_with: dict[str, object] = {}

    def executemany(self, text: str, rows: list[tuple[Any, ...]], **options: object) -> None:
        self.called_with = {"text": text, **options}
        self.rowcount = len(rows) - len(self.errors)

    def getbatcherrors(self) -> list[Any]:
        return self.errors


def test_batch_errors_as_the_driver_documents_them(own_clock: Database) -> None:
    """Taken keys are counted out; the first other error is raised as the driver's, whatever else went in."""
    dialect = own_clock.money_engine.dialect
    given = [(1, "B", 2, 3)] * 4

    cursor = BatchCursor(ora(1), ora(1))
    execute_if_new(cursor, dialect, "INSERT", given)
    assert cursor.called_with == {"text": "INSERT", "batcherrors": True}
    assert cursor.rowcount == 2
    with pytest.raises(oracledb.DatabaseError, match="ORA-01653") as caught:
        execute_if_new(BatchCursor(ora(1), ora(1653), ora(1400)), dialect, "INSERT", given)
    assert fault_of(caught.value) is Fault.UNAVAILABLE


def test_rows_that_were_new_are_counted(own_clock: Database) -> None:
    """A load counts what it has stored by the rows that went in."""
    insert = InsertRows("t_insert_on_oracle", allocations, if_new=True)
    with own_clock.connect(money=True) as connection, connection.begin():
        assert run(connection, insert, [(1, "B1", 1, 0), (1, "B2", 1, 0)]).count == 2
        assert run(connection, insert, [(1, "B1", 9, 9), (1, "B3", 1, 0), (1, "B2", 9, 9)]).count == 1


@pytest.mark.parametrize("code", [60, 30006, 8177, 1013])
def test_busy_is_tried_again(database: Database, code: int) -> None:
    """A deadlock, a lock that others hold, a call that was broken off: the payment is made all the same."""
    errors = [ora(code)]

    def _once() -> None:
        if errors:
            raise errors.pop()

    on_statement(database.money_engine, "UPDATE bills", before=_once)
    lane = MoneyLane(database, ClearingDates())
    [paid] = answers(lane.run([settle(1, 1)]))
    lane.close()

    assert errors == []
    assert isinstance(paid, Payment)
    assert stored(database, "SELECT count(*) FROM payments") == [(1,)]


@pytest.mark.parametrize("code", [1089, 3113, 12537, 25408])
def test_a_lost_connection_is_made_anew(database: Database, oracle: Emulation, code: int) -> None:
    """A shutdown, a line that was cut, a failover that cannot replay: once more on a new connection."""
    errors = [ora(code)]

    def _once() -> None:
        if errors:
            raise errors.pop()

    on_statement(database.money_engine, "UPDATE bills", before=_once)
    lane = MoneyLane(database, ClearingDates())
    [paid] = answers(lane.run([settle(1, 1)]))
    lane.close()

    assert isinstance(paid, Payment)
    assert len(oracle.connections) >= 2


def test_it_stays_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not come back is told by its code, and nothing was done."""

    def _refuse(**_: object) -> object:
        raise ora(12514)

    monkeypatch.setattr(oracledb, "connect", _refuse)
    lane = MoneyLane(database, ClearingDates())
    [answer] = answers(lane.run([settle(1, 1)]))

    assert isinstance(answer, DatabaseUnavailable)
    with pytest.raises(DatabaseUnavailable, match=r"does not know the service \(DatabaseError ORA-12514\)"):
        database.connect(money=True)


def test_lists_of_more_than_a_thousand(own_clock: Database) -> None:
    """They are asked for in several lists, of a thousand at most; one more is an error that Oracle makes."""
    fill(own_clock, 30)
    with own_clock.connect(money=False) as connection, connection.begin():
        trip = Trip(connection)
        replies = ask(trip, ACCOUNTS, [account_no(number) for number in range(2500)])
        trip.go()
        assert [len(reply.rows) for reply in replies] == [30, 0, 0]
        with pytest.raises(DBAPIError, match="ORA-01795"):
            connection.exec_driver_sql(f"SELECT name FROM accounts WHERE account_no IN ({', '.join(['1'] * 1001)})")


def test_the_empty_string_is_null(database: Database) -> None:
    """Fields that may be empty come back empty, and a query by an empty meter number fits nobody."""
    lane, reader = MoneyLane(database, ClearingDates()), ReadLane(database, ClearingDates())
    [paid] = answers(lane.run([deposit(1, 1, 5)]))
    [again] = answers(lane.run([deposit(1, 1, 5)]))
    lane.close()
    assert isinstance(paid, Payment)
    assert (paid.branch_code, paid.teller_id, paid.invoice_no) == ("", "", "")
    assert again == ("repeat", paid)
    [seen] = answers(reader.run([read(lambda records, moment: records.payment(identity(1)), own=identity(1))]))
    reader.close()
    assert seen == paid


def test_columns_that_may_be_empty_are_nullable() -> None:
    """A column that takes the empty string, which is NULL, does not forbid NULL."""
    texts = [column for table in metadata.tables.values() for column in table.c if type(column.type).__name__ == "Text"]
    assert len(texts) > 10
    assert [str(column) for column in texts if not column.nullable] == []
    assert [str(column) for table in metadata.tables.values() for column in table.primary_key if column in texts] == []


def test_dates_and_flags_are_numbers(database: Database) -> None:
    """A date has no time of day that a comparison could stumble over, yes and no are 1 and 0."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([deposit(1, 1, 5)])
    lane.close()
    kinds = "SELECT typeof(bank_date), typeof(clearing_date), typeof(created_at), bank_date FROM payments"
    assert stored(database, kinds) == [("integer", "integer", "integer", 20261122)]
    assert stored(database, "SELECT DISTINCT typeof(pay_at_utility), pay_at_utility FROM accounts") == [("integer", 0)]
    assert rows.clearing_day_of((BANK, 20261122, 20261101)).clearing_date == date(2026, 11, 22)


def test_the_schema_is_upgraded(new_database_url: NewDatabase) -> None:
    """From nothing to the present schema, and a second time without doing anything."""
    with new_database_url(migrated=False) as url:
        database = Database(url)
        for _ in range(2):
            schema.upgrade(database.money_engine)
            schema.check(database.read_engine)
        tables = stored(database, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        database.dispose()
    assert tables == [(len(metadata.tables) + 1,)]
