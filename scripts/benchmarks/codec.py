"""PAY parsed and built in each dialect, against plain struct and plain pyiso8583 in the same run.

To parse is ``open`` and ``request``: a frame without its length field becomes a canonical request. To build is
``reply`` and ``seal``: an approved answer becomes a frame, with a MAC that is given. No MAC is computed on either side.
Before anything is timed, the yardstick must have built the same bytes:

- struct: one unpack of the whole frame, then each value as a handler could use it: text decoded and stripped, digits
  as ``int`` (days and times too), the serial as ``str``; nothing is checked. One pack of the whole reply, from the
  request's fields as they were sent and from the answer: text encoded and padded, numbers as digits.
- pyiso8583: ``decode`` of the message to its dict of elements, and ``encode`` of the reply's, with the dialect's spec.
  Element 48 is one element to it, of which the dialect reads and builds every field.

Rounds go through all dialects and their yardsticks in turn; every message differs in serial, account and amount. CPU
time of this process; medians of the rounds, of the ratios of each round too.
"""

import argparse
import gc
import json
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median
from typing import Any

import iso8583

from protocol.bitmap import MAC_SIZE, Spec, spec_of
from protocol.canonical.business import PayReply
from protocol.canonical.messages import Answer, Request
from protocol.dialect import Dialect, Envelope, Sealing
from protocol.dialects.registry import DIALECTS, dialect_of
from protocol.response_codes import ResponseCode

NOW = datetime(2026, 11, 21, 10, 15, 30)  # noqa: DTZ001 - wall clock of the link, as the FEP hands it over
MAC = bytes(range(MAC_SIZE))
NAME, PAYER, OUTLET, TELLER = "中山市测试用户", "6222020200011122233", "010200000117", "T0000042"
KEY_VERSION = 3
DAY, MOMENT = b"20261121", b"101530"
COLLECTED_OBJECTS = 50_000
"""New objects between two rounds of the garbage collector, as in the daemon."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What one PAY says, and what answers it."""

    serial: bytes
    account_no: str
    amount_fen: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The same work by hand.

    Attributes:
        name: of what it is made with.
        request: makes the frame of a PAY, without its length field.
        parse: turns a frame into values.
        kept: of a request's frame and of the frame that answers it, returns what ``build`` is given; it is not timed.
        build: turns that and an answer into a frame.
        unwritten: bytes in front of a reply that ``build`` leaves out.
    """

    name: str
    request: Callable[[Payment], bytes]
    parse: Callable[[bytes], Any]
    kept: Callable[[bytes, bytes], Any]
    build: Callable[[Any, Answer], bytes | bytearray]
    unwritten: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One dialect and its yardstick; ``aim`` is the most that it may cost, as a multiple."""

    name: str
    dialect: Dialect
    yardstick: Yardstick
    aim: float | None


def _payment(number: int) -> Payment:
    account_no, amount_fen = f"0102{number:06d}", 12_000 + number
    body = PayReply(account_no, NAME, amount_fen, 12_000, number, 0, 0, 0, 2, "", 202609, 202610)
    answer = Answer(ResponseCode.APPROVED, body, fep_serial=10_000 + number, clearing_date=date(2026, 11, 21))
    return Payment(b"%012d" % number, account_no, amount_fen, answer)


# --- the standard link by struct

STANDARD_HEAD = "BBH4s4s12s8s8s6s2s12s8s12s8sL4s"
STANDARD_REQUEST = struct.Struct(f">{STANDARD_HEAD}16sqBBB5s32sq8s8s")
STANDARD_REPLY = struct.Struct(f">H{STANDARD_HEAD}16s64sqqqqqqH6s16s6s6s4s8s8s")


def standard_request(payment: Payment) -> bytes:
    head = (1, 0, 2002, b"    ", b"0102", OUTLET.encode(), TELLER.encode(), DAY, MOMENT, b"01", payment.serial)
    tail = (b"0" * 8, b"0" * 12, bytes(8), KEY_VERSION, bytes(4))
    body = (_an(payment.account_no, 16), payment.amount_fen, 1, 2, 0, bytes(5), _an(PAYER, 32), -1, bytes(8))
    return STANDARD_REQUEST.pack(*head, *tail, *body, MAC)


def standard_parse(frame: bytes) -> tuple[object, ...]:
    (
        version, flags, code, _, bank, branch, teller, day, moment, channel, serial, _, _, _, key_version, _,
        account, amount, mode, instrument, invoice, _, payer, expected, _, mac,
    ) = STANDARD_REQUEST.unpack(frame)  # fmt: skip
    return (
        version, flags, code, bank.decode(), branch.decode().rstrip(), teller.decode().rstrip(), int(day), int(moment),
        int(channel), serial.decode(), key_version, account.decode().rstrip(), amount, mode, instrument, invoice,
        payer.decode().rstrip(), expected, mac,
    )  # fmt: skip


