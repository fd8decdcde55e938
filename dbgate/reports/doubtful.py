"""Doubtful transactions 可疑交易: what an auditor should look at, each kind by one statement.

| kind            | what                                                                                               |
|-----------------|----------------------------------------------------------------------------------------------------|
| ``refused``     | a payment of an account that exists was refused, and the account has had no payment since          |
| ``unarrived``   | a reversal came for a payment that never arrived (a tombstone), likewise without a payment since   |
| ``late-undo``   | a payment was undone later than usual after it was made                                            |
| ``large-cash``  | a payment in cash at or over a limit                                                               |
| ``repeated``    | an account was paid the same amount more than once on a day, and the payments stand                |
| ``many-undos``  | a teller undid many payments in the period                                                         |
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    String,
    exists,
    func,
    literal_column,
    select,
)

from dbgate.loading import constant
from dbgate.records import Movement, PaymentState
from dbgate.reports.collected import did_undo, in_period
from dbgate.reports.criteria import Period, among
from dbgate.tables import accounts, audit_entries, payments

_PAY_NAME = literal_column("'pay'", String)
_CASH = literal_column("1", Integer)


class Doubt(Enum):
    """A kind of doubtful transaction."""

    REFUSED = "refused"
    UNARRIVED = "unarrived"
    LATE_UNDO = "late-undo"
    LARGE_CASH = "large-cash"
    REPEATED = "repeated"
    MANY_UNDOS = "many-undos"


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is doubtful.

    Attributes:
        undo_minutes: payments undone later than this; tellers notice a mistake while the customer stands there.
        cash_fen: cash at or over this. 50,000 yuan is the sum from which banks report cash as a large transaction
            (金融机构大额交易和可疑交易报告管理办法, People's Bank of China, order 3 of 2016).
        undo_count: undos of one teller in the period.
        harmless_codes: response codes of refusals after which nobody needs to pay.
    """

    undo_minutes: int = 30
    cash_fen: int = 5_000_000
    undo_count: int = 5
    harmless_codes: tuple[str, ...] = ()


class Doubtful(NamedTuple):
    """One finding; what does not apply to its kind is empty.

    Attributes:
        times: payments of ``repeated``, undos of ``many-undos``, else 1.
        minutes: of ``late-undo``: from the payment to its undo.
        response_code: of ``refused``.
    """

    doubt: Doubt
    bank_code: str
    day: date | None
    moment: datetime | None
    bank_serial: str
    fep_serial: int | None
    account_no: str
    amount_fen: int
    outlet: str
    teller: str
    times: int = 1
    minutes: int | None = None
    response_code: str = ""


def refused_statement(period: Period, limits: Limits, banks: Collection[str]) -> Select[Any]:
    """Return the statement of refusals without a later payment; the days are those of the calendar."""
    entry = audit_entries.c
    first, last = datetime.combine(period.first, time.min), datetime.combine(period.last + timedelta(1), time.min)
    statement = (
        select(
            *(entry.bank_code, entry.bank_date, entry.created_at, entry.bank_serial, entry.account_no),
            *(entry.amount_fen, entry.branch_code, entry.teller_id, entry.response_code),
        )
        .select_from(audit_entries.join(accounts, accounts.c.account_no == entry.account_no))
        .where(
            entry.created_at >= first,
            entry.created_at < last,
            entry.transaction_name == _PAY_NAME,
            *among(entry.bank_code, banks),
            ~_paid_since(entry.account_no, entry.created_at),
        )
        .order_by(entry.created_at, entry.id)
    )
    return statement.where(entry.response_code.not_in(limits.harmless_codes)) if limits.harmless_codes else statement


def unarrived_statement(period: Period, banks: Collection[str]) -> Select[Any]:
    """Return the statement of tombstones without a later payment."""
    stone = payments.alias("stone")
    columns = stone.c
    return (
        select(*_identified(columns))
        .where(
            columns.movement == constant(Movement.TOMBSTONE),
            *_in_period_of(stone, period, banks),
            ~_paid_since(columns.account_no, columns.created_at),
        )
        .order_by(columns.bank_code, columns.created_at, columns.bank_serial)
    )


def undone_statement(period: Period, banks: Collection[str]) -> Select[Any]:
    """Return the statement of undone payments, each with the moment, outlet and teller of its undo."""
    made = payments.alias("made")
    undo = payments.c
    same = (
        made.c.bank_code == undo.original_bank_code,
        made.c.bank_date == undo.original_bank_date,
        made.c.bank_serial == undo.original_bank_serial,
    )
    return (
        select(*_identified(made.c), undo.created_at.label("undone_at"), undo.branch_code, undo.teller_id)
        .select_from(payments.join(made, same[0] & same[1] & same[2]))
        .where(did_undo(), *_in_period_of(payments, period, banks))
        .order_by(undo.bank_code, undo.clearing_date, undo.fep_serial)
    )


