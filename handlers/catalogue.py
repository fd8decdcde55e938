"""Catalogue 交易目录: every business transaction with its needs, its checks in their order, and its decision.

The order is that of the wire specification, section 7: a stored identity is answered before every later check, then
transaction enabled, service hours and suspension, bank_date of money requests, and last the transaction's own checks.
A refusal becomes an answer here, and only here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers import (
    cancel,
    consumption,
    invoice,
    journal,
    pay,
    payments,
    query,
    recon_detail,
    recon_totals,
    reverse,
    status,
)
from handlers.answers import refusal_answer, refused
from handlers.checks import bank_date_near, enabled, in_service
from handlers.errors import Refusal
from handlers.terms import BankTerms, Context
from protocol.canonical.messages import Answer, Request
from protocol.transactions import Transaction

NeedsOf = Callable[[Request, BankTerms, date], Needs]
DecideOn = Callable[[Request, WorkingSet, Context], Decision]
Check = Callable[[Request, Context], None]
Replay = Callable[[Request, WorkingSet, Context], Decision | None]


@dataclass(frozen=True, slots=True)
class Handler:
    """How one transaction is handled.

    Attributes:
        transaction: which.
        money: it goes with the money work, locked and stored; False for reads.
        needs: what to load, by the bank's terms and today's date of the local clock, which may differ from the
            database's by a day.
        decide: answers and changes. Pure; never raises ``Refusal``; what it raises is a bug of ours.
    """

    transaction: Transaction
    money: bool
    needs: NeedsOf
    decide: DecideOn


_READ = (enabled, in_service)
_READ_AT_ANY_HOUR = (enabled,)
_MONEY = (enabled, in_service, bank_date_near)
_MONEY_AT_ANY_HOUR = (enabled, bank_date_near)


def _nothing_stored(_request: Request, _records: WorkingSet, _context: Context) -> Decision | None:
    """Return None: reads have no identity of their own, each is answered anew."""
    return None


def _in_order(replay: Replay, checks: tuple[Check, ...], decide_on: DecideOn) -> DecideOn:
    """Return a decision that looks for a stored identity first, then makes the checks, then decides."""

    def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
        try:
            stored = replay(request, records, context)
            if stored is not None:
                return stored
            for check in checks:
                check(request, context)
            return decide_on(request, records, context)
        except Refusal as refusal:
            return refused(request, context, refusal)

    return decide


def _read(transaction: Transaction, needs: NeedsOf, decide: DecideOn, checks: tuple[Check, ...] = _READ) -> Handler:
    return Handler(transaction, money=False, needs=needs, decide=_in_order(_nothing_stored, checks, decide))


def _money(transaction: Transaction, needs: NeedsOf, decide: DecideOn, checks: tuple[Check, ...] = _MONEY) -> Handler:
    return Handler(transaction, money=True, needs=needs, decide=_in_order(journal.replayed, checks, decide))


_HANDLERS = (
    _read(Transaction.QUERY, query.needs, query.decide),
    _money(Transaction.PAY, pay.needs, pay.decide),
    _money(Transaction.CANCEL, cancel.needs, cancel.decide),
    _money(Transaction.REVERSE, reverse.needs, reverse.decide, _MONEY_AT_ANY_HOUR),
    _read(Transaction.STATUS, status.needs, status.decide, _READ_AT_ANY_HOUR),
    _read(Transaction.PAYMENTS, payments.needs, payments.decide),
    _read(Transaction.CONSUMPTION, consumption.needs, consumption.decide),
    # Its original is locked and its prints are counted, but it moves no money, so its bank_date may be any.
    Handler(Transaction.INVOICE, True, invoice.needs, _in_order(invoice.replayed, _READ, invoice.decide)),
    _read(Transaction.RECON_TOTALS, recon_totals.needs, recon_totals.decide),
    _read(Transaction.RECON_DETAIL, recon_detail.needs, recon_detail.decide),
)

HANDLERS: Mapping[Transaction, Handler] = MappingProxyType({handler.transaction: handler for handler in _HANDLERS})
"""The handler of each business transaction that goes to the database; those that manage the link have none."""


def refusal_of_files(request: Request, context: Context) -> Answer | None:
    """Return the refusal by the checks that come before a file transaction's own; None when all pass."""
    try:
        for check in _READ:
            check(request, context)
    except Refusal as refusal:
        return refusal_answer(refusal)
    return None
