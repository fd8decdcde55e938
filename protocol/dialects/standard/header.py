"""Header of the standard link 报文头: its fields, its flags, and what must stand in it in a bank's request."""

from collections.abc import Mapping
from typing import Any

from protocol.canonical import Head
from protocol.characters import Alphanumeric, Digits, Number
from protocol.dialects.standard.codes import TRANSACTIONS
from protocol.errors import MessageInvalid
from protocol.fields import U8, U16, U32, Octets, Reserved
from protocol.layout import Field, Layout
from protocol.moments import Date, Time
from protocol.transactions import LINK_TRANSACTIONS, Transaction

VERSION = 1
"""The one version that is spoken."""

CHANNEL_MAX = 10


RESPONSE = 1
ENCRYPTED = 2
REPEAT = 4
"""Bits of ``flags``; plain integers, for IntFlag costs microseconds on each frame."""


HEADER = Layout(
    "header",
    Head,
    Field("version", U8, "always 1", "版本"),
    Field("flags", U8, "bit 0 RESPONSE, bit 1 ENCRYPTED (the body only), bit 2 REPEAT; other bits 0", "标志"),
    Field("txn_code", U16, "transaction code as a number, e.g. 2002", "交易码"),
    Field("response_code", Alphanumeric(4), "four spaces in a request", "响应码"),
    Field("bank_code", Digits(4), "bank, e.g. 0102", "银行代码"),
    Field("branch_code", Alphanumeric(12), "bank outlet", "网点号"),
    Field("teller_id", Alphanumeric(8), "teller", "柜员号"),
    Field("bank_date", Date(), "the bank's accounting date; in 1001 and 1003 the wall-clock date", "银行会计日期"),
    Field("bank_time", Time(), "wall clock; zeros are midnight", "银行时间"),
    Field(
        "channel",
        Number(2),
        "01 counter, 02 pushed debit, 03 kiosk or ATM, 04 net bank, 05 mobile, 06 phone, 07 POS, 08 TV, 09 agent, "
        "10 batch; 00 is allowed in 1001 to 1004",
        "渠道",
    ),
    Field("bank_serial", Digits(12), "not zero; unique for a bank and bank_date", "银行流水号"),
    Field("clearing_date", Date(optional=True), "the day a reply is of; zeros in a request", "清算日期"),
    Field("fep_serial", Number(12, optional=True), "number of the movement; zeros in a bank's request", "前置流水号"),
    Field("nonce", Octets(8), "random in an encrypted frame, else zeros", "随机数"),
    Field("key_version", U32, "0 in 1001 and 1003, else version of the session keys", "密钥版本"),
    Field("reserved", Reserved(4), "reserved", "保留"),
)

NO_NONCE = bytes(8)
NO_SERIAL = b"000000000000"
_REQUEST_CONSTANTS = (
    ("response_code", b"    ", "not four spaces in a request"),
    ("clearing_date", b"00000000", "not zeros in a request"),
    ("fep_serial", b"000000000000", "not zeros in a bank's request"),
    ("reserved", b"\0\0\0\0", "not zero bytes in a request"),
)
_NEVER_ENCRYPTED = LINK_TRANSACTIONS
"""Sign-in and key exchange by rule, sign-out and echo because they have no body."""


def read_bank_request(raw: Mapping[str, Any]) -> tuple[Head, Transaction]:
    """Return who asks and for which transaction, from the ``raw`` header of a bank's request.

    Raises:
        MessageInvalid: a field is malformed, or is not what it must be in a request of a bank.
    """
    transaction = _known(raw)
    if raw["bank_serial"] == NO_SERIAL:  # first of all: so an ECHO of our own that comes back is known as one
        raise MessageInvalid("header.bank_serial", "zero")
    _check_flags(raw, transaction)
    for key, constant, reason in _REQUEST_CONSTANTS:
        if raw[key] != constant:
            raise MessageInvalid(f"header.{key}", reason)
    head = HEADER.read(raw)
    if head.channel > CHANNEL_MAX or (head.channel == 0 and transaction not in LINK_TRANSACTIONS):
        raise MessageInvalid("header.channel", "no such channel")
    return head, transaction


def _known(raw: Mapping[str, Any]) -> Transaction:
    if raw["version"] != VERSION:
        raise MessageInvalid("header.version", "not supported")
    transaction = TRANSACTIONS.get(raw["txn_code"])
    if transaction is None:
        raise MessageInvalid("header.txn_code", "unknown")
    return transaction


def _check_flags(raw: Mapping[str, Any], transaction: Transaction) -> None:
    flags = raw["flags"]
    if flags & ~ENCRYPTED:
        raise MessageInvalid("header.flags", "only ENCRYPTED may be set in a request")
    if flags and transaction in _NEVER_ENCRYPTED:
        raise MessageInvalid("header.flags", "ENCRYPTED is set on a frame that is never encrypted")
    if not flags and raw["nonce"] != NO_NONCE:
        raise MessageInvalid("header.nonce", "not zeros although nothing is encrypted")
