"""Described dialects: small formats of the tests' own, with a MAC in every place where one may be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.bindings import Constant, Echo, Equal
from protocol.canonical.business import QueryReply, QueryRequest, UndoReply, UndoRequest
from protocol.canonical.codes import KeyKind, PushOutcome, UndoOutcome
from protocol.canonical.link import NoBody, WorkDay
from protocol.canonical.messages import Answer, Head
from protocol.canonical.push import PushReply, PushRequest
from protocol.described import DescribedDialect, OwnFrame
from protocol.dialect import Envelope, Sealing
from protocol.errors import LengthInvalid, LocalProtocolError, MessageInvalid
from protocol.fields import U8, U32, Octets
from protocol.flags import ENCRYPTED, REPEAT, RESPONSE
from protocol.format import Format, Message
from protocol.layout import Field
from protocol.lengths import DigitsLength
from protocol.moments import Date, Timestamp
from protocol.packager import FieldMac, FixedPackager
from protocol.padded import Amount, Characters, Count, PaddedText
from protocol.response_codes import ResponseCode
from protocol.session import Session
from protocol.sheet import Sheet
from protocol.transactions import Transaction
from tests.protocol.dialects.elec02.test_description import ACCOUNT

NOW = datetime(2026, 11, 22, 10, 0, 3)  # noqa: DTZ001 - the wall clock of a link
TODAY = NOW.date()
MAC = bytes.fromhex("0123456789ABCDEF")


def field(name: str, kind: Any, binding: Any = "") -> Field:
    return Field(name, kind, "meaning", "含义", binding)


HEAD = Sheet(
    "header",
    field("CODE", Characters(2), "frame.code"),
    field("NODE", Characters(4), "frame.node"),
    field("DATE", Date(), "head.bank_date"),
    field("SERIAL", Characters(6), "head.bank_serial"),
    field("REST", Characters(2)),
)
REPLY_HEAD = Sheet(
    "header",
    field("CODE", Characters(2), Echo("CODE")),
    field("RESULT", Characters(4), "answer.code"),
    field("SERIAL", Characters(6), Echo("SERIAL")),
)
QUERY = Message(
    "10",
    Transaction.QUERY,
    Sheet("body", field("ACCOUNT", Characters(10), "body.key")),
    Sheet("body", field("OWED", Amount(6), "body.payable_fen"), field("ACCOUNT", Characters(10), Echo("ACCOUNT"))),
    given={"body.key_kind": KeyKind.ACCOUNT_NO, "body.page": 1},
    also=("11",),
)
UNDO_REQUEST = Sheet(
    "body",
    field("OSERIAL", Characters(6), "body.original_serial"),
    field("ACCOUNT", Characters(10), "body.account_no"),
    field("AMOUNT", Amount(6), "body.amount_fen"),
)
UNDO = Message(
    "20",
    Transaction.REVERSE,
    UNDO_REQUEST,
    Sheet("body", field("DAY", Date(), "answer.day")),
    refusal=Sheet("body", field("WHY", PaddedText(30, "gbk"), "answer.reason")),
    given={"body.original_date": TODAY, "body.reason": 7, "head.channel": 5},
    code_of=lambda answer: (
        ("9999", ResponseCode.ORIGINAL_NOT_FOUND)
        if isinstance(answer.body, UndoReply) and answer.body.outcome == 2
        else None
    ),
)
OWN_HEAD = Sheet("header", field("CODE", Characters(2), "frame.code"), field("NUMBER", Count(6), "frame.fep_serial"))
OWN_REPLY_HEAD = Sheet(
    "header",
    field("CODE", Characters(2), Equal("asked.CODE")),
    field("NUMBER", Characters(6), Equal("asked.NUMBER")),
    field("RESULT", Characters(4), "answer.code"),
    field("WORDS", PaddedText(8, "gbk"), "answer.message"),
)
PUSH = Message(
    "80",
    Transaction.BILL_PUSH,
    Sheet("body", field("BILL", Characters(4), "body.bill_no"), field("SUM", Amount(6), "body.due_fen")),
    Sheet("body", field("PAID", Amount(6), "body.amount_fen"), field("LOG", Characters(4), "body.debit_serial")),
    given={"body.outcome": PushOutcome.DEBITED, "body.debit_date": TODAY},
    refused=frozenset({"62"}),
)
DAY = Message(
    "90",
    Transaction.SIGN_IN,
    Sheet("body", field("DAY", Date(), "body.work_date")),
    Sheet("body"),
    code_of=lambda _: None,
)
CODES = {code: code.code for code in ResponseCode} | {ResponseCode.OUTCOME_UNKNOWN: None}
FORMAT = Format(
    name="toy",
    length=DigitsLength(4, HEAD.size, 999),
    packager=FixedPackager(HEAD),
    request_head=HEAD,
    reply_head=REPLY_HEAD,
    messages=(QUERY, UNDO),
    codes=CODES,
    session=Session(has_mac=False, may_encrypt=False),
    port_offset=9,
    given={"head.teller_id": "T1"},
    own_head=OWN_HEAD,
    own_messages=(PUSH, DAY),
    own_reply_head=OWN_REPLY_HEAD,
    fep_codes=frozenset({"80"}),
)
TOY = DescribedDialect(FORMAT)
ASKED = b"10301 20261122S00007xx" + b"0900000001"
UNDONE = b"20301 20261122S00008  " + b"S00007" + b"0900000001" + b"100   "
REPLY: QueryReply = replace(ACCOUNT, payable_fen=24_840)


def read(dialect: DescribedDialect, frame: bytes) -> Any:
    envelope = dialect.open(frame, NOW)
    return dialect.request(envelope, envelope.body)


def replied(dialect: DescribedDialect, frame: bytes, answer: Answer, mac: bytes = b"") -> bytes | None:
    """Return the reply with its length in front."""
    envelope = dialect.open(frame, NOW)
    if envelope.transaction is not None:
        dialect.request(envelope, envelope.body)
    outgoing = dialect.reply(envelope, answer, Sealing(0))
    return None if outgoing is None else dialect.seal(outgoing, mac)


# --- requests


def test_a_request() -> None:
    """Header, body, and what the wire does not say: of the format, of the message, and of most formats."""
    request = read(TOY, ASKED)
    assert request.transaction is Transaction.QUERY
    assert request.head == Head("301", "", "T1", TODAY, time.min, 1, "S00007")
    assert request.body == QueryRequest("0900000001", KeyKind.ACCOUNT_NO, 1)
    undo = read(TOY, UNDONE)
    assert (undo.head.channel, undo.body) == (5, UndoRequest(TODAY, "S00007", "0900000001", 100, 7))


def test_an_envelope() -> None:
    """What authentication needs, before anything is believed."""
    envelope = TOY.open(ASKED, NOW)
    assert (envelope.bank_code, envelope.transaction, envelope.header, envelope.body, envelope.signed) == (
        *("301", Transaction.QUERY, ASKED[:22], ASKED[22:], ASKED),
    )
    assert (envelope.supported, envelope.is_response, envelope.is_misdirected, envelope.is_encrypted) == (
        *(True, False, False, False),
    )
    assert (envelope.key_version, envelope.fep_serial, envelope.mac, envelope.problem) == (0, None, b"", None)


@pytest.mark.parametrize(
    ("frame", "path", "reason"),
    [
        (b"77" + ASKED[2:], "header.CODE", "unknown"),
        (b"  " + ASKED[2:], "header.CODE", "unknown"),
        (ASKED.replace(b"301 ", b"    "), "header.NODE", "blank or malformed"),
        (ASKED.replace(b"301 ", b"3\xff1 "), "header.NODE", "blank or malformed"),
        (ASKED.replace(b"S00007", b"000000"), "header.SERIAL", "zero"),
        (ASKED.replace(b"S00007", b" 00   "), "header.SERIAL", "zero"),
        (ASKED.replace(b"S00007", b"      "), "header.SERIAL", "blank"),
        (ASKED.replace(b"20261122", b"20261131"), "header.DATE", "no such day"),
        (ASKED[:-1], "body", "9 bytes instead of 10"),
        (UNDONE[:-6] + b"1.00  ", "body.AMOUNT", "not an amount in digits"),
    ],
)
def test_what_cannot_be_read(frame: bytes, path: str, reason: str) -> None:
    """The error names the field, and never what stands in it."""
    with pytest.raises(MessageInvalid) as caught:
        read(TOY, frame)
    assert (caught.value.path, caught.value.reason) == (path, reason)


@pytest.mark.parametrize(("said", "fits"), [(0, False), (1, True), (10, True), (11, False), (99, False)])
def test_channels(said: int, fits: bool) -> None:
    """01 to 10; the error names the field that holds it."""
    head = Sheet("header", *HEAD.fields[:4], field("CHANNEL", Count(2), "head.channel"))
    dialect = DescribedDialect(replace(FORMAT, packager=FixedPackager(head), request_head=head))
    frame = ASKED.replace(b"xx", b"%-2d" % said)
    if fits:
        assert read(dialect, frame).head.channel == said
        return
    with pytest.raises(MessageInvalid, match=r"^header\.CHANNEL: no such channel$"):
        read(dialect, frame)


def test_a_serial_in_the_body() -> None:
    """It is looked for wherever it is bound, and named there."""
    head = Sheet("header", *HEAD.fields[:3])
    body = Sheet("body", field("LSH", Characters(6), "head.bank_serial"), *QUERY.request.fields)
    changes = {"packager": FixedPackager(head), "request_head": head, "messages": (replace(QUERY, request=body),)}
    dialect = DescribedDialect(replace(FORMAT, reply_head=Sheet("header", *REPLY_HEAD.fields[:2]), **changes))
    frame = b"10301 20261122S000070900000001"

    assert read(dialect, frame).head.bank_serial == "S00007"
    with pytest.raises(MessageInvalid, match=r"^body\.LSH: zero$"):
        read(dialect, frame.replace(b"S00007", b"000000"))
    envelope = dialect.open(frame, NOW)
    assert dialect.trace(envelope) == {"bank_date": "20261122"}
    numbered = dialect.open(frame.replace(b"S", b"1"), NOW)
    dialect.request(numbered, numbered.body)
    assert dialect.trace(numbered) == {"bank_date": "20261122", "bank_serial": "100007"}


def test_the_content() -> None:
    """The code and the body: a repeat under another code of its message has the same, another message has not."""
    first = read(TOY, ASKED).digest
    assert read(TOY, b"11" + ASKED[2:].replace(b"xx", b"yy").replace(b"20261122", b"20261121")).digest == first
    assert read(TOY, ASKED[:-1] + b"2").digest != first
    twin = replace(QUERY, code="30", also=())
    both = DescribedDialect(replace(FORMAT, messages=(QUERY, twin)))
    assert read(both, b"30" + ASKED[2:]).digest != read(both, ASKED).digest == first


def test_what_a_log_line_says() -> None:
    """Digits and nothing else: a stranger writes no lines."""
    assert TOY.trace(TOY.open(ASKED, NOW)) == {"bank_date": "20261122"}
    assert TOY.trace(TOY.open(ASKED.replace(b"S0", b" 0"), NOW)) == {"bank_date": "20261122", "bank_serial": "00007"}
    assert TOY.trace(TOY.open(ASKED.replace(b"2026", b'"\n2{'), NOW)) == {}
    assert TOY.trace(TOY.open(b"77" + ASKED[2:], NOW)) == {"bank_date": "20261122"}


# --- versions, flags, directions

FLAGGED_HEAD = Sheet(
    "header",
    field("CODE", Characters(2), "frame.code"),
    field("NODE", Characters(4), "frame.node"),
    field("DATE", Date(), "head.bank_date"),
    field("SERIAL", Characters(6), "head.bank_serial"),
    field("VERSION", U8, "frame.version"),
    field("FLAGS", U8, "frame.flags"),
    field("NONCE", Octets(8), "frame.nonce"),
    field("KEY", U32, "frame.key_version"),
    field("NUMBER", Count(4), "frame.fep_serial"),
)
FLAGGED_REPLY = Sheet("header", field("RESULT", Characters(4), "answer.code"), field("FLAGS", U8, "answer.flags"))
ECHO = Message("40", Transaction.ECHO, Sheet("body"), Sheet("body"))
OWN_PLACES = {"DATE": "frame.at", "SERIAL": ""}
FLAGGED = DescribedDialect(
    replace(
        FORMAT,
        packager=FixedPackager(FLAGGED_HEAD, 8),
        request_head=FLAGGED_HEAD,
        reply_head=FLAGGED_REPLY,
        messages=(QUERY, ECHO),
        own_head=FLAGGED_HEAD.changed(
            lambda asked: replace(asked, attribute=OWN_PLACES.get(asked.name, asked.attribute))
        ),
        own_messages=(ECHO, PUSH),
        version=3,
    )
)


def flagged(code: bytes = b"10", flags: int = 0, version: int = 3, nonce: bytes = bytes(8), body: bytes = b"") -> bytes:
    head = code + b"301 20261122S00007" + bytes([version, flags]) + nonce + (258).to_bytes(4) + b"77  "
    return head + (body or b"0900000001") + MAC


def test_what_a_frame_says_of_itself() -> None:
    """Version, keys, nonce; the number of a request of ours only in what answers one."""
    envelope = FLAGGED.open(flagged(nonce=b"noncenon", flags=ENCRYPTED), NOW)
    assert (envelope.supported, envelope.key_version, envelope.nonce, envelope.is_encrypted) == (
        *(True, 258, b"noncenon", True),
    )
    assert envelope.fep_serial is None
    assert FLAGGED.open(flagged(flags=RESPONSE), NOW).fep_serial == 77
    assert FLAGGED.open(flagged(b"40"), NOW).fep_serial == 77
    assert not FLAGGED.open(flagged(version=2), NOW).supported


def test_directions() -> None:
    """What only the FEP sends is misdirected when a bank does; a reply never is."""
    assert FLAGGED.open(flagged(b"80"), NOW).is_misdirected
    assert not FLAGGED.open(flagged(b"80", flags=RESPONSE), NOW).is_misdirected
    assert FLAGGED.open(flagged(b"80", flags=RESPONSE), NOW).is_response
    assert not FLAGGED.open(flagged(), NOW).is_misdirected


@pytest.mark.parametrize(
    ("frame", "path"),
    [
        (flagged(version=2), "header.VERSION"),
        (flagged(flags=REPEAT), "header.FLAGS"),
        (flagged(flags=0x40), "header.FLAGS"),
        (flagged(b"40", flags=ENCRYPTED), "header.FLAGS"),
        (flagged(nonce=b"noncenon"), "header.NONCE"),
    ],
)
def test_what_a_request_may_not_say(frame: bytes, path: str) -> None:
    """Each is refused under the field that says it."""
    with pytest.raises(MessageInvalid) as caught:
        read(FLAGGED, frame)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("repeat", "nonce", "flags"),
    [(False, None, RESPONSE), (True, None, RESPONSE | REPEAT), (False, bytes(8), RESPONSE | ENCRYPTED)],
)
def test_what_a_reply_says_of_itself(repeat: bool, nonce: bytes | None, flags: int) -> None:
    """A repeat, an encrypted body."""
    envelope = FLAGGED.open(flagged(), NOW)
    FLAGGED.request(envelope, envelope.body)
    outgoing = FLAGGED.reply(envelope, Answer(ResponseCode.APPROVED, REPLY, repeat=repeat), Sealing(258, nonce))
    assert outgoing is not None
    assert outgoing.header == b"0000" + bytes([flags])


# --- replies


def test_an_approved_reply() -> None:
    """Its length in front; what it repeats is as it was sent."""
    assert replied(TOY, ASKED, Answer(ResponseCode.APPROVED, REPLY)) == b"0028100000S0000724840 0900000001"


def test_refusals() -> None:
    """A header, and the body that the message has for them; the reason with its exact code, or no body at all."""
    assert replied(TOY, ASKED, Answer(ResponseCode.ACCOUNT_NOT_FOUND)) == b"0012102001S00007"
    why = "2009 不能隔日撤销".encode("gbk").ljust(30)
    assert replied(TOY, UNDONE, Answer(ResponseCode.OTHER_CLEARING_DATE)) == b"0042202009S00008" + why


def test_a_code_that_the_outcome_decides() -> None:
    """Where the response code alone does not tell; any other code than that of approval has the refusal's body."""
    body = UndoReply("0900000001", 100, None, 0, 0, UndoOutcome.NEVER_ARRIVED)
    never = replied(TOY, UNDONE, Answer(ResponseCode.APPROVED, body, clearing_date=TODAY))
    assert never is not None
    assert never[:16] == b"0042209999S00008"
    undone = replace(body, outcome=UndoOutcome.UNDONE)
    answer = Answer(ResponseCode.APPROVED, undone, clearing_date=date(2026, 11, 23))
    assert replied(TOY, UNDONE, answer) == b"0020200000S0000820261123"
    unknown_day = Answer(ResponseCode.APPROVED, undone)
    assert replied(TOY, UNDONE, unknown_day) == b"0020200000S0000820261122"


