"""Merging 合并: what one request needs, picked out of the working sets of one or more databases into one of its own.

Histories and daily counters are not merged: they belong to one account, or to money work, and so to one database.
Details are copied, for each database is asked for a slice of its own (``dbgate.detail_search``).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple

from dbgate.records import Account, ClearingDay, DayTotals, Payment
from dbgate.work import Moment, Needs
from dbgate.working_set import WorkingSet

Owns = Callable[[str], bool]
"""Whether the account of that number is to be taken from a database."""


def merged(needs: Needs, sources: Sequence[WorkingSet], owns: Owns = lambda _: True) -> WorkingSet:
    """Return the records that ``needs`` name, from wherever they stand.

    The clearing day is the earliest one, for a bank's day is closed when the last database has rolled. Totals add up.
    """
    target = WorkingSet()
    target.add_days(_earliest([source.day(needs.bank_code) for source in sources]))
    for source in sources:
        for account in _accounts(needs, source):
            if owns(account.account_no):
                target.add_accounts([account])
                target.add_bills(source.bills_of(account.account_no))
        _copy_journal(needs, source, target)
        _copy_details(needs, source, target)
        _copy_reconciled(needs, source, target)
    if needs.totals_of is not None:
        totals = [source.totals(needs.bank_code, needs.totals_of) for source in sources]
        target.add_totals(needs.bank_code, needs.totals_of, _sum(totals))
    return target


def merged_moment(moments: Sequence[Moment]) -> Moment:
    """Return the moment of a decision on the records of several databases: the latest clock, the earliest day.

    Only reads are decided so: there are no numbers drawn.
    """
    dates = [moment.clearing_date for moment in moments if moment.clearing_date is not None]
    return Moment(max(moment.now for moment in moments), min(dates, default=None), None, None)


def _accounts(needs: Needs, source: WorkingSet) -> list[Account]:
    accounts = [] if needs.account_key is None else source.accounts_by(needs.account_key)
    if needs.account_no is not None and (account := source.account(needs.account_no)) is not None:
        accounts.append(account)
    return accounts


def _copy_details(needs: Needs, source: WorkingSet, target: WorkingSet) -> None:
    if needs.details is not None and (details := source.details(needs.bank_code, needs.details)) is not None:
        target.add_details(needs.bank_code, needs.details, details)


def _copy_journal(needs: Needs, source: WorkingSet, target: WorkingSet) -> None:
    for identity in {needs.own, needs.original}:
        if identity is not None and (payment := source.payment(identity)) is not None:
            target.add_journal([payment])
            _copy_settled(payment, source, target)
    if needs.invoice_print is not None and (printed := source.invoice_print(needs.invoice_print)) is not None:
        target.add_invoice_prints([printed])


def _copy_reconciled(needs: Needs, source: WorkingSet, target: WorkingSet) -> None:
    """Copy what the books say of days and differences; they stand in the first database, and nowhere else."""
    original = None if needs.original is None or not needs.reconciled else source.payment(needs.original)
    days = {needs.reconciliation_of, None if original is None else original.counted_date} - {None}
    for day in days:
        assert day is not None
        batch_no = source.books.batch_no(needs.bank_code, day)
        if batch_no is not None:
            target.books.add_reconciliation(needs.bank_code, day, batch_no)
    for identity in {needs.difference_of, needs.original if needs.reconciled else None} - {None}:
        assert identity is not None
        for state in source.books.difference_states(identity):
            target.books.add_difference(identity, state)


def _copy_settled(payment: Payment, source: WorkingSet, target: WorkingSet) -> None:
    """Copy what belongs to one movement: its allocations, their bills as far as they were loaded, its invoice."""
    if payment.fep_serial is None:
        return
    allocations = source.allocations(payment.fep_serial)
    target.add_allocations(allocations)
    bills = [source.bill(allocation.bill_no) for allocation in allocations]
    target.add_bills([bill for bill in bills if bill is not None])
    invoice = source.invoice(payment.fep_serial)
    target.add_invoices([] if invoice is None else [invoice])


def _earliest(days: Iterable[ClearingDay | None]) -> list[ClearingDay]:
    """Return the day that is closed last; a database in which the bank has none yet has nothing to close."""
    known = [day for day in days if day is not None]
    if not known:
        return []
    clearing_date = min(day.clearing_date for day in known)
    return [ClearingDay(known[0].bank_code, clearing_date, min(day.first_date for day in known))]


def _sum(totals: Sequence[DayTotals]) -> DayTotals:
    return DayTotals(*map(sum, zip(*map(astuple, totals), strict=True)))
