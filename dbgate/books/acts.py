"""Acts of operators 操作记录: who did what and why, in the transaction that did it; rows are added, never changed."""

from datetime import datetime

from sqlalchemy import Connection

from dbgate.books.tables import REASON_CHARS, operator_acts
from dbgate.column_types import clock_number
from dbgate.prepared import InsertRows
from dbgate.record import record
from dbgate.trip import run

_INSERT = InsertRows("insert_operator_acts", operator_acts)


@record
class Act:
    """What an operator did.

    Attributes:
        operator: as the system knows him.
        act: a name of this list's: ``day_close``, ``reconcile``, ``difference_propose`` and so on.
        bank_code: whose books, empty when of none.
        subject: of what: a number, a date, a file; no customer's data.
        reason: in the operator's words.
    """

    operator: str
    act: str
    bank_code: str = ""
    subject: str = ""
    reason: str = ""


def record_act(connection: Connection, act: Act, now: datetime) -> None:
    """Add ``act`` in the caller's transaction."""
    reason = act.reason[:REASON_CHARS] or None
    run(
        connection,
        _INSERT,
        [(clock_number(now), act.operator, act.act, act.bank_code or None, act.subject or None, reason)],
    )