def test_an_answer_that_has_no_word() -> None:
    """Nothing is sent, rather than something that would be taken for another answer."""
    assert replied(TOY, ASKED, Answer(ResponseCode.OUTCOME_UNKNOWN)) is None


def test_a_transaction_that_nobody_knows() -> None:
    """It is refused under its own header; approving it would be a bug of ours."""
    assert replied(TOY, b"77" + ASKED[2:], Answer(ResponseCode.INVALID_TRANSACTION)) == b"0012771004S00007"
    with pytest.raises(LocalProtocolError, match="unknown cannot be approved"):
        replied(TOY, b"77" + ASKED[2:], Answer(ResponseCode.APPROVED, NoBody()))


def test_a_reply_to_a_frame_that_was_never_read() -> None:
    """Not signed in, unknown bank: what the header said is repeated, what the body would have said is blank."""
    envelope = TOY.open(ASKED, NOW)
    outgoing = TOY.reply(envelope, Answer(ResponseCode.APPROVED, REPLY), Sealing(0))
    assert outgoing is not None
    assert TOY.seal(outgoing, b"") == b"0028100000S0000724840 " + b" " * 10


def test_frames_are_cut() -> None:
    """By the length field of the format."""
    reader = TOY.reader()
    reader.receive_data(b"0032" + ASKED + b"0032"[:3])
    assert (reader.next_frame(), reader.next_frame()) == (ASKED, None)
    reader.receive_data(b"x")
    with pytest.raises(LengthInvalid):
        reader.next_frame()


