"""Ledgers 账本: a small utility that requests are submitted to, on paper here, through SQL in the tests of the gate.

A test or a property that is written against ``Ledger`` holds for every driver that has its methods.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

from dbgate.records import (
    Account,
    Allocation,
    AuditEntry,
    Bill,
    BillState,
    ClearingDay,
    DayDetails,
    DaySlice,
    DayTotals,
    DetailRow,
    Identity,
    Invoice,
    InvoicePrint,
    LimitKey,
    Movement,
    Payment,
)
from dbgate.work import Decide, Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.catalogue import HANDLERS
from handlers.terms import BankTerms, Context, Rules
from protocol.canonical.messages import Answer, Request
from tests.support.records import NOW, opening, terms

Submission = tuple[Request, BankTerms]
_FIRST_SERIAL = 900_001


@dataclass(frozen=True)
class Utility:
    """What a ledger starts with: loaded accounts and bills, and the rules for all banks."""

    accounts: tuple[Account, ...] = ()
    bills: tuple[Bill, ...] = ()
    rules: Rules = field(default_factory=Rules)


class Ledger(Protocol):
    """A driver: it takes requests and lets a test look at what they left behind."""

    def today(self) -> date:
        """Return the calendar date of its clock."""

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        """Decide and store the requests, all of money or all reads, as one batch; return their answers in order."""

    def account(self, account_no: str) -> Account:
        """Return an account as it stands."""

    def bills_of(self, account_no: str) -> list[Bill]:
        """Return all its bills, settled ones included, by bill_no."""

    def journal(self) -> list[Payment]:
        """Return all journal rows, OPEN and tombstones included, in any order."""

    def allocations(self) -> list[Allocation]:
        """Return all allocations, in any order."""

    def limit_used(self, key: LimitKey) -> int:
        """Return a daily counter."""

    def clearing_date(self, bank_code: str) -> date:
        """Return the bank's present clearing date."""


