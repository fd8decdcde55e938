"""Broken and hostile frames of every format: what the bank is told, what the log says, and what lives on. 异常报文"""

from typing import Any

import iso8583
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.protocol.dialects.elec02 import frames as elec02
from tests.protocol.dialects.iso8583.bank import IsoBank, rim_of
from tests.protocol.dialects.iso8583.frames import CHARACTERS, FORMS, fixed, network, pay, undo
from tests.protocol.dialects.lines import LINES, Elec02Line, Line
from tests.support.raw_bank import mac

Logs = list[dict[str, Any]]
each_format = pytest.mark.parametrize("name", LINES)

FORMAT_ERROR = {"standard": "1003", "elec02": "13", "iso8583": "30", "iso8583 packed": "30"}
MAC_WRONG = {"standard": "1002", "iso8583": "A0", "iso8583 packed": "A0"}
UNAUTHENTICATED = {"1001", "1002", "1005", "1006", "1007", "77", "A0", "A7", "31", "12"}
"""What may be told without a MAC."""


@pytest.fixture
def line(name: str, logs: Logs) -> Line:
    """A line of the format; what its sign-on logged is forgotten."""
    made: Line = LINES[name]()
    del logs[:]
    return made


def invalid(logs: Logs) -> list[tuple[str, str]]:
    """Return what the log says of messages that could not be read."""
    return [(line["path"], line["reason"]) for line in logs if line["event"] == "message_invalid"]


# --- length fields

LENGTHS = {
    "standard": [b"\x00\x00", b"\x00\x67", b"\x20\x01", b"\xff\xff"],
    "elec02": [
        *(b"00000002a3", b"-000000223", b"+000000223", b"0000 00223", b"2 2 3     ", b"0x00000223", b"1_000     "),
        *(b"0000000112", b"0000065537", b"9999999999", b"          ", b"\x00" * 10, b"22.3      "),
    ],
    "iso8583": [*(b"02a3", b"-223", b"+223", b"2 23", b" - 1", b"1_00", b"0039", b"4097", b"9999", b"    ", bytes(4))],
    "iso8583 packed": [b"\x00\x00", b"\x00\x13", b"\x10\x01", b"\xff\xff"],
}
ALL_LENGTHS = [(name, raw) for name, lengths in LENGTHS.items() for raw in lengths]


@pytest.mark.parametrize(("name", "length"), ALL_LENGTHS)
def test_lengths_that_cannot_be_followed(line: Line, logs: Logs, length: bytes) -> None:
    """The connection ends at once, unanswered; the log says where from and why; nothing is taken to be a frame."""
    assert line.send(length + line.payment()) == []
    assert not line.is_open
    assert line.rim.gate.works == []
    [event] = logs
    assert (event["event"], event["peer"]) == ("length_invalid", "10.1.2.3")
    assert "length" in event["reason"]
    assert line.rim.events["length_invalid"] == 1


@each_format
def test_others_are_served_meanwhile(name: str, logs: Logs) -> None:
    """Another connection to the same daemon does not notice."""
    line = LINES[name]()
    if isinstance(line, Elec02Line):
        other = line.connection
        line.connect()
        line.send(b"x" * 10)
        assert not line.is_open
        other.dataReceived(line.framed(line.payment()))
        assert len(line.rim.gate.works) == 1
        return
    other = LINES[name]()
    line.send(b"\xff" * 4)
    assert not line.is_open
    assert other.send(other.sealed(other.payment())) == []
    assert len(other.rim.gate.works) == 1


@each_format
def test_a_frame_that_never_ends(line: Line, logs: Logs) -> None:
    """What has begun must be complete within ten seconds, however many bytes trickle in."""
    frame = line.sealed(line.payment())
    line.send(frame[:-20])
    for byte in frame[-20:-10]:
        line.rim.pass_time(0.9)
        line.send(bytes([byte]))
    assert line.is_open
    line.rim.pass_time(1.5)
    assert not line.is_open
    assert [event["event"] for event in logs if event["event"].endswith("timed_out")][:1] == ["frame_timed_out"]


# --- frames of zeros, of spaces, of anything


