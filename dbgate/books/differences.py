"""Differences 差异: rows of the table as records, and how they are looked up."""

from collections.abc import Collection, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.books.tables import differences
from dbgate.record import record
from dbgate.records import Identity


@record
class Side:
    """A money request as one side has it.

    Attributes:
        account_no: of the request.
        txn: 2002 PAY, 2003 CANCEL, 2004 REVERSE.
        amount_fen: of the request.
        state: as STATUS tells it.
    """

    account_no: str = field(repr=False)
    txn: int
    amount_fen: int
    state: int


@record
class Difference:
    """A difference 差异: both sides as they were when the day was reconciled, and what has become of it.

    Attributes:
        difference_no: 12 digits, the first two those of the database.
        identity: of the money request.
        clearing_date: the day in whose reconciliation it was found.
        matching: class, as in result files: 2 to 6.
        bank, fep: None where that side lacks it.
        fep_serial: of our row.
        other_date: of what is, or was, in flight: the clearing date in which its other half should be.
        undo: of a payment that the bank alone has undone: the undo in its file, which has no difference of its own.
        act, amount_fen, reason: what an operator has proposed.
        adjustment_serial: fep_serial of the movement that mended it.
    """

    difference_no: int
    identity: Identity
    clearing_date: date
    matching: int
    bank: Side | None
    fep: Side | None
    fep_serial: int | None
    other_date: date | None
    undo: Identity | None
    state: DifferenceState
    act: DifferenceAct | None = None
    amount_fen: int | None = None
    reason: str = ""
    proposed_by: str = ""
    proposed_at: datetime | None = None
    approved_by: str = ""
    approved_at: datetime | None = None
    adjustment_serial: int | None = None


def difference(connection: Connection, difference_no: int) -> Difference | None:
    """Return the difference of that number, None when there is none."""
    found = connection.execute(select(differences).where(differences.c.difference_no == difference_no)).one_or_none()
    return None if found is None else difference_of(found._mapping)


def listed(
    connection: Connection,
    *,
    banks: Sequence[str] = (),
    first: date | None = None,
    last: date | None = None,
    states: Collection[DifferenceState] = (),
) -> list[Difference]:
    """Return differences by bank, clearing date and number.

    Args:
        connection: to the first database.
        banks: only these; all when empty.
        first: only of this clearing date and later ones.
        last: only of this clearing date and earlier ones.
        states: only in these; all when empty.
    """
    table = differences.c
    conditions: list[ColumnElement[bool]] = []
    if banks:
        conditions.append(table.bank_code.in_(banks))
    if first is not None:
        conditions.append(table.clearing_date >= first)
    if last is not None:
        conditions.append(table.clearing_date <= last)
    if states:
        conditions.append(table.state.in_(states))
    statement = select(differences).where(*conditions)
    rows = connection.execute(statement.order_by(table.bank_code, table.clearing_date, table.difference_no))
    return [difference_of(row._mapping) for row in rows]


def difference_of(row: Any) -> Difference:
    """Return the difference of a row, by the columns' names."""
    bank_code = row["bank_code"]
    undo = None if row["undo_date"] is None else Identity(bank_code, row["undo_date"], row["undo_serial"])
    return Difference(
        difference_no=row["difference_no"],
        identity=Identity(bank_code, row["bank_date"], row["bank_serial"]),
        clearing_date=row["clearing_date"],
        matching=row["matching"],
        bank=_side(row, "bank"),
        fep=_side(row, "fep"),
        fep_serial=row["fep_serial"],
        other_date=row["other_date"],
        undo=undo,
        **{
            name: row[name]
            for name in (
                "state",
                "act",
                "amount_fen",
                "reason",
                "proposed_by",
                "proposed_at",
                "approved_by",
                "approved_at",
                "adjustment_serial",
            )
        },
    )


def _side(row: Any, name: str) -> Side | None:
    amount_fen = row[f"{name}_amount_fen"]
    if amount_fen is None:
        return None
    return Side(row[f"{name}_account_no"], row[f"{name}_txn"], amount_fen, row[f"{name}_state"])