# --- a MAC in every place

MAC_FIELD = field("MAC", Octets(8))
WITH_MAC = {
    "nowhere": (FORMAT, ASKED, ASKED, b"", b"0028100000S0000724840 0900000001"),
    "constant": (
        replace(
            FORMAT, messages=(replace(QUERY, reply=Sheet("body", field("MAC", Characters(8), Constant("0" * 8)))),)
        ),
        *(ASKED, ASKED, b"", b"0020100000S0000700000000"),
    ),
    "behind": (
        replace(FORMAT, packager=FixedPackager(HEAD, 8)),
        *(ASKED + MAC, ASKED, MAC, b"0036100000S0000724840 0900000001" + MAC),
    ),
    "in the header": (
        replace(
            FORMAT,
            packager=FixedPackager(Sheet("header", MAC_FIELD, *HEAD.fields), FieldMac("MAC", ("CODE", "SERIAL"))),
            request_head=Sheet("header", MAC_FIELD, *HEAD.fields),
            reply_head=Sheet("header", *REPLY_HEAD.fields, MAC_FIELD),
        ),
        *(MAC + ASKED, b"10S00007", MAC, b"0036100000S00007" + MAC + b"24840 0900000001"),
    ),
    "in the body": (
        replace(
            FORMAT,
            packager=FixedPackager(HEAD, FieldMac("MAC", ("SERIAL", "ACCOUNT"))),
            messages=(
                replace(
                    QUERY,
                    request=Sheet("body", field("ACCOUNT", Characters(10), "body.key"), MAC_FIELD),
                    reply=Sheet("body", field("ACCOUNT", Characters(10), Echo("ACCOUNT")), MAC_FIELD),
                ),
            ),
        ),
        *(ASKED + MAC, b"S000070900000001", MAC, b"0030100000S000070900000001" + MAC),
    ),
}


