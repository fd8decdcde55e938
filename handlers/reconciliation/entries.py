"""Entries 对账条目: money requests of one clearing date as each side has them, where the two sides are not equal."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from types import MappingProxyType

from dbgate.books.differences import Side
from dbgate.record import record
from dbgate.records import Identity
from protocol.canonical.codes import OriginalState
from protocol.files.canonical import Matching
from protocol.transactions import Transaction

TXN_CODES: Mapping[Transaction, int] = MappingProxyType(
    {Transaction.PAY: 2002, Transaction.CANCEL: 2003, Transaction.REVERSE: 2004}
)
"""Codes by which differences name money requests: those of the standard link, whatever the bank's own format."""

PAY, CANCEL, REVERSE = TXN_CODES.values()

IN_FLIGHT_DAYS = 1
"""How far away what is in flight may be: the two sides' cut-offs are minutes or hours apart, never more."""


@record
class BankEntry:
    """A row of the bank's file that is not equal to ours.

    Attributes:
        identity: of the request.
        side: the request as the bank has it.
        carried: number of the difference that carried it here from the file of another day; None: of this file.
    """

    identity: Identity
    side: Side
    carried: int | None = None

    @property
    def is_pay(self) -> bool:
        """Whether it is a PAY."""
        return self.side.txn == PAY

    @property
    def is_idle(self) -> bool:
        """Whether the bank itself says that no money moved: a PAY that never arrived, a REVERSE that undid nothing."""
        if self.side.txn == REVERSE:
            return self.side.state != OriginalState.POSTED
        return self.is_pay and self.side.state == OriginalState.REVERSED_BEFORE_ARRIVAL


@record
class FepEntry:
    """A row of our journal that is not equal to the bank's.

    Attributes:
        identity: of the request.
        side: the request as STATUS tells it.
        fep_serial: of the row.
        undoes: of CANCEL and REVERSE: what they undid.
        is_undo_matched: of a PAY that was undone: the row of its undo is equal on both sides.
        carried: number of the difference that carried it here from another day; None: of this day.
        is_adjustment: made by operators, to stand for a row of this day's file: without one it is nothing.
    """

    identity: Identity
    side: Side
    fep_serial: int
    undoes: Identity | None = None
    is_undo_matched: bool = False
    carried: int | None = None
    is_adjustment: bool = False

    @property
    def is_pay(self) -> bool:
        """Whether it is a PAY."""
        return self.side.txn == PAY

    @property
    def is_of_day(self) -> bool:
        """Whether it counts in the day that is being reconciled."""
        return self.carried is None and not self.is_adjustment


@record
class Day:
    """The clearing date that is being reconciled, and what is known around it.

    Attributes:
        clearing_date: of the bank.
        first_date: the first clearing date that the bank ever had.
        reconciled: clearing dates that have been reconciled, as far as they are neighbours.
        counted: where our journal counts requests of the bank's left-over rows, by identity: their clearing date.
    """

    clearing_date: date
    first_date: date
    reconciled: frozenset[date] = frozenset()
    counted: Mapping[Identity, date] = field(default_factory=dict, repr=False)

    def may_be_in(self, other: date | None) -> bool:
        """Tell whether the other half of an entry may yet be found on ``other``: a neighbour not yet reconciled."""
        if other is None or other < self.first_date or other in self.reconciled:
            return False
        return abs((other - self.clearing_date).days) == IN_FLIGHT_DAYS


@record
class Finding:
    """A difference that was found, before it has a number; the attributes are those of ``Difference``."""

    identity: Identity
    matching: Matching
    bank: Side | None
    fep: Side | None
    fep_serial: int | None = None
    other_date: date | None = None
    undo: Identity | None = None


@record
class Findings:
    """What matching came to: whatever is in neither list is matched.

    Attributes:
        differences: those with a bank's row in the order of its file, then those that only the FEP has by fep_serial.
        found: numbers of the carried differences whose other half is in this day.
    """

    differences: tuple[Finding, ...]
    found: frozenset[int]
