"""Broken and hostile frames of ISO 8583 and ELEC02 on real sockets: the bank is told, the daemon lives on. 异常报文"""

import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import iso8583
import pytest

from tests.protocol.dialects.elec02.frames import framed, head
from tests.protocol.dialects.iso8583 import frames
from tests.support.ports import free_port
from tests.support.raw_bank import DEADLINE_S, new_serial
from tests.system.conftest import Site
from tests.system.tellers.bank import FORMATS, PACKED_WITH_NUMBER, Bank, Format, start
from tests.system.tellers.elec02 import Elec02Teller
from tests.system.tellers.iso8583 import CHARACTERS_WITH_DIGITS, NODE, Iso8583Teller
from tests.system.tellers.iso8583_line import ECHO, Elements, Form, Line
from tests.system.tellers.teller import Teller

PACKED_PORT = free_port()
PACKED = Format(
    "0909",
    lambda _: Iso8583Teller(PACKED_PORT, PACKED_WITH_NUMBER),
    file=f'dialect = "packed"\nnode = "{NODE}"\nsuite = "3des"\n',
    settings={
        "dialect.packed": {"format": "iso8583", "length": "binary", "packing": "packed"},
        "listener.dialect": {"packed": [f"127.0.0.1:{PACKED_PORT}"]},
    },
    has_keys=True,
)
"""A second form of ISO 8583 beside the first, on a port of its own."""
ISO = {"iso8583": CHARACTERS_WITH_DIGITS, "packed": Form(frames.PACKED.spec, has_digits=False)}


@pytest.fixture(scope="module")
def banks() -> dict[str, Bank]:
    """The banks of the site, by their format."""
    return {}


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Site], secrets: set[str], banks: dict[str, Bank]) -> Iterator[Site]:
    """A site whose daemon serves a bank of each format, and of both forms of one."""
    site = make_site()
    formats = {name: FORMATS[name] for name in ("standard", "elec02", "iso8583")} | {"packed": PACKED}
    banks |= {name: Bank(site, bank_format) for name, bank_format in formats.items()}
    start(site)
    yield site
    for bank in banks.values():
        bank.hang_up()
    site.close(secrets)


@pytest.fixture
def witness(site: Site, banks: dict[str, Bank]) -> Iterator[Teller]:
    """A teller of another bank who is served, on the connection that he has, whatever the others send."""
    teller, account = banks["standard"].teller(), site.take("owing")
    yield teller
    assert teller.query(account.account_no).payable_fen == account.payable


def port_of(site: Site, name: str) -> int:
    return PACKED_PORT if name == "packed" else site.daemon.port + FORMATS[name].port_offset


def logged(site: Site, mark: int, *words: str) -> dict[str, Any]:
    """Wait for a line of the log since a mark in which all the words stand."""
    return site.daemon.wait_for_event(lambda event: all(word in json.dumps(event) for word in words), mark)


def until_closed(connection: socket.socket) -> bytes:
    """Return what comes before the daemon closes the connection."""
    connection.settimeout(DEADLINE_S)
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionError:
        pass
    return received


# --- what is no frame


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("elec02", b"00000002a3"),
        ("elec02", b"-000000223"),
        ("elec02", b"0000 00223"),
        ("elec02", b"0000065537"),
        ("iso8583", b"01x4"),
        ("iso8583", b"+134"),
        ("iso8583", b"4097"),
        ("packed", b"\x10\x01"),
    ],
)
def test_a_length_that_cannot_be_followed(site: Site, witness: Teller, name: str, raw: bytes) -> None:
    """The connection ends at once and unanswered; the log says why."""
    mark, started = site.daemon.mark(), time.monotonic()
    with socket.create_connection(("127.0.0.1", port_of(site, name)), timeout=DEADLINE_S) as connection:
        connection.sendall(raw + b"0" * 300)
        assert until_closed(connection) == b""
    assert time.monotonic() - started < 5  # frame_timeout is 10 s: nothing was waited for
    assert logged(site, mark, "length_invalid")["peer"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "frame", "told"),
    [
        ("elec02", framed(bytes(300)), b"0f"),
        ("elec02", framed(b"0" * 300), b"0f"),
        ("iso8583", b"0300" + b"0" * 300, b"31"),
        ("packed", b"\x01\x2c" + bytes(300), b"31"),
        ("iso8583", b"0300" + bytes(300), b""),
        ("packed", b"\x01\x2c" + b"\xff" * 300, b""),
    ],
)
def test_frames_of_one_byte(site: Site, witness: Teller, name: str, frame: bytes, told: bytes) -> None:
    """Nobody knows whose they are: said without a MAC, or nothing where not even the type can be read."""
    mark = site.daemon.mark()
    with socket.create_connection(("127.0.0.1", port_of(site, name)), timeout=DEADLINE_S) as connection:
        connection.sendall(frame)
        connection.shutdown(socket.SHUT_WR)
        received = until_closed(connection)
    assert (told in received) if told else (received == b"")
    assert logged(site, mark, '"transaction"', "1006")["bank_code"] == "unknown"