@pytest.mark.parametrize("place", WITH_MAC)
def test_a_mac_in_every_place(place: str) -> None:
    """Where it is, what it covers, and that a reply has one in the same place over the fields of the same names."""
    format_, frame, covered, mac, reply = WITH_MAC[place]
    dialect = DescribedDialect(format_)
    envelope = dialect.open(frame, NOW)
    assert (envelope.signed, envelope.mac) == (covered, mac)
    assert dialect.request(envelope, envelope.body).body == QueryRequest("0900000001", KeyKind.ACCOUNT_NO, 1)

    outgoing = dialect.reply(envelope, Answer(ResponseCode.APPROVED, REPLY), Sealing(0))
    assert outgoing is not None
    assert dialect.seal(outgoing, MAC) == reply
    in_fields = {"in the header": b"10S00007", "in the body": b"S000070900000001"}
    content = reply[4:].removesuffix(MAC)
    assert dialect.signed(outgoing) == in_fields.get(place, content)


@pytest.mark.parametrize("place", WITH_MAC)
@settings(deadline=None)
@given(data=st.data())
def test_any_frame_is_opened(place: str, data: st.DataObject) -> None:
    """Whatever stands in it, and whatever is answered: opened, read or refused, and a refusal can be built."""
    dialect, frame = DIALECTS_WITH_MAC[place], bytearray(WITH_MAC[place][1])
    if data.draw(st.booleans()):
        frame = bytearray(data.draw(st.binary(max_size=60)))
    elif frame:
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    envelope: Envelope = dialect.open(bytes(frame), NOW)
    try:
        dialect.request(envelope, envelope.body)
    except MessageInvalid:
        outgoing = dialect.reply(envelope, Answer(ResponseCode.FORMAT_ERROR), Sealing(0))
        assert outgoing is not None
        assert dialect.seal(outgoing, bytes(8))


