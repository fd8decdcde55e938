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
    EXPIRED = "expired"  # too old to be pushed again
    DEAD = "dead"  # answered so that a person must look at it