@each_format
@pytest.mark.parametrize("byte", [b"\0", b"0", b" ", b"\xff", b"F"])
@pytest.mark.parametrize("size", [40, 113, 300, 4_000])
def test_a_frame_of_one_byte_all_over(line: Line, logs: Logs, name: str, byte: bytes, size: int) -> None:
    """Told without a MAC that nobody knows it, or nothing at all; the line is open for what is right."""
    if size < {"standard": 104, "elec02": 113}.get(name, 40):
        return
    told = line.send(line.framed(byte * size))
    assert len(told) <= 1
    assert {seal for _, seal in told} <= {"zero", "none"}
    assert line.rim.gate.works == []
    assert "request_failed" not in [event["event"] for event in logs]
    if name != "elec02":  # where one exchange ends the connection
        assert line.is_open
        assert line.send(line.sealed(line.payment())) == []
        assert len(line.rim.gate.works) == 1


@pytest.fixture(scope="module")
def lines() -> dict[str, Any]:
    """Lines that live through many frames; a new one when one has ended."""
    return {}


def living(lines: dict[str, Any], name: str) -> Line:
    found: Line | None = lines.get(name)
    if isinstance(found, Elec02Line):
        found.hang_up()
        found.connect()
    elif found is None or not found.is_open:
        found = lines[name] = LINES[name]()
    return found


def check(line: Line, frame: bytes) -> list[tuple[str, str]]:
    """Send a frame, let the gate refuse what gets so far, and return what was told: at most one reply, and no bug."""
    with capture_logs() as logs:
        told = line.send(frame)
        told += line.answered()
    assert len(told) <= 1
    assert [event for event in logs if event["event"] == "request_failed"] == []
    for code, seal in told:
        assert seal in ("right", "none") or (seal == "zero" and code in UNAUTHENTICATED)
    return told


@each_format
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes(name: str, lines: dict[str, Any], data: st.DataObject) -> None:
    """Whatever a stranger sends in a frame is opened, and answered or dropped; nothing is raised."""
    line = living(lines, name)
    least = {"standard": 104, "elec02": 113}.get(name, 40)
    check(line, line.framed(data.draw(st.binary(min_size=least, max_size=least + 200))))


@each_format
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_under_a_right_mac(name: str, lines: dict[str, Any], data: st.DataObject) -> None:
    """Whatever the bank's own program gets wrong, and MACs: it is told, and nothing is raised."""
    line = living(lines, name)
    content = bytearray(line.payment())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["other", "gone", "more", "digit"])):
            case "other":
                content[at] = data.draw(st.integers(0, 255))
            case "digit":
                content[at] = data.draw(st.sampled_from(b"0123456789 -+_."))
            case "gone":
                del content[at : at + data.draw(st.integers(1, 9))]
            case "more":
                content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
        if len(content) < 120:
            return
    check(line, line.sealed(bytes(content)))


# --- MACs


@pytest.mark.parametrize("name", MAC_WRONG)
@pytest.mark.parametrize(
    "wrong", [bytes(16), b"\xff" * 16, b"0" * 16, b"G" * 16, b"+1-2+3-4+5-6+7-8", b"12 34 56 78 9A B"]
)
def test_a_mac_that_is_none(line: Line, name: str, wrong: bytes) -> None:
    """Wrong, zeros, no hex: told without a MAC, three times, then the connection ends; nothing is carried out."""
    frame = line.framed(line.payment() + wrong[: 16 if name == "iso8583" else 8])
    assert [line.send(frame) for _ in range(3)] == [[(MAC_WRONG[name], "zero")]] * 3
    assert not line.is_open
    assert line.rim.gate.works == []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_message_whose_mac_is_missing(form: Any, logs: Logs) -> None:
    """The end of another element is not taken for one, though it were right."""
    bank = IsoBank(rim_of(form), form).signed_on()
    size = form.mac_width
    bare, _ = iso8583.encode({**bank.message(pay(de63="x" * size))}, form.spec)
    signed = bytes(bare[:-size])
    right = form.mac_on_wire(mac("3des", bank.keys[1], signed))
    assert bank.told(form.framed(signed + right)) == ("A0", "zeros")
    assert bank.rim.gate.works == []


# --- ISO 8583: lengths inside of a message


@pytest.fixture
def iso(logs: Logs) -> IsoBank:
    """A bank that writes characters."""
    bank = IsoBank(rim_of(CHARACTERS), CHARACTERS).signed_on()
    del logs[:]
    return bank


