"""Jobs: works that a command runs in transactions of its own, beside the daemons."""

from datetime import time

import pytest

from dbgate.batch import MoneyLane
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, DecisionFailed
from dbgate.job import JOB_ACCOUNTS_MAX, job
from dbgate.records import Identity, Movement
from dbgate.work import Decide, Decision, Moment, Needs, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, Clock, account_no, deposit, fill, payment, settle
from tests.dbgate.running import Hold, Running
from tests.support.databases import stored

CUT_OFFS = {BANK: time(23, 30)}
Asked = tuple[Needs, Decide]


def asked(*works: Work) -> list[Asked]:
    return [(work.needs, work.decide) for work in works]


def test_all_in_one_transaction(database: Database) -> None:
    """The answers come in order; the second work of an account sees the first; another call is another transaction."""
    with job(database, CUT_OFFS) as each:
        first = each.run(asked(deposit(1, 1, 300), deposit(0, 2, 500), deposit(1, 3, 200)))
        second = each.run(asked(settle(2, 4)))
    assert [row.balance_after_fen for row in first] == [300, 500, 500]  # type: ignore[attr-defined]
    assert [row.amount_fen for row in second] == [300]  # type: ignore[attr-defined]
    assert stored(database, "SELECT count(*) FROM payments") == [(4,)]


def test_one_that_cannot_be_decided(database: Database) -> None:
    """It is answered with its error, and the others are done."""

    def _fail(_working_set: WorkingSet, _moment: Moment) -> Decision:
        raise RuntimeError("a bug")

    with job(database, CUT_OFFS) as each:
        answers = each.run([(Needs(BANK, account_no=account_no(5)), _fail), *asked(deposit(1, 1, 300))])
    assert isinstance(answers[0], DecisionFailed)
    assert stored(database, "SELECT amount_fen FROM payments") == [(300,)]


def test_the_days_of_banks_are_made(database: Database) -> None:
    """A job may be the first to come to a new database; an unknown bank of its works gets its day by itself."""
    with job(database, CUT_OFFS) as each:
        assert stored(database, "SELECT bank_code, clearing_date FROM clearing_dates") == [(BANK, 20261122)]
        each.run(asked(deposit(1, 1, 300, bank="0103")))
    assert stored(database, "SELECT count(*) FROM clearing_dates") == [(2,)]


def test_a_day_that_is_over(database: Database, clock: Clock) -> None:
    """The cut-off passes while a job runs: what it does next belongs to the next day."""
    with job(database, CUT_OFFS) as each:
        each.run(asked(deposit(1, 1, 300)))
        clock.moment = clock.moment.replace(hour=23, minute=30)
        each.run(asked(deposit(1, 2, 300)))
    assert stored(database, "SELECT clearing_date FROM payments ORDER BY bank_serial") == [(20261122,), (20261123,)]


def test_work_of_no_bank(database: Database) -> None:
    """It holds no bank's day, has no clearing date, and makes none."""
    moments = []

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        moments.append(moment)
        dated = Moment(moment.now, moment.now.date(), moment.fep_serial, None)
        identity = Identity("0000", moment.now.date(), f"apply{moment.fep_serial}")
        row = payment(identity, dated, 1, 0, movement=Movement.APPLY)
        return Decision(working_set.account(account_no(1)) is not None, Changes(journal=(row,)))

    with job(database, {}) as each:
        assert each.run([(Needs("", account_no=account_no(1), serial=True), _decide)]) == [True]
    assert [moment.clearing_date for moment in moments] == [None]
    assert stored(database, "SELECT count(*) FROM clearing_dates") == [(0,)]
    assert stored(database, "SELECT bank_code, clearing_date FROM payments") == [("0000", int(f"{DAY:%Y%m%d}"))]


@pytest.mark.engine("postgresql")
def test_a_daemon_beside_it(database: Database) -> None:
    """A payment that holds its account keeps the job waiting, and what the job then sees is what that has left."""
    lane = MoneyLane(database, ClearingDates(CUT_OFFS))
    with job(database, CUT_OFFS) as each, Hold(first := deposit(1, 1, 300)) as held:
        batch = Running(lane, [first])
        held.wait()
        held.let_go()
        [row] = each.run(asked(deposit(1, 2, 200)))
        [paid] = batch.answers()
    lane.close()
    assert sorted([paid.balance_after_fen, row.balance_after_fen])[1] == 500  # type: ignore[attr-defined]
    assert stored(database, "SELECT balance_fen FROM accounts ORDER BY account_no LIMIT 1 OFFSET 1") == [(500,)]


def test_as_many_accounts_as_a_job_may_lock(empty: Database) -> None:
    """One call of the largest size, on each engine."""
    fill(empty, JOB_ACCOUNTS_MAX)
    with job(empty, CUT_OFFS) as each:
        answers = each.run(asked(*(settle(number, number + 1) for number in range(JOB_ACCOUNTS_MAX))))
    assert {row.amount_fen for row in answers} == {300}  # type: ignore[attr-defined]
    assert stored(empty, "SELECT count(*) FROM bills WHERE state = 'open'") == [(0,)]


def test_a_job_on_a_database_that_is_away(database: Database) -> None:
    """It is said before anything is begun."""
    away = Database("sqlite:////nonexistent/billing.db")
    with pytest.raises(DatabaseUnavailable), job(away, CUT_OFFS):
        pass