DIALECTS_WITH_MAC = {place: DescribedDialect(format_) for place, (format_, *_) in WITH_MAC.items()}


# --- requests of the FEP

PUSHED = PushRequest("0900000001", "王建国", "6222", 202611, 1, "B1", 12_345, 150, TODAY)
EIGHT_HOURS_AGO = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


def asked(transaction: Transaction, body: Any, dialect: DescribedDialect = TOY, number: int = 77) -> Any:
    return dialect.own_request(transaction, body, "301", number, EIGHT_HOURS_AGO, Sealing(0))


def test_a_request_of_ours() -> None:
    """The code of its message, its number, its body; the moment in China."""
    outgoing = asked(Transaction.BILL_PUSH, PUSHED)
    assert TOY.seal(outgoing, b"") == b"001880" + b"77    " + b"B1  12495 "
    at = Sheet("header", field("CODE", Characters(2), "frame.code"), field("AT", Timestamp(), "frame.at"))
    dialect = DescribedDialect(replace(FORMAT, own_head=at))
    assert asked(Transaction.SIGN_IN, WorkDay(TODAY), dialect).header == b"9020261122023000"


@pytest.mark.parametrize(("fep_serial", "trace"), [(7, 7), (1_234_567, 234_567), (3_000_000, 999_999), (None, 999_999)])
def test_six_digits_of_a_number(fep_serial: int | None, trace: int) -> None:
    """The last ones; 000000 is none."""
    assert OwnFrame("10", "301", None, fep_serial, 0, bytes(8), 0, 1).trace_no == trace


