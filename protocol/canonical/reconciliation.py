"""Reconciliation 对账: bodies of the totals and details of a clearing date."""

from dataclasses import field
from datetime import date
from typing import NamedTuple

from protocol.canonical.codes import OriginalState, TotalsResult
from protocol.record import ACCOUNT, record
from protocol.transactions import Transaction


@record
class Totals:
    """Counts and amounts of one clearing date."""

    pay_count: int = 0
    pay_amount_fen: int = 0
    cancel_count: int = 0
    cancel_amount_fen: int = 0
    reverse_count: int = 0
    reverse_amount_fen: int = 0


@record
class TotalsRequest:
    """3001 对总账: the bank's own totals of ``clearing_date``."""

    clearing_date: date
    totals: Totals


@record
class TotalsReply:
    """The FEP's totals and how they compare; ``batch_no`` is 0 until a reconciliation has run."""

    clearing_date: date
    result: TotalsResult
    totals: Totals
    batch_no: int


class Page(NamedTuple):
    """A page of rows that handlers cut themselves, for all rows would be too many; ``number`` counts from 1."""

    number: int
    rows_max: int

    @property
    def first_row(self) -> int:
        """Rows before the page."""
        return (self.number - 1) * self.rows_max


@record
class DetailRequest:
    """3002 对明细: a page of what counts in ``clearing_date``; the format says how many rows a page has."""

    clearing_date: date
    page: Page


@record
class DetailRow:
    """One PAY, CANCEL or REVERSE of the day, under the bank's identity; for the latter two POSTED means took effect."""

    bank_date: date
    bank_serial: str
    fep_serial: int
    account_no: str = field(repr=False, metadata=ACCOUNT)
    amount_fen: int
    transaction: Transaction
    state: OriginalState


@record
class DetailReply:
    """``row_count`` is of the whole day, ``rows`` are those of the page alone, by fep_serial."""

    clearing_date: date
    row_count: int
    page: int
    rows: tuple[DetailRow, ...]
