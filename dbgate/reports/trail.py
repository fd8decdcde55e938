"""Trail 审计线索: all that happened on a calendar day in order of time: movements, refusals, acts of operators."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from heapq import merge
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, func, literal_column, select

from dbgate.books.tables import operator_acts
from dbgate.records import NO_BANK_CODE, Movement, PaymentState
from dbgate.reports.snapshots import tuples
from dbgate.tables import audit_entries, clearing_dates, payments

_AFTER_ALL = literal_column("999999999999", BigInteger)
"""A tombstone has no number and stands behind the reversal that set it; engines differ in where nothing is sorted."""


class Step(Enum):
    """What kind of thing happened."""

    MOVEMENT = "movement"
    REFUSAL = "refusal"
    ACT = "act"


class TrailEntry(NamedTuple):
    """One thing that happened; what it has none of is None or empty.

    Attributes:
        what: name of the transaction that was refused, or of the operator's act.
        state, outcome: of a movement as it stands now, and of an undo.
        response_code: of a refusal.
        balance_change_fen: of a movement.
        who: teller, or operator.
        subject, reason: of an act.
    """

    at: datetime
    step: Step
    bank_code: str = ""
    bank_date: date | None = None
    bank_serial: str = ""
    fep_serial: int | None = None
    movement: Movement | None = None
    what: str = ""
    state: PaymentState | None = None
    outcome: int | None = None
    response_code: str = ""
    account_no: str = ""
    amount_fen: int | None = None
    balance_change_fen: int | None = None
    outlet: str = ""
    who: str = ""
    channel: int | None = None
    original_date: date | None = None
    original_serial: str | None = None
    mends_date: date | None = None
    subject: str = ""
    reason: str = ""


def movements_statement(day: date, bank_codes: Sequence[str]) -> Select[Any]:
    """Return the statement of the movements of a calendar day, of banks that are named so that their index is used.

    A clearing date is never before the day on which something was decided, and may be any later one.
    """
    columns = payments.c
    return (
        select(
            columns.created_at,
            columns.bank_code,
            columns.bank_date,
            columns.bank_serial,
            columns.fep_serial,
            columns.movement,
            columns.state,
            columns.outcome,
            columns.account_no,
            columns.amount_fen,
            columns.balance_change_fen,
            columns.branch_code,
            columns.teller_id,
            columns.channel,
            columns.original_bank_date,
            columns.original_bank_serial,
            columns.mends_date,
        )
        .where(
            columns.bank_code.in_([NO_BANK_CODE, *bank_codes]),
            columns.clearing_date >= day,
            _on(columns.created_at, day),
        )
        .order_by(columns.created_at, func.coalesce(columns.fep_serial, _AFTER_ALL))
    )


def refusals_statement(day: date) -> Select[Any]:
    """Return the statement of the requests that were refused on a calendar day."""
    columns = audit_entries.c
    return (
        select(
            columns.created_at,
            columns.bank_code,
            columns.bank_date,
            columns.bank_serial,
            columns.transaction_name,
            columns.response_code,
            columns.account_no,
            columns.amount_fen,
            columns.branch_code,
            columns.teller_id,
            columns.channel,
        )
        .where(_on(columns.created_at, day))
        .order_by(columns.created_at, columns.id)
    )


def acts_statement(day: date) -> Select[Any]:
    """Return the statement of what operators did on a calendar day; it is for the first database."""
    columns = operator_acts.c
    return (
        select(columns.created_at, columns.operator, columns.act, columns.bank_code, columns.subject, columns.reason)
        .where(_on(columns.created_at, day))
        .order_by(columns.created_at, columns.id)
    )


def trail(connections: Sequence[Connection], day: date) -> Iterator[TrailEntry]:
    """Yield what happened on ``day`` in all databases in order of time; one row of each is held at a time.

    Args:
        connections: a snapshot of each database, the first one first.
        day: of the calendar, in Asia/Shanghai.
    """
    streams = [_acts(connections[0], day)]
    for connection in connections:
        streams += [_movements(connection, day), _refusals(connection, day)]
    yield from merge(*streams, key=attrgetter("at"))


def _movements(connection: Connection, day: date) -> Iterator[TrailEntry]:
    bank_codes = list(connection.scalars(select(clearing_dates.c.bank_code)))
    for row in tuples(connection, movements_statement(day, bank_codes)):
        at, bank_code, bank_date, bank_serial, fep_serial, movement, state, outcome, *rest = row
        account_no, amount_fen, change_fen, outlet, teller, channel, original_date, original_serial, mends = rest
        yield TrailEntry(
            *(at, Step.MOVEMENT, bank_code, bank_date, bank_serial, fep_serial, movement, "", state, outcome, ""),
            *(account_no, amount_fen, change_fen, outlet, teller, channel, original_date, original_serial, mends),
        )


def _refusals(connection: Connection, day: date) -> Iterator[TrailEntry]:
    for row in tuples(connection, refusals_statement(day)):
        at, bank_code, bank_date, bank_serial, what, code, account_no, amount_fen, *rest = row
        outlet, teller, channel = rest
        yield TrailEntry(
            *(at, Step.REFUSAL, bank_code, bank_date, bank_serial),
            what=what,
            response_code=code,
            account_no=account_no,
            amount_fen=amount_fen,
            outlet=outlet,
            who=teller,
            channel=channel,
        )


def _acts(connection: Connection, day: date) -> Iterator[TrailEntry]:
    for row in tuples(connection, acts_statement(day)):
        at, operator, act, bank_code, subject, reason = row
        yield TrailEntry(at, Step.ACT, bank_code, what=act, who=operator, subject=subject, reason=reason)


def _on(moment: ColumnElement[Any], day: date) -> ColumnElement[bool]:
    begins = datetime.combine(day, time.min)
    last = begins + timedelta(days=1) - timedelta(milliseconds=1)
    return moment.between(begins, last)