def test_requests_that_the_fep_cannot_send() -> None:
    """One that the format does not have, and one at a moment that could be any."""
    with pytest.raises(LocalProtocolError, match="the FEP sends no echo in toy"):
        asked(Transaction.ECHO, NoBody())
    with pytest.raises(LocalProtocolError, match="no time zone"):
        TOY.own_request(Transaction.SIGN_IN, WorkDay(TODAY), "301", 1, NOW, Sealing(0))


def answered(data: bytes, transaction: Transaction = Transaction.BILL_PUSH) -> Any:
    body = PUSHED if transaction is Transaction.BILL_PUSH else WorkDay(TODAY)
    return TOY.own_reply(data, asked(transaction, body), transaction)


def test_a_bank_answers_a_request_of_ours() -> None:
    """Done, refused for certain, or some code that leaves it open."""
    done = answered(b"80" + b"77    " + b"0000" + b" " * 8 + b"12495 " + b"L7  ")
    assert done.is_approved
    assert done.body == PushReply(PushOutcome.DEBITED, debit_date=TODAY, debit_serial="L7", amount_fen=12_495)
    refused = answered(b"80" + b"77    " + b"62  " + "无此户".encode("gbk").ljust(8))
    assert (refused.is_approved, refused.code, refused.message) == (False, "62", "无此户")
    assert refused.body == PushReply(PushOutcome.REFUSED, "62")
    assert answered(b"80" + b"77    " + b"91  " + b" " * 8).body is None
    opened = answered(b"90" + b"77    " + b"0000" + b" " * 8, Transaction.SIGN_IN)
    assert (opened.is_approved, opened.body) == (True, NoBody())


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"80" + b"78    " + b"0000" + b" " * 8 + b"12495 L7  ", "header.NUMBER"),
        (b"90" + b"77    " + b"0000" + b" " * 8 + b"12495 L7  ", "header.CODE"),
        (b"80" + b"77    " + b"0000" + b" " * 8 + b"124.95L7  ", "body.PAID"),
        (b"80" + b"77    " + b"0000" + b" " * 8 + b"12495 L7", "body"),
        (b"80" + b"77    " + b"0000" + b"\xd6      \xd6", "header.WORDS"),
        (b"80", "header"),
        (b"", "header"),
    ],
)
def test_what_is_no_reply_to_it(data: bytes, path: str) -> None:
    """Another number or code, or fields that do not fit: the bank's answer is not known."""
    with pytest.raises(MessageInvalid) as caught:
        answered(data)
    assert caught.value.path == path