def standard_build(request: tuple[Any, ...], answer: Answer) -> bytes:
    day, body = _day(answer), _body(answer)
    return STANDARD_REPLY.pack(
        STANDARD_REPLY.size - 2, 1, 1, request[2], b"0000", *request[4:11],
        day, b"%012d" % (answer.fep_serial or 0), bytes(8), request[14], bytes(4),
        body.account_no.encode().ljust(16), body.name.encode("gb18030").ljust(64),
        body.amount_fen, body.settled_principal_fen, body.settled_late_fee_fen, body.balance_change_fen,
        body.balance_after_fen, body.due_after_fen, body.settled_count, bytes(6), body.invoice_no.encode().ljust(16),
        b"%06d" % (body.first_month or 0), b"%06d" % (body.last_month or 0), bytes(4), bytes(8), MAC,
    )  # fmt: skip


# --- ELEC02 by struct: one bill listed

ELEC02_REQUEST = struct.Struct(
    "3s12s12s20s8s14s1s10s32s1s12s12s8s16s8s12s8s12s12s3s32s12s32s3s12s4s1s1s40s2s1s32s2s12s6s5s16s12s2s12s"
)
ELEC02_REPLY = struct.Struct("10s3s2s60s12s12s20s8s14s1s10s32s1s12s16s8s12s8s16s3s12s255s")


def elec02_request(payment: Payment) -> bytes:
    amount = str(payment.amount_fen)
    head = ("11", "301", "0901", payment.serial.decode(), "20261121", "20261121101530", "9", "1", "", "0")
    body = ("301", "3010017", TELLER, payment.serial.decode(), "20261121", "0901", "20261121", "4711", "0901", "001")
    rest = (payment.account_no, "301", PAYER, "RMB", amount, "", "0", "", NAME, "01", "0", payment.serial.decode())
    row = ("1", amount, "202610", "", "B000000000000001", amount, "1", "0")
    sizes = [int(size) for size in ELEC02_REQUEST.format.rstrip("s").split("s")]
    values = (*head, *body, *rest, *row)
    return ELEC02_REQUEST.pack(*(_text(value, size) for value, size in zip(values, sizes, strict=True)))


def elec02_parse(frame: bytes) -> tuple[object, ...]:
    (
        code, node, _, _, _, sent, _, _, _, _,
        wtc, branch, teller, serial, day, _, _, reference, _, _, account, _, payer, _, amount, _, _, _, _, _, _, _,
        _, due, _, _, bill, _, _, _,
    ) = ELEC02_REQUEST.unpack(frame)  # fmt: skip
    return (
        code.decode().rstrip(), node.decode().rstrip(), int(sent[8:]), wtc.decode().rstrip(), branch.decode().rstrip(),
        teller.decode().rstrip(), serial.decode().rstrip(), int(day), int(reference), account.decode().rstrip(),
        payer.decode().rstrip(), int(amount), int(due), bill.decode().rstrip(),
    )  # fmt: skip


def elec02_build(request: tuple[Any, ...], answer: Answer) -> bytes:
    code, node, own_node, message_id, work_date, *_ = request
    wtc, serial, day, company = request[10], request[13], request[14], request[18]
    now = b"%04d%02d%02d%02d%02d%02d" % NOW.timetuple()[:6]
    return ELEC02_REPLY.pack(
        b"%010d" % (ELEC02_REPLY.size - 10), code, b"00", b"".ljust(60), own_node, node, message_id, work_date, now,
        request[6], b"0".ljust(10), b"".ljust(32), b"0", company, (b"%012d" % (answer.fep_serial or 0)).ljust(16),
        _day(answer), wtc, day, serial, b"RMB", (b"%d" % _body(answer).amount_fen).ljust(12), b"".ljust(255),
    )  # fmt: skip


# --- ISO 8583 by pyiso8583

LENGTH_DIGITS = 4
"""In front of a frame; to pyiso8583 they are no part of a message."""


def _iso8583(spec: Spec) -> Yardstick:
    """Return the yardstick of one form."""

    def request(payment: Payment) -> bytes:
        serial, data = payment.serial.decode(), _an(payment.account_no, 32) + _an(PAYER, 32) + b"20" + b" " * 14
        elements = {
            "t": "0200", "3": "500000", "4": f"{payment.amount_fen:012d}", "7": "1121101530", "11": serial[6:],
            "12": "101530", "13": "1121", "32": "0901", "37": serial, "41": TELLER, "42": OUTLET.ljust(15),
            "48": data.decode(), "49": "156", "53": f"{KEY_VERSION:016d}", "60": "01", "64": MAC.hex(),
        }  # fmt: skip
        return bytes(iso8583.encode(elements, spec)[0])

    def kept(_request: bytes, reply: bytes) -> dict[str, str]:
        elements, _ = iso8583.decode(reply[LENGTH_DIGITS:], spec)
        del elements["p"]  # which encode makes
        return elements

    return Yardstick(
        "pyiso8583",
        request,
        lambda frame: iso8583.decode(frame, spec),
        kept,
        lambda elements, _: iso8583.encode(elements, spec)[0],
        unwritten=LENGTH_DIGITS,
    )