def test_noise(site: Site, witness: Teller) -> None:
    """Random bytes on every port, cut off hard; no line of the log is a fault."""
    for name in ("elec02", "iso8583", "packed"):
        for size in (1, 7, 500, 70_000):
            with socket.create_connection(("127.0.0.1", port_of(site, name)), timeout=DEADLINE_S) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(os.urandom(size))


# --- ISO 8583


@pytest.fixture(params=ISO)
def line(request: pytest.FixtureRequest, site: Site) -> Iterator[Line]:
    """A connection that has signed on, in each form."""
    signed_on = Line(port_of(site, request.param), NODE, ISO[request.param])
    yield signed_on
    signed_on.socket.close()


def taken_apart(received: bytes, form: Form) -> list[dict[str, str]]:
    """Return the messages in what was received."""
    messages = []
    while received:
        width = 4 if form.has_digits else 2
        size = int(received[:4]) if form.has_digits else int.from_bytes(received[:2])
        content, received = received[width : width + size], received[width + size :]
        messages.append(dict(iso8583.decode(content, form.spec)[0]))
    return messages


def payment(line: Line, account_no: str, amount_fen: int, serial: int | None = None, **others: str) -> Elements:
    """Return a deposit."""
    data = f"{account_no:32}{'6222020200010001':32}10{'':14}"
    serial = new_serial() if serial is None else serial
    return line.elements("0200", serial, de3="210000", de4=f"{amount_fen:012d}", de48=data, **others)


def balance(line: Line, account_no: str) -> int:
    reply = line.exchange(line.elements("0100", new_serial(), de3="310000", de48=f"{account_no:32}101"))
    return int(reply["48"].encode("latin-1")[143:157])


@pytest.mark.parametrize(("element", "text"), [("36", "6222"), ("5", "000000000100"), ("127", "x")])
def test_an_element_that_nobody_knows(site: Site, witness: Teller, line: Line, element: str, text: str) -> None:
    """30 under the MAC, nothing is paid, the log names the element, and the line goes on."""
    account_no = site.take("empty").account_no
    mark = site.daemon.mark()
    reply = line.exchange(payment(line, account_no, 100, **{f"de{element}": text}))
    assert (reply["39"], reply["44"][:5]) == ("30", "1003 ")
    event = logged(site, mark, "message_invalid")
    assert (event["path"], event["reason"]) == (f"DE {element}", "not in the profile")
    assert balance(line, account_no) == 0


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"de13": "0230"}, "DE 13"),
        ({"de37": "0" * 12}, "DE 37"),
        ({"de37": " " * 12}, "DE 37"),
        ({"de48": "x"}, "DE 48"),
    ],
)
def test_a_field_that_does_not_fit(site: Site, witness: Teller, line: Line, changes: dict[str, str], path: str) -> None:
    """30 under the MAC; the log names the field."""
    mark = site.daemon.mark()
    request = payment(line, "0199700001", 100) | {name.removeprefix("de"): text for name, text in changes.items()}
    assert line.exchange(request)["39"] == "30"
    assert logged(site, mark, "message_invalid")["path"] == path
    assert line.exchange(line.elements("0800", new_serial(), de70=ECHO))["39"] == "00"


def test_elements_that_are_read_over(site: Site, witness: Teller, line: Line) -> None:
    """Card, track, original data, of odd length too: the payment is made."""
    account_no = site.take("empty").account_no
    over = {"de2": "622202123456789", "de22": "021", "de35": "622202123456789D2912", "de43": "x" * 40, "de90": "0" * 42}
    assert line.exchange(payment(line, account_no, 700, **over))["39"] == "00"
    assert balance(line, account_no) == 700


