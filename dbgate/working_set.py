"""The working set 工作集: the records of one batch, in memory, as its decisions see and change them.

It is filled by the gate's load statements (or by a test, with literals), read by handlers, and moved on by ``apply``,
so that the second payment of an account sees the first. What was loaded is kept beside what is now: the difference is
what the gate stores. No SQL here.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from dbgate.books.book_set import BookSet
from dbgate.changes import Changes, LimitUse
from dbgate.records import (
    Account,
    AccountKey,
    Allocation,
    AuditEntry,
    Bill,
    BillState,
    ClearingDay,
    DayDetails,
    DaySlice,
    DayTotals,
    Identity,
    Invoice,
    InvoicePrint,
    LimitKey,
    Movement,
    Payment,
    PaymentState,
)


class StateMove(NamedTuple):
    """A loaded journal row whose state moved: stored as ``UPDATE … WHERE state = :old``."""

    identity: Identity
    old: PaymentState
    new: PaymentState


class WorkingSet:
    """Records of one batch by key; ``add_*`` puts what was loaded, ``apply`` what was decided.

    Attributes:
        books: what is no matter of single payments.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._bills: dict[str, Bill] = {}
        self._bills_of: dict[str, set[str]] = {}
        self._journal: dict[Identity, Payment] = {}
        self._by_serial: dict[int, Identity] = {}
        self._payments_of: dict[str, list[Payment]] = {}
        self._allocations: dict[int, list[Allocation]] = {}
        self._invoices: dict[int, Invoice] = {}
        self._invoice_prints: dict[Identity, InvoicePrint] = {}
        self._limit_used: dict[LimitKey, int] = {}
        self._missing_limits: dict[LimitKey, int] = {}
        self._days: dict[str, ClearingDay] = {}
        self._totals: dict[tuple[str, date], DayTotals] = {}
        self._details: dict[tuple[str, DaySlice], DayDetails] = {}
        self._loaded_accounts: dict[str, Account] = {}
        self._loaded_bills: dict[str, Bill] = {}
        self._loaded_journal: dict[Identity, Payment] = {}
        self._loaded_invoices: dict[int, Invoice] = {}
        self._new_allocations: list[Allocation] = []
        self._new_invoice_prints: list[InvoicePrint] = []
        self._limit_uses: list[LimitUse] = []
        self._audit: list[AuditEntry] = []
        self.books = BookSet()

    # --- loading

    def add_accounts(self, accounts: Iterable[Account]) -> None:
        """Put loaded accounts."""
        for account in accounts:
            self._accounts[account.account_no] = self._loaded_accounts[account.account_no] = account

    def add_bills(self, bills: Iterable[Bill]) -> None:
        """Put loaded bills."""
        for bill in bills:
            self._loaded_bills[bill.bill_no] = bill
            self._put_bill(bill)

    def add_journal(self, payments: Iterable[Payment]) -> None:
        """Put loaded journal rows."""
        for payment in payments:
            self._loaded_journal[payment.identity] = payment
            self._put_payment(payment)

    def add_allocations(self, allocations: Iterable[Allocation]) -> None:
        """Put loaded allocations."""
        for allocation in allocations:
            self._allocations.setdefault(allocation.fep_serial, []).append(allocation)

    def add_invoices(self, invoices: Iterable[Invoice]) -> None:
        """Put loaded invoices."""
        for invoice in invoices:
            self._invoices[invoice.fep_serial] = self._loaded_invoices[invoice.fep_serial] = invoice

    def add_invoice_prints(self, prints: Iterable[InvoicePrint]) -> None:
        """Put loaded INVOICE requests."""
        for printed in prints:
            self._invoice_prints[printed.identity] = printed

    def add_limit_used(self, key: LimitKey, used_fen: int) -> None:
        """Put a loaded daily counter."""
        self._limit_used[key] = used_fen

    def add_missing_limit(self, key: LimitKey, begin_with_fen: int) -> None:
        """Put a daily counter that has no row yet, and what it begins with: the sum posted so far."""
        self._limit_used[key] = self._missing_limits[key] = begin_with_fen

    def add_days(self, days: Iterable[ClearingDay]) -> None:
        """Put loaded clearing days."""
        for day in days:
            self._days[day.bank_code] = day

    def add_totals(self, bank_code: str, clearing_date: date, totals: DayTotals) -> None:
        """Put loaded totals."""
        self._totals[bank_code, clearing_date] = totals

    def add_details(self, bank_code: str, wanted: DaySlice, details: DayDetails) -> None:
        """Put a loaded slice of a closed day."""
        self._details[bank_code, wanted] = details

    # --- reading

    def account(self, account_no: str) -> Account | None:
        """Return the account, None when there is none."""
        return self._accounts.get(account_no)

    def accounts_by(self, key: AccountKey) -> list[Account]:
        """Return the accounts that fit ``key``, by account_no. An empty value fits none."""
        if not key.value:
            return []
        fitting = [account for account in self._accounts.values() if getattr(account, key.column) == key.value]
        return sorted(fitting, key=lambda account: account.account_no)

    def bill(self, bill_no: str) -> Bill | None:
        """Return the bill, None when there is none."""
        return self._bills.get(bill_no)

    def bills_of(self, account_no: str) -> list[Bill]:
        """Return all loaded bills of the account, oldest first."""
        bills = [self._bills[bill_no] for bill_no in self._bills_of.get(account_no, ())]
        bills.sort(key=_bill_age)
        return bills

    def unsettled_bills(self, account_no: str) -> list[Bill]:
        """Return the account's bills that are open or in a debit batch, oldest first."""
        return [bill for bill in self.bills_of(account_no) if bill.state is not BillState.SETTLED]

    def payment(self, identity: Identity) -> Payment | None:
        """Return the journal row under ``identity``, None when there is none."""
        return self._journal.get(identity)

    def payment_by_serial(self, fep_serial: int) -> Payment | None:
        """Return the journal row numbered ``fep_serial``, None when there is none."""
        identity = self._by_serial.get(fep_serial)
        return None if identity is None else self._journal[identity]

    def payments_of(self, account_no: str) -> list[Payment]:
        """Return the account's PAY rows, newest first; sorted once for all that ask in a batch."""
        rows = self._payments_of.get(account_no)
        if rows is None:
            rows = [r for r in self._journal.values() if r.account_no == account_no and r.movement is Movement.PAY]
            rows.sort(key=lambda row: (row.created_at, row.fep_serial or 0), reverse=True)
            self._payments_of[account_no] = rows
        return rows

    def allocations(self, fep_serial: int) -> list[Allocation]:
        """Return what the movement paid of which bills."""
        return self._allocations.get(fep_serial, [])

    def invoice(self, fep_serial: int) -> Invoice | None:
        """Return the invoice over the movement, None when none has been assigned."""
        return self._invoices.get(fep_serial)

    def invoice_print(self, identity: Identity) -> InvoicePrint | None:
        """Return the counted INVOICE request under ``identity``, None when there is none."""
        return self._invoice_prints.get(identity)

    def limit_used(self, key: LimitKey) -> int:
        """Return the daily counter in fen."""
        return self._limit_used.get(key, 0)

    def day(self, bank_code: str) -> ClearingDay | None:
        """Return the bank's clearing day, None when it has none."""
        return self._days.get(bank_code)

    def totals(self, bank_code: str, clearing_date: date) -> DayTotals:
        """Return the totals of a clearing date, zeros when nothing was posted."""
        return self._totals.get((bank_code, clearing_date), DayTotals())

    def details(self, bank_code: str, wanted: DaySlice) -> DayDetails | None:
        """Return a slice of a clearing date, None when that is not closed."""
        return self._details.get((bank_code, wanted))

    # --- deciding

    def apply(self, changes: Changes) -> None:
        """Move the records on, so that the next decision sees them."""
        for account in changes.accounts:
            self._accounts[account.account_no] = account
        for bill in changes.bills:
            self._put_bill(bill)
        for payment in changes.journal:
            self._put_payment(payment)
        for allocation in changes.allocations:
            self._allocations.setdefault(allocation.fep_serial, []).append(allocation)
        self._new_allocations += changes.allocations
        for invoice in changes.invoices:
            self._invoices[invoice.fep_serial] = invoice
        for printed in changes.invoice_prints:
            self._invoice_prints[printed.identity] = printed
        self._new_invoice_prints += changes.invoice_prints
        for use in changes.limit_uses:
            self._limit_used[use.key] = self.limit_used(use.key) + use.amount_fen
        self._limit_uses += changes.limit_uses
        self._audit += changes.audit
        if changes.mandates or changes.debits or changes.pushes:
            self.books.apply(changes.mandates, changes.debits, changes.pushes)

    # --- what to store, in the order in which it is stored

    def new_journal(self) -> list[Payment]:
        """Return the new journal rows in identity order."""
        new = [row for identity, row in self._journal.items() if identity not in self._loaded_journal]
        return sorted(new, key=lambda row: row.identity)

    def state_moves(self) -> list[StateMove]:
        """Return the loaded journal rows whose state moved, in identity order."""
        moves = [
            StateMove(identity, loaded.state, self._journal[identity].state)
            for identity, loaded in self._loaded_journal.items()
            if self._journal[identity].state is not loaded.state
        ]
        return sorted(moves, key=lambda move: move.identity)

    def moved_bills(self) -> list[tuple[Bill, Bill]]:
        """Return (loaded, now) of the bills whose state or settling movement moved, by bill_no."""
        pairs = [
            (loaded, self._bills[bill_no])
            for bill_no, loaded in self._loaded_bills.items()
            if self._bills[bill_no] is not loaded and self._bills[bill_no] != loaded
        ]
        return sorted(pairs, key=lambda pair: pair[0].bill_no)

    def moved_accounts(self) -> list[tuple[Account, Account]]:
        """Return (loaded, now) of the accounts whose balance moved, by account_no."""
        pairs = [
            (loaded, self._accounts[account_no])
            for account_no, loaded in self._loaded_accounts.items()
            if self._accounts[account_no].balance_fen != loaded.balance_fen
        ]
        return sorted(pairs, key=lambda pair: pair[0].account_no)

    def new_allocations(self) -> list[Allocation]:
        """Return the new allocations."""
        return self._new_allocations

    def new_invoices(self) -> list[Invoice]:
        """Return the invoices that were not loaded, by number."""
        new = [invoice for serial, invoice in self._invoices.items() if serial not in self._loaded_invoices]
        return sorted(new, key=lambda invoice: invoice.invoice_no)

    def moved_invoices(self) -> list[tuple[Invoice, Invoice]]:
        """Return (loaded, now) of the loaded invoices that were printed again."""
        return [
            (loaded, self._invoices[serial])
            for serial, loaded in self._loaded_invoices.items()
            if self._invoices[serial] != loaded
        ]

    def new_invoice_prints(self) -> list[InvoicePrint]:
        """Return the new INVOICE requests in identity order."""
        return sorted(self._new_invoice_prints, key=lambda printed: printed.identity)

    def limit_uses(self) -> list[LimitUse]:
        """Return the moves of daily counters in the order in which they were decided."""
        return self._limit_uses

    def missing_limits(self) -> dict[LimitKey, int]:
        """Return the daily counters that have no row yet, with what they begin with."""
        return self._missing_limits

    def audit(self) -> list[AuditEntry]:
        """Return the audit entries in the order in which they were decided."""
        return self._audit

    def _put_bill(self, bill: Bill) -> None:
        self._bills[bill.bill_no] = bill
        self._bills_of.setdefault(bill.account_no, set()).add(bill.bill_no)

    def _put_payment(self, payment: Payment) -> None:
        self._journal[payment.identity] = payment
        self._payments_of.pop(payment.account_no, None)
        if payment.fep_serial is not None:
            self._by_serial[payment.fep_serial] = payment.identity


def _bill_age(bill: Bill) -> tuple[int, int, str]:
    return bill.month, bill.seq, bill.bill_no