class PaperLedger:
    """A ledger on paper: dictionaries for tables, with the constraints that the database has.

    It loads for each batch exactly what its needs say, or everything there is, since the gate may load more than
    needed: handlers must decide alike. Its clock stands still until ``now`` is set.
    """

    def __init__(self, utility: Utility, *, generous: bool = False) -> None:
        self.now: datetime = NOW
        self.local_today: date | None = None
        self.audit: list[AuditEntry] = []
        self.invoices: dict[int, Invoice] = {}
        self._rules = utility.rules
        self._generous = generous
        self._accounts = {account.account_no: account for account in utility.accounts}
        self._bills = {bill.bill_no: bill for bill in utility.bills}
        self._journal: dict[Identity, Payment] = {}
        self._allocations: list[Allocation] = []
        self._prints: dict[Identity, InvoicePrint] = {}
        self._limits: dict[LimitKey, int] = {}
        self._days: dict[str, ClearingDay] = {}
        self._drawn = _FIRST_SERIAL
        for number, account in enumerate(utility.accounts, start=1):
            self.add_row(opening(account, number))

    # --- driver

    def today(self) -> date:
        return self.now.date()

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        handlers = [HANDLERS[request.transaction] for request, _ in batch]
        assert len({handler.money for handler in handlers}) <= 1, "money and reads never share a batch"
        local_today = self.local_today or self.today()
        needs = [
            handler.needs(request, bank, local_today) for handler, (request, bank) in zip(handlers, batch, strict=True)
        ]
        records = self._everything() if self._generous else WorkingSet()
        for need in needs:
            self._load(records, need)
        answers = []
        for handler, need, (request, bank) in zip(handlers, needs, batch, strict=True):
            decision = handler.decide(request, records, Context(bank, self._rules, self._moment(need)))
            assert handler.money or decision == Decision(decision.answer), "a read changed something"
            records.apply(decision.changes)
            assert isinstance(decision.answer, Answer)
            answers.append(decision.answer)
        self._store(records)
        return answers

    def account(self, account_no: str) -> Account:
        return self._accounts[account_no]

    def bills_of(self, account_no: str) -> list[Bill]:
        return sorted((b for b in self._bills.values() if b.account_no == account_no), key=lambda b: b.bill_no)

    def journal(self) -> list[Payment]:
        return list(self._journal.values())

    def allocations(self) -> list[Allocation]:
        return list(self._allocations)

    def limit_used(self, key: LimitKey) -> int:
        return self._limits.get(key, 0)

    def clearing_date(self, bank_code: str) -> date:
        return self._day(bank_code).clearing_date

    # --- what only paper can do

    def ask(self, request: Request, bank: BankTerms | None = None) -> Answer:
        """Submit one request alone."""
        return self.submit([(request, bank or terms())])[0]

    def run(self, need: Needs, decide: Decide) -> object:
        """Run one work of a job, which no bank has asked for, and return its answer."""
        records = self._everything() if self._generous else WorkingSet()
        self._load(records, need)
        decision = decide(records, self._moment(need))
        records.apply(decision.changes)
        self._store(records)
        return decision.answer

    def row(self, request: Request) -> Payment:
        """Return the journal row under the identity of ``request``."""
        head = request.head
        return self._journal[Identity(head.bank_code, head.bank_date, head.bank_serial)]

    def add_row(self, payment: Payment) -> None:
        """Put a journal row that no request of a bank made."""
        assert payment.identity not in self._journal
        self._journal[payment.identity] = payment

    def set_account(self, account: Account) -> None:
        """Put another version of an account, as the utility's own system would."""
        self._accounts[account.account_no] = account

    def set_bill(self, bill: Bill) -> None:
        """Put another version of a bill, as the utility's own system would."""
        self._bills[bill.bill_no] = bill

    def close_day(self, bank_code: str, clearing_date: date) -> None:
        """Roll the bank's clearing date."""
        self._days[bank_code] = replace(self._day(bank_code), clearing_date=clearing_date)

    def _day(self, bank_code: str) -> ClearingDay:
        return self._days.setdefault(bank_code, ClearingDay(bank_code, self.today(), self.today()))

    def _moment(self, need: Needs) -> Moment:
        self._drawn += 1
        return Moment(
            now=self.now,
            clearing_date=self._day(need.bank_code).clearing_date if need.bank_code else None,
            fep_serial=self._drawn if need.serial else None,
            invoice_no=f"FP{self._drawn}" if need.invoice else None,
        )

    # --- loading, as the gate does

    def _everything(self) -> WorkingSet:
        records = WorkingSet()
        records.add_accounts(self._accounts.values())
        records.add_bills(self._bills.values())
        records.add_journal(self._journal.values())
        records.add_allocations(self._allocations)
        records.add_invoices(self.invoices.values())
        records.add_invoice_prints(self._prints.values())
        for key, used_fen in self._limits.items():
            records.add_limit_used(key, used_fen)
        return records

    def _load(self, records: WorkingSet, need: Needs) -> None:
        if need.bank_code:
            records.add_days([self._day(need.bank_code)])
        if need.limit_channel is not None:
            key = LimitKey(need.bank_code, need.limit_channel, self.clearing_date(need.bank_code))
            records.add_limit_used(key, self.limit_used(key))
        if need.totals_of is not None:
            records.add_totals(need.bank_code, need.totals_of, self._totals(need.bank_code, need.totals_of))
        if need.details is not None and need.details.clearing_date < self.clearing_date(need.bank_code):
            records.add_details(need.bank_code, need.details, self._details(need.bank_code, need.details))
        if not self._generous:
            self._load_accounts(records, need)
            self._load_journal(records, need)
            self._load_history(records, need)

    def _load_accounts(self, records: WorkingSet, need: Needs) -> None:
        wanted = {no for no in self._accounts if no == need.account_no}
        if need.account_key is not None and need.account_key.value:
            column, value = need.account_key
            wanted |= {no for no, account in self._accounts.items() if getattr(account, column) == value}
        records.add_accounts(self._accounts[no] for no in wanted if records.account(no) is None)
        self._load_bills(
            records, (b for b in self._bills.values() if b.account_no in wanted and b.state is not BillState.SETTLED)
        )

    def _load_journal(self, records: WorkingSet, need: Needs) -> None:
        for identity in (need.own, need.original):
            if identity is not None and identity in self._journal and records.payment(identity) is None:
                records.add_journal([self._journal[identity]])
        original = None if need.original is None else self._journal.get(need.original)
        if original is not None and original.fep_serial is not None and not records.allocations(original.fep_serial):
            paid = [one for one in self._allocations if one.fep_serial == original.fep_serial]
            records.add_allocations(paid)
            self._load_bills(records, (self._bills[one.bill_no] for one in paid))
            records.add_invoices(i for i in self.invoices.values() if i.fep_serial == original.fep_serial)
        if need.invoice_print in self._prints:
            records.add_invoice_prints([self._prints[need.invoice_print]])

    def _load_history(self, records: WorkingSet, need: Needs) -> None:
        if need.payments_since is not None:
            records.add_journal(
                row
                for row in self._journal.values()
                if row.account_no == need.account_no
                and row.movement is Movement.PAY
                and row.created_at.date() >= need.payments_since
            )
        if need.bills_since is not None:
            bills = [b for b in self._bills.values() if b.account_no == need.account_no and b.month >= need.bills_since]
            settlers = {b.settled_by for b in bills} - {None}
            self._load_bills(records, bills)
            records.add_journal(row for row in self._journal.values() if row.fep_serial in settlers)

    def _load_bills(self, records: WorkingSet, bills: Iterable[Bill]) -> None:
        records.add_bills(bill for bill in bills if records.bill(bill.bill_no) is None)

    def _counting(self, bank_code: str, clearing_date: date) -> list[Payment]:
        """Return what counts in a day: PAY, CANCEL, and each REVERSE that undid something; no adjustments."""
        return [
            row
            for row in self._journal.values()
            if (row.identity.bank_code, row.clearing_date) == (bank_code, clearing_date)
            and row.mends_date is None
            and (
                row.movement in (Movement.PAY, Movement.CANCEL)
                or (row.movement is Movement.REVERSE and row.outcome == 1)
            )
        ]

    def _details(self, bank_code: str, wanted: DaySlice) -> DayDetails:
        rows = [
            DetailRow(row.identity, row.fep_serial, row.movement, row.state, row.account_no, row.amount_fen)
            for row in self._counting(bank_code, wanted.clearing_date)
            if row.fep_serial is not None
        ]
        rows.sort(key=lambda row: row.fep_serial)
        return DayDetails(len(rows), tuple(rows[wanted.first_row :][: wanted.rows_max]))

    def _totals(self, bank_code: str, clearing_date: date) -> DayTotals:
        rows = self._counting(bank_code, clearing_date)
        pays = [row.amount_fen for row in rows if row.movement is Movement.PAY]
        cancels = [row.amount_fen for row in rows if row.movement is Movement.CANCEL]
        reverses = [row.amount_fen for row in rows if row.movement is Movement.REVERSE]
        return DayTotals(len(pays), sum(pays), len(cancels), sum(cancels), len(reverses), sum(reverses))

    # --- storing, with the constraints of the tables

    def _store(self, records: WorkingSet) -> None:
        serials = {row.fep_serial for row in self._journal.values()}
        for row in records.new_journal():
            assert row.identity not in self._journal, "identity is unique"
            assert row.fep_serial is None or row.fep_serial not in serials, "fep_serial is unique"
            serials.add(row.fep_serial)
            self._journal[row.identity] = row
        for identity, old, new in records.state_moves():
            assert self._journal[identity].state is old, "a state moves from what was loaded"
            self._journal[identity] = replace(self._journal[identity], state=new)
            assert self._journal[identity] == records.payment(identity), "nothing but the state of a row moves"
        for loaded, bill in records.moved_bills():
            assert self._bills[loaded.bill_no] == loaded
            self._bills[loaded.bill_no] = bill
        for loaded_account, account in records.moved_accounts():
            assert self._accounts[account.account_no] == loaded_account
            self._accounts[account.account_no] = account
        for use in records.limit_uses():
            self._limits[use.key] = self.limit_used(use.key) + use.amount_fen
            assert use.limit_fen is None or self._limits[use.key] <= use.limit_fen, "a daily limit is never exceeded"
        self._allocations += records.new_allocations()
        for invoice in [*records.new_invoices(), *(now for _, now in records.moved_invoices())]:
            self.invoices[invoice.fep_serial] = invoice
        for printed in records.new_invoice_prints():
            assert printed.identity not in self._prints
            self._prints[printed.identity] = printed
        self.audit += records.audit()
