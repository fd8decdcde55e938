"""Debit batches in SQL 代扣批次: they stand in the first database; each step is a short transaction of its own."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from dbgate.books.acts import Act, record_act
from dbgate.books.records import DebitBatch
from dbgate.books.rows import BATCH_COLUMNS, batch_of
from dbgate.books.states import BatchState
from dbgate.books.tables import debit_batches
from dbgate.books.transactions import transaction
from dbgate.database import Database
from dbgate.errors import StatementFailed
from dbgate.numbers import DEBIT_BATCH_NO, fep_serial_of, take_block

NUMBER_MAX = 99
"""Batches of a bank and month: two digits of the file's name."""


class BatchMoved(StatementFailed):
    """A batch is no longer in the state that it was read in; nothing was done."""


class NumbersUsedUp(StatementFailed):
    """A bank and month has had all its batches; nothing was done."""


class BatchKey(NamedTuple):
    """By what a file names its batch."""

    bank_code: str
    month: int
    number_in_month: int


def batch(connection: Connection, batch_no: int) -> DebitBatch | None:
    """Return the batch of that number, None when there is none."""
    found = connection.execute(select(*BATCH_COLUMNS).where(debit_batches.c.batch_no == batch_no)).one_or_none()
    return None if found is None else batch_of(found)


def batch_of_file(connection: Connection, key: BatchKey) -> DebitBatch | None:
    """Return the batch that a file's name stands for, None when there is none."""
    columns = debit_batches.c
    of_key = (columns.bank_code == key.bank_code, columns.month == key.month)
    statement = select(*BATCH_COLUMNS).where(*of_key, columns.number_in_month == key.number_in_month)
    found = connection.execute(statement).one_or_none()
    return None if found is None else batch_of(found)


def batches(
    connection: Connection,
    *,
    banks: Sequence[str] = (),
    month: int | None = None,
    states: Sequence[BatchState] = (),
) -> list[DebitBatch]:
    """Return the batches, newest first, of these banks, month and states; all where nothing is said."""
    columns = debit_batches.c
    conditions: list[Any] = [columns.bank_code.in_(banks)] if banks else []
    conditions += [columns.month == month] if month is not None else []
    conditions += [columns.state.in_(states)] if states else []
    statement = select(*BATCH_COLUMNS).where(*conditions).order_by(columns.made_at.desc(), columns.batch_no.desc())
    return [batch_of(row) for row in connection.execute(statement)]


def begin(database: Database, bank_code: str, month: int) -> DebitBatch:
    """Make the next batch of a bank and month, in preparation; its late fees are those of the database's day.

    Raises:
        NumbersUsedUp: there are 99 already.
        DatabaseUnavailable, OutcomeUnknown: as ``transaction``; a batch that was made is found when it is asked for.
    """
    with transaction(database) as connection:
        of_month = (debit_batches.c.bank_code == bank_code, debit_batches.c.month == month)
        last = connection.execute(select(func.max(debit_batches.c.number_in_month)).where(*of_month)).scalar_one()
        number = (last or 0) + 1
        if number > NUMBER_MAX:
            raise NumbersUsedUp(f"bank {bank_code} has had {NUMBER_MAX} batches of {month}")
        (drawn,) = take_block(connection, DEBIT_BATCH_NO, 1)
        now = database.now(connection)
        made = DebitBatch(
            batch_no=fep_serial_of(database.database_no, drawn),
            bank_code=bank_code,
            month=month,
            number_in_month=number,
            state=BatchState.PREPARING,
            fee_date=now.date(),
            row_count=0,
            total_fen=0,
            made_at=now,
        )
        connection.execute(insert(debit_batches).values(dict(zip(_NAMES, _values(made), strict=True))))
    return made


def set_counts(database: Database, before: DebitBatch, row_count: int, total_fen: int) -> DebitBatch:
    """Say what a batch lists: from now on no bill joins it. Raises as ``_move``."""
    return _move(database, before, {"row_count": row_count, "total_fen": total_fen})


def set_out(database: Database, before: DebitBatch, act: Act) -> DebitBatch:
    """Say that the bank can have the file 出盘. Raises as ``_move``."""
    return _move(database, before, {"state": BatchState.OUT}, "out_at", act)


def renew(database: Database, before: DebitBatch) -> DebitBatch:
    """Make a batch that lists nothing yet one of the database's present day. Raises as ``_move``."""
    with transaction(database) as connection:
        today = database.now(connection).date()
    return before if today == before.fee_date else _move(database, before, {"fee_date": today}, "made_at")


def set_back(
    database: Database, before: DebitBatch, result_digest: str, debited_count: int, debited_fen: int, act: Act
) -> DebitBatch:
    """Say that each row of the result has been posted or refused 回盘. Raises as ``_move``."""
    changes = {
        "state": BatchState.BACK,
        "result_digest": result_digest,
        "debited_count": debited_count,
        "debited_fen": debited_fen,
    }
    return _move(database, before, changes, "ended_at", act)


def propose_release(database: Database, before: DebitBatch, act: Act) -> DebitBatch:
    """Take down who wants to release a batch, and why; who proposes last stands. Raises as ``_move``."""
    changes = {"proposed_by": act.operator, "reason": act.reason}
    return _move(database, before, changes, "proposed_at", act)


def set_released(database: Database, before: DebitBatch, act: Act) -> DebitBatch:
    """Release a batch whose release another has proposed; its bills are freed afterwards. Raises as ``_move``."""
    changes = {"state": BatchState.RELEASED, "approved_by": act.operator}
    return _move(database, before, changes, "ended_at", act)


_NAMES = [column.name for column in debit_batches.c]


def _values(made: DebitBatch) -> list[Any]:
    return [getattr(made, name) for name in _NAMES]


def _move(
    database: Database, before: DebitBatch, changes: dict[str, Any], moment: str = "", act: Act | None = None
) -> DebitBatch:
    """Change a batch that is as it was read, with the moment in the column of that name, and the operator's act.

    Raises:
        BatchMoved: it is not; nothing was done.
        DatabaseUnavailable, OutcomeUnknown: as ``transaction``.
    """
    columns = debit_batches.c
    unmoved = (
        columns.batch_no == before.batch_no,
        columns.state == before.state,
        columns.row_count == before.row_count,
        # Empty is NULL, which equals nothing.
        columns.proposed_by == before.proposed_by if before.proposed_by else columns.proposed_by.is_(None),
    )
    with transaction(database) as connection:
        now = database.now(connection)
        changes = changes | ({moment: now} if moment else {})
        if connection.execute(update(debit_batches).where(*unmoved).values(changes)).rowcount != 1:
            raise BatchMoved(f"debit batch {before.batch_no} is no longer as it was read")
        if act is not None:
            record_act(connection, act, now)
        moved = batch(connection, before.batch_no)
    assert moved is not None, "it has just been found"
    return moved
