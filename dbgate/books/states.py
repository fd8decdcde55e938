"""States 状态: what the rows of the books go through; each moves by ``UPDATE … WHERE state = :old`` alone."""

from enum import Enum


class DifferenceState(Enum):
    """What has become of a difference 差异."""

    OPEN = "open"
    CARRIED = "carried"  # in flight: no difference until the day on the other side is reconciled too
    MATCHED = "matched"  # was carried, and found on the other side's day
    PROPOSED = "proposed"  # one operator has said what to do
    DONE = "done"  # another has approved it, and it was done


class DifferenceAct(Enum):
    """What operators do about a difference 差异处理."""

    POST = "post"  # 补账
    REFUND = "refund"  # 退款
    UNDO = "undo"  # 冲销
    CLAIM = "claim"  # 追款
    CLOSE = "close"  # 结案


class MandateState(Enum):
    """State of a mandate 代扣协议."""

    ACTIVE = "active"
    ENDED = "ended"


class BatchState(Enum):
    """State of a debit batch 代扣批次."""

    PREPARING = "preparing"
    OUT = "out"  # its file stands where the bank gets it 出盘
    BACK = "back"  # its result has been posted 回盘
    RELEASED = "released"  # freed by operators 释放


class DebitState(Enum):
    """What became of one bill of a debit batch."""

    LISTED = "listed"
    SETTLED = "settled"  # debited, and the bill was settled by it
    TO_BALANCE = "to_balance"  # debited, and all of it went to the balance
    REFUSED = "refused"  # not debited; the bill is open again
    RELEASED = "released"


class PushState(Enum):
    """State of a pushed bill 实时划拨."""

    WAITING = "waiting"  # to be pushed, or pushed without an answer
    ACCEPTED = "accepted"  # the bank will pay by itself
    DEBITED = "debited"  # debited and posted
    REFUSED = "refused"
    SETTLED = "settled"  # settled otherwise
    EXPIRED = "expired"  # not pushed any more: see PushReason
    DEAD = "dead"  # answered so that a person must look at it
    DROPPED = "dropped"  # was dead; operators have looked into it, and nothing more is done here


class PushReason(Enum):
    """Why a push is not pushed any more, or why a person must look at it."""

    TOO_OLD = "too_old"
    MANDATE_ENDED = "mandate_ended"  # or given to another bank
    NOT_PAYABLE = "not_payable"  # the account is closed or suspended, or pays at the utility
    NOT_SENDABLE = "not_sendable"  # the bank's format has no room for it
    IDENTITY_TAKEN = "identity_taken"  # the bank names the serial of another payment
    DEBITED_TWICE = "debited_twice"  # a second serial for what is debited and posted
    OTHER_ACCOUNT = "other_account"  # another bank account was debited than was asked for
    DATE_IMPLAUSIBLE = "date_implausible"  # debited before it was first pushed, or later than tomorrow
    AMOUNT_IMPLAUSIBLE = "amount_implausible"  # more than an amount or a balance may be
