"""The outbox 待划拨登记: which bills are to be pushed, written in the transaction that loads them.

A bill that is loaded and its push are committed together or not at all, so none is forgotten and none is pushed that
does not exist.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, Select, insert, literal_column, select

from dbgate.books.states import MandateState, PushState
from dbgate.books.tables import mandates, pushes
from dbgate.column_types import clock_number
from dbgate.forms import IN_LIST_MAX, Values
from dbgate.prepared import Change, Keys, Statement
from dbgate.records import BillState
from dbgate.tables import bills
from dbgate.trip import run
from dbgate.wanted import in_chunks


def _constant(text: str) -> Any:
    return literal_column(f"'{text}'")


_ACTIVE = _constant(MandateState.ACTIVE.value)
_COLUMNS = ("bill_no", "account_no", "bank_code", "state", "created_at", "due_at", "tries", "is_reported")


def _any_mandate(keys: Keys) -> Select[Any]:
    return (
        select(mandates.c.account_no)
        .where(keys.among(mandates.c.bank_code, "bank_codes"), mandates.c.state == _ACTIVE)
        .limit(literal_column("1"))
    )


def _to_be_pushed(keys: Keys) -> Insert:
    found = (
        select(
            bills.c.bill_no,
            bills.c.account_no,
            mandates.c.bank_code,
            _constant(PushState.WAITING.value),
            keys.one("created_at"),
            keys.one("due_at"),
            literal_column("0"),
            literal_column("0"),
        )
        .join_from(bills, mandates, mandates.c.account_no == bills.c.account_no)
        .where(
            keys.among(bills.c.bill_no, "bill_nos"),
            keys.among(mandates.c.bank_code, "bank_codes"),
            mandates.c.state == _ACTIVE,
            bills.c.state == _constant(BillState.OPEN.value),
            bills.c.principal_fen > literal_column("0"),
        )
    )
    return insert(pushes).from_select(_COLUMNS, found)


_ANY_MANDATE = Statement("select_any_mandate", _any_mandate, ("bank_codes",), ("bank_codes",))
_INSERT = Change(
    "insert_pushes", _to_be_pushed, ("created_at", "due_at", "bill_nos", "bank_codes"), ("bill_nos", "bank_codes")
)


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
        self._bank_codes = bank_codes = sorted(targets.bank_codes)
        self._created_at, self._due_at = clock_number(now), clock_number(now + targets.delay)
        # Asked once: a utility without mandates loads ten million bills as quickly as it did before.
        self._is_wanted = bool(bank_codes) and bool(run(connection, _ANY_MANDATE, self._bank_codes).rows)
        self.count = 0

    def add(self, stored: Sequence[Values]) -> None:
        """Write a push for each bill, stored just now, whose account has a mandate at one of the banks."""
        if not self._is_wanted:
            return
        for chunk in in_chunks((row[0] for row in stored), IN_LIST_MAX):
            self.count += run(self._connection, _INSERT, self._created_at, self._due_at, chunk, self._bank_codes).count
