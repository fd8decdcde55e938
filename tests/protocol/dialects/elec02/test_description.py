"""ELEC02: frames put together by struct become canonical requests, and answers become frames that struct reads."""

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from protocol.canonical.business import (
    BillRow,
    ListedBill,
    PayReply,
    PayRequest,
    QueryReply,
    QueryRequest,
    UndoReply,
    UndoRequest,
)
from protocol.canonical.codes import AccountState, BillState, CollectMode, Instrument, KeyKind, PayMode, UndoOutcome
from protocol.canonical.messages import Answer, Head, Request
from protocol.dialect import Envelope, Sealing
from protocol.dialects.registry import DIALECTS
from protocol.errors import LengthInvalid, MessageInvalid
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.protocol.dialects.elec02 import frames
from tests.protocol.dialects.elec02.frames import (
    PAY_REPLY,
    QUERY_REPLY,
    QUERY_ROW,
    REPLY_HEAD,
    UNDO_REPLY,
    framed,
    pay,
    query,
    undo,
    unpacked,
)

NOW = datetime(2026, 11, 22, 10, 0, 3)  # noqa: DTZ001 - the wall clock of the link
TODAY = NOW.date()
ELEC02 = DIALECTS["elec02"]
HEAD = Head("301", "3010017", "T0000042", TODAY, time(10, 0), 1, "2026112200000117")
BILL = BillRow(202610, 1, "B1", 22_450, 12_345, 150, date(2026, 11, 1), BillState.OPEN)
ACCOUNT = QueryReply(
    account_no="0900000001",
    name="王建国",
    address="人民路1号",
    supply_branch="0901",
    account_state=AccountState.ACTIVE,
    collect_mode=CollectMode.COUNTER,
    payable_now=True,
    balance_fen=0,
    principal_due_fen=24_690,
    late_fee_due_fen=150,
    total_due_fen=24_840,
    payable_fen=24_840,
    page=1,
    rows=(BILL, replace(BILL, bill_no="B2", month=202611, late_fee_fen=0)),
    reference=345678901234,
)


def opened(content: bytes) -> Envelope:
    reader = ELEC02.reader()
    reader.receive_data(framed(content))
    frame = reader.next_frame()
    assert frame is not None
    return ELEC02.open(frame, NOW)


def read(content: bytes) -> Request:
    envelope = opened(content)
    return ELEC02.request(envelope, envelope.body)


def answered(content: bytes, answer: Answer) -> tuple[list[str], bytes]:
    """Return the header's fields and the body of the reply."""
    envelope = opened(content)
    if envelope.transaction is not None:
        ELEC02.request(envelope, envelope.body)
    outgoing = ELEC02.reply(envelope, answer, Sealing(0))
    assert outgoing is not None
    frame = ELEC02.seal(outgoing, b"")
    assert frame[:10] == b"%010d" % (len(frame) - 10)
    return unpacked(REPLY_HEAD, frame[10:185]), frame[185:]


def test_query() -> None:
    """10 asks by account number, and its payment will name it."""
    request = read(query())

    assert (request.transaction, request.head) == (Transaction.QUERY, HEAD)
    assert request.body == QueryRequest("0900000001", KeyKind.ACCOUNT_NO, 1, wants_reference=True)


def test_query_reply() -> None:
    """The account, what is payable, the reference, and every bill as a row."""
    header, body = answered(query(), Answer(ResponseCode.APPROVED, ACCOUNT, clearing_date=date(2026, 11, 23)))

    assert header == ["10", "00", "", "", "301", frames.SERIAL, "20261122", "20261122100003", "9", "2", "", "0"]
    assert unpacked(QUERY_REPLY, body[:471]) == [
        *("", "20261123", "345678901234", "20261122", "10", "301", "2026112200000117"),
        *("0900000001", "王建国", "", "24840", "0", ""),
    ]
    assert [unpacked(QUERY_ROW, body[start : start + 486]) for start in (471, 957)] == [
        ["1", *[""] * 3, "B1", *[""] * 7, "12495", "1", "202610", "150", "12345", "225"],
        ["2", *[""] * 3, "B2", *[""] * 7, "12345", "1", "202611", "0", "12345", "225"],
    ]
    assert len(body) == 471 + 2 * 486


