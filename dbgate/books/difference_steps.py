"""Difference steps 差异处理步骤: those of four eyes in SQL, each an UPDATE from the state that it starts from.

::

    OPEN ── propose ──▶ PROPOSED ── approve ──▶ DONE
     ▲                   │     approved_at is NULL
     ├───── reject ──────┤
     │                   ▼ claim: approved_at is set, then the money moves
     └──── release ──── PROPOSED ── finish ───▶ DONE

An act that moves money is claimed before: from then on it can be finished, by whoever approves again, and not rejected.
Only who has claimed it anew, and was told that no money can move, gives the claim back.

Every function runs in the caller's transaction, which stands in the first database of the configuration.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, update

from dbgate.books.differences import Difference
from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.books.tables import differences


def propose(
    connection: Connection,
    difference: Difference,
    act: DifferenceAct,
    amount_fen: int,
    reason: str,
    operator: str,
    now: datetime,
) -> bool:
    """Propose an act; False when the difference is not open any more."""
    columns = differences.c
    return _move(
        connection,
        difference,
        [columns.state == DifferenceState.OPEN],
        state=DifferenceState.PROPOSED,
        act=act,
        amount_fen=amount_fen,
        reason=reason,
        proposed_by=operator,
        proposed_at=now,
    )


def reject(connection: Connection, difference: Difference) -> bool:
    """Open a proposed difference again; False when it has moved since it was loaded."""
    return _move(
        connection,
        difference,
        _as_loaded(difference),
        state=DifferenceState.OPEN,
        act=None,
        amount_fen=None,
        reason=None,
        proposed_by=None,
        proposed_at=None,
        approved_by=None,
        approved_at=None,
    )


def claim(connection: Connection, difference: Difference, operator: str, now: datetime) -> bool:
    """Approve a proposed act whose money is to move now; False when the difference has moved since it was loaded."""
    return _move(connection, difference, _as_loaded(difference), approved_by=operator, approved_at=now)


def release(connection: Connection, difference: Difference) -> bool:
    """Give a claim back, of an act for which no money could move; False when somebody has claimed it since."""
    return _move(connection, difference, _as_loaded(difference), approved_by=None, approved_at=None)


def finish(connection: Connection, difference: Difference, operator: str, now: datetime, serial: int | None) -> bool:
    """Note that an act is done; ``serial``: of its movement. False when it was noted before.

    Who claimed an act remains who approved it.
    """
    return _move(
        connection,
        difference,
        _same_proposal(difference),
        state=DifferenceState.DONE,
        approved_by=difference.approved_by or operator,
        approved_at=difference.approved_at or now,
        adjustment_serial=serial,
    )


def _as_loaded(difference: Difference) -> list[ColumnElement[bool]]:
    """Return the conditions that a proposed difference is still the proposal, and the claim, that was loaded."""
    approved_at = differences.c.approved_at
    unmoved = approved_at.is_(None) if difference.approved_at is None else approved_at == difference.approved_at
    return [*_same_proposal(difference), unmoved]


def _same_proposal(difference: Difference) -> list[ColumnElement[bool]]:
    """Return the conditions that what is proposed is what was loaded: nobody approves what he has not seen."""
    columns = differences.c
    return [
        columns.state == DifferenceState.PROPOSED,
        columns.act == difference.act,
        columns.proposed_by == difference.proposed_by,
        columns.proposed_at == difference.proposed_at,
    ]


def _move(
    connection: Connection, difference: Difference, conditions: list[ColumnElement[bool]], **values: object
) -> bool:
    moved = connection.execute(
        update(differences).where(differences.c.difference_no == difference.difference_no, *conditions).values(**values)
    )
    return moved.rowcount == 1