def cash_statement(period: Period, limits: Limits, banks: Collection[str]) -> Select[Any]:
    """Return the statement of large payments in cash."""
    columns = payments.c
    return (
        select(*_identified(columns))
        .where(
            *_standing(period, banks),
            columns.instrument == _CASH,
            columns.amount_fen >= limits.cash_fen,
        )
        .order_by(columns.bank_code, columns.clearing_date, columns.fep_serial)
    )


def repeated_statement(period: Period, banks: Collection[str]) -> Select[Any]:
    """Return the statement of payments that look like one paid twice."""
    columns = payments.c
    group = (columns.account_no, columns.clearing_date, columns.amount_fen)
    return (
        select(*group, func.count(), func.max(columns.created_at), func.max(columns.bank_code))
        .where(*_standing(period, banks))
        .group_by(*group)
        .having(func.count() > literal_column("1", Integer))
        .order_by(*group)
    )


def tellers_statement(period: Period, banks: Collection[str]) -> Select[Any]:
    """Return the statement of how often each teller undid, and how much."""
    columns = payments.c
    group = (columns.bank_code, columns.branch_code, columns.teller_id)
    return (
        select(*group, func.count(), func.sum(columns.amount_fen))
        .where(did_undo(), *_in_period_of(payments, period, banks))
        .group_by(*group)
    )


def doubtful(
    connections: Sequence[Connection], period: Period, limits: Limits, banks: Collection[str] = ()
) -> Iterator[Doubtful]:
    """Yield the findings of all databases, kind by kind; of all banks when none is named."""
    for connection in connections:
        for row in connection.execute(refused_statement(period, limits, banks)):
            bank_code, day, moment, serial, account_no, amount_fen, outlet, teller, code = row
            identified = (bank_code, day, moment, serial, None, account_no, amount_fen, outlet, teller)
            yield Doubtful(Doubt.REFUSED, *identified, response_code=code)
    for connection in connections:
        for row in connection.execute(unarrived_statement(period, banks)):
            yield _finding(Doubt.UNARRIVED, row)
    for connection in connections:
        yield from _late(connection, period, limits, banks)
    for connection in connections:
        for row in connection.execute(cash_statement(period, limits, banks)):
            yield _finding(Doubt.LARGE_CASH, row)
    for connection in connections:
        for account_no, day, amount_fen, count, moment, bank_code in connection.execute(
            repeated_statement(period, banks)
        ):
            yield Doubtful(
                Doubt.REPEATED, bank_code, day, moment, "", None, account_no, amount_fen, "", "", times=int(count)
            )
    yield from _tellers(connections, period, limits, banks)


def _late(connection: Connection, period: Period, limits: Limits, banks: Collection[str]) -> Iterator[Doubtful]:
    """Yield late undos; the minutes are counted here, for no arithmetic of moments is common to all engines."""
    for row in connection.execute(undone_statement(period, banks)):
        identified, (undone_at, outlet, teller) = row[:-5], row[-3:]
        minutes = int((undone_at - row.created_at) / timedelta(minutes=1))
        if undone_at - row.created_at > timedelta(minutes=limits.undo_minutes):
            yield _finding(Doubt.LATE_UNDO, (*identified, outlet, teller))._replace(minutes=minutes)


def _tellers(
    connections: Sequence[Connection], period: Period, limits: Limits, banks: Collection[str]
) -> Iterator[Doubtful]:
    """Yield tellers by what they undid in all databases together."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for connection in connections:
        for bank_code, outlet, teller, count, amount_fen in connection.execute(tellers_statement(period, banks)):
            key = (bank_code, outlet, teller)
            before = found.get(key, (0, 0))
            found[key] = (before[0] + int(count), before[1] + int(amount_fen))
    for (bank_code, outlet, teller), (count, amount_fen) in sorted(found.items()):
        if count >= limits.undo_count:
            yield Doubtful(
                Doubt.MANY_UNDOS, bank_code, None, None, "", None, "", amount_fen, outlet, teller, times=count
            )


def _finding(doubt: Doubt, identified: Sequence[Any]) -> Doubtful:
    return Doubtful(doubt, *identified)


def _identified(columns: Any) -> list[ColumnElement[Any]]:
    return [
        *(columns.bank_code, columns.bank_date, columns.created_at, columns.bank_serial, columns.fep_serial),
        *(columns.account_no, columns.amount_fen, columns.branch_code, columns.teller_id),
    ]


def _paid_since(account_no: ColumnElement[Any], moment: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a payment of the account was made since and stands."""
    later = payments.alias("later")
    return exists(
        select(literal_column("1", Integer)).where(
            later.c.account_no == account_no,
            later.c.created_at >= moment,
            later.c.movement == constant(Movement.PAY),
            later.c.state == constant(PaymentState.POSTED),
        )
    )


def _standing(period: Period, banks: Collection[str]) -> list[ColumnElement[bool]]:
    return [
        payments.c.movement == constant(Movement.PAY),
        payments.c.state == constant(PaymentState.POSTED),
        *_in_period_of(payments, period, banks),
    ]


def _in_period_of(table: FromClause, period: Period, banks: Collection[str]) -> list[ColumnElement[bool]]:
    return [*in_period(period, table), *among(table.c.bank_code, banks)]
