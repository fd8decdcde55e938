"""Bitmap messages: types, repeats, elements that nobody knows, and the MAC as the last element, in both forms."""

from types import SimpleNamespace
from typing import Any

import iso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.bindings import Constant, Echo
from protocol.bitmap import BitmapPackager, spec_of, written_as
from protocol.bound import Sources
from protocol.characters import Number
from protocol.elements import Elements, Variable
from protocol.errors import LocalProtocolError
from protocol.flags import RESPONSE
from protocol.layout import Field
from protocol.packager import Unpacked
from protocol.padded import Characters
from tests.protocol.dialects.iso8583.frames import CHARACTERS, FORMS, PACKED, Form, Message

HEAD = Elements(
    Field("11", Number(6), "trace number", "跟踪号", "head.trace_no"),
    Field("32", Variable(Characters(11)), "node", "节点", "frame.node"),
    Field("53", Number(16), "key version", "密钥版本", "frame.key_version"),
    Field("70", Number(3), "network code", "网络码"),
    optional="53 70",
)
REPLY = Elements(
    Field("11", Number(6), "trace number", "跟踪号", Echo("11")),
    Field("32", Variable(Characters(11)), "node", "节点", Echo("32")),
    Field("39", Characters(2), "code", "应答码", "answer.code"),
)
TOTALS = Elements(Field("74", Number(10), "number", "笔数", "body.count"))
KEYS = {"0200": "3", "0800": "70"}
MAC = bytes.fromhex("0123456789ABCDEF")
ASKED: Message = {"t": "0200", "3": "500000", "11": "000117", "32": "301", "53": "3".zfill(16)}

each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def packager(form: Form) -> BitmapPackager:
    accepted = {*HEAD.names, "2", "3", "35", "37", "74", "90", "100"}
    return BitmapPackager(HEAD, accepted, KEYS, is_packed=form is PACKED)


def unpacked(form: Form, message: Message, **sealed: Any) -> Unpacked:
    return packager(form).unpack(form.sealed(message, lambda _: MAC, **sealed), {})


def problem_of(one: Unpacked) -> tuple[str, str]:
    assert one.problem is not None
    return one.problem.path, one.problem.reason


# --- reading


@each_form
def test_a_message_is_taken_apart(form: Form) -> None:
    """Elements as text, whatever their form; what is under the MAC is everything before it, from the MTI on."""
    frame = form.sealed(ASKED, lambda _: MAC)
    one = packager(form).unpack(frame, {})

    assert one.problem is None
    assert (one.signed, one.body, one.header) == (frame[: -form.mac_width], frame[: -form.mac_width], b"")
    assert one.mac == MAC
    assert {name: one.sent[name] for name in ASKED} == {name: text.encode() for name, text in ASKED.items()}
    assert one.said == {"code": "0200 500000", "flags": 0, "node": "301", "key_version": 3}


@each_form
@pytest.mark.parametrize(
    ("mti", "key", "code", "flags"),
    [
        ("0200", "500000", "0200 500000", 0),
        ("0201", "500000", "0200 500000", 0),
        ("0420", "500000", "0420", 0),
        ("0421", "500000", "0420", 0),
        ("0203", "500000", "0202", 0),
        ("0210", "500000", "0200 500000", RESPONSE),
        ("0430", "500000", "0420", RESPONSE),
        ("0200", None, "0200", 0),
        ("1200", "500000", "1200", 0),
        ("0999", "500000", "0988", RESPONSE),
    ],
)
def test_what_a_message_is(form: Form, mti: str, key: str | None, code: str, flags: int) -> None:
    """The type of a first try and the element that tells, where the type does not; of a reply, what it answers."""
    message = {**ASKED, "t": mti} | ({"3": key} if key else {})
    if key is None:
        del message["3"]
    said = unpacked(form, message).said
    assert (said["code"], said["flags"]) == (code, flags)


@pytest.mark.parametrize("mti", [b"02A0", b"\xff\xff\xff\xff", b"    ", b"+200", b"2.0\0"])
def test_a_type_that_is_none(mti: bytes) -> None:
    """It means nothing, and what follows it can still be read."""
    one = packager(CHARACTERS).unpack(mti + CHARACTERS.sealed(ASKED)[4:], {})
    assert (one.said["code"], one.said["flags"], one.said["node"]) == ("", 0, "301")


