"""Debit lists in SQL 代扣明细: who may join a batch, and the rows of a batch in the order of its file.

Each function reads or changes one database; a batch has rows in all of them.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from dbgate.books.records import Debit
from dbgate.books.rows import DEBIT_COLUMNS
from dbgate.books.states import DebitState, MandateState, PushState
from dbgate.books.tables import debit_rows, mandates, pushes
from dbgate.books.transactions import transaction
from dbgate.database import Database
from dbgate.prepared import UpdateRows
from dbgate.records import AccountState, BillState
from dbgate.reports.snapshots import tuples
from dbgate.tables import accounts, bills
from dbgate.trip import run

_NUMBER = UpdateRows("number_debits", debit_rows, ["row_no"], ["batch_no", "bill_no"])

IN_FILE_ORDER = (debit_rows.c.account_no, debit_rows.c.month, debit_rows.c.seq, debit_rows.c.bill_no)
"""The order of a batch's file."""


class DebitSums(NamedTuple):
    """Rows of a batch that had one fate: their state, the bank's word, count, what was listed and what was debited."""

    state: DebitState
    result: str
    row_count: int
    due_fen: int
    debited_fen: int


def joining_statement(bank_code: str, month: int) -> Select[Any]:
    """Return the accounts that have bills for a batch of the bank and month; the decision looks at each again."""
    has_bill = exists().where(
        bills.c.account_no == mandates.c.account_no,
        bills.c.state == BillState.OPEN,
        bills.c.month == month,
        bills.c.principal_fen > 0,
    )
    is_pushed = exists().where(
        pushes.c.account_no == mandates.c.account_no,
        or_(
            pushes.c.state == PushState.ACCEPTED,
            and_(pushes.c.state == PushState.WAITING, or_(pushes.c.tries > 0, pushes.c.owner.is_not(None))),
        ),
    )
    is_active = exists().where(accounts.c.account_no == mandates.c.account_no, accounts.c.state == AccountState.ACTIVE)
    return select(mandates.c.account_no).where(
        mandates.c.bank_code == bank_code, mandates.c.state == MandateState.ACTIVE, has_bill, is_active, ~is_pushed
    )


def count_joining(connection: Connection, bank_code: str, month: int) -> int:
    """Return how many accounts have bills for a batch, about: some may be left out when they are looked at."""
    found = joining_statement(bank_code, month).subquery("joining")
    return int(connection.execute(select(func.count()).select_from(found)).scalar_one())


def joining(connection: Connection, bank_code: str, month: int, after: str, count: int) -> list[str]:
    """Return the next ``count`` accounts behind ``after`` that have bills for a batch, by account_no."""
    statement = joining_statement(bank_code, month).order_by(mandates.c.account_no).limit(count)
    if after:
        statement = statement.where(mandates.c.account_no > after)
    return list(connection.execute(statement).scalars())


def listed_accounts(connection: Connection, batch_no: int, after: str, count: int) -> list[str]:
    """Return the next ``count`` accounts behind ``after`` that the batch still holds bills of, by account_no."""
    account_no = debit_rows.c.account_no
    listed = (debit_rows.c.batch_no == batch_no, debit_rows.c.state == DebitState.LISTED)
    statement = select(account_no).where(*listed).distinct().order_by(account_no).limit(count)
    if after:
        statement = statement.where(account_no > after)
    return list(connection.execute(statement).scalars())


def debits(connection: Connection, batch_no: int, *conditions: ColumnElement[bool]) -> Generator[Debit]:
    """Yield the rows of a batch in the order of its file, as the server sends them."""
    statement = select(*DEBIT_COLUMNS).where(debit_rows.c.batch_no == batch_no, *conditions).order_by(*IN_FILE_ORDER)
    with closing(tuples(connection, statement)) as rows:
        for row in rows:
            yield Debit(*row)


def debits_to_look_at(connection: Connection, batch_no: int) -> Iterator[Debit]:
    """Yield the rows of a batch that were debited without settling their bill, or were not debited."""
    return debits(connection, batch_no, debit_rows.c.state != DebitState.SETTLED)


def number_debits(database: Database, batch_no: int, numbered: Sequence[tuple[int, str]]) -> None:
    """Give rows, each by its bill_no, their numbers; in one transaction, whose errors it raises."""
    with transaction(database) as connection:
        run(connection, _NUMBER, [(row_no, batch_no, bill_no) for row_no, bill_no in numbered])


def debit_sums(connections: Iterable[Connection], batch_no: int) -> list[DebitSums]:
    """Return what became of the rows of a batch, over all databases."""
    columns = debit_rows.c
    key = (columns.state, columns.result)
    due = func.sum(columns.principal_fen + columns.late_fee_fen)
    statement = (
        select(*key, func.count(), due, func.sum(columns.debited_fen))
        .where(columns.batch_no == batch_no)
        .group_by(*key)
    )
    found: dict[tuple[DebitState, str], list[int]] = {}
    for connection in connections:
        for state, result, *sums in connection.execute(statement):
            known = found.setdefault((state, result), [0, 0, 0])
            found[state, result] = [old + int(new) for old, new in zip(known, sums, strict=True)]
    ordered = sorted(found.items(), key=lambda item: (list(DebitState).index(item[0][0]), item[0][1]))
    return [DebitSums(state, result, *sums) for (state, result), sums in ordered]