def test_a_serial_used_before(site: Site, witness: Teller, line: Line) -> None:
    """The same payment again, on whatever type, is answered again; another one under its serial is 94."""
    account_no, serial = site.take("empty").account_no, new_serial()
    first = line.exchange(payment(line, account_no, 500, serial))
    again = line.exchange({**payment(line, account_no, 500, serial), "t": "0201"})
    other = line.exchange(payment(line, account_no, 501, serial))

    assert (first["39"], again["39"], other["39"]) == ("00", "00", "94")
    assert first["48"] == again["48"]
    assert balance(line, account_no) == 500


def test_three_wrong_macs(site: Site, witness: Teller, line: Line) -> None:
    """Each is A0 with zeros; then the line ends with an alarm, and the bank's other line does not."""
    other = Line(line.socket.getpeername()[1], NODE, line._form)
    mark, account_no = site.daemon.mark(), site.take("empty").account_no
    frame = line.frame(payment(line, account_no, 100))
    for _ in range(3):
        line.send(frame[:-1] + bytes([frame[-1] ^ 1]))
    replies = taken_apart(until_closed(line.socket), line._form)

    assert [(reply["39"], reply["64"]) for reply in replies] == [("A0", "0" * 16)] * 3
    logged(site, mark, "security_event")
    assert balance(other, account_no) == 0
    other.socket.close()


def test_a_mac_in_the_wrong_place(site: Site, witness: Teller, line: Line) -> None:
    """In 64 with an element behind it: no MAC at all, though the end of that element would be a right one."""
    width = line._mac_bytes
    elements = {**payment(line, "0199700001", 100), "53": f"{line.version:016d}", "64": "0" * 16, "102": "x" * width}
    signed = bytes(iso8583.encode(elements, line._form.spec)[0][:-width])
    content = signed + line._seal(signed)
    line.send((b"%04d" % len(content) if line._form.has_digits else struct.pack(">H", len(content))) + content)
    line.socket.shutdown(socket.SHUT_WR)
    assert [reply["39"] for reply in taken_apart(until_closed(line.socket), line._form)] == ["A0"]


# --- ELEC02


@pytest.fixture
def teller(site: Site) -> Elec02Teller:
    """A bank's program that makes a new connection for each exchange."""
    return Elec02Teller(port_of(site, "elec02"))


def test_rows_that_are_cut(site: Site, witness: Teller, teller: Elec02Teller) -> None:
    """13, nothing is paid, and the log says where; the right payment is made afterwards."""
    shown = teller.query(site.take("owing").account_no)
    request = teller.settle(shown)
    assert isinstance(request.content, bytes)
    for content in (request.content[:-1], request.content + b" " * 66, request.content + request.content[-67:] * 99):
        mark = site.daemon.mark()
        assert teller.exchange(content) == ("13", b"")
        assert logged(site, mark, "message_invalid")["path"] == "body"
    assert teller.query(shown.account_no).bills == shown.bills
    assert teller.ask(request).is_approved


@pytest.mark.parametrize(
    ("at", "raw", "path"),
    [
        (113 + 32, b" " * 16, "body.CLZ"),
        (113 + 32, b"0" * 16, "body.CLZ"),
        (113 + 48, b"20260230", "body.WD0"),
        (113 + 182, b"100.00      ", "body.KKA"),
        (113 + 103, b"\xd6\xd0", "body.JFH"),
    ],
)
def test_a_field_of_elec02_that_does_not_fit(
    site: Site, witness: Teller, teller: Elec02Teller, at: int, raw: bytes, path: str
) -> None:
    """13; the log names the field and quotes nothing."""
    content = teller.settle(teller.query(site.take("owing").account_no)).content
    assert isinstance(content, bytes)
    mark = site.daemon.mark()
    assert teller.exchange(content[:at] + raw + content[at + len(raw) :]) == ("13", b"")
    assert logged(site, mark, "message_invalid")["path"] == path


def test_a_serial_of_elec02_used_before(site: Site, witness: Teller, teller: Elec02Teller) -> None:
    """The same payment again gets the same reply; with another amount 13."""
    shown, serial = teller.query(site.take("owing").account_no), new_serial()
    first = teller.ask(teller.settle(shown, serial=serial))
    assert first.is_approved
    assert teller.ask(teller.settle(shown, serial=serial)) == first
    assert "2006" in teller.ask(teller.settle(shown, amount_fen=shown.payable_fen + 1, serial=serial)).means


def test_a_header_alone(witness: Teller, teller: Elec02Teller) -> None:
    """A message that has no body where it must have one."""
    assert [teller.exchange(head(code))[0] for code in ("10", "11", "12", "77")] == ["13", "13", "13", "59"]
