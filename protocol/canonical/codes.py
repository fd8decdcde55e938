"""Codes 代码: the values of canonical fields that have few; the numbers are those of the standard link."""

from enum import IntEnum


class KeyKind(IntEnum):
    """By what a QUERY names the account."""

    ACCOUNT_NO = 1
    METER_NO = 2
    PASSBOOK = 3


class PayMode(IntEnum):
    """How a PAY is settled."""

    SETTLE = 1  # 缴清: everything that is unsettled, exactly
    DEPOSIT = 2  # 预存: whole bills as far as the money reaches, the rest stays as balance


class Instrument(IntEnum):
    """What the customer paid with."""

    CASH = 1
    TRANSFER = 2  # passbook or transfer 转账
    CARD = 3
    CHEQUE = 4


class AccountState(IntEnum):
    """State of an account 户 as banks see it."""

    ACTIVE = 1
    SUSPENDED = 2
    CLOSED = 3


class CollectMode(IntEnum):
    """How an account pays."""

    COUNTER = 1
    DEBIT = 2
    CARD = 3


class BillState(IntEnum):
    """State of a bill as banks see it."""

    OPEN = 1
    IN_DEBIT = 2
    SETTLED = 3


class OriginalState(IntEnum):
    """State of a money request as STATUS and PAYMENTS report it."""

    UNKNOWN = 0
    POSTED = 1
    CANCELLED = 2
    REVERSED = 3
    REVERSED_BEFORE_ARRIVAL = 4


class UndoOutcome(IntEnum):
    """What a CANCEL or REVERSE did."""

    UNDONE = 1
    NEVER_ARRIVED = 2
    UNDONE_BEFORE = 3


class Reconciled(IntEnum):
    """Whether a payment has been through reconciliation."""

    NO = 0
    YES = 1
    DIFFERENCE = 2


class InvoiceAction(IntEnum):
    """What the teller asked of INVOICE; what counts is which request comes first."""

    PRINT = 1
    REPRINT = 2


class PushOutcome(IntEnum):
    """What a bank did with a pushed bill."""

    ACCEPTED = 1
    DEBITED = 2
    REFUSED = 3


class TotalsResult(IntEnum):
    """Result of RECON_TOTALS."""

    BALANCED = 1
    NOT_BALANCED = 2
    STILL_OPEN = 3
