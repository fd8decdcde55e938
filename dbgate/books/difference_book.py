"""Difference book 差异登记簿: each step of four eyes as one transaction, together with the record of who took it."""

import time
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from dbgate.backends.base import LOCK_WAIT_S
from dbgate.books import difference_steps as steps
from dbgate.books.acts import Act, record_act
from dbgate.books.differences import Difference
from dbgate.books.differences import difference as find
from dbgate.books.reconciling import add_differences
from dbgate.books.states import DifferenceAct
from dbgate.books.transactions import transaction
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of


class DifferenceBook:
    """The differences of a utility, and the steps that operators take.

    Every step but ``load`` is False, and changes nothing, when the difference has moved since it was loaded.

    Args:
        database: the first one of the configuration.

    Raises:
        DatabaseUnavailable: of every step: nothing was done.
        OutcomeUnknown: of every step but ``load``: the answer to COMMIT was lost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, difference_no: int) -> tuple[Difference | None, datetime]:
        """Return a difference as it stands, None when there is none, and the database clock."""
        try:
            with (
                self._database.connect(money=False) as connection,
                self._database.begin(connection, time.monotonic() + LOCK_WAIT_S),
            ):
                return find(connection, difference_no), self._database.now(connection)
        except DBAPIError as error:
            raise DatabaseUnavailable(f"nothing was done: {label_of(error)}") from None

    def propose(self, difference: Difference, act: DifferenceAct, amount_fen: int, reason: str, operator: str) -> bool:
        """Propose an act for an open difference."""
        with transaction(self._database) as connection:
            now = self._database.now(connection)
            moved = steps.propose(connection, difference, act, amount_fen, reason, operator, now)
            return moved and _noted(connection, "difference_propose", difference, act, operator, now, reason)

    def reject(self, difference: Difference, operator: str, reason: str) -> bool:
        """Open a proposed difference again."""
        with transaction(self._database) as connection:
            now = self._database.now(connection)
            moved = steps.reject(connection, difference)
            return moved and _noted(connection, "difference_reject", difference, difference.act, operator, now, reason)

    def claim(self, difference: Difference, operator: str) -> bool:
        """Approve an act whose money is to move now; what it claimed is loaded anew."""
        with transaction(self._database) as connection:
            now = self._database.now(connection)
            moved = steps.claim(connection, difference, operator, now)
            return moved and _noted(connection, "difference_approve", difference, difference.act, operator, now)

    def release(self, difference: Difference, operator: str, reason: str) -> bool:
        """Give back a claim for which no money could move."""
        with transaction(self._database) as connection:
            now = self._database.now(connection)
            moved = steps.release(connection, difference)
            return moved and _noted(connection, "difference_release", difference, difference.act, operator, now, reason)

    def finish(
        self, difference: Difference, operator: str, adjustment_serial: int | None, rest: Difference | None = None
    ) -> bool:
        """Note that an approved act is done; one that is recorded only is approved by this.

        Args:
            difference: as it was loaded.
            operator: who approves.
            adjustment_serial: of its movement.
            rest: what is still to be worked after it: a difference that gets a number.
        """
        name = "difference_approve" if difference.approved_at is None else "difference_done"
        with transaction(self._database) as connection:
            now = self._database.now(connection)
            moved = steps.finish(connection, difference, operator, now, adjustment_serial)
            if moved and rest is not None:
                add_differences(connection, self._database.database_no, [rest])
            return moved and _noted(connection, name, difference, difference.act, operator, now)


def _noted(
    connection: Connection,
    name: str,
    difference: Difference,
    act: DifferenceAct | None,
    operator: str,
    now: datetime,
    reason: str = "",
) -> bool:
    """Record a step in the transaction that takes it, and return True."""
    subject = f"{difference.difference_no} {act.value if act is not None else ''}".rstrip()
    record_act(connection, Act(operator, name, difference.identity.bank_code, subject, reason), now)
    return True