@each_form
def test_a_malformed_element_of_the_header_says_nothing(form: Form) -> None:
    """Nobody is asked by half a number; the others still tell who asks."""
    said = unpacked(form, {**ASKED, "53": "ABCDEF".zfill(16)}).said
    assert said == {"code": "0200 500000", "flags": 0, "node": "301"}


# --- the MAC


@each_form
def test_the_mac_is_the_last_element(form: Form) -> None:
    """64; 128 when an element above 64 is there."""
    above = {**ASKED, "74": "1".zfill(10)}
    assert unpacked(form, ASKED, place="64").mac == MAC
    assert unpacked(form, above, place="128").mac == MAC
    assert unpacked(form, above, place="64").mac == b""
    assert unpacked(form, {**ASKED, "64": "F" * 16}, place="128").mac == MAC


@each_form
def test_a_message_without_a_mac(form: Form) -> None:
    """What stands at its end is no MAC, however well it would fit."""
    content, _ = iso8583.encode({**ASKED, "37": "0123456789AB"}, form.spec)
    one = packager(form).unpack(bytes(content), {})
    assert (one.problem, one.mac) == (None, b"")


@pytest.mark.parametrize("mac", ["0123456789ABCDEG", "01 23 45 67 89  ", "\x00" * 16])
def test_a_mac_that_is_no_hex(mac: str) -> None:
    """It is none; the message has no other fault."""
    content = CHARACTERS.sealed(ASKED)[:-16] + mac.encode()
    one = packager(CHARACTERS).unpack(content, {})
    assert one.problem is None
    assert one.mac != MAC
    assert len(one.mac) < 8


def test_a_mac_in_small_letters() -> None:
    """Hex is hex."""
    content = CHARACTERS.sealed(ASKED)[:-16] + b"0123456789abcdef"
    assert packager(CHARACTERS).unpack(content, {}).mac == MAC


@each_form
def test_what_is_malformed_is_authenticated_all_the_same(form: Form) -> None:
    """The bank's own mistake is told under a MAC: what covers a broken message is found where it must stand."""
    frame = form.sealed({**ASKED, "5": "1".zfill(12)}, lambda _: MAC)
    one = packager(form).unpack(frame, {})
    assert (one.signed, one.mac, problem_of(one)) == (frame[: -form.mac_width], MAC, ("DE 5", "not in the profile"))


# --- what cannot be read


@each_form
def test_elements_that_nobody_knows(form: Form) -> None:
    """The first of them is named; everything else has been read, so that the bank is known and can be told."""
    one = unpacked(form, {**ASKED, "28": "D00000001", "8": "1".zfill(8), "127": "x"})
    assert problem_of(one) == ("DE 8", "not in the profile")
    assert (one.said["node"], one.said["key_version"]) == ("301", 3)


def with_third_bitmap(form: Form, first: int) -> bytes:
    """Return a message whose second bitmap announces a third one, which begins with the byte ``first``."""
    frame = form.sealed({**ASKED, "74": "1".zfill(10)}, lambda _: MAC)
    third = bytes([first, *bytes(7)])
    if form is CHARACTERS:
        return frame[:20] + b"%02X" % (int(frame[20:22], 16) | 0x80) + frame[22:36] + third.hex().encode() + frame[36:]
    return frame[:10] + bytes([frame[10] | 0x80]) + frame[11:18] + third + frame[18:]


@each_form
@pytest.mark.parametrize(("first", "path"), [(0, "DE 65"), (0x40, "DE 130")])
def test_a_third_bitmap(form: Form, first: int, path: str) -> None:
    """1987 has two: element 65, or what the third one announces, is refused by number like any other."""
    one = packager(form).unpack(with_third_bitmap(form, first), {})
    assert problem_of(one) == (path, "not in the profile")
    assert (one.said["node"], one.mac) == ("301", MAC)


