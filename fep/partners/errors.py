"""Errors of asking a partner 请求对端失败: the type says what is certain afterwards, the reason why it is so."""

from enum import Enum
from typing import Self

from fep.language import Text


class Certainty(Enum):
    """What is certain when a partner has not done what it was asked."""

    NOT_SENT = "nothing was sent"
    UNKNOWN = "sent, and not answered"
    REFUSED = "answered: it was not done"


class Reason(Enum):
    """Why a partner has not done what it was asked; the value is the word in logs, ``text`` is for people."""

    BUSY = ("busy", Certainty.NOT_SENT, "too many requests to this bank at once", "对该行的并发请求过多")
    DRAINING = ("draining", Certainty.NOT_SENT, "the daemon is ending", "前置机正在停止")
    NO_SERIAL = ("no_serial", Certainty.NOT_SENT, "the database gives no numbers", "数据库未能分配流水号")
    NOT_SENDABLE = ("not_sendable", Certainty.NOT_SENT, "internal error; see the log", "内部错误, 详见日志")
    NOT_CONNECTED = ("not_connected", Certainty.NOT_SENT, "the bank cannot be connected to", "无法连接银行")
    CONNECT_TIMED_OUT = ("connect_timed_out", Certainty.NOT_SENT, "connecting takes too long", "连接银行超时")
    REPLY_TIMED_OUT = ("reply_timed_out", Certainty.UNKNOWN, "the bank does not answer in time", "银行应答超时")
    CUT_OFF = ("cut_off", Certainty.UNKNOWN, "the bank ends the connection without an answer", "银行未应答即断开连接")
    NOT_A_REPLY = ("not_a_reply", Certainty.UNKNOWN, "the bank sends no reply to what was asked", "收到的应答不符")
    NOT_READABLE = ("not_readable", Certainty.UNKNOWN, "internal error; see the log", "内部错误, 详见日志")
    REFUSED = ("refused", Certainty.REFUSED, "the bank refuses", "银行拒绝")

    certainty: Certainty
    text: Text

    def __new__(cls, word: str, certainty: Certainty, en: str, zh: str) -> Self:
        """Make the member's value its word and keep the rest beside it."""
        member = object.__new__(cls)
        member._value_ = word
        member.certainty = certainty
        member.text = Text(en, zh)
        return member


class PartnerError(Exception):
    """A partner did not answer; never raised itself.

    Attributes:
        reason: why.
        detail: what system or codec say about it, in English; nothing of a customer, nothing that the bank wrote.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.text.en}: {detail}" if detail else reason.text.en)
        self.reason = reason
        self.detail = detail


class PartnerUnreachable(PartnerError):
    """Nothing was sent, so certainly nothing has happened at the bank."""


class PartnerBusy(PartnerUnreachable):
    """As many requests to this partner are under way as may be; nothing was sent. Ask again a little later."""


class PartnerSilent(PartnerError):
    """Sent, and no reply that can be believed: whether the bank did it is unknown. Ask again with the same number."""
