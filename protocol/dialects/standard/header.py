"""Header of the standard link 报文头: its fields once, and what each of them stands for in each kind of frame."""

from protocol.bindings import Binding, Blank, Constant, Echo
from protocol.characters import Alphanumeric, Digits, Number
from protocol.fields import U8, U16, U32, FieldType, NumericCode, Octets, Reserved
from protocol.layout import Field
from protocol.moments import Date, Time
from protocol.sheet import Sheet

VERSION = 1
"""The one version that is spoken."""

_FIELDS: tuple[tuple[str, FieldType, str, str], ...] = (
    ("version", U8, "always 1", "版本"),
    ("flags", U8, "bit 0 RESPONSE, bit 1 ENCRYPTED (the body only), bit 2 REPEAT; other bits 0", "标志"),
    ("txn_code", NumericCode(U16), "transaction code as a number, e.g. 2002", "交易码"),
    ("response_code", Alphanumeric(4), "four spaces in a request", "响应码"),
    ("bank_code", Digits(4), "bank, e.g. 0102", "银行代码"),
    ("branch_code", Alphanumeric(12), "bank outlet", "网点号"),
    ("teller_id", Alphanumeric(8), "teller", "柜员号"),
    ("bank_date", Date(), "the bank's accounting date; in 1001 and 1003 the wall-clock date", "银行会计日期"),
    ("bank_time", Time(), "wall clock; zeros are midnight", "银行时间"),
    (
        "channel",
        Number(2),
        "01 counter, 02 pushed debit, 03 kiosk or ATM, 04 net bank, 05 mobile, 06 phone, 07 POS, 08 TV, 09 agent, "
        "10 batch; 00 is allowed in 1001 to 1004",
        "渠道",
    ),
    ("bank_serial", Digits(12), "not zero; unique for a bank and bank_date", "银行流水号"),
    ("clearing_date", Date(optional=True), "the day a reply is of; zeros in a request", "清算日期"),
    ("fep_serial", Number(12, optional=True), "number of the movement; zeros in a bank's request", "前置流水号"),
    ("nonce", Octets(8), "random in an encrypted frame, else zeros", "随机数"),
    ("key_version", U32, "0 in 1001 and 1003, else version of the session keys", "密钥版本"),
    ("reserved", Reserved(4), "reserved", "保留"),
)


def _header(**bindings: Binding) -> Sheet:
    """Return the header with its fields bound so."""
    return Sheet("header", *(Field(*field, bindings[field[0]]) for field in _FIELDS))


_FRAME: dict[str, Binding] = {
    "version": "frame.version",
    "flags": "frame.flags",
    "txn_code": "frame.code",
    "bank_code": "frame.node",
    "nonce": "frame.nonce",
    "key_version": "frame.key_version",
}
_WHO: dict[str, Binding] = {
    name: f"head.{name}" for name in ("branch_code", "teller_id", "bank_date", "bank_time", "channel", "bank_serial")
}

REQUEST_HEAD = _header(
    **_FRAME,
    **_WHO,
    response_code=Blank("not four spaces in a request"),
    clearing_date=Blank("not zeros in a request"),
    fep_serial=Blank("not zeros in a bank's request"),
    reserved=Blank("not zero bytes in a request"),
)
"""Of a bank's request."""

REPLY_HEAD = _header(
    **{name: Echo(name) for name in ("txn_code", "bank_code", *_WHO)},
    version=Constant(VERSION),
    flags="answer.flags",
    response_code="answer.code",
    clearing_date="answer.clearing_date",
    fep_serial="answer.fep_serial",
    nonce="answer.nonce",
    key_version="answer.key_version",
    reserved="",
)
"""Of a reply: txn_code and bank_code to bank_serial as they were sent, well formed or not."""

OWN_HEAD = _header(
    **_FRAME,
    response_code="",
    branch_code="",
    teller_id="",
    bank_date="frame.at",
    bank_time="frame.at",
    channel="frame.channel",
    bank_serial="",
    clearing_date="",
    fep_serial="frame.fep_serial",
    reserved="",
)
"""Of a request of the FEP, which its fep_serial numbers."""
