"""Canonical files 统一批量文件: heads and rows of batch files, whatever they look like in a bank's own layout.

As in ``protocol.canonical``: money is int fen, months are int YYYYMM, None is absent, and what names a customer is left
out of ``repr``.
"""

from dataclasses import field
from datetime import date
from enum import Enum, IntEnum
from typing import ClassVar

from protocol.canonical.business import Due
from protocol.canonical.codes import OriginalState
from protocol.files.columns import Signed
from protocol.record import ACCOUNT, NAME, record
from protocol.transactions import Transaction


class Matching(IntEnum):
    """What reconciliation found of a row 对账结果."""

    MATCHED = 1
    AMOUNT_DIFFERS = 2
    STATE_DIFFERS = 3
    ONLY_BANK = 4  # 长款
    ONLY_FEP = 5  # 短款
    IN_FLIGHT = 6


class MandateAction(IntEnum):
    """What a row says of a mandate 代扣协议."""

    ADD = 1
    END = 2


class DebitResult(Enum):
    """What a bank did with one row of a debit list."""

    DEBITED = "00"
    BALANCE_SHORT = "01"
    ACCOUNT_WRONG = "02"
    NO_MANDATE = "03"
    OTHER = "99"


@record
class ReconcileHead:
    """Head of a reconcile file; ``total_fen`` is the sum of ``ReconcileRow.counted_fen``."""

    bank_code: str
    clearing_date: date
    row_count: int
    total_fen: int


def _direction(transaction: Transaction, state: OriginalState) -> int:
    """Return the sign of a row in the total: a CANCEL takes its amount away, a REVERSE when it undid something."""
    if transaction is Transaction.PAY:
        return 1
    undid = transaction is Transaction.CANCEL or state is OriginalState.POSTED
    return -1 if undid else 0


@record
class ReconcileRow:
    """One money request of a clearing date 对账明细; ``state`` as STATUS tells it."""

    bank_date: date
    bank_serial: str
    account_no: str = field(repr=False, metadata=ACCOUNT)
    transaction: Transaction
    amount_fen: int
    state: OriginalState

    counted_fen: ClassVar[Signed] = Signed("amount_fen", ("transaction", "state"), _direction)
    """What it adds to the total."""


@record
class ReconcileResultRow(ReconcileRow):
    """A row and what was found of it."""

    matching: Matching


@record
class MandateHead:
    """Head of a mandate file."""

    bank_code: str
    file_date: date
    row_count: int


@record
class MandateRow:
    """A mandate that begins or ends; ``passbook`` is the customer's account at the bank."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    passbook: str = field(repr=False, metadata=ACCOUNT)
    action: MandateAction


@record
class DebitHead:
    """Head of a debit list and of its result; ``total_fen`` is the sum of ``DebitRow.due_fen``.

    ``fee_date``: the day that the late fees are of, None in layouts that do not say it.
    """

    bank_code: str
    batch_no: int
    month: int
    row_count: int
    total_fen: int
    fee_date: date | None = None


@record
class DebitResultHead(DebitHead):
    """Head of a result that also says what was debited, as the rows do."""

    debited_count: int = 0
    debited_fen: int = 0


@record
class DebitRow(Due):
    """One bill that a bank is to debit; ``row_no`` counts from 1."""

    row_no: int
    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    passbook: str = field(repr=False, metadata=ACCOUNT)
    month: int
    seq: int
    bill_no: str
    principal_fen: int
    late_fee_fen: int


@record
class DebitResultRow(DebitRow):
    """A row and what the bank did; date and serial are the identity of its payment, None and empty without one."""

    result: DebitResult
    debited_fen: int
    debit_date: date | None
    debit_serial: str

    @property
    def is_debited(self) -> bool:
        """Whether the bank has taken the money."""
        return self.result is DebitResult.DEBITED