@each_form
def test_a_message_that_ends_too_early_or_too_late(form: Form) -> None:
    """The element that does not fit any more is named, and never what stands in it."""
    frame = form.sealed(ASKED, lambda _: MAC)
    assert problem_of(packager(form).unpack(frame[: -form.mac_width] + frame[-1:], {}))[0] == "DE 64"
    assert problem_of(packager(form).unpack(frame + b"0", {})) == ("DE 64", "Extra data after last field")
    assert problem_of(packager(form).unpack(b"", {}))[0] == "MTI"
    assert problem_of(packager(form).unpack(frame[:6], {}))[0] == "bitmap"


@pytest.mark.parametrize("length", [b"+3", b"-3", b" 3", b"3 ", b"0x", b"\xb2\xb3", b"_3"])
def test_lengths_are_digits(length: bytes) -> None:
    """A length with a sign, a gap or anything else is refused under the element's number."""
    frame = CHARACTERS.sealed(ASKED)
    at = frame.index(b"03301")
    one = packager(CHARACTERS).unpack(frame[:at] + length + frame[at + 2 :], {})
    assert problem_of(one) == ("DE 32", "its length is not digits")


def test_a_length_with_an_underscore() -> None:
    """Python reads 1_1 as eleven; no bank does."""
    frame = CHARACTERS.sealed({**ASKED, "60": "12345678901"})
    one = packager(CHARACTERS).unpack(frame.replace(b"01112345678901", b"1_112345678901"), {})
    assert problem_of(one) == ("DE 60", "its length is not digits")


def test_a_packed_length_is_bcd() -> None:
    """Half a byte above nine is no digit."""
    frame = PACKED.sealed(ASKED)
    one = packager(PACKED).unpack(frame.replace(b"\x03\x30\x10", b"\x0a\x30\x10"), {})
    assert problem_of(one) == ("DE 32", "Failed to decode field length, invalid BCD data")


@pytest.mark.parametrize("bitmap", [b"ZZZZZZZZZZZZZZZZ", b"20200001000008 1", b"20 20 01 00 08  "])
def test_a_bitmap_that_is_no_hex(bitmap: bytes) -> None:
    """Sixteen hexadecimal digits without gaps."""
    one = packager(CHARACTERS).unpack(b"0200" + bitmap + CHARACTERS.sealed(ASKED)[20:], {})
    assert problem_of(one)[0] == "bitmap"


@each_form
def test_an_element_longer_than_the_rest(form: Form) -> None:
    """What is announced must be there; what stands in its place is not quoted."""
    secret = "6222021234567890"
    content, _ = iso8583.encode({**ASKED, "100": secret[:11]}, form.spec)
    path, reason = problem_of(packager(form).unpack(bytes(content[:-3]), {}))
    assert path == "DE 100"
    assert secret[:4] not in reason


# --- the form


@each_form
def test_every_element_is_written_as_jpos_does(form: Form) -> None:
    """Each accepted element by itself, as the packager of the same letter writes it."""
    spec = spec_of(is_packed=form is PACKED)
    for name in map(str, (*range(2, 28), 32, 33, 35, 37, 38, *range(41, 52), 53, 54, *range(59, 64), *range(66, 91))):
        text = "1234567" if form.spec[name]["len_type"] else "1" * form.spec[name]["max_len"]
        message = {"t": "0200", name: text}
        assert iso8583.encode(dict(message), spec)[0] == iso8583.encode(dict(message), form.spec)[0], name


def test_packed_numbers_of_odd_length() -> None:
    """A zero in front of fixed ones, behind those that vary; track 2 too, whose separator is half a byte."""
    spec = spec_of(is_packed=True)
    for name, text, raw in (
        ("22", "021", "0021"),
        ("70", "301", "0301"),
        ("32", "301", "033010"),
        ("35", "62220D1", "0762220D10"),
        ("2", "622202123456789", "156222021234567890"),
    ):
        assert iso8583.encode({"t": "0200", name: text}, spec)[0].hex().upper().endswith(raw), name


def test_how_documents_call_them() -> None:
    """Numbers, text, and what varies."""
    assert [written_as(name) for name in ("11", "37", "32", "48")] == [
        *("n 6", "ans 12", "LLVAR n ..11", "LLLVAR ans ..999")
    ]


# --- building


