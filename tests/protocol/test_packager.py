"""Fixed fields in frames: where the header ends, and where a MAC stands: nowhere, behind the message, in a field."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.bindings import Constant, Echo
from protocol.bound import Sources
from protocol.fields import Octets
from protocol.format import NOTHING
from protocol.layout import Field
from protocol.packager import FieldMac, FixedPackager, FrameFields, Unpacked
from protocol.padded import Characters, Count
from protocol.part import Part
from protocol.sheet import RowsToEnd, Sheet

MAC = bytes.fromhex("0123456789ABCDEF")

HEAD = Sheet(
    "header",
    Field("CODE", Characters(2), "code", "交易码", "frame.code"),
    Field("NODE", Characters(4), "node", "节点", "frame.node"),
    Field("VER", Count(1), "key version", "密钥版本", "frame.key_version"),
)
HEAD_WITH_MAC = Sheet("header", *HEAD.fields, Field("HMAC", Octets(8), "MAC", "校验"))
ROW = Sheet("row", Field("BILL", Characters(2), "bill", "应收号", "bill_no"))
ROWS = RowsToEnd("body.rows", lambda bill_no: bill_no, ROW, 9)
BODY = Sheet("body", Field("ACCOUNT", Characters(4), "account", "户号", "body.account_no"), rows=ROWS)
BODY_WITH_MAC = Sheet("body", *BODY.fields, Field("BMAC", Octets(8), "MAC", "校验"), rows=ROWS)
REPLY_HEAD = Sheet(
    "header",
    Field("RESULT", Characters(2), "result", "结果", "answer.code"),
    Field("NODE", Characters(4), "node", "节点", Echo("NODE")),
)
REPLY_HEAD_WITH_MAC = Sheet("header", Field("HMAC", Octets(8), "MAC", "校验"), *REPLY_HEAD.fields)
REPLY = Sheet("body", Field("NAME", Characters(4), "name", "户名", "body.name"))
REPLY_WITH_MAC = Sheet("body", Field("BMAC", Octets(8), "MAC", "校验"), *REPLY.fields)


def requests(request: Sheet) -> dict[str, Part]:
    return {"10": request}


def sealed(packager: FixedPackager, head: Sheet = REPLY_HEAD, body: Sheet = REPLY) -> tuple[bytes, bytes]:
    """Return what the MAC of a reply covers, and the reply with it."""
    sources = Sources(
        {"answer": SimpleNamespace(code="00"), "body": SimpleNamespace(name="WANG")}, {"NODE": b"301 ", "CODE": b"10"}
    )
    outgoing = packager.pack(head, body, sources)
    return packager.signed(outgoing), packager.seal(outgoing, MAC)


# --- no MAC, and one behind the message


def test_no_mac() -> None:
    """Header and body; what a MAC would cover is everything, and nothing is added."""
    packager = FixedPackager(HEAD)
    one = packager.unpack(b"10301 309001122", {})

    assert (one.header, one.body, one.signed, one.mac) == (b"10301 3", b"09001122", b"10301 309001122", b"")
    assert (one.said, one.problem) == ({"code": "10", "node": "301", "key_version": 3}, None)
    assert sealed(packager) == (b"00301 WANG", b"00301 WANG")


def test_a_mac_that_is_constant() -> None:
    """A field bound to a constant, in a format without a MAC: written always, not looked at."""
    head = Sheet("header", Field("RESULT", Characters(2), "", "", "answer.code"))
    reply = Sheet("body", *REPLY.fields, Field("MAC", Characters(8), "MAC, not used", "校验", Constant("00000000")))
    assert sealed(FixedPackager(HEAD), head, reply)[1] == b"00WANG00000000"
    asked = Sheet("body", *BODY.fields, Field("MAC", Characters(4), "MAC, not used", "校验", Constant("0000")))
    one = FixedPackager(HEAD).unpack(b"10301 30900\xff\0xx", requests(asked))
    assert (one.mac, one.problem) == (b"", None)


def test_a_mac_behind_the_message() -> None:
    """It covers everything before it."""
    packager = FixedPackager(HEAD, mac=8)
    one = packager.unpack(b"10301 30900" + MAC, {})

    assert (one.header, one.body, one.signed, one.mac) == (b"10301 3", b"0900", b"10301 30900", MAC)
    assert sealed(packager) == (b"00301 WANG", b"00301 WANG" + MAC)


# --- a MAC in a field, over chosen fields

IN_HEADER = FieldMac("HMAC", ("CODE", "NODE", "RESULT"))
IN_BODY = FieldMac("BMAC", ("NODE", "ACCOUNT", "NAME"))


def test_a_mac_in_a_field_of_the_header() -> None:
    """Over the fields that are chosen, in the order in which they are named."""
    packager = FixedPackager(HEAD_WITH_MAC, IN_HEADER)
    one = packager.unpack(b"10301 3" + MAC + b"0900B1", requests(BODY))

    assert (one.signed, one.mac, one.body) == (b"10301 ", MAC, b"0900B1")
    assert sealed(packager, REPLY_HEAD_WITH_MAC) == (b"301 00", MAC + b"00301 WANG")
    reordered = FieldMac("HMAC", ("NODE", "CODE"))
    assert FixedPackager(HEAD_WITH_MAC, reordered).unpack(b"10301 3" + MAC, {}).signed == b"301 10"


def test_a_mac_in_a_field_of_the_body() -> None:
    """Found once the message is known; the header's fields may be covered too, rows are not."""
    packager = FixedPackager(HEAD, IN_BODY)
    one = packager.unpack(b"10301 30900" + MAC + b"B1B2", requests(BODY_WITH_MAC))

    assert (one.signed, one.mac, one.problem) == (b"301 0900", MAC, None)
    assert sealed(packager, REPLY_HEAD, REPLY_WITH_MAC) == (b"301 WANG", b"00301 " + MAC + b"WANG")


