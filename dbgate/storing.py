"""Storing 落库: the set statements that write what a batch has decided, in one order, each counting its rows.

New journal rows come first, in identity order: only a successful insert proves that an identity was free. The daily
counters come last, so that the rows all requests of a bank share are locked as shortly as possible.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Update, bindparam, insert, update

from dbgate import rows
from dbgate.changes import LimitUse
from dbgate.insertion import insert_new
from dbgate.prepared import Prepared
from dbgate.records import Identity, LimitKey
from dbgate.tables import (
    accounts,
    audit_entries,
    bills,
    invoice_prints,
    invoices,
    limit_uses,
    payments,
)
from dbgate.working_set import WorkingSet

_INVOICES = insert(invoices)
_AUDIT = insert(audit_entries)
_BILLS = Prepared(
    lambda _: (
        update(bills)
        .where(bills.c.bill_no == bindparam("key"), bills.c.state == bindparam("old"))
        .values(state=bindparam("new_state"), settled_by=bindparam("new_settled_by"))
    ),
    ("new_state", "new_settled_by", "key", "old"),
)
_BALANCES = Prepared(
    lambda _: (
        update(accounts)
        .where(accounts.c.account_no == bindparam("key"), accounts.c.balance_fen == bindparam("old"))
        .values(balance_fen=bindparam("new_balance_fen"))
    ),
    ("new_balance_fen", "key", "old"),
)
_STATES = (
    update(payments)
    .where(
        payments.c.bank_code == bindparam("key_bank_code"),
        payments.c.bank_date == bindparam("key_bank_date"),
        payments.c.bank_serial == bindparam("key_bank_serial"),
        payments.c.state == bindparam("old"),
    )
    .values(state=bindparam("new_state"))
)
_PRINT_COUNTS = (
    update(invoices)
    .where(invoices.c.invoice_no == bindparam("key"), invoices.c.print_count == bindparam("old"))
    .values(print_count=bindparam("new_print_count"))
)
_LIMIT = update(limit_uses).where(
    limit_uses.c.bank_code == bindparam("key_bank_code"),
    limit_uses.c.channel == bindparam("key_channel"),
    limit_uses.c.clearing_date == bindparam("key_clearing_date"),
)
_TAKE_LIMIT = _LIMIT.where(limit_uses.c.used_fen <= bindparam("used_fen_max")).values(
    used_fen=limit_uses.c.used_fen + bindparam("change_fen")
)
_MOVE_LIMIT = _LIMIT.values(used_fen=limit_uses.c.used_fen + bindparam("change_fen"))


class StaleBatch(Exception):
    """What a batch was decided on has moved meanwhile: roll back, load ``identities`` too, and decide again."""

    def __init__(self, what: str, identities: Iterable[Identity] = ()) -> None:
        super().__init__(what)
        self.identities = frozenset(identities)


def store(connection: Connection, working_set: WorkingSet) -> bool:
    """Write all that the batch has changed and tell whether there was anything.

    Raises:
        StaleBatch: an identity was taken, or a row is no longer what was loaded.
    """
    # Both sides are evaluated on purpose: each store writes what it has and says whether it had anything.
    wrote = [
        _store_journal(connection, working_set),
        _store_allocations(connection, working_set),
        _store_bills(connection, working_set),
        _store_balances(connection, working_set),
        _store_states(connection, working_set),
        _store_invoices(connection, working_set),
        _store_invoice_prints(connection, working_set),
        _store_audit(connection, working_set),
        _store_limits(connection, working_set),
    ]
    return any(wrote)


def _update(connection: Connection, statement: Update, parameters: list[dict[str, Any]], what: str) -> bool:
    """Run an UPDATE for each row and insist that each found its row as it was loaded."""
    if not parameters:
        return False
    if connection.execute(statement, parameters).rowcount != len(parameters):
        raise StaleBatch(what)
    return True


def _store_journal(connection: Connection, working_set: WorkingSet) -> bool:
    new = working_set.new_journal()
    if not new:
        return False
    if rows.INSERT_PAYMENTS.run(connection, list(map(rows.payment_values, new))) != len(new):
        raise StaleBatch("an identity was taken meanwhile", (payment.identity for payment in new))
    return True


def _store_allocations(connection: Connection, working_set: WorkingSet) -> bool:
    new = working_set.new_allocations()
    if new:
        rows.INSERT_ALLOCATIONS.run(connection, list(map(rows.allocation_values, new)))
    return bool(new)


def _store_bills(connection: Connection, working_set: WorkingSet) -> bool:
    values = [
        (new.state._value_, new.settled_by, old.bill_no, old.state._value_) for old, new in working_set.moved_bills()
    ]
    if values and _BILLS.run(connection, values) != len(values):
        raise StaleBatch("a bill moved meanwhile")
    return bool(values)


def _store_balances(connection: Connection, working_set: WorkingSet) -> bool:
    values = [(new.balance_fen, old.account_no, old.balance_fen) for old, new in working_set.moved_accounts()]
    if values and _BALANCES.run(connection, values) != len(values):
        raise StaleBatch("a balance moved meanwhile")
    return bool(values)


def _store_states(connection: Connection, working_set: WorkingSet) -> bool:
    parameters = [
        {
            "key_bank_code": move.identity.bank_code,
            "key_bank_date": move.identity.bank_date,
            "key_bank_serial": move.identity.bank_serial,
            "old": move.old,
            "new_state": move.new,
        }
        for move in working_set.state_moves()
    ]
    return _update(connection, _STATES, parameters, "a payment's state moved meanwhile")


def _store_invoices(connection: Connection, working_set: WorkingSet) -> bool:
    new = working_set.new_invoices()
    if new:
        connection.execute(_INVOICES, list(map(rows.invoice_parameters, new)))
    parameters = [
        {"key": old.invoice_no, "old": old.print_count, "new_print_count": now.print_count}
        for old, now in working_set.moved_invoices()
    ]
    return _update(connection, _PRINT_COUNTS, parameters, "an invoice was printed meanwhile") or bool(new)


def _store_invoice_prints(connection: Connection, working_set: WorkingSet) -> bool:
    new = working_set.new_invoice_prints()
    if not new:
        return False
    if insert_new(connection, invoice_prints, list(map(rows.invoice_print_parameters, new))) != len(new):
        raise StaleBatch("an INVOICE request's identity was taken meanwhile")
    return True


def _store_audit(connection: Connection, working_set: WorkingSet) -> bool:
    entries = working_set.audit()
    if entries:
        connection.execute(_AUDIT, list(map(rows.audit_parameters, entries)))
    return bool(entries)


def _store_limits(connection: Connection, working_set: WorkingSet) -> bool:
    uses: dict[LimitKey, list[LimitUse]] = defaultdict(list)
    for use in working_set.limit_uses():
        uses[use.key].append(use)
    missing = working_set.missing_limits()
    for key in sorted(uses):
        if key in missing:
            insert_new(connection, limit_uses, [{**key._asdict(), "used_fen": missing[key]}])
        _move_limit(connection, key, uses[key])
    return bool(uses)


def _move_limit(connection: Connection, key: LimitKey, uses: list[LimitUse]) -> None:
    """Move one counter by the sum of ``uses``, provided that each of them, in its order, stays within its limit."""
    change_fen = 0
    rooms = []
    for use in uses:
        change_fen += use.amount_fen
        if use.limit_fen is not None:
            rooms.append(use.limit_fen - change_fen)
    parameters: dict[str, Any] = {f"key_{name}": value for name, value in key._asdict().items()}
    parameters["change_fen"] = change_fen
    if not rooms:
        # Taking back where no limit is set finds no counter, and need not.
        connection.execute(_MOVE_LIMIT, parameters)
    elif connection.execute(_TAKE_LIMIT, parameters | {"used_fen_max": min(rooms)}).rowcount != 1:
        raise StaleBatch("the daily limit was used up meanwhile")
