"""The outbox 待划拨登记: which bills are to be pushed, written in the transaction that loads them.

A bill that is loaded and its push are committed together or not at all, so none is forgotten and none is pushed that
does not exist.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, literal_column, select

from dbgate.books.records import Push
from dbgate.books.rows import push_values
from dbgate.books.states import MandateState, PushState
from dbgate.books.tables import mandates, pushes
from dbgate.forms import IN_LIST_MAX, Values
from dbgate.prepared import InsertRows, Keys, Statement
from dbgate.trip import run
from dbgate.wanted import in_chunks


def _constant(text: str) -> Any:
    return literal_column(f"'{text}'")


_ACTIVE = _constant(MandateState.ACTIVE.value)
_ACCOUNT, _PRINCIPAL = 1, 7
"""Where a loaded bill has its account and its principal."""


def _any_mandate(keys: Keys) -> Select[Any]:
    return (
        select(mandates.c.account_no)
        .where(keys.among(mandates.c.bank_code, "bank_codes"), mandates.c.state == _ACTIVE)
        .limit(literal_column("1"))
    )


# By account alone: an engine that may also choose the index by bank reads all mandates of the bank for each chunk.
def _banks_of_accounts(keys: Keys) -> Select[Any]:
    return select(mandates.c.account_no, mandates.c.bank_code).where(
        keys.among(mandates.c.account_no, "account_nos"), mandates.c.state == _ACTIVE
    )


_ANY_MANDATE = Statement("select_any_mandate", _any_mandate, ("bank_codes",), ("bank_codes",))
_BANKS = Statement("select_mandate_banks", _banks_of_accounts, ("account_nos",), ("account_nos",))
_INSERT = InsertRows("insert_pushes", pushes)


class PushTargets(NamedTuple):
    """The banks that bills are pushed to, and how long after they were loaded; no banks: nothing is pushed."""

    bank_codes: Sequence[str] = ()
    delay: timedelta = timedelta()


NO_TARGETS = PushTargets()


class Outbox:
    """Writes the pushes of the bills that one transaction loads.

    Args:
        connection: in that transaction.
        targets: whom bills are pushed to.
        now: the database clock.
    """

    def __init__(self, connection: Connection, targets: PushTargets, now: datetime) -> None:
        self._connection = connection
        self._bank_codes = frozenset(targets.bank_codes)
        self._now, self._due_at = now, now + targets.delay
        # Asked once: a utility without mandates loads ten million bills as quickly as it did before.
        self._is_wanted = bool(self._bank_codes) and bool(run(connection, _ANY_MANDATE, sorted(self._bank_codes)).rows)
        self.count = 0

    def add(self, stored: Sequence[Values]) -> None:
        """Write a push for each bill, stored just now, whose account has a mandate at one of the banks."""
        if not self._is_wanted:
            return
        for chunk in in_chunks((row for row in stored if row[_PRINCIPAL] > 0), IN_LIST_MAX):
            found = run(self._connection, _BANKS, sorted({row[_ACCOUNT] for row in chunk})).rows
            banks = {account_no: bank_code for account_no, bank_code in found if bank_code in self._bank_codes}
            new = [self._push_of(row, banks[row[_ACCOUNT]]) for row in chunk if row[_ACCOUNT] in banks]
            if new:
                run(self._connection, _INSERT, new)
                self.count += len(new)

    def _push_of(self, bill: Values, bank_code: str) -> Values:
        push = Push(
            bill[0], None, bill[_ACCOUNT], bank_code, PushState.WAITING, None, self._now, None, self._due_at, tries=0
        )
        return push_values(push)