def test_what_is_not_covered_may_change() -> None:
    """And what is covered changes what the MAC is over."""
    packager = FixedPackager(HEAD_WITH_MAC, IN_HEADER)
    frames = [b"10301 3" + MAC + b"0900", b"10301 4" + MAC + b"0901", b"10302 3" + MAC + b"0900"]
    first, uncovered, covered = [packager.unpack(frame, requests(BODY)).signed for frame in frames]
    assert first == uncovered != covered


def test_a_reply_without_the_field() -> None:
    """A message that has no room for a MAC has none, as a refusal whose body is empty."""
    signed, frame = sealed(FixedPackager(HEAD, IN_BODY), REPLY_HEAD, NOTHING)
    assert (signed, frame) == (b"301 ", b"00301 ")


def test_a_message_that_nobody_knows() -> None:
    """A MAC in the header is found all the same, one in the body is not."""
    header = FixedPackager(HEAD_WITH_MAC, IN_HEADER).unpack(b"77301 3" + MAC + b"0900", requests(BODY))
    body = FixedPackager(HEAD, IN_BODY).unpack(b"77301 30900" + MAC, requests(BODY_WITH_MAC))
    assert (header.mac, header.said["code"], header.problem) == (MAC, "77", None)
    assert (body.mac, body.problem) == (b"", None)


def test_a_body_of_the_wrong_size() -> None:
    """Its MAC cannot be found; why it cannot be read is said."""
    one = FixedPackager(HEAD, IN_BODY).unpack(b"10301 30900" + MAC[:7], requests(BODY_WITH_MAC))
    assert one.mac == b""
    assert one.problem is not None
    assert (one.problem.path, one.problem.reason) == ("body", "11 bytes, fewer than the 12 in front of the rows")


# --- what cannot be read

PACKAGERS = {
    "none": FixedPackager(HEAD),
    "behind": FixedPackager(HEAD, 8),
    "in the header": FixedPackager(HEAD_WITH_MAC, IN_HEADER),
    "in the body": FixedPackager(HEAD, IN_BODY),
}


@pytest.mark.parametrize("name", PACKAGERS)
@pytest.mark.parametrize("frame", [b"", b"1", b"10301 "])
def test_a_frame_shorter_than_the_header(name: str, frame: bytes) -> None:
    """A description whose length field lets one through is no reason to raise: the problem names the header."""
    one: Unpacked = PACKAGERS[name].unpack(frame, requests(BODY))
    assert one.problem is not None
    assert one.problem.path == "header"
    assert one.said == {"code": ""}


@settings(deadline=None)
@given(st.binary(max_size=40), st.sampled_from(sorted(PACKAGERS)))
def test_any_bytes_are_taken_apart(frame: bytes, name: str) -> None:
    """Nothing that a stranger sends raises."""
    PACKAGERS[name].unpack(frame, {**requests(BODY_WITH_MAC), "": requests(BODY)["10"]})


def test_what_a_header_says() -> None:
    """A field that is malformed or absent says nothing; a body's fields are none of the frame's."""
    fields = FrameFields(Sheet("header", *HEAD.fields, Field("X", Characters(1), "", "", "head.channel")))
    assert fields.said({"CODE": b"10", "NODE": b"\xff   ", "VER": b"x", "X": b"1"}) == {"code": "10"}
    assert fields.said({"NODE": b" 301"}) == {"node": "301"}
    assert fields.said({}) == {}
