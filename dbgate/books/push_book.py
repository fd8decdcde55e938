"""Push book 划拨登记簿: an operator's act on a dead push as one transaction, together with the record of who did it."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate.books.acts import Act, record_act
from dbgate.books.records import Push
from dbgate.books.rows import PUSH_COLUMNS, moved_push_values, push_of
from dbgate.books.states import PushState
from dbgate.books.storing import UPDATE_PUSHES
from dbgate.books.tables import pushes
from dbgate.books.transactions import WAIT_S, transaction
from dbgate.column_types import clock_number
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.forms import IN_LIST_MAX
from dbgate.prepared import Keys, Statement
from dbgate.records import BillState
from dbgate.tables import bills
from dbgate.trip import run
from dbgate.wanted import in_chunks


def _dead_push(keys: Keys) -> Select[Any]:
    # By the index of bank and state: the dead are few, and a number alone would read all pushes.
    return select(*PUSH_COLUMNS).where(
        keys.among(pushes.c.bank_code, "bank_codes"),
        pushes.c.state == literal_column(f"'{PushState.DEAD.value}'"),
        pushes.c.fep_serial == keys.one("fep_serial"),
    )


def _bill_state(keys: Keys) -> Select[Any]:
    return select(bills.c.state).where(bills.c.bill_no == keys.one("bill_no"))


_DEAD_PUSH = Statement("select_dead_push", _dead_push, ("bank_codes", "fep_serial"), ("bank_codes",))
_BILL_STATE = Statement("select_bill_state", _bill_state, ("bill_no",))


class Found(NamedTuple):
    """A dead push as it stands, whether its bill is settled (or gone), and the database clock."""

    push: Push
    is_bill_settled: bool
    now: datetime


class PushBook:
    """The dead pushes of one database.

    Args:
        database: where the accounts stand.
        acts: where operators' acts are recorded: the first database of the configuration, which may be the same.

    Raises:
        DatabaseUnavailable: nothing was done.
        OutcomeUnknown: of ``move``: the answer to COMMIT was lost.
    """

    def __init__(self, database: Database, acts: Database) -> None:
        self._database = database
        self._acts = acts

    def find(self, fep_serial: int, bank_codes: Sequence[str]) -> Found | None:
        """Return the dead push of this number that belongs to one of the banks, None when there is none."""
        try:
            with (
                self._database.connect(money=False) as connection,
                self._database.begin(connection, time.monotonic() + WAIT_S),
            ):
                for codes in in_chunks(bank_codes, IN_LIST_MAX):
                    for row in run(connection, _DEAD_PUSH, list(codes), fep_serial).rows:
                        push = push_of(row)
                        return Found(push, _is_settled(connection, push.bill_no), self._database.now(connection))
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise DatabaseUnavailable(f"nothing was done: {label_of(error)}") from None
        return None

    def move(self, before: Push, after: Push, act: Act) -> bool:
        """Make ``after`` of a dead push that is as it was found, and record who did it; False when it has moved.

        Each act moves ``due_at``, by which it is told whether the push is as it was found. Where the record stands in
        another database it is committed first: an act without its record cannot be.
        """
        known = before.bill_no, before.state.value, clock_number(before.due_at)
        with transaction(self._database) as connection:
            if run(connection, UPDATE_PUSHES, [(*moved_push_values(after), *known)]).count != 1:
                return False
            if self._acts is self._database:
                record_act(connection, act, self._database.now(connection))
            else:
                with transaction(self._acts) as others:
                    record_act(others, act, self._acts.now(others))
        return True


def _is_settled(connection: Connection, bill_no: str) -> bool:
    rows = run(connection, _BILL_STATE, bill_no).rows
    return not rows or rows[0][0] == BillState.SETTLED.value
