"""Movements 流水: journal rows that no request of a bank has asked for, as the audit log tells them."""

from datetime import date
from functools import lru_cache

from dbgate.records import NO_BANK_CODE, Movement, Payment
from fep.audit.lines import Counted, Entry, Kind, quoted
from fep.log_lines import timestamp
from protocol.canonical.codes import UndoOutcome
from protocol.masking import masked_account

_COUNTED = frozenset({Movement.PAY, Movement.CANCEL})


@lru_cache(64)
def digits(day: date | None) -> str:
    """Return YYYYMMDD; nothing for no day."""
    return "" if day is None else f"{day:%Y%m%d}"


def movement_entry(row: Payment, cause: str, *, is_certain: bool = True) -> Entry:
    """Return the entry of a new journal row.

    Args:
        row: as it was stored.
        cause: what has posted it: ``bill_push``, or a command.
        is_certain: the answer to COMMIT has come.
    """
    name, day = row.movement.value, digits(row.clearing_date)
    counted = name if is_certain and _counts(row) else ""
    code = "0000" if is_certain else "9002"
    serial = "" if row.fep_serial is None else f'"fep_serial": "{row.fep_serial:012d}", '
    mends = "" if row.mends_date is None else f', "mends_date": "{digits(row.mends_date)}"'
    text = (
        f'"at": "{timestamp()}", "kind": "{Kind.MONEY.value}", "counted": "{counted}", "clearing_date": "{day}", '
        f'"amount_fen": {row.amount_fen}, "bank_code": "{row.identity.bank_code}", "transaction": "{name}", '
        f'"bank_date": "{digits(row.identity.bank_date)}", "bank_serial": {quoted(row.identity.bank_serial)}, '
        f'"channel": "{row.channel:02d}", {serial}"response_code": "{code}", "cause": {quoted(cause)}, '
        f'"account_no": {quoted(masked_account(row.account_no))}, "branch_code": {quoted(row.branch_code)}, '
        f'"teller_id": {quoted(row.teller_id)}{mends}'
    )
    return text, Counted(row.identity.bank_code, day, name, row.amount_fen) if counted else None


def _counts(row: Payment) -> bool:
    """Tell whether a row counts in the totals of its day, as ``dbgate.details`` says."""
    if row.mends_date is not None or row.identity.bank_code == NO_BANK_CODE:
        return False
    return row.movement in _COUNTED or (row.movement is Movement.REVERSE and row.outcome == UndoOutcome.UNDONE)