def packed(form: Form, mti: str, body: Elements = TOTALS, **values: Any) -> Message:
    """Return the reply to a request of this type, as plain pyiso8583 reads it."""
    sent = {name: text.encode() for name, text in {**ASKED, "t": mti}.items()}
    answer, totals = SimpleNamespace(code="00"), SimpleNamespace(count=5)
    outgoing = packager(form).pack(REPLY, body, Sources({"answer": answer, "body": totals}, {**sent, **values}))
    assert outgoing is not None
    assert packager(form).signed(outgoing) == outgoing.body
    return form.decoded(packager(form).seal(outgoing, MAC))


@each_form
@pytest.mark.parametrize(
    ("asked", "answered"), [("0200", "0210"), ("0201", "0210"), ("0421", "0430"), ("0420", "0430"), ("0800", "0810")]
)
def test_the_type_of_a_reply(form: Form, asked: str, answered: str) -> None:
    """One more in the third digit, repeat or not."""
    assert packed(form, asked)["t"] == answered


@each_form
def test_a_reply_has_room_for_its_mac(form: Form) -> None:
    """128 behind elements above 64, else 64; in hex or as bytes."""
    reply = packed(form, "0200")
    elements = {name: text for name, text in reply.items() if name not in ("t", "p", "1")}
    assert reply["t"] == "0210"
    assert elements == {"11": "000117", "32": "301", "39": "00", "74": "0000000005", "128": MAC.hex().upper()}
    small = packed(form, "0200", Elements())
    assert (small["64"], "128" in small, "1" in small) == (MAC.hex().upper(), False, False)


@each_form
def test_what_cannot_be_answered(form: Form) -> None:
    """A message without a type has no type that answers it."""
    for sent in ({}, {"t": b"02A0"}, {"t": b""}):
        sources = Sources({"answer": SimpleNamespace(code="30")}, sent)
        assert packager(form).pack(REPLY, Elements(), sources) is None


@each_form
def test_what_was_sent_is_repeated_byte_for_byte(form: Form) -> None:
    """Whatever stands in it, as long as the form can say it."""
    odd = {"11": b"ABCDEF", "32": b""} if form is PACKED else {"11": b" \xff\x00\n 1", "32": b"\xd6\xd0"}
    reply = packed(form, "0200", **odd)
    assert {name: reply[name].encode("latin-1") for name in odd} == odd


@each_form
def test_our_own_requests(form: Form) -> None:
    """Their type is the beginning of their code."""
    frame = SimpleNamespace(code="0800 301", node="301")
    head = Elements(Field("32", Variable(Characters(11)), "node", "节点", "frame.node"))
    body = Elements(Field("70", Number(3), "code", "网络码", Constant(301)))
    outgoing = packager(form).pack(head, body, Sources({"frame": frame}))

    assert outgoing is not None
    message = form.decoded(packager(form).seal(outgoing, MAC))
    assert (message["t"], message["32"], message["70"], message["128"]) == ("0800", "301", "301", MAC.hex().upper())


def test_a_node_that_the_form_cannot_say() -> None:
    """Letters do not fit half bytes: our own mistake, under the element's number and without its value."""
    frame = SimpleNamespace(code="0800", node="ICBC")
    head = Elements(Field("32", Variable(Characters(11)), "node", "节点", "frame.node"))
    with pytest.raises(LocalProtocolError, match="DE 32") as caught:
        packager(PACKED).pack(head, Elements(), Sources({"frame": frame}))
    assert "ICBC" not in str(caught.value)


# --- anything


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(FORMS)))
def test_any_bytes_are_taken_apart(frame: bytes, name: str) -> None:
    """Nothing that a stranger sends raises; what cannot be read is said to be so."""
    one = packager(FORMS[name]).unpack(frame, {})
    assert one.problem is not None or one.sent["t"]


@settings(deadline=None)
@given(st.data())
def test_any_damage_is_taken(data: st.DataObject) -> None:
    """Nor does any message of which some bytes are others."""
    form = FORMS[data.draw(st.sampled_from(sorted(FORMS)))]
    frame = bytearray(form.sealed({**ASKED, "74": "1".zfill(10), "2": "622202123456789"}))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    packager(form).unpack(bytes(frame), {})
