"""The standard dialect: opening any frame, answering it, and the requests of both sides."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical.business import PayRequest, UndoReply
from protocol.canonical.codes import PayMode, UndoOutcome
from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer, Head
from protocol.dialect import BankDialect, Envelope, Sealing
from protocol.dialects.registry import DEFAULT, DIALECTS
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.protocol.frames import frame, header, pay_body

STANDARD: BankDialect = DEFAULT
PLAIN = Sealing(3)
HEAD = Head("0102", "", "", date(2026, 11, 21), time(10, 15, 30), 1, "000000000117")


def opened(content: bytes) -> Envelope:
    return STANDARD.open(content, datetime(2026, 11, 21, 10, 15, 31))  # noqa: DTZ001 - the wall clock of the link


def test_the_registry_knows_it() -> None:
    """A bank's file names the dialect ``standard``."""
    assert DIALECTS["standard"] is DEFAULT
    assert DEFAULT.name == "standard"


def test_a_frame_is_opened_as_far_as_authentication_needs() -> None:
    """Bank, key version, nonce, MAC and what the MAC covers."""
    body = pay_body()
    envelope = opened(frame(header(flags=2, nonce=b"nonce678"), body, b"MAC.MAC."))

    assert (envelope.supported, envelope.transaction, envelope.is_response) == (True, Transaction.PAY, False)
    assert (envelope.is_encrypted, envelope.bank_code, envelope.key_version) == (True, "0102", 3)
    assert (envelope.nonce, envelope.fep_serial) == (b"nonce678", None)
    assert envelope.header == header(flags=2, nonce=b"nonce678")
    assert (envelope.body, envelope.mac) == (body, b"MAC.MAC.")
    assert envelope.signed == envelope.header + body
    assert "0102003004" not in repr(envelope)


def test_another_version_and_an_unknown_code_are_only_said() -> None:
    """What to answer is decided by the caller."""
    assert not opened(frame(header(version=2))).supported
    assert opened(frame(header(txn_code=3003))).transaction is None
    assert opened(frame(header(flags=1, fep_serial=b"12 x        "))).fep_serial is None
    assert opened(frame(header(flags=1, fep_serial=b"000000000042"))).fep_serial == 42


def test_what_a_log_line_may_say() -> None:
    """Date, serial and channel for the log, and nothing that is not digits."""
    assert STANDARD.trace(opened(frame(header()))) == {
        "bank_date": "20261121",
        "bank_serial": "000000000117",
        "channel": "01",
    }
    assert STANDARD.trace(opened(frame(header(bank_serial=b"drop table x")))) == {
        "bank_date": "20261121",
        "channel": "01",
    }


def test_a_request_that_only_the_fep_sends_is_misdirected() -> None:
    """A bank's BILL_PUSH has the wrong direction; its reply to ours has not."""
    assert opened(frame(header(txn_code=5001))).is_misdirected
    assert not opened(frame(header(txn_code=5001, flags=1))).is_misdirected
    assert not opened(frame(header())).is_misdirected


@given(st.binary(min_size=104, max_size=400))
def test_garbage_is_opened_answered_and_refused(garbage: bytes) -> None:
    """No framed bytes raise while opening, none are believed, and all can be answered."""
    envelope = opened(garbage)
    assert envelope.header + envelope.body + envelope.mac == garbage
    with pytest.raises(MessageInvalid):
        STANDARD.request(envelope, envelope.body)
    with pytest.raises(MessageInvalid):
        STANDARD.bank_reply(envelope, envelope.body)

    reply = STANDARD.reply(envelope, Answer(ResponseCode.FORMAT_ERROR), Sealing(0))

    assert reply.header[2:4] + reply.header[8:60] == garbage[2:4] + garbage[8:60]


