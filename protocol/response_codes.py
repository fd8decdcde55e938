"""Response codes 响应码: the canonical outcomes, mapped by each dialect to its own codes.

The four digits are those of the standard link; they are also what logs, metrics and documents show for every dialect.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Self


class ResponseCode(Enum):
    """One outcome of a request; the value is its four-digit code."""

    APPROVED = ("0000", "approved", "交易成功")

    NOT_SIGNED_IN = ("1001", "not signed in", "未签到")
    MAC_INCORRECT = ("1002", "MAC wrong", "MAC校验错")
    FORMAT_ERROR = ("1003", "frame or field malformed", "报文格式错")
    INVALID_TRANSACTION = ("1004", "unknown or disabled transaction", "无此交易或未开通")
    KEY_EXPIRED = ("1005", "session key unknown or expired", "密钥已过期")
    UNKNOWN_BANK = ("1006", "unknown bank", "无此银行")
    UNSUPPORTED_VERSION = ("1007", "unsupported version", "版本不支持")
    CLOCK_DIFFERS = ("1008", "clock differs by more than the limit", "时钟偏差过大")
    ENCRYPTION_MISMATCH = ("1009", "encryption required or not allowed", "加密方式不符")
    ALREADY_SIGNED_IN = ("1010", "already signed in", "重复签到")
    BUSY = ("1011", "busy, try again", "系统忙")
    OUT_OF_SERVICE = ("1012", "outside service hours, or the bank is suspended", "非服务时间")

    ACCOUNT_NOT_FOUND = ("2001", "account not found", "无此户号")
    NOTHING_TO_PAY = ("2002", "nothing to pay", "用户无欠费")
    AMOUNT_DIFFERS = ("2003", "amount differs from what is payable", "金额不符")
    ACCOUNT_NOT_ACTIVE = ("2004", "account closed or suspended", "用户已销户或暂停")
    OUTSIDE_PAY_WINDOW = ("2005", "outside the pay window", "不在交费期内")
    DUPLICATE_SERIAL = ("2006", "serial used before with other content", "流水号重复")
    ORIGINAL_NOT_FOUND = ("2007", "original not found", "无原交易")
    ALREADY_UNDONE = ("2008", "original already undone", "原交易已撤销")
    OTHER_CLEARING_DATE = ("2009", "original of another clearing date", "不能隔日撤销")
    REVERSED = ("2010", "reversed before it arrived, or undone since", "交易已被冲正")
    IN_DEBIT_BATCH = ("2011", "a debit batch holds this account", "代扣处理中")
    AMOUNT_OUTSIDE_LIMITS = ("2012", "amount outside the limits", "金额超限")
    ORIGINAL_DIFFERS = ("2013", "original differs (kind, account, amount)", "与原交易不符")
    REPRINT_LIMIT = ("2014", "reprint limit reached", "超过补打次数")
    UTILITY_PRINTS = ("2015", "invoice is printed by the utility", "发票由供电公司打印")
    BALANCE_USED = ("2016", "balance left by the original already used", "预存款已使用")
    PAY_AT_UTILITY = ("2017", "must pay at the utility", "需到供电公司办理")
    SEVERAL_ACCOUNTS = ("2018", "several accounts fit", "对应多个户号")

    NO_SUCH_DATE = ("3001", "no such clearing date", "对账日期错")
    DATE_STILL_OPEN = ("3002", "clearing date still open", "未日切")

    NO_SUCH_FILE = ("4001", "bad file name or no such file", "无此文件")
    FILE_CONTENT_WRONG = ("4002", "file digest, header or rows wrong", "文件内容错")

    DATABASE_UNAVAILABLE = ("9001", "billing database not available; nothing was done", "数据库不可用")
    OUTCOME_UNKNOWN = ("9002", "outcome unknown; ask STATUS or send REVERSE", "结果未知")
    SYSTEM_MALFUNCTION = ("9003", "internal error; nothing was done", "系统错误")

    code: str
    """The four digits, e.g. ``2003``."""
    meaning: str
    gloss: str

    __hash__ = object.__hash__  # by identity, as members compare; Enum's own is written in Python

    def __new__(cls, code: str, meaning: str, gloss: str) -> Self:
        """Make the member's value its code and keep both texts beside it."""
        member = object.__new__(cls)
        member._value_ = member.code = code
        member.meaning = meaning
        member.gloss = gloss
        return member


def wire_codes(table: str) -> Mapping[ResponseCode, str | None]:
    """Return the wire code of each response code, from a table as ``0000=00 2001=14``; ``-`` is none.

    Raises:
        KeyError: a code that is none.
    """
    codes = {code.code: code for code in ResponseCode}
    pairs = [pair.partition("=") for pair in table.split()]
    return MappingProxyType({codes[code]: None if wire == "-" else wire for code, _, wire in pairs})
