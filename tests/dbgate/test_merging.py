"""Merging: what one request needs, out of several working sets, and nothing else."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from dataclasses import replace
from datetime import date, datetime, timedelta

from dbgate.merging import merged, merged_moment
from dbgate.records import (
    AccountKey,
    Allocation,
    ClearingDay,
    DayTotals,
    Invoice,
    InvoicePrint,
)
from dbgate.work import Moment, Needs
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, identity, payment
from tests.support.records import account, bill

MOMENT = Moment(datetime(2026, 11, 22, 10), DAY, 11_0000000007, None)
ONE, TWO, THREE = identity(1), identity(2), identity(3)
METER = AccountKey("meter_no", "DM7")


def working_set(*numbers: int, meter_no: str = "DM7") -> WorkingSet:
    """Accounts with one bill each, all of one meter."""
    records = WorkingSet()
    for number in numbers:
        records.add_accounts([replace(account(), account_no=f"01{number:08d}", meter_no=meter_no)])
        records.add_bills([replace(bill(f"B{number}", 100), account_no=f"01{number:08d}")])
    return records


def test_accounts_of_a_key_come_from_everywhere() -> None:
    """With their bills; accounts that other requests of the batch loaded stay behind."""
    first, second = working_set(1), working_set(2)
    first.add_accounts([replace(account(), account_no="0100000009", meter_no="DM9")])

    found = merged(Needs(BANK, account_key=METER), [first, second])

    assert [item.account_no for item in found.accounts_by(METER)] == ["0100000001", "0100000002"]
    assert [item.bill_no for item in found.bills_of("0100000002")] == ["B2"]
    assert found.account("0100000009") is None


def test_an_account_is_taken_from_its_owner_only() -> None:
    """What a database still has of an account that was moved away does not count."""
    found = merged(Needs(BANK, account_key=METER), [working_set(1, 2)], lambda account_no: account_no.endswith("2"))
    assert [item.account_no for item in found.accounts_by(METER)] == ["0100000002"]
    assert found.bills_of("0100000001") == []


def test_an_account_by_its_number() -> None:
    """With its bills."""
    found = merged(Needs(BANK, account_no="0100000001"), [working_set(1, 2)])
    assert found.account("0100000001") is not None
    assert found.account("0100000002") is None
    assert [item.bill_no for item in found.bills_of("0100000001")] == ["B1"]


def test_the_earliest_clearing_day() -> None:
    """A bank's day is closed when the last database has rolled; a day exists from when the first one had it."""
    sources = [WorkingSet() for _ in range(3)]
    sources[0].add_days([ClearingDay(BANK, date(2026, 11, 23), date(2026, 11, 1))])
    sources[1].add_days([ClearingDay(BANK, date(2026, 11, 22), date(2026, 11, 5))])
    assert merged(Needs(BANK), sources).day(BANK) == ClearingDay(BANK, date(2026, 11, 22), date(2026, 11, 1))
    assert merged(Needs(BANK), sources[2:]).day(BANK) is None


def test_totals_add_up() -> None:
    """Each count and each amount by itself, of the day that was asked for."""
    sources = [WorkingSet(), WorkingSet()]
    sources[0].add_totals(BANK, DAY, DayTotals(1, 20, 300, 4_000, 50_000, 600_000))
    sources[0].add_totals(BANK, DAY - timedelta(1), DayTotals(9, 9, 9, 9, 9, 9))
    sources[1].add_totals(BANK, DAY, DayTotals(2, 10, 100, 1_000, 10_000, 100_000))
    found = merged(Needs(BANK, totals_of=DAY), sources)
    assert found.totals(BANK, DAY) == DayTotals(3, 30, 400, 5_000, 60_000, 700_000)


def test_journal_rows_with_what_belongs_to_them() -> None:
    """Own row and original, allocations once, the bills and the invoice of a movement, a counted print."""
    records = working_set(1)
    row = payment(ONE, MOMENT, 1, 100)
    assert row.fep_serial is not None
    records.add_journal([row, payment(THREE, replace(MOMENT, fep_serial=11_0000000008), 1, 5)])
    records.add_allocations([Allocation(row.fep_serial, "B1", 100, 0), Allocation(row.fep_serial, "not loaded", 1, 0)])
    records.add_invoices([Invoice("1100000000000001", row.fep_serial, 1)])
    printed = InvoicePrint(TWO, "ab" * 16, "1100000000000001", row.fep_serial, 1)
    records.add_invoice_prints([printed])

    found = merged(Needs(BANK, own=ONE, original=ONE, invoice_print=TWO), [records])

    assert (found.payment(ONE), found.payment(THREE)) == (row, None)
    assert len(found.allocations(row.fep_serial)) == 2
    assert found.bill("B1") == records.bill("B1")
    assert found.invoice(row.fep_serial) == records.invoice(row.fep_serial)
    assert found.invoice_print(TWO) == printed
    assert found.payment_by_serial(row.fep_serial) == row


def test_a_tombstone_has_nothing_that_belongs_to_it() -> None:
    """It is taken as it stands."""
    records = WorkingSet()
    tombstone = payment(ONE, MOMENT, 1, 100, fep_serial=None)
    records.add_journal([tombstone])
    assert merged(Needs(BANK, original=ONE), [records]).payment(ONE) == tombstone


def test_the_moment_of_several_databases() -> None:
    """The latest clock, for nothing was read after it; the earliest day; no numbers."""
    second = timedelta(seconds=1)
    moments = [replace(MOMENT, clearing_date=DAY + timedelta(1)), replace(MOMENT, now=MOMENT.now + second)]
    assert merged_moment(moments) == Moment(MOMENT.now + second, DAY, None, None)
    unknown = replace(MOMENT, clearing_date=None)
    assert merged_moment([unknown, MOMENT]).clearing_date == DAY
    assert merged_moment([unknown]).clearing_date is None