def altered(bank: IsoBank, old: bytes, new: bytes, message: dict[str, str] | None = None) -> bytes:
    """Return a payment in which ``old`` has become ``new``, under a MAC that is right."""
    message = bank.message(message or pay())
    signed = CHARACTERS.sealed(message)[:-16]
    assert signed.count(old) == 1
    signed = signed.replace(old, new)
    return CHARACTERS.framed(signed + mac("3des", bank.keys[1], signed).hex().upper().encode())


@pytest.mark.parametrize("length", [b"+80", b" 80", b"8_0"])
def test_a_length_with_a_sign_or_a_gap(iso: IsoBank, logs: Logs, length: bytes) -> None:
    """30 under the MAC; the element is named, and the line goes on."""
    assert iso.told(altered(iso, b"0800900000001", length + b"0900000001")) == ("30", "right")
    assert invalid(logs) == [("DE 48", "its length is not digits")]
    assert iso.told(iso.frame(iso.message(network("301")))) == ("00", "right")


@pytest.mark.parametrize(("length", "path"), [(b"999", "DE 48"), (b"xyz", "DE 48")])
def test_an_element_that_is_longer_than_the_rest(iso: IsoBank, logs: Logs, length: bytes, path: str) -> None:
    """The element is named in the log, whatever can be told; nothing of it is quoted."""
    told = iso.told(altered(iso, b"0800900000001", length + b"0900000001"))
    assert told in (("30", "right"), ("A7", "zeros"))
    assert [where for where, _ in invalid(logs)] == [path]


@pytest.mark.parametrize("length", [b"-1", b"xx", b"99", b"1\xb2"])
def test_an_element_before_the_node(iso: IsoBank, logs: Logs, length: bytes) -> None:
    """Nobody can say whose it is: 31 without a MAC; the log names the element and not what stands in it."""
    number = "6222021234567890"
    frame = altered(iso, b"166222021234567890", length + number.encode(), pay(de2=number))
    assert iso.told(frame) == ("31", "zeros")
    assert [path for path, _ in invalid(logs)] == ["DE 2"]
    assert number[:6] not in str(logs)


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (pay(de4="0000001249.5"), "DE 4"),
        (pay(de4="-00000012495"), "DE 4"),
        (pay(de37="0" * 12), "DE 37"),
        (pay(de37=" " * 12), "DE 37"),
        (pay(de13="0230"), "DE 13"),
        (pay(de48=fixed("32s32s1s1s14s", "0900000001", "", "1", "0", "1.00")), "DE 48.expected_payable"),
        (pay(de48="户号".encode("gbk").decode("latin-1")), "DE 48"),
        (undo(de48=fixed("32s8s12s2s", "0900000001", "20260230", "1", "01")), "DE 48.original_date"),
    ],
)
def test_fields_that_do_not_fit(iso: IsoBank, logs: Logs, message: dict[str, str], path: str) -> None:
    """30 under the MAC; the log names the field, the bank and the serial, and quotes nothing."""
    sent = {name: text for name, text in message.items() if name in ("37", "13")}
    reply = iso.exchange(message, **{f"de{name}": text for name, text in sent.items()})
    assert (reply["39"], reply["mac"], reply["44"][:5]) == ("30", "right", "1003 ")
    [event] = [event for event in logs if event["event"] == "message_invalid"]
    assert (event["path"], event["bank_code"]) == (path, "0102")
    assert not any(secret in str(logs) for secret in ("0900000001", "1249", "6222", "1.00", "户"))
    assert iso.is_open


@pytest.mark.parametrize("original", ["0" * 12, " " * 12])
def test_an_undo_of_nothing(iso: IsoBank, logs: Logs, original: str) -> None:
    """A reversal must name its original by a serial that one can have."""
    data = fixed("32s8s12s2s", "0900000001", "20261122", original, "01")
    assert iso.told(iso.frame(iso.message(undo(de48=data)))) == ("30", "right")


# --- ELEC02: rows, amounts, serials, text


