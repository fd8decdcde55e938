"""Requests for files on their way to the desk and back: the checks before it, and what outcomes are answered with."""

from datetime import time

import pytest

from handlers.terms import BankTerms, Hours
from protocol.canonical.messages import Answer
from protocol.files.transfer import FileChunk, FileGetRequest, FileListReply, FileListRequest, FilePutReply
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.support.raw_bank import ECHO
from tests.support.rim import Rim
from tests.system.messages import FILE_GET, FILE_GET_REQUEST, FILE_LIST, FILE_LIST_REQUEST, FILE_PUT, FILE_PUT_REPLY
from tests.system.transfer import chunk_body

NAME = "DZ010220261121.txt"
PUT = (FILE_PUT, chunk_body(NAME, b"0123456789", 3, 4))
GET = (FILE_GET, FILE_GET_REQUEST.pack(file_name=NAME, offset=2048))
LIST = (FILE_LIST, FILE_LIST_REQUEST.pack(file_type="00"))
DB_TIMEOUT_S = 10.0


def test_what_the_desk_is_given(rim):
    """Whose files, what is asked, and a deadline; the gate hears nothing of it."""
    bank = rim.bank()
    bank.send(*(bank.build(*request) for request in (PUT, GET, LIST)))
    put, get, listing = rim.file_desk.works
    assert isinstance(put.body, FileChunk)
    assert (put.body.offset, put.body.chunk, put.body.total_size) == (3, b"3456", 10)
    assert get.body == FileGetRequest(NAME, 2048)
    assert listing.body == FileListRequest(None, None, 1)
    assert {work.bank.bank_code for work in rim.file_desk.works} == {"0102"}
    assert {work.deadline for work in rim.file_desk.works} == {rim.clock.seconds() + DB_TIMEOUT_S}
    assert (bank.link.in_flight, len(rim.services.in_work), rim.gate.works) == (3, 3, [])


@pytest.mark.parametrize("request_", [PUT, GET, LIST], ids=["put", "get", "list"])
@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (BankTerms("0102", transactions=frozenset({Transaction.QUERY})), "1004"),
        (BankTerms("0102", is_suspended=True), "1012"),
        (BankTerms("0102", service_hours=Hours(time(8), time(9))), "1012"),
        (BankTerms("0102", frozenset(), is_suspended=True), "1004"),
    ],
    ids=["not enabled", "suspended", "hours", "both"],
)
def test_the_checks_of_all_business(request_, terms, code):
    """Enabled, then in service by the clock of this machine; nothing of it reaches the desk."""
    rim = Rim(banks={"0102": {"terms": terms}})
    bank = rim.bank()
    reply = bank.request(*request_)
    assert (reply.code, reply.mac_state) == (code, "right")
    assert (rim.file_desk.works, bank.link.in_flight) == ([], 0)


def test_answers(rim, logs):
    """An approved one with its body, a refused one with its words; each with its line in the log."""
    bank = rim.bank()
    bank.send(bank.build(*PUT), bank.build(*LIST), bank.build(*GET))
    put, listing, get = rim.file_desk.works
    put.done(Answer(ResponseCode.APPROVED, FilePutReply(NAME, 7, is_complete=False)))
    listing.done(Answer(ResponseCode.APPROVED, FileListReply(1, ())))
    get.done(Answer(ResponseCode.FILE_CONTENT_WRONG, detail="第 3 行 x"))
    frames = bank.frames()
    assert [frame.code for frame in frames] == ["0000", "0000", "4002"]
    fields = FILE_PUT_REPLY.unpack(frames[0].body)
    assert (fields["file_name"], fields["next_offset"], fields["complete"]) == (NAME, 7, 0)
    assert frames[2].body.decode("gb18030").rstrip() == "文件内容错: 第 3 行 x"
    lines = [event for event in logs if event["event"] == "transaction"][-3:]
    assert [(line["transaction"], line["response_code"]) for line in lines] == [
        ("file_put", "0000"),
        ("file_list", "0000"),
        ("file_get", "4002"),
    ]
    assert (bank.link.in_flight, len(rim.services.in_work)) == (0, 0)


@pytest.mark.parametrize(("request_", "code"), [(PUT, "9002"), (GET, "9003")], ids=["put", "get"])
def test_what_nobody_foresaw(rim, logs, request_, code):
    """A bug of ours is logged; a put may have been stored all the same, which its next chunk tells."""
    bank = rim.bank()
    bank.send(bank.build(*request_))
    rim.file_desk.works[0].done(ZeroDivisionError())
    assert [frame.code for frame in bank.frames()] == [code]
    [event] = [event for event in logs if event["event"] == "request_failed"]
    assert isinstance(event["error"], ZeroDivisionError)
    assert bank.request(ECHO).code == "0000"


@pytest.mark.parametrize(("may_be_stored", "code"), [(False, "1011"), (True, "9002")])
def test_a_disk_that_hangs_is_not_waited_for(rim, logs, may_be_stored, code):
    """At the deadline the bank is answered: busy when nothing was begun, else unknown; what comes later is ignored."""
    bank = rim.bank()
    bank.send(bank.build(*PUT))
    work = rim.file_desk.works[0]
    work.fate.may_be_stored = may_be_stored
    rim.pass_time(DB_TIMEOUT_S)
    assert [frame.code for frame in bank.frames()] == [code]
    assert [event["may_be_stored"] for event in logs if event["event"] == "files_overdue"] == [may_be_stored]
    work.done(Answer(ResponseCode.APPROVED, FilePutReply(NAME, 7, is_complete=False)))
    assert bank.frames() == []
    assert bank.link.in_flight == 0


def test_a_link_that_drains_waits_for_the_desk(rim):
    """What has begun is answered before the link ends."""
    bank = rim.bank()
    bank.send(bank.build(*PUT))
    bank.link.drain()
    assert bank.ends != "half-closed"
    rim.file_desk.works[0].done(Answer(ResponseCode.APPROVED, FilePutReply(NAME, 7, is_complete=False)))
    assert [frame.code for frame in bank.frames()] == ["0000"]
    assert bank.ends == "half-closed"