def test_pay() -> None:
    """11 settles what it lists, and goes back to its query."""
    request = read(pay("345678901234", "24840", [("B1", "12495"), ("B2", "12345")]))

    assert request.transaction is Transaction.PAY
    assert request.head == replace(HEAD, bank_serial="2026112200000118")
    assert request.body == PayRequest(
        account_no="0900000001",
        amount_fen=24_840,
        mode=PayMode.SETTLE,
        instrument=Instrument.TRANSFER,
        print_invoice=False,
        payer_account="6222021234567890",
        expected_payable_fen=-1,
        reference=345678901234,
        bills=(ListedBill("B1", 12_495), ListedBill("B2", 12_345)),
    )


def test_pay_reply() -> None:
    """The utility's serial, the clearing date, and what the payment was called."""
    body = PayReply("0900000001", "王建国", 24_840, 24_690, 150, 0, 0, 0, 2, "", 202610, 202611)
    answer = Answer(ResponseCode.APPROVED, body, fep_serial=10_000_000_042, clearing_date=date(2026, 11, 23))
    header, content = answered(pay("1", "24840", []), answer)

    assert header[:2] == ["11", "00"]
    assert unpacked(PAY_REPLY, content) == [
        *("", "010000000042", "20261123", "301", "20261122", "2026112200000118", "RMB", "24840", "")
    ]


def test_undo() -> None:
    """12 is a reversal of the whole amount."""
    request = read(undo("2026112200000118", "24840"))

    assert request.transaction is Transaction.REVERSE
    assert request.body == UndoRequest(TODAY, "2026112200000118", "0900000001", 24_840, 0)
    with pytest.raises(MessageInvalid, match=r"body\.CXA: another than in OJA"):
        read(undo("2026112200000118", "24840", cancelled="100"))


@pytest.mark.parametrize(
    ("outcome", "original", "code"),
    [
        (UndoOutcome.UNDONE, 7, "00"),
        (UndoOutcome.UNDONE_BEFORE, 7, "00"),
        (UndoOutcome.NEVER_ARRIVED, None, "15"),
        (UndoOutcome.UNDONE_BEFORE, None, "15"),
    ],
)
def test_undo_reply(outcome: UndoOutcome, original: int | None, code: str) -> None:
    """What was never charged is answered 15, without a body, although it has been noted, however often it is asked."""
    body = UndoReply("0900000001", 24_840, original, 0, 24_840, outcome)
    answer = Answer(ResponseCode.APPROVED, body, fep_serial=10_000_000_043, clearing_date=TODAY)
    header, content = answered(undo("2026112200000118", "24840"), answer)

    assert header[1] == code
    if code == "15":
        assert content == b""
    else:
        assert unpacked(UNDO_REPLY, content) == ["", "20261122", "010000000043", "301", "20261122", "2026112200000119"]


def test_refusals() -> None:
    """The header alone, with the reason in words; an outcome that nobody knows is not answered at all."""
    header, content = answered(query(), Answer(ResponseCode.ACCOUNT_NOT_FOUND))
    assert (header[1], header[2], content) == ("03", "无此户号", b"")
    header, content = answered(frames.head("77"), Answer(ResponseCode.INVALID_TRANSACTION))
    assert (header[0], header[1], content) == ("77", "59", b"")
    assert ELEC02.reply(opened(query()), Answer(ResponseCode.OUTCOME_UNKNOWN), Sealing(0)) is None
    for code in set(ResponseCode) - {ResponseCode.APPROVED, ResponseCode.OUTCOME_UNKNOWN}:
        assert len(answered(query(), Answer(code))[0][1]) == 2


def test_the_content_is_the_code_and_the_body() -> None:
    """A repeat has another header; another amount is another content."""
    first = read(pay("1", "100", []))
    again = read(frames.head("11", sent="20261122100500") + pay("1", "100", [])[113:])

    assert again.digest == first.digest
    assert read(pay("1", "101", [])).digest != first.digest
    assert read(frames.head("12") + undo("1", "100")[113:]).digest != first.digest


@pytest.mark.parametrize(
    ("content", "path", "reason"),
    [
        (query()[:-1], "body", "109 bytes instead of 110"),
        (query() + b" ", "body", "111 bytes instead of 110"),
        (query(node="302"), "body.WTC", "another than in StartAddr"),
        (pay("1", "100.00", []), "body.KKA", "not an amount in digits"),
        (pay("1", "", []), "body.KKA", "not an amount in digits"),
        (pay("x", "100", []), "body.OLZ", "not a number in digits"),
        (pay("1", "100", [("B1", "-5")]), "body.rows[0].JFJE", "not an amount in digits"),
        (
            pay("1", "100", [("B1", "100")])[:-1],
            "body",
            "66 bytes of rows, which are 67 bytes each: the last is not whole",
        ),
        (pay("1", "100", [("B1", "1")] * 100), "body", "100 rows, more than 99"),
        (
            query().replace(b"20261122" + b"2026112200000117", b"20261332" + b"2026112200000117"),
            "body.WD0",
            "no such day",
        ),
        (frames.head("10", sent="2026112299") + query()[113:], "header.SendTime", "not digits"),
    ],
)
def test_what_does_not_fit(content: bytes, path: str, reason: str) -> None:
    """The error says which field, and quotes nothing."""
    with pytest.raises(MessageInvalid) as caught:
        read(content)
    assert (caught.value.path, caught.value.reason) == (path, reason)


