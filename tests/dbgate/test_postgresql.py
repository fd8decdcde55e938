"""PostgreSQL's own: its clock, and batches of several lanes at the same time, on each version that is installed.

Everything else about it is in the tests of the gate, which run on every engine.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from dbgate import schema
from dbgate.batch import MoneyLane, ReadLane
from dbgate.clearing import ClearingDates
from dbgate.clock import system_clock
from dbgate.database import Database
from dbgate.errors import SchemaMismatch
from dbgate.gate import Gate
from dbgate.records import AccountKey, Payment
from dbgate.work import Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, account_no, answers, deposit, fill, identity, read, refusal, settle, undo
from tests.support.databases import stored
from tests.support.postgresql_server import WHEEL_VERSION
from tests.support.shared_postgresql import SharedPostgres, sharing

# 15 is what Debian 12 has.
VERSIONS = (WHEEL_VERSION, 15)


@pytest.fixture(scope="module", params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[SharedPostgres]:
    """A server of each version; the newest is the one that the whole run shares."""
    if request.param == WHEEL_VERSION:
        yield request.getfixturevalue("postgresql")
    else:
        with sharing(request.param) as shared:
            yield shared


@pytest.fixture
def url(server: SharedPostgres) -> Iterator[str]:
    with server.database(migrated=False) as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database on it that has just been given the schema, with ten accounts of two bills each."""
    database = Database(url)
    with pytest.raises(SchemaMismatch):
        schema.check(database.read_engine)
    schema.upgrade(database.money_engine)
    schema.check(database.read_engine)
    fill(database)
    yield database
    database.dispose()


def test_a_day(database: Database) -> None:
    """Payments, limits, tombstones, refusals, repeats and reversals are stored and read by the server's own clock."""
    money, reader = MoneyLane(database, ClearingDates()), ReadLane(database, ClearingDates())
    first = [settle(1, 1, invoice=True), deposit(2, 2, 50, limit_fen=99), undo(3, 3, identity(99)), refusal(4)]
    paid = answers(money.run(first))
    again = answers(money.run([settle(1, 1), undo(1, 5, identity(1)), undo(2, 6, identity(2))]))
    key = AccountKey("meter_no", "DM1")

    def _look(working_set: WorkingSet, moment: Moment) -> object:
        assert abs(moment.now - system_clock()) < timedelta(seconds=30)
        assert moment.clearing_date is not None
        totals = working_set.totals(BANK, moment.clearing_date)
        return totals.pay_amount_fen, totals.reverse_count, len(working_set.accounts_by(key))

    about: dict[str, Any] = {"account_key": key, "payments_since": date(2026, 1, 1), "bills_since": 202601}
    moment = ask_clearing_date(reader)
    [seen] = answers(reader.run([read(_look, account_no=account_no(2), totals_of=moment, **about)]))
    money.close()
    reader.close()

    assert [type(answer) for answer in paid] == [Payment, Payment, Payment, str]
    assert again[0] == ("repeat", paid[0])
    assert seen == (350, 2, 1)
    assert stored(database, "SELECT count(*) FROM limit_uses") == [(1,)]


def ask_clearing_date(reader: ReadLane) -> date:
    [day] = answers(reader.run([read(lambda working_set, moment: moment.clearing_date)]))
    assert isinstance(day, date)
    return day


def test_two_daemons_with_four_lanes_each(database: Database, url: str) -> None:
    """Eight lanes that get the same requests at once settle no bill twice and lose no deposit."""
    boxes: list[list[tuple[Work, object]]] = [[], []]
    databases = [Database(url), Database(url)]
    gates = [Gate(each, box.extend) for each, box in zip(databases, boxes, strict=True)]
    for number in range(150):
        for gate in gates:
            gate.submit(deposit(number % 10, number, 5))
            gate.submit(settle(number % 10, 1000 + number))

    assert [gate.close(60) for gate in gates] == [True, True]
    for each in databases:
        each.dispose()

    assert [answer for box in boxes for _, answer in box if isinstance(answer, Exception)] == []
    assert Counter(type(answer) for box in boxes for _, answer in box)[Payment] == 160
    assert stored(database, "SELECT count(*), count(DISTINCT fep_serial) FROM payments") == [(160, 160)]
    assert stored(database, "SELECT sum(balance_fen)::int FROM accounts") == [(750,)]
    assert stored(database, "SELECT count(*) FROM allocations") == [(20,)]
