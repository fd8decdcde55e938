"""Work 作业: what a request needs from the database, how it decides, and what changes. Data only, no SQL.

The gate loads the needs of all work that waits, lets each decide in order of arrival, stores all changes, commits once,
and only then tells everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from dbgate.changes import NOTHING, Changes
from dbgate.record import record
from dbgate.records import AccountKey, DaySlice, Identity
from dbgate.working_set import WorkingSet


@record
class Needs:
    """The records that one request needs. The gate may load more, never less.

    Attributes:
        bank_code: its clearing day is loaded; in money work its row is locked first. Empty: work of no bank, which
            belongs to the calendar date.
        account_no: with its unsettled bills; locked in money work.
        routed_by: account number by which the database is chosen where no account is loaded (see ``dbgate.branches``).
        account_key: accounts by another key, with their unsettled bills (read work only).
        own: the journal row under the request's own identity.
        original: the journal row under this identity, locked in money work, with its allocations, their bills and its
            invoice.
        invoice_print: the counted INVOICE request under this identity.
        payments_since: PAY rows of the account created on or after this day (read work only).
        bills_since: all bills of the account of this month YYYYMM or later, with the movements that settled them (read
            work only).
        totals_of: this clearing date's totals of the bank (read work only).
        details: this slice of what counts in one of the bank's clearing dates, if that is closed (read work only).
        limit_channel: the daily counter of the bank and this channel on the present clearing date.
        reconciliation_of: whether this clearing date of the bank has been reconciled (read work only).
        difference_of: what has become of the differences of this money request (read work only).
        reconciled: both, of the original and the day that it counts in (read work only).
        mandate: the account's mandate (money work only).
        debit_batch: the rows of this debit batch that are the account's (money work only).
        pushing: the account's pushes, and whether one is under way (money work only).
        serial, invoice: numbers to be drawn: a fep_serial, an invoice number.
    """

    bank_code: str
    account_no: str | None = field(default=None, repr=False)
    routed_by: str | None = field(default=None, repr=False)
    account_key: AccountKey | None = field(default=None, repr=False)
    own: Identity | None = None
    original: Identity | None = None
    invoice_print: Identity | None = None
    payments_since: date | None = None
    bills_since: int | None = None
    totals_of: date | None = None
    details: DaySlice | None = None
    limit_channel: int | None = None
    reconciliation_of: date | None = None
    difference_of: Identity | None = None
    reconciled: bool = False
    mandate: bool = False
    debit_batch: int | None = None
    pushing: bool = False
    serial: bool = False
    invoice: bool = False


@record
class Moment:
    """What the gate gives a decision beside the records.

    Attributes:
        now: the database clock after the locks, Asia/Shanghai, naive.
        clearing_date: the bank's present clearing date, None when the bank has none (read work of an unknown bank) and
            for work of no bank.
        fep_serial: drawn for this work when ``Needs.serial``; unused ones are gaps.
        invoice_no: drawn when ``Needs.invoice``.
    """

    now: datetime
    clearing_date: date | None
    fep_serial: int | None
    invoice_no: str | None


@record
class Decision:
    """What to answer (the gate does not look inside) and what changes."""

    answer: object
    changes: Changes = NOTHING


Decide = Callable[["WorkingSet", Moment], Decision]
"""Pure, may be called more than once: a batch that is run again decides again."""


@dataclass(slots=True)
class Fate:
    """What may have become of a request; shared by all works that are made of it.

    Attributes:
        may_be_stored: a COMMIT that holds it may have been sent. While this is False at or after the deadline, nothing
            of it is stored, nor will be.
    """

    may_be_stored: bool = False


@dataclass(slots=True)
class Work:
    """One request on its way through the gate.

    Attributes:
        money: True goes to the money lane, locked and stored; False to the read lane, one read-only snapshot.
        deadline: ``time.monotonic()`` seconds after which it is not started any more.
        done: called once, in the thread that ``Gate`` delivers in, with the decision's answer or a GateError.
        batch_size: size of the batch it was answered with, for the log.
        fate: what may have become of it, for whoever does not wait any longer.
        queued_s: ``time.monotonic()`` seconds when it was queued.
        stages: where the lane notes its stages, as name, begin and end in ``time.monotonic()`` seconds; None: nowhere.
    """

    needs: Needs
    decide: Decide
    money: bool
    deadline: float
    done: Callable[[object], None]
    batch_size: int = 0
    fate: Fate = field(default_factory=Fate)
    queued_s: float = 0.0
    stages: list[tuple[str, float, float]] | None = None
