"""The bank's side: requests that a bank builds, and replies of the FEP that it reads."""

import struct
from dataclasses import replace
from datetime import date, datetime, time

import pytest

from protocol.canonical.business import StatusReply, StatusRequest
from protocol.canonical.codes import OriginalState as State
from protocol.canonical.codes import Reconciled as Done
from protocol.canonical.link import NoBody
from protocol.canonical.messages import Head
from protocol.dialect import BankReply, Sealing
from protocol.dialects.registry import DEFAULT
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.transactions import Transaction
from tests.protocol.frames import header, text

NOW = datetime(2026, 11, 21, 10, 15, 31)  # noqa: DTZ001 - the wall clock of a link
HEAD = Head("0102", "01020000117", "T0000042", date(2026, 11, 21), time(10, 15, 30), 1, "000000000117")
ASKED = StatusRequest(date(2026, 11, 20), "000000000116", "0102003004")
STATUS = struct.pack("8s12s16s12s", b"20261120", b"000000000116", b"0102003004      ", bytes(12))
REPLY = struct.pack(
    ">HB5s16sq12s8sB11s", 2002, 1, bytes(5), b"0102003004      ", 12_504, b"010000000042", b"20261121", 1, bytes(11)
)
ANSWERED = {"flags": 1, "txn_code": 2005, "response_code": b"0000", "clearing_date": b"20261121"}


def test_a_request_of_a_bank() -> None:
    """Header and body as the specification has them, byte for byte."""
    outgoing = DEFAULT.bank_request(Transaction.STATUS, HEAD, ASKED, Sealing(3))
    assert outgoing.header == header(txn_code=2005)
    assert outgoing.body == STATUS
    encrypted = DEFAULT.bank_request(Transaction.STATUS, HEAD, ASKED, Sealing(3, b"noncenon"))
    assert encrypted.header == header(txn_code=2005, flags=2, nonce=b"noncenon")


def test_a_request_without_a_body() -> None:
    """Its header alone."""
    assert DEFAULT.bank_request(Transaction.ECHO, HEAD, NoBody(), Sealing(3)).body == b""


@pytest.mark.parametrize(
    "head", [replace(HEAD, bank_serial="1" * 13), replace(HEAD, teller_id="柜员"), replace(HEAD, channel=100)]
)
def test_a_request_that_does_not_fit(head: Head) -> None:
    """Ours to avoid: nothing is cut."""
    with pytest.raises(LocalProtocolError, match="header"):
        DEFAULT.bank_request(Transaction.STATUS, head, ASKED, Sealing(3))


def read(head: bytes, body: bytes) -> BankReply:
    return DEFAULT.bank_reply(DEFAULT.open(head + body + bytes(8), NOW), body)


def test_an_approved_reply() -> None:
    """The canonical body, what identifies it, and every field by its name in the document."""
    reply = read(header(**ANSWERED, fep_serial=b"010000000099"), REPLY)
    assert (reply.transaction, reply.code, reply.message, reply.repeat) == (Transaction.STATUS, "0000", "", False)
    assert (reply.bank_date, reply.bank_serial) == (date(2026, 11, 21), "000000000117")
    assert (reply.fep_serial, reply.clearing_date) == (10_000_000_099, date(2026, 11, 21))
    assert reply.body == StatusReply(
        Transaction.PAY, State.POSTED, "0102003004", 12_504, 10_000_000_042, date(2026, 11, 21), Done.YES
    )
    assert reply.fields["amount"] == 12_504
    assert read(header(**{**ANSWERED, "flags": 5}), REPLY).repeat


def test_a_refusal() -> None:
    """Its code and its words; no body."""
    reply = read(header(**{**ANSWERED, "response_code": b"2013"}), text("与原交易不符", 64))
    assert (reply.code, reply.message, reply.body) == ("2013", "与原交易不符", None)
    assert reply.fields == {"message": "与原交易不符"}


@pytest.mark.parametrize(
    ("changes", "body", "path"),
    [
        ({"version": 2}, REPLY, "header.version"),
        ({"flags": 0}, REPLY, "header.flags"),
        ({"txn_code": 2999}, REPLY, "header.txn_code"),
        ({"bank_date": b"20261131"}, REPLY, "header.bank_date"),
        ({"clearing_date": b"2026112x"}, REPLY, "header.clearing_date"),
        ({}, REPLY[:-1], "body"),
        ({}, REPLY.replace(b"20261121", b"20261131"), "body.clearing_date"),
        ({"response_code": b"2013"}, REPLY[:-1], "body"),
        ({"response_code": b"2013"}, b"\xff" * 64, "body.message"),
    ],
)
def test_a_reply_that_is_none(changes: dict[str, object], body: bytes, path: str) -> None:
    """Another version, a request, no such message, fields that do not fit: each is named."""
    with pytest.raises(MessageInvalid) as caught:
        read(header(**{**ANSWERED, **changes}), body)
    assert caught.value.path == path
