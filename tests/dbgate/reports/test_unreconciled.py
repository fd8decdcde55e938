"""Which closed days nobody has reconciled, and how many differences are left."""

from datetime import timedelta

from dbgate.books.tables import reconciliations
from dbgate.database import Database
from dbgate.reports.criteria import Period
from dbgate.reports.snapshots import snapshot
from dbgate.reports.unreconciled import unsettled
from dbgate.tables import clearing_dates
from tests.support.report_ledger import DAY, DAY_BEFORE, TEN

PERIOD = Period(DAY - timedelta(days=31), DAY)


def days(database: Database) -> dict[str, list[object]]:
    with snapshot(database, 10.0) as connection:
        return {bank: list(found.days) for bank, found in unsettled([connection], PERIOD).items()}


def test_a_closed_day_with_payments_waits_for_its_file(books):
    """The present day is open, and a day without payments needs no reconciling."""
    assert days(books) == {"0102": [DAY_BEFORE], "0103": []}


def test_when_the_day_rolls_it_waits_too(books):
    """The next morning two days of one bank and one of the other are left."""
    with books.money_engine.begin() as connection:
        connection.execute(clearing_dates.update().values(clearing_date=DAY + timedelta(days=1)))
    with snapshot(books, 10.0) as connection:
        later = unsettled([connection], Period(PERIOD.first, DAY + timedelta(days=1)))
    assert {bank: found.days for bank, found in later.items()} == {"0102": [DAY_BEFORE, DAY], "0103": [DAY]}


def test_a_day_that_is_reconciled_does_not_wait_any_more(books):
    """One row says so, however many payments it was about."""
    counts = {column.name: 0 for column in reconciliations.c if column.name.endswith(("_count", "_fen"))}
    about = {"bank_code": "0102", "clearing_date": DAY_BEFORE, "batch_no": 1, "file_name": "a", "file_digest": "b"}
    with books.money_engine.begin() as connection:
        connection.execute(reconciliations.insert(), {**counts, **about, "done_at": TEN})
    assert days(books) == {"0102": [], "0103": []}


def test_days_before_the_period_are_left_out(books):
    """A month is looked at: the day before yesterday is not today's news."""
    with snapshot(books, 10.0) as connection:
        assert unsettled([connection], Period(DAY, DAY))["0102"].days == []
