"""ELEC02's notices of files: 22, 23, 24 and 50, put together and read by plain struct."""

import struct
from datetime import date, datetime

import pytest

from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer, RequestBody
from protocol.described import SHANGHAI
from protocol.dialect import OwnReply, Sealing
from protocol.dialects.registry import DIALECTS
from protocol.errors import MessageInvalid
from protocol.files.names import FileKind
from protocol.files.notices import BatchCancel, BatchCancelReply, CancelOutcome, FileNotice
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.protocol.dialects.elec02.frames import REPLY_HEAD, REQUEST_HEAD, SERIAL, framed, packed, unpacked

ELEC02 = DIALECTS["elec02"]
NOW = datetime(2026, 11, 22, 10, 0, 3, tzinfo=SHANGHAI)
RESULT_READY = struct.Struct("12s8s12s16s5s8s14s8s14s2s")
RECONCILE_READY = struct.Struct("12s8s2s8s16s")
LIST_CANCEL = struct.Struct("12s32s8s8s8s64s")
LIST_CANCEL_REPLY = struct.Struct("16s12s32s1s8s64s")
LIST_READY = struct.Struct("12s8s1s8s")
RESULT_NAME, LIST_NAME, DETAIL_NAME = (f"301445500{rest}.txt" for rest in ("dh20261101", "ds20261101", "dz20261121"))
FEP_SERIAL = 10_000_000_321


def head(code: str, file_name: str) -> bytes:
    """Header of a bank's notice."""
    return packed(REQUEST_HEAD, code, "301", "4455", SERIAL, "20261122", "20261122100000", "9", "2", file_name, "0")


def result_ready(file_name: str = RESULT_NAME, amount: str = "12684") -> bytes:
    """A 23."""
    fields = ("301", "20261122", "3010017", "0000000000000777", "00042", "1", amount, "1", "99", "02")
    return head("23", file_name) + packed(RESULT_READY, *fields)


def reconcile_ready() -> bytes:
    """A 50."""
    return head("50", DETAIL_NAME) + packed(RECONCILE_READY, "301", "20261121", "03", "T0000042", "0000000000000778")


def opened(content: bytes):  # type: ignore[no-untyped-def]
    """The envelope of a frame whose length field is read like any bank's."""
    reader = ELEC02.reader()
    reader.receive_data(framed(content))
    return ELEC02.open(reader.next_frame() or b"", NOW.replace(tzinfo=None))


def test_a_result_is_ready() -> None:
    """23: the name is the header's, and what was debited is said beside it."""
    envelope = opened(result_ready())
    request = ELEC02.request(envelope, envelope.body)
    assert request.transaction is Transaction.FILE_NOTICE
    assert request.body == FileNotice(RESULT_NAME, FileKind.DEBIT_RESULT, 0, 1, 12_684)
    head = request.head
    assert (head.bank_code, head.bank_date, head.bank_serial) == ("301", date(2026, 11, 22), "0000000000000777")
    assert (head.branch_code, head.teller_id) == ("3010017", "00042")


def test_a_reconcile_file_is_ready() -> None:
    """50: identified by the day that is reconciled and the bank's serial."""
    envelope = opened(reconcile_ready())
    request = ELEC02.request(envelope, envelope.body)
    assert request.body == FileNotice(DETAIL_NAME, FileKind.RECONCILE_DETAIL)
    assert (request.head.bank_date, request.head.bank_serial) == (date(2026, 11, 21), "0000000000000778")


