"""What an auditor should look at."""

from datetime import timedelta
from typing import Any

from dbgate.database import Database
from dbgate.reports.criteria import Period
from dbgate.reports.doubtful import Doubt, Doubtful, Limits, doubtful
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.tables import audit_entries, payments
from tests.dbgate.fixtures import account_no
from tests.support.report_ledger import DAY, DAY_BEFORE, TEN, refusal, row

THE_DAY = Period(DAY, DAY)
LIMITS = Limits(harmless_codes=("2002",))


def found_by(snapshots: list[Snapshot], doubt: Doubt, limits: Limits = LIMITS, **more: Any) -> list[Doubtful]:
    return [one for one in doubtful(snapshots, THE_DAY, limits, **more) if one.doubt is doubt]


def test_what_the_ledger_has(snapshots: list[Snapshot]) -> None:
    """One of each that the usual limits find; of other banks and days nothing."""
    kinds = [one.doubt for one in doubtful(snapshots, THE_DAY, LIMITS)]
    assert kinds == [Doubt.REFUSED, Doubt.UNARRIVED, Doubt.LATE_UNDO]
    assert list(doubtful(snapshots, THE_DAY, LIMITS, ("0103",))) == []
    assert list(doubtful(snapshots, Period(DAY_BEFORE, DAY_BEFORE), LIMITS)) == []


def test_refused_and_not_paid_since(snapshots: list[Snapshot]) -> None:
    """Who was refused and paid later is no doubt, nor is a mistyped account, nor a code that asks for nothing."""
    [one] = found_by(snapshots, Doubt.REFUSED)
    assert (one.account_no, one.response_code, one.moment, one.teller) == (account_no(6), "2003", TEN, "T1")
    with_harmless = found_by(snapshots, Doubt.REFUSED, Limits())
    assert [other.response_code for other in with_harmless] == ["2003", "2002"]


def test_what_was_paid_before_makes_nothing_good(books: Database) -> None:
    """Nor does a payment that was undone."""
    with books.money_engine.begin() as connection:
        for serial, account in ((24, 4), (25, 3)):
            connection.execute(audit_entries.insert(), refusal(serial, account, "2003"))
    with snapshot(books) as now:
        found = found_by([now], Doubt.REFUSED)
    assert [one.account_no for one in found] == [account_no(6), account_no(4), account_no(3)]


def test_reversed_before_arrival(snapshots: list[Snapshot]) -> None:
    """A payment that never arrived and was not made again: the customer may have been charged for nothing."""
    [one] = found_by(snapshots, Doubt.UNARRIVED)
    assert (one.account_no, one.bank_serial, one.amount_fen) == (account_no(5), "000000000099", 60)


def test_late_undos(snapshots: list[Snapshot]) -> None:
    """More minutes than the limit, said with the teller who undid."""
    [one] = found_by(snapshots, Doubt.LATE_UNDO)
    assert (one.bank_serial, one.minutes, one.teller, one.moment) == ("000000000003", 40, "T9", TEN)
    assert found_by(snapshots, Doubt.LATE_UNDO, Limits(undo_minutes=40)) == []
    both = found_by(snapshots, Doubt.LATE_UNDO, Limits(undo_minutes=1))
    assert [other.minutes for other in both] == [40, 2]


def test_large_cash(snapshots: list[Snapshot]) -> None:
    """At the limit it is large; transfers and what was undone are not looked at."""
    found = found_by(snapshots, Doubt.LARGE_CASH, Limits(cash_fen=500))
    assert [(one.bank_serial, one.amount_fen) for one in found] == [("000000000002", 500)]
    assert found_by(snapshots, Doubt.LARGE_CASH, Limits(cash_fen=501)) == []


def test_the_same_amount_again(books: Database) -> None:
    """The same account, day and amount: perhaps one payment that was taken twice."""
    with books.money_engine.begin() as connection:
        connection.execute(payments.insert(), row(30, 0, 300, created_at=TEN + timedelta(minutes=1)))
        connection.execute(payments.insert(), row(31, 4, 50))
    with snapshot(books) as now:
        found = [one for one in doubtful([now], Period(DAY_BEFORE, DAY), LIMITS) if one.doubt is Doubt.REPEATED]
    assert [(one.account_no, one.amount_fen, one.times) for one in found] == [(account_no(0), 300, 2)]


def test_tellers_that_undo_often(snapshots: list[Snapshot]) -> None:
    """By who undid, over all databases together."""
    found = found_by([*snapshots, *snapshots], Doubt.MANY_UNDOS, Limits(undo_count=2))
    assert [(one.outlet, one.teller, one.times, one.amount_fen) for one in found] == [
        ("0001", "T9", 2, 1400),
        ("0002", "T1", 2, 1800),
    ]
    assert found_by(snapshots, Doubt.MANY_UNDOS, Limits(undo_count=2)) == []
