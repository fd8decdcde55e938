"""Transactions 交易: the canonical names that every dialect maps its own codes to."""

from enum import Enum
from typing import Self


class Transaction(Enum):
    """A transaction, independent of any bank format; the value is its name in logs, metrics and files."""

    SIGN_IN = ("sign_in", "签到")
    SIGN_OUT = ("sign_out", "签退")
    KEY_EXCHANGE = ("key_exchange", "密钥更换")
    ECHO = ("echo", "线路测试")
    QUERY = ("query", "欠费查询")
    PAY = ("pay", "交费")
    CANCEL = ("cancel", "撤销")
    REVERSE = ("reverse", "冲正")
    STATUS = ("status", "交易结果查询")
    PAYMENTS = ("payments", "交费记录")
    CONSUMPTION = ("consumption", "用电信息")
    INVOICE = ("invoice", "发票")
    RECON_TOTALS = ("recon_totals", "对总账")
    RECON_DETAIL = ("recon_detail", "对明细")
    FILE_PUT = ("file_put", "文件上传")
    FILE_GET = ("file_get", "文件下载")
    FILE_LIST = ("file_list", "文件列表")
    FILE_NOTICE = ("file_notice", "文件通知")
    BATCH_CANCEL = ("batch_cancel", "撤销批次")
    BILL_PUSH = ("bill_push", "实时划拨")

    label: str
    """The lower-case name, e.g. ``pay``."""
    gloss: str

    __hash__ = object.__hash__  # by identity, as members compare; Enum's own is written in Python

    def __new__(cls, label: str, gloss: str) -> Self:
        """Make the member's value its label and keep the Chinese gloss beside it."""
        member = object.__new__(cls)
        member._value_ = member.label = label
        member.gloss = gloss
        return member


LINK_TRANSACTIONS = frozenset({Transaction.SIGN_IN, Transaction.SIGN_OUT, Transaction.KEY_EXCHANGE, Transaction.ECHO})
"""Those that manage the link itself; all others are business 业务交易."""

OWN_TRANSACTIONS = frozenset({Transaction.BATCH_CANCEL, Transaction.BILL_PUSH})
"""Business that only the FEP asks for; a bank answers."""

FILE_TRANSACTIONS = frozenset(
    {Transaction.FILE_PUT, Transaction.FILE_GET, Transaction.FILE_LIST, Transaction.FILE_NOTICE}
)
"""Business that moves batch files or tells of them, and needs no database."""

BANK_BUSINESS = tuple(
    transaction for transaction in Transaction if transaction not in LINK_TRANSACTIONS | OWN_TRANSACTIONS
)
"""Business that a bank asks for."""