# --- what both sides write


def _an(value: str, size: int) -> bytes:
    return value.encode("ascii").ljust(size)


def _text(value: str, size: int) -> bytes:
    return value.encode("gbk").ljust(size)


def _day(answer: Answer) -> bytes:
    day = answer.clearing_date
    assert day is not None
    return b"%04d%02d%02d" % (day.year, day.month, day.day)


def _body(answer: Answer) -> PayReply:
    assert isinstance(answer.body, PayReply)
    return answer.body


def cases() -> list[Case]:
    standard = Yardstick(
        "struct", standard_request, standard_parse, lambda frame, _: STANDARD_REQUEST.unpack(frame), standard_build
    )
    elec02 = Yardstick(
        "struct", elec02_request, elec02_parse, lambda frame, _: ELEC02_REQUEST.unpack(frame), elec02_build
    )
    iso8583_packed = dialect_of("iso8583", {"packing": "packed"}, "iso8583")
    return [
        Case("standard", DIALECTS["standard"], standard, 15),
        Case("iso8583, ascii", DIALECTS["iso8583"], _iso8583(spec_of(is_packed=False)), 1.5),
        Case("iso8583, packed", iso8583_packed, _iso8583(spec_of(is_packed=True)), 1.5),
        Case("elec02", DIALECTS["elec02"], elec02, None),
    ]


# --- measuring

Calls = tuple[Callable[..., object], Sequence[tuple[Any, ...]]]
"""What is called, and with what each time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that is done by a dialect and by its yardstick, and what it took in each round, in µs a message."""

    case: Case
    what: str
    yardstick: Calls
    dialect: Calls
    yardstick_us: list[float] = field(default_factory=list)
    dialect_us: list[float] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        ratios = [ours / theirs for ours, theirs in zip(self.dialect_us, self.yardstick_us, strict=True)]
        return {
            "dialect": self.case.name,
            "what": self.what,
            "yardstick": self.case.yardstick.name,
            "yardstick_us": round(median(self.yardstick_us), 2),
            "dialect_us": round(median(self.dialect_us), 2),
            "ratio": round(median(ratios), 2),
            "aim": self.case.aim,
        }


def prepared(case: Case, count: int) -> list[Measured]:
    """Return what is measured of ``case``; AssertionError when the two do not build the same from so many messages."""
    dialect, yardstick = case.dialect, case.yardstick

    def parse(frame: bytes) -> Request:
        envelope = dialect.open(frame, NOW)
        return dialect.request(envelope, envelope.body)

    def build(envelope: Envelope, answer: Answer) -> bytes:
        outgoing = dialect.reply(envelope, answer, Sealing(envelope.key_version))
        assert outgoing is not None
        return dialect.seal(outgoing, MAC)

    frames, envelopes, kept = [], [], []
    for payment in map(_payment, range(1, count + 1)):
        frame = yardstick.request(payment)
        envelope = dialect.open(frame, NOW)
        body: Any = dialect.request(envelope, envelope.body).body
        assert (body.account_no, body.amount_fen) == (payment.account_no, payment.amount_fen), case.name
        reply = build(envelope, payment.answer)
        frames.append((frame,))
        envelopes.append((envelope, payment.answer))
        kept.append((yardstick.kept(frame, reply), payment.answer))
        assert yardstick.build(*kept[-1]) == reply[yardstick.unwritten :], case.name
    return [
        Measured(case, "parse", (yardstick.parse, frames), (parse, frames)),
        Measured(case, "build", (yardstick.build, kept), (build, envelopes)),
    ]


def microseconds(calls: Calls) -> float:
    """Return the CPU time of one call."""
    function, arguments = calls
    started = time.process_time()
    for each in arguments:
        function(*each)
    return (time.process_time() - started) / len(arguments) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=500, help="of each dialect in a round")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = [one for case in cases() for one in prepared(case, arguments.messages)]
    gc.freeze()
    gc.set_threshold(COLLECTED_OBJECTS)
    for _ in range(arguments.rounds):
        for one in measured:
            one.yardstick_us.append(microseconds(one.yardstick))
            one.dialect_us.append(microseconds(one.dialect))
    rows = [one.row() for one in measured]
    if arguments.json:
        print(json.dumps(rows))
    else:
        report(rows)


def report(rows: Sequence[dict[str, object]]) -> None:
    print(f"{'PAY':<17}{'':<7}{'yardstick':<11}{'its us':>8}{'us':>8}{'ratio':>8}{'aim':>6}")
    for row in rows:
        aim = "" if row["aim"] is None else row["aim"]
        print(
            f"{row['dialect']:<17}{row['what']:<7}{row['yardstick']:<11}"
            f"{row['yardstick_us']:>8}{row['dialect_us']:>8}{row['ratio']:>8}{aim:>6}"
        )


if __name__ == "__main__":
    main()