def test_a_format_that_describes_no_replies_to_the_fep() -> None:
    """Reading one is a bug of ours."""
    dialect = DescribedDialect(replace(FORMAT, own_reply_head=None))
    with pytest.raises(LocalProtocolError, match="toy describes no reply"):
        dialect.own_reply(b"", asked(Transaction.BILL_PUSH, PUSHED, dialect), Transaction.BILL_PUSH)


# --- descriptions that are wrong


def without(code: ResponseCode) -> dict[ResponseCode, str | None]:
    return {one: wire for one, wire in CODES.items() if one is not code}


RESULT = field("RESULT", Characters(4), "answer.code")
MISSPELT = Sheet("body", field("X", Amount(4), "body.amount"))
UNASKED = Sheet("body", field("X", Characters(4), Echo("TYPO")))
WRONG: dict[str, tuple[Callable[[], Format], str]] = {
    "a code twice": (lambda: replace(FORMAT, messages=(QUERY, replace(UNDO, code="10"))), "two messages share a code"),
    "a repeat's code twice": (lambda: replace(FORMAT, messages=(QUERY, replace(UNDO, code="11"))), "share a code"),
    "a response code forgotten": (
        lambda: replace(FORMAT, codes=without(ResponseCode.BUSY)),
        "no wire code is said for 1011",
    ),
    "a reply repeats what is not asked": (
        lambda: replace(FORMAT, messages=(replace(QUERY, reply=UNASKED),)),
        "toy: 10: X repeats TYPO, which is not asked",
    ),
    "a reply's place that is none": (
        lambda: replace(FORMAT, messages=(replace(QUERY, reply=MISSPELT),)),
        "toy: 10: X is bound to body.amount, which is no place",
    ),
    "a request's place that is none": (
        lambda: replace(FORMAT, messages=(replace(QUERY, request=MISSPELT, reply=Sheet("body")),)),
        "X is bound to body.amount",
    ),
    "a place of another scope": (
        lambda: replace(FORMAT, reply_head=Sheet("header", RESULT, field("X", Characters(4), "head.teller_id"))),
        "X is bound to head.teller_id",
    ),
    "a reply without an outcome": (
        lambda: replace(FORMAT, reply_head=Sheet("header", field("X", Characters(4)))),
        "no field of a reply is bound to answer.code",
    ),
    "a MAC without keys": (
        lambda: replace(FORMAT, session=Session()),
        "no field is bound to head.bank_time or frame.key_version",
    ),
    "an unknown outcome that is said as another": (
        lambda: replace(FORMAT, codes=CODES | {ResponseCode.OUTCOME_UNKNOWN: CODES[ResponseCode.BUSY]}),
        "says that the outcome is unknown, and something else too",
    ),
    "a refusal does": (lambda: replace(FORMAT, refusal=UNASKED), "toy: 10: X repeats TYPO"),
    "a message's own refusal does": (
        lambda: replace(FORMAT, messages=(replace(QUERY, refusal=UNASKED),)),
        "toy: 10: X repeats TYPO",
    ),
    "the header does": (
        lambda: replace(FORMAT, reply_head=Sheet("header", RESULT, field("X", Characters(4), Equal("TYPO")))),
        "X repeats TYPO",
    ),
    "nothing identifies a request": (
        lambda: replace(FORMAT, request_head=Sheet("header", *HEAD.fields[:3], field("SERIAL", Characters(6)))),
        "toy 10: no field is bound to head.bank_serial",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_descriptions_that_are_refused(name: str) -> None:
    """When they are imported, not when a bank's frame comes."""
    describe, why = WRONG[name]
    with pytest.raises(LocalProtocolError, match=why):
        DescribedDialect(describe())