@pytest.mark.parametrize("content", [result_ready(), reconcile_ready()])
def test_it_is_noted(content: bytes) -> None:
    """The reply has the utility's number and nothing else; a refusal has its words in the header."""
    envelope = opened(content)
    approved = ELEC02.reply(envelope, Answer(ResponseCode.APPROVED, NoBody(), fep_serial=FEP_SERIAL), Sealing(0))
    assert approved is not None
    frame = ELEC02.seal(approved, b"")
    assert frame[:10] == b"0000000191"
    assert unpacked(REPLY_HEAD, frame[10:185])[1] == "00"
    assert frame[185:] == b"010000000321    "
    refused = ELEC02.reply(envelope, Answer(ResponseCode.FILE_CONTENT_WRONG), Sealing(0))
    assert refused is not None
    assert unpacked(REPLY_HEAD, ELEC02.seal(refused, b"")[10:185])[1:3] == ["0g", "文件内容错"]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (result_ready(""), "header.FileName"),
        (result_ready("a\tb"), "header.FileName"),
        (result_ready(amount="-1"), "body.HAM"),
        (result_ready()[:-1], "body"),
    ],
)
def test_notices_that_are_none(content: bytes, path: str) -> None:
    """A notice that tells of no file, or of an amount that is none, is refused."""
    envelope = opened(content)
    with pytest.raises(MessageInvalid) as caught:
        ELEC02.request(envelope, envelope.body)
    assert caught.value.path == path


def asked(transaction: Transaction, body: RequestBody) -> bytes:
    """What the FEP asks of the bank, without its length."""
    outgoing = ELEC02.own_request(transaction, body, "301", FEP_SERIAL, NOW, Sealing(0))
    return ELEC02.seal(outgoing, b"")[10:]


def answered(transaction: Transaction, body: RequestBody, code: str, reply: bytes) -> OwnReply:
    """What the bank's reply means."""
    outgoing = ELEC02.own_request(transaction, body, "301", FEP_SERIAL, NOW, Sealing(0))
    number = f"{FEP_SERIAL:020d}"
    text = "" if code == "00" else "拒绝"
    fields = (
        outgoing.header[:3].decode(),
        code,
        text,
        "301",
        "",
        number,
        "20261122",
        "20261122100004",
        "9",
        "0",
        "",
        "0",
    )
    return ELEC02.own_reply(packed(REPLY_HEAD, *fields) + reply, outgoing, transaction)


READY = FileNotice(LIST_NAME, FileKind.DEBIT_LIST, 2)
CANCEL = BatchCancel(LIST_NAME, 2, date(2026, 11, 20), "银行未回盘, 释放")


def test_a_list_is_ready() -> None:
    """22: name and rows in the header, next to nothing in the body; the bank's answer has no body."""
    content = asked(Transaction.FILE_NOTICE, READY)
    head = unpacked(REQUEST_HEAD, content[:113])
    assert (head[0], head[2], head[3], head[7], head[8]) == ("22", "301", f"{FEP_SERIAL:020d}", "2", LIST_NAME)
    assert unpacked(LIST_READY, content[113:]) == ["", "20261122", "", ""]
    reply = answered(Transaction.FILE_NOTICE, READY, "00", b"")
    assert (reply.is_approved, reply.body) == (True, NoBody())
    assert not answered(Transaction.FILE_NOTICE, READY, "70", b"").is_approved


def test_a_list_is_cancelled() -> None:
    """24: which list, of which day, and why; 1 and 4 both say that it will not be debited."""
    content = asked(Transaction.BATCH_CANCEL, CANCEL)
    assert unpacked(REQUEST_HEAD, content[:113])[7:9] == ["2", LIST_NAME]
    assert unpacked(LIST_CANCEL, content[113:]) == ["301", LIST_NAME, "20261120", "20261122", "2", CANCEL.reason]
    for flag, outcome in (("1", CancelOutcome.CANCELLED), ("4", CancelOutcome.NO_SUCH_BATCH)):
        reply = packed(LIST_CANCEL_REPLY, "2026112200000555", "301", LIST_NAME, flag, "20261120", "")
        assert answered(Transaction.BATCH_CANCEL, CANCEL, "00", reply).body == BatchCancelReply(outcome)


@pytest.mark.parametrize(("name", "flag"), [(LIST_NAME, "2"), (LIST_NAME, ""), (RESULT_NAME, "1")])
def test_a_cancel_that_leaves_it_open(name: str, flag: str) -> None:
    """Any other flag, or another list, says nothing of the one that was asked for."""
    reply = packed(LIST_CANCEL_REPLY, "2026112200000555", "301", name, flag, "20261120", "")
    with pytest.raises(MessageInvalid):
        answered(Transaction.BATCH_CANCEL, CANCEL, "00", reply)