@pytest.mark.parametrize(
    "length", [b"112       ", b"0000065537", b"-000000223", b"00000 0223", b"22x       ", b" " * 10]
)
def test_lengths_that_cannot_be_followed(length: bytes) -> None:
    """Too short for a header, too long, a sign, a gap, a letter, nothing."""
    reader = ELEC02.reader()
    reader.receive_data(length + query())
    with pytest.raises(LengthInvalid):
        reader.next_frame()


@pytest.mark.parametrize("length", [b"223       ", b"       223", b"0000000223", b" 000223   "])
def test_lengths_as_peers_write_them(length: bytes) -> None:
    """Zeros and spaces on either side."""
    reader = ELEC02.reader()
    reader.receive_data(length + query())
    assert reader.next_frame() == query()


def test_what_the_log_says() -> None:
    """Date and serial once they are read, as far as they are digits; nothing of a frame that could not be read."""
    envelope = opened(query())
    assert ELEC02.trace(envelope) == {}
    ELEC02.request(envelope, envelope.body)
    assert ELEC02.trace(envelope) == {"bank_date": "20261122", "bank_serial": "2026112200000117"}
    odd = opened(query(serial="A1"))
    ELEC02.request(odd, odd.body)
    assert ELEC02.trace(odd) == {"bank_date": "20261122", "bank_serial": "A1"}


def test_any_header_is_opened() -> None:
    """Nothing in it is believed yet, and nothing is raised."""
    envelope = opened(b"\xff" * 113)
    assert (envelope.transaction, envelope.bank_code) == (None, "")


def test_an_account_with_more_bills_than_rows() -> None:
    """Ninety-nine are shown; with one more the customer must pay at the utility, and the reply can be said."""
    most = replace(ACCOUNT, rows=tuple(replace(BILL, bill_no=f"B{number}") for number in range(99)))
    envelope = opened(query())
    answer = Answer(ResponseCode.APPROVED, most, clearing_date=TODAY)
    assert ELEC02.sayable(envelope, answer) is answer
    assert len(answered(query(), answer)[1]) == 471 + 99 * 486
    refused = ELEC02.sayable(envelope, replace(answer, body=replace(most, rows=(*most.rows, BILL))))
    assert answered(query(), refused) == (answered(query(), Answer(ResponseCode.PAY_AT_UTILITY))[0], b"")
    assert answered(query(), refused)[0][1] == "09"


@pytest.mark.parametrize(("centikwh", "shown"), [(-22_450, "0"), (10**12, "99999999")])
def test_energy_that_has_no_room(centikwh: int, shown: str) -> None:
    """A reading that was taken back is shown as none, and a very large one as nines: the bill is shown all the same."""
    account = replace(ACCOUNT, rows=(replace(BILL, energy_centikwh=centikwh),))
    _, body = answered(query(), Answer(ResponseCode.APPROVED, account, clearing_date=TODAY))
    assert unpacked(QUERY_ROW, body[471:])[17] == shown


def test_an_amount_to_cancel_with_zeros_in_front() -> None:
    """The whole amount, however it is filled."""
    assert read(undo("2026112200000118", "24840", cancelled="000000024840")).transaction is Transaction.REVERSE


def test_what_a_code_means_in_words() -> None:
    """15 says that there is no such payment, not that all went well."""
    body = UndoReply("0900000001", 24_840, None, 0, 24_840, UndoOutcome.NEVER_ARRIVED)
    header, _ = answered(undo("2026112200000118", "24840"), Answer(ResponseCode.APPROVED, body, clearing_date=TODAY))
    assert (header[1], header[2]) == ("15", "无原交易")
    short = Answer(ResponseCode.AMOUNT_DIFFERS, is_short=True)
    assert answered(pay("1", "100", []), short)[0][1:3] == ["27", "金额不符"]