@given(st.sampled_from([1001, 1003, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 3001]), st.data())
def test_a_garbage_body_is_refused_or_read(code: int, data: st.DataObject) -> None:
    """Behind a good header any body is read or is MessageInvalid, nothing else; a reply's too."""
    paths: list[str] = []
    body = data.draw(
        st.binary(max_size=100) | st.sampled_from([32, 48, 64, 80]).flatmap(lambda n: st.binary(min_size=n, max_size=n))
    )
    try:
        STANDARD.request(opened(frame(header(txn_code=code, key_version=0), body)), body)
    except MessageInvalid as error:
        paths.append(error.path)
    size = {1001: 80, 1003: 80, 2001: 1008, 2002: 176, 2006: 1056, 2007: 1248, 2008: 912, 3001: 80}.get(code, 64)
    body = data.draw(st.binary(min_size=64, max_size=64)) * (size // 64 + 1)
    reply = opened(frame(header(txn_code=code, flags=1, response_code=b"0000"), body[:size]))
    try:
        STANDARD.bank_reply(reply, body[:size])
    except MessageInvalid as error:
        paths.append(error.path)
    assert all(path.startswith("body") for path in paths)


def test_the_digest_covers_code_and_body_and_no_header_field() -> None:
    """The content of a request is its code and its plain body."""
    body = pay_body()
    expected = hashlib.blake2b(b"2002\0" + body, digest_size=16).hexdigest()
    first = STANDARD.request(opened(frame(header(), body)), body)
    again = STANDARD.request(opened(frame(header(bank_serial=b"000000000118", channel=b"07"), body)), body)
    other = STANDARD.request(opened(frame(header(), body)), pay_body(amount=12505))

    assert first.digest == again.digest == expected
    assert other.digest != expected


def test_a_reply_repeats_a_malformed_request_as_it_came() -> None:
    """txn_code and bank_code to bank_serial go back byte for byte, whatever they are."""
    bad = header(
        version=9,
        flags=0xF8,
        txn_code=0xFFFF,
        response_code=b"\xff" * 4,
        bank_code=b"\0\1\2\3",
        bank_date=b"31.02.26",
        bank_serial=b"?" * 12,
        clearing_date=b"x" * 8,
        fep_serial=b"y" * 12,
        nonce=b"z" * 8,
        reserved=b"rrrr",
    )

    reply = STANDARD.reply(opened(frame(bad)), Answer(ResponseCode.UNSUPPORTED_VERSION), Sealing(0))

    assert reply.header == header(
        version=1,
        flags=1,
        txn_code=0xFFFF,
        response_code=b"1007",
        bank_code=b"\0\1\2\3",
        bank_date=b"31.02.26",
        bank_serial=b"?" * 12,
        key_version=0,
    )
    assert reply.body == "版本不支持".encode("gb18030").ljust(64)


def test_a_repeated_encrypted_reply() -> None:
    """REPEAT and ENCRYPTED are set, nonce, serial, date and key version are those that were given."""
    body = UndoReply("0102003004", 12504, 42, 0, 12504, UndoOutcome.UNDONE)
    answer = Answer(ResponseCode.APPROVED, body, repeat=True, fep_serial=123, clearing_date=date(2026, 11, 22))
    envelope = opened(frame(header(txn_code=2003, flags=2, nonce=b"12345678"), bytes(64)))

    reply = STANDARD.reply(envelope, answer, Sealing(4, b"nonce678"))

    assert reply.header == header(
        txn_code=2003,
        flags=7,
        response_code=b"0000",
        clearing_date=b"20261122",
        fep_serial=b"000000000123",
        nonce=b"nonce678",
        key_version=4,
    )
    assert "0102003004" not in repr(reply)


def test_every_code_has_its_error_body() -> None:
    """All refusals can be said in the 64 bytes of message, uncut."""
    envelope = opened(frame(header()))
    for code in set(ResponseCode) - {ResponseCode.APPROVED}:
        outgoing = STANDARD.reply(envelope, Answer(code), PLAIN)
        reply = STANDARD.bank_reply(opened(frame(outgoing.header, outgoing.body)), outgoing.body)
        assert (reply.code, reply.message, reply.body) == (code.code, code.gloss, None)
        assert reply.fields == {"message": code.gloss}


def test_an_approved_echo_and_sign_out_have_no_body() -> None:
    """Approval without a body is the reply of a transaction that has none."""
    for code in (1002, 1004):
        envelope = opened(frame(header(txn_code=code)))
        for answer in (Answer(ResponseCode.APPROVED), Answer(ResponseCode.APPROVED, NoBody())):
            outgoing = STANDARD.reply(envelope, answer, PLAIN)
            assert outgoing.body == b""
            reply = STANDARD.bank_reply(opened(frame(outgoing.header)), b"")
            assert (reply.body, reply.bank_date, reply.bank_serial) == (NoBody(), date(2026, 11, 21), "000000000117")
            assert (reply.fep_serial, reply.clearing_date, reply.repeat) == (None, None, False)


def test_an_approval_that_cannot_be_is_our_bug() -> None:
    """A missing body, the body of another transaction, and an unknown transaction are never sent."""
    pay = opened(frame(header()))
    for envelope, body in ((pay, None), (pay, NoBody()), (opened(frame(header(txn_code=9))), NoBody())):
        with pytest.raises(LocalProtocolError):
            STANDARD.reply(envelope, Answer(ResponseCode.APPROVED, body), PLAIN)


def test_the_feps_echo() -> None:
    """Spaces for branch and teller, zeros for bank_serial, numbered by fep_serial, at the wall clock of Shanghai."""
    now = datetime(2026, 11, 20, 16, 1, 2, tzinfo=UTC)

    echo = STANDARD.own_request(Transaction.ECHO, NoBody(), "0102", 77, now, PLAIN)

    assert echo.body == b""
    assert echo.header == header(
        txn_code=1004,
        branch_code=b" " * 12,
        teller_id=b" " * 8,
        bank_time=b"000102",
        channel=b"00",
        bank_serial=b"0" * 12,
        fep_serial=b"000000000077",
    )


def test_the_bank_answers_the_feps_echo() -> None:
    """The reply repeats fep_serial, by which the FEP knows it again."""
    echo = STANDARD.own_request(Transaction.ECHO, NoBody(), "0102", 77, datetime(2026, 11, 21, tzinfo=UTC), PLAIN)
    envelope = opened(frame(echo.header))

    reply = STANDARD.reply(envelope, Answer(ResponseCode.APPROVED, fep_serial=envelope.fep_serial), PLAIN)

    answered = opened(frame(reply.header))
    assert (answered.is_response, answered.fep_serial) == (True, 77)
    with pytest.raises(MessageInvalid, match=r"header\.bank_serial"):  # and as a bank's request it is known as ours
        STANDARD.request(envelope, b"")


def test_the_fep_sends_nothing_else_of_its_own() -> None:
    """Another transaction, or a moment without a time zone, is our bug."""
    now = datetime(2026, 11, 21, tzinfo=UTC)
    with pytest.raises(LocalProtocolError):
        STANDARD.own_request(Transaction.SIGN_OUT, NoBody(), "0102", 1, now, PLAIN)
    with pytest.raises(LocalProtocolError):
        STANDARD.own_request(Transaction.ECHO, NoBody(), "0102", 1, now.replace(tzinfo=None), PLAIN)


def test_a_bank_fills_its_serial_with_zeros() -> None:
    """A short serial is right-justified."""
    outgoing = STANDARD.bank_request(Transaction.ECHO, replace(HEAD, bank_serial="42"), NoBody(), PLAIN)

    assert outgoing.header[48:60] == b"000000000042"
    with pytest.raises(LocalProtocolError, match=r"header\.bank_serial"):
        STANDARD.bank_request(Transaction.ECHO, replace(HEAD, bank_serial="1" * 13), NoBody(), PLAIN)


def test_a_request_of_the_wrong_body_is_our_bug() -> None:
    """PAY is not built from the fields of another transaction."""
    with pytest.raises(LocalProtocolError):
        STANDARD.bank_request(Transaction.QUERY, HEAD, NoBody(), PLAIN)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("version", {"version": 2}),
        ("flags", {"flags": 0}),
        ("txn_code", {"txn_code": 9}),
        ("bank_date", {"bank_date": b"0" * 8}),
    ],
)
def test_a_bank_refuses_a_reply_with_a_bad_header(name: str, changed: dict[str, object]) -> None:
    """The bank's side reads replies only, of transactions it knows."""
    envelope = opened(frame(header(**({"flags": 1, "response_code": b"2001"} | changed)), bytes(64)))

    with pytest.raises(MessageInvalid) as error:
        STANDARD.bank_reply(envelope, b" " * 64)
    assert error.value.path == f"header.{name}"


@pytest.mark.parametrize("amount", [-5, 0, 2**63 - 1, -(2**63)])
def test_any_amount_is_read(amount: int) -> None:
    """Whether an amount is right is decided by the business rules, not here."""
    body = pay_body(amount=amount)

    request = STANDARD.request(opened(frame(header(), body)), body)

    assert isinstance(request.body, PayRequest)
    assert (request.body.amount_fen, request.body.mode) == (amount, PayMode.SETTLE)