@pytest.mark.parametrize(
    ("content", "path", "reason"),
    [
        (elec02.pay("1", "100", [("B1", "100")])[:-1], "body", "66 bytes of rows, which are 67 bytes each: the last"),
        (elec02.pay("1", "100", [("B1", "100")]) + b"0", "body", "68 bytes of rows"),
        (elec02.pay("1", "100", [("B1", "1")] * 100), "body", "100 rows, more than 99"),
        (elec02.pay("1", "1.00", []), "body.KKA", "not an amount in digits"),
        (elec02.pay("1", "+100", []), "body.KKA", "not an amount in digits"),
        (elec02.pay("1", "1 00", []), "body.KKA", "not an amount in digits"),
        (elec02.pay("1", "100", [("B1", "1.00")]), "body.rows[0].JFJE", "not an amount in digits"),
        (elec02.pay("1", "100", [("B1", "1"), ("户", "1")]), "body.rows[1].YSH", "not printable ASCII"),
        (elec02.query(serial=""), "body.CLZ", "blank"),
        (elec02.query(serial="0" * 16), "body.CLZ", "zero"),
        (elec02.query(key="户号"), "body.JFH", "not printable ASCII"),
        (elec02.query()[:-1], "body", "109 bytes instead of 110"),
        (elec02.head("10"), "body", "0 bytes instead of 110"),
        (elec02.undo("1", "100", cancelled="99"), "body.CXA", "another than in OJA"),
        (
            elec02.pay("1", "100", []).replace(b"20261122" + b" " * 12, b"20260229" + b" " * 12),
            "body.WD0",
            "no such day",
        ),
    ],
)
@pytest.mark.parametrize("name", ["elec02"])
def test_elec02_that_does_not_fit(line: Line, logs: Logs, content: bytes, path: str, reason: str) -> None:
    """13, and the connection ends as after every exchange; the log names the field and quotes nothing."""
    assert line.send(line.framed(content)) == [("13", "none")]
    assert not line.is_open
    [(where, why)] = invalid(logs)
    assert (where, why[: len(reason)]) == (path, reason)
    assert not any(secret in str(logs) for secret in ("0900000001", "6222021234567890", "户", "1.00"))
    assert line.rim.gate.works == []


@pytest.mark.parametrize("original", ["", "0" * 16])
@pytest.mark.parametrize("name", ["elec02"])
def test_an_elec02_undo_of_nothing(line: Line, original: str) -> None:
    """A cancel must name its payment by a serial that one can have."""
    assert line.send(line.framed(elec02.undo(original, "100"))) == [("13", "none")]


@pytest.mark.parametrize("name", ["elec02"])
def test_text_that_is_cut_in_a_character(line: Line, logs: Logs) -> None:
    """The reason of a cancel is not looked at, so half a character in it is no reason to refuse an undo."""
    content = elec02.undo("2026112200000118", "24840")
    cut = content.replace("误交".encode("gbk"), "误交".encode("gbk")[:3] + b" ")
    assert cut != content
    assert line.send(line.framed(cut)) == []
    assert len(line.rim.gate.works) == 1


@pytest.mark.parametrize("name", ["elec02"])
def test_headers_of_elec02(line: Line, logs: Logs) -> None:
    """A code that nobody knows is told so; a node that nobody knows too, whatever is wrong besides."""
    assert line.send(line.framed(elec02.head("77"))) == [("59", "none")]
    for content in (elec02.head("10", node="999"), elec02.head("10", node=""), b"\xff" * 113):
        again: Line = LINES["elec02"]()
        assert again.send(again.framed(content)) == [("0f", "none")]


# --- the standard link: what is under a right MAC and does not fit


@pytest.mark.parametrize(
    ("at", "raw", "path"),
    [
        (32, b"20260229", "header.bank_date"),
        (32, b"2026 122", "header.bank_date"),
        (40, b"246000", "header.bank_time"),
        (46, b"00", "header.channel"),
        (46, b"11", "header.channel"),
        (46, b"+1", "header.channel"),
        (48, b"0" * 12, "header.bank_serial"),
        (48, b" " * 12, "header.bank_serial"),
        (48, b"-00000000117", "header.bank_serial"),
        (24, b"T\xff000042", "header.teller_id"),
        (60, b"20261122", "header.clearing_date"),
        (92, b"\0\0\0\1", "header.reserved"),
        (96, b"\xd6\xd0", "body.account_no"),
        (120, b"\3", "body.mode"),
    ],
)
@pytest.mark.parametrize("name", ["standard"])
def test_standard_that_does_not_fit(line: Line, logs: Logs, at: int, raw: bytes, path: str) -> None:
    """1003 under the MAC; the log names the field and quotes nothing; the line goes on."""
    content = line.payment()
    assert line.send(line.sealed(content[:at] + raw + content[at + len(raw) :])) == [("1003", "right")]
    assert [where for where, _ in invalid(logs)] == [path]
    assert "0100000001" not in str(logs)
    assert line.is_open
    assert line.rim.gate.works == []
