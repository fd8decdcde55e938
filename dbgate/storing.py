"""Storing 落库: the set statements that write what a batch has decided, in one order, each counting its rows.

New journal rows come first, in identity order: only a successful insert proves that an identity was free. The daily
counters come last, so that the rows all requests of a bank share are locked as shortly as possible.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Update, update

from dbgate import rows
from dbgate.books.storing import sendings
from dbgate.changes import LimitUse
from dbgate.column_types import day_number
from dbgate.forms import Values
from dbgate.loading import LIMIT, of_limit
from dbgate.prepared import Change, InsertRows, Keys, Prepared, UpdateRows
from dbgate.records import Identity, LimitKey
from dbgate.tables import accounts, audit_entries, bills, invoice_prints, invoices, limit_uses, payments
from dbgate.trip import Reply, Trip
from dbgate.working_set import WorkingSet

_BILLS = UpdateRows("update_bills", bills, ["state", "settled_by"], ["bill_no", "state"])
_BALANCES = UpdateRows("update_balances", accounts, ["balance_fen"], ["account_no", "balance_fen"])
_STATES = UpdateRows("update_states", payments, ["state"], ["bank_code", "bank_date", "bank_serial", "state"])
_PRINT_COUNTS = UpdateRows("update_print_counts", invoices, ["print_count"], ["invoice_no", "print_count"])
_INVOICES = InsertRows("insert_invoices", invoices)
_INVOICE_PRINTS = InsertRows("insert_invoice_prints", invoice_prints, if_new=True)
_AUDIT = InsertRows("insert_audit_entries", audit_entries)
_LIMITS = InsertRows("insert_limits", limit_uses, if_new=True)


def _move_limit(keys: Keys) -> Update:
    return update(limit_uses).where(*of_limit(keys)).values(used_fen=limit_uses.c.used_fen + keys.one("change_fen"))


_LIMIT = ("change_fen", *LIMIT)
_MOVE_LIMIT = Change("move_limit", _move_limit, _LIMIT)
_TAKE_LIMIT = Change(
    "take_limit",
    lambda keys: _move_limit(keys).where(limit_uses.c.used_fen <= keys.one("used_fen_max")),
    (*_LIMIT, "used_fen_max"),
)


class StaleBatch(Exception):
    """What a batch was decided on has moved meanwhile: roll back, load ``identities`` too, and decide again."""

    def __init__(self, what: str, identities: Iterable[Identity] = ()) -> None:
        super().__init__(what)
        self.identities = frozenset(identities)


class _Sent(NamedTuple):
    """A statement on its way that has to find ``expected_count`` rows, or else ``stale`` is raised."""

    reply: Reply
    expected_count: int
    stale: StaleBatch


def store(connection: Connection, working_set: WorkingSet) -> bool:
    """Write all that the batch has changed and tell whether there was anything.

    Raises:
        StaleBatch: an identity was taken, or a row is no longer what was loaded.
    """
    trip = Trip(connection)
    sent = [
        *_send_journal(trip, working_set),
        *_send(trip, rows.INSERT_ALLOCATIONS, map(rows.allocation_values, working_set.new_allocations())),
        *_send_moves(trip, working_set),
        *_send(trip, _INVOICES, map(rows.invoice_values, working_set.new_invoices())),
        *_send_print_counts(trip, working_set),
        *_send_invoice_prints(trip, working_set),
        *_send_books(trip, working_set),
        *_send(trip, _AUDIT, map(rows.audit_values, working_set.audit())),
        *_send_limits(trip, working_set),
    ]
    trip.go()
    for reply, expected_count, stale in sent:
        if reply.count != expected_count:
            raise stale
    return not trip.is_empty


def _send(trip: Trip, statement: Prepared, values: Iterable[Values], stale: StaleBatch | None = None) -> list[_Sent]:
    """Add a statement for all rows, if there are any; ``stale``: raised when not each of them is inserted or found."""
    given = list(values)
    if not given:
        return []
    reply = trip.ask(statement, given)
    return [] if stale is None else [_Sent(reply, len(given), stale)]


def _send_journal(trip: Trip, working_set: WorkingSet) -> list[_Sent]:
    new = working_set.new_journal()
    stale = StaleBatch("an identity was taken meanwhile", (payment.identity for payment in new))
    return _send(trip, rows.INSERT_PAYMENTS, map(rows.payment_values, new), stale)


def _send_moves(trip: Trip, working_set: WorkingSet) -> list[_Sent]:
    """Add what moves rows that were loaded: bills, balances, states of payments."""
    bill_moves = [
        (new.state._value_, new.settled_by, old.bill_no, old.state._value_) for old, new in working_set.moved_bills()
    ]
    balances = [(new.balance_fen, old.account_no, old.balance_fen) for old, new in working_set.moved_accounts()]
    states = [
        (move.new._value_, bank_code, day_number(bank_date), bank_serial, move.old._value_)
        for move in working_set.state_moves()
        for bank_code, bank_date, bank_serial in [move.identity]
    ]
    return [
        *_send(trip, _BILLS, bill_moves, StaleBatch("a bill moved meanwhile")),
        *_send(trip, _BALANCES, balances, StaleBatch("a balance moved meanwhile")),
        *_send(trip, _STATES, states, StaleBatch("a payment's state moved meanwhile")),
    ]


def _send_print_counts(trip: Trip, working_set: WorkingSet) -> list[_Sent]:
    prints = [(now.print_count, old.invoice_no, old.print_count) for old, now in working_set.moved_invoices()]
    return _send(trip, _PRINT_COUNTS, prints, StaleBatch("an invoice was printed meanwhile"))


def _send_invoice_prints(trip: Trip, working_set: WorkingSet) -> list[_Sent]:
    stale = StaleBatch("an INVOICE request's identity was taken meanwhile")
    return _send(trip, _INVOICE_PRINTS, map(rows.invoice_print_values, working_set.new_invoice_prints()), stale)


def _send_books(trip: Trip, working_set: WorkingSet) -> list[_Sent]:
    if not working_set.books.has_changed:
        return []
    return [
        sent
        for each in sendings(working_set.books)
        for sent in _send(trip, each.statement, each.values, StaleBatch(each.stale))
    ]


def _send_limits(trip: Trip, working_set: WorkingSet) -> list[_Sent]:
    uses: dict[LimitKey, list[LimitUse]] = defaultdict(list)
    for use in working_set.limit_uses():
        uses[use.key].append(use)
    missing = working_set.missing_limits()
    sent = []
    for key in sorted(uses):
        if key in missing:
            trip.ask(_LIMITS, [rows.limit_values(key, missing[key])])
        sent += _send_limit(trip, key, uses[key])
    return sent


def _send_limit(trip: Trip, key: LimitKey, uses: Sequence[LimitUse]) -> list[_Sent]:
    """Move one counter by the sum of ``uses``, provided that each of them, in its order, stays within its limit."""
    change_fen = 0
    rooms = []
    for use in uses:
        change_fen += use.amount_fen
        if use.limit_fen is not None:
            rooms.append(use.limit_fen - change_fen)
    stored = change_fen, key.bank_code, key.channel, day_number(key.clearing_date)
    if not rooms:
        # Taking back where no limit is set finds no counter, and need not.
        trip.ask(_MOVE_LIMIT, *stored)
        return []
    reply = trip.ask(_TAKE_LIMIT, *stored, min(rooms))
    return [_Sent(reply, 1, StaleBatch("the daily limit was used up meanwhile"))]
