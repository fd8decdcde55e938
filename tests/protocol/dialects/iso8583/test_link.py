"""A bank of ISO 8583 from its sign-on to the end, through the links of a daemon in memory."""

from datetime import date, timedelta
from typing import Any

import pytest

from dbgate.errors import DatabaseUnavailable, OutcomeUnknown
from protocol.canonical.business import PayReply
from protocol.canonical.messages import Answer
from protocol.response_codes import ResponseCode
from tests.protocol.dialects.iso8583.bank import NOW, IsoBank, rim_of
from tests.protocol.dialects.iso8583.frames import (
    ACCOUNT,
    FORMS,
    PACKED,
    Form,
    Message,
    network,
    pay,
    query,
    request,
    taken_apart,
    totals,
    undo,
)
from tests.support.raw_bank import SUITES
from tests.support.rim import Rim, approved, reversed_

TODAY = NOW.date()
PAID = PayReply(ACCOUNT, "王建国", 12_495, 12_345, 150, 0, 0, 0, 1, "", 202610, 202610)


@pytest.fixture
def form(name: str) -> Form:
    """A form of the messages."""
    return FORMS[name]


@pytest.fixture
def rim(form: Form, logs: list[dict[str, Any]]) -> Rim:
    """A daemon whose banks speak it."""
    rim = rim_of(form)
    rim.gate.clearing_dates = dict.fromkeys(SUITES, TODAY)
    return rim


@pytest.fixture
def bank(rim: Rim, form: Form) -> IsoBank:
    """A bank that has signed on and proven its keys."""
    return IsoBank(rim, form).signed_on()


def told(reply: Message) -> tuple[str, str]:
    return reply["39"], reply["mac"]


# --- from sign-on to the end


@pytest.mark.parametrize("bank_code", SUITES)
def test_from_sign_on_to_sign_off(rim: Rim, form: Form, bank_code: str) -> None:
    """With the keys of each suite: sign-on, echo, payment, key change, reversal under the new keys, sign-off."""
    bank = IsoBank(rim, form, bank_code).signed_on()
    message = bank.message(pay())
    bank.send(bank.frame(message))
    [work] = rim.gate.works
    assert (work.needs.bank_code, work.needs.own.bank_code, work.needs.own.bank_serial) == (
        *(bank_code, bank_code, message["37"]),
    )
    rim.gate.finish(approved(PAID, clearing_date=date(2026, 11, 23)))
    [reply] = bank.received()
    assert (told(reply), reply["t"], reply["37"], reply["15"]) == (("00", "right"), "0210", message["37"], "1123")
    assert taken_apart("72s12s89s", reply["48"])[1] == "000000123456"

    bank.take_keys(bank.sign_on("101"))
    assert bank.version == 2
    bank.send(bank.frame(bank.message(undo("0420"))))
    rim.gate.finish(reversed_(ACCOUNT))
    [reply] = bank.received()
    assert (told(reply), reply["t"], reply["53"]) == (("00", "right"), "0430", "2".zfill(16))

    assert told(bank.exchange(network("002"))) == ("00", "right")
    assert bank.transport.is_half_closed
    assert rim.events.get("frame_dropped", 0) == rim.events.get("mac_failure", 0) == 0


def test_replies_go_as_they_come(rim: Rim, bank: IsoBank) -> None:
    """Many requests on one connection; each reply has the trace number and the serial of its own request."""
    messages = [bank.message(pay(amount)) for amount in (1, 2, 3)]
    bank.send(b"".join(map(bank.frame, messages)))
    assert (bank.received(), len(rim.gate.works)) == ([], 3)
    for index in (2, 0, 0):
        rim.gate.finish(approved(PAID), index)
    assert [(reply["11"], reply["37"]) for reply in bank.received()] == [
        (messages[index]["11"], messages[index]["37"]) for index in (2, 0, 1)
    ]


def test_a_frame_in_pieces(rim: Rim, bank: IsoBank) -> None:
    """Byte by byte it is the same frame."""
    for byte in bank.frame(bank.message(network("301"))):
        bank.send(bytes([byte]))
    assert [told(reply) for reply in bank.received()] == [("00", "right")]


def test_the_former_keys_after_a_key_change(rim: Rim, bank: IsoBank) -> None:
    """What was sent under them is answered under them."""
    old = bank.version
    bank.take_keys(bank.sign_on("101"))
    reply = bank.exchange(network("301"), de53=f"{old:016d}")
    assert (told(reply), reply["53"]) == (("00", "right"), f"{old:016d}")
    assert told(bank.exchange(network("301"))) == ("00", "right")
    rim.pass_time(50)
    assert told(bank.exchange(network("301"), de53=f"{old:016d}")) == ("00", "right")
    rim.pass_time(15)
    reply = bank.exchange(network("301"), de53=f"{old:016d}")
    assert told(reply) == ("A7", "zeros")


def test_keys_that_are_too_old(rim: Rim, form: Form) -> None:
    """Business is refused under its own MAC until the keys are changed; the link's own messages are not."""
    rim = rim_of(form, link={"key_lifetime": 30})
    bank = IsoBank(rim, form).signed_on()
    rim.pass_time(31)
    reply = bank.exchange(query())
    assert (told(reply), reply["44"][:4]) == (("A7", "right"), "1005")
    assert told(bank.exchange(network("301"))) == ("00", "right")
    bank.take_keys(bank.sign_on("101"))
    bank.send(bank.frame(bank.message(query())))
    assert len(rim.gate.works) == 1


def test_an_outcome_that_nobody_knows(rim: Rim, bank: IsoBank) -> None:
    """68 for a payment, 91 where nothing was done; both under the MAC, and the line stays."""
    for error, code in ((OutcomeUnknown("lost"), "68"), (DatabaseUnavailable("gone"), "91")):
        bank.send(bank.frame(bank.message(pay())))
        rim.gate.finish(error)
        assert [told(reply) for reply in bank.received()] == [(code, "right")]
    assert bank.is_open


# --- what is refused


@pytest.mark.parametrize(
    "message", [network("301"), network("002"), query(), pay(), undo(), totals(), request("0600"), network("101")]
)
def test_nothing_before_sign_on(rim: Rim, form: Form, message: Message) -> None:
    """77, and zeros as MAC."""
    bank = IsoBank(rim, form)
    assert bank.told(bank.frame(bank.message(message))) == ("77", "zeros")
    assert rim.gate.works == []


def test_a_wrong_mac(rim: Rim, bank: IsoBank) -> None:
    """A0 with zeros; the third in a row is answered and ends the connection; a right one in between is a new start."""
    wrong = [b"\x11" * 8, bytes(8)]

    def fail(number: int) -> tuple[str, str] | None:
        message = bank.message(pay())
        return bank.told(bank.form.framed(bank.form.sealed(message, lambda _: wrong[number % 2])))

    assert [fail(number) for number in range(2)] == [("A0", "zeros")] * 2
    assert told(bank.exchange(network("301"))) == ("00", "right")
    assert [fail(number) for number in range(3)] == [("A0", "zeros")] * 3
    assert not bank.is_open
    assert (rim.gate.works, rim.events["security_event"]) == ([], 1)


def test_every_byte_is_under_the_mac(rim: Rim, form: Form) -> None:
    """A payment changed anywhere is not carried out."""
    bank = IsoBank(rim, form).signed_on()
    frame = bank.frame(bank.message(pay()))
    width = len(form.prefix(0))
    for at in range(width, len(frame)):
        if not bank.is_open:
            bank = IsoBank(rim, form).signed_on()
            frame = bank.frame(bank.message(pay()))
        bank.send(frame[:at] + bytes([frame[at] ^ 0x08]) + frame[at + 1 :])
        assert rim.gate.works == [], at
        assert {reply["mac"] for reply in bank.received()} <= {"zeros"}, at


@pytest.mark.parametrize("place", ["64", "128"])
def test_where_the_mac_must_be(rim: Rim, bank: IsoBank, place: str) -> None:
    """Totals have elements above 64: a MAC in 64, right as it is, is none."""
    bank.send(bank.frame(bank.message(totals()), place=place))
    assert len(rim.gate.works) == (place == "128")
    assert [told(reply) for reply in bank.received()] == ([] if place == "128" else [("A0", "zeros")])


def test_keys_that_nobody_has(rim: Rim, bank: IsoBank) -> None:
    """Another version, none at all, one that is no number: A7. A sign-on names none."""
    for version in ("0" * 16, "9" * 16, None, "9".rjust(16, "F")):
        assert told(bank.exchange(pay(), de53=version)) == ("A7", "zeros")
    assert told(IsoBank(rim, bank.form).sign_on(de53="1".zfill(16))) == ("A7", "zeros")


@pytest.mark.parametrize("node", ["0999", "301", "1020", "102"])
def test_a_node_that_nobody_knows(rim: Rim, form: Form, node: str) -> None:
    """31 with zeros; one that only differs by its zeros is another."""
    reply = IsoBank(rim, form, node=node).sign_on()
    assert (told(reply), reply["44"][:4], "15" in reply) == (("31", "zeros"), "1006", False)


def test_another_bank_on_the_line(rim: Rim, bank: IsoBank) -> None:
    """A line is one bank's; each such frame counts as a wrong MAC."""
    for _ in range(3):
        assert told(bank.exchange(network("301"), de32="0103")) == ("77", "zeros")
    assert not bank.is_open


def test_a_second_sign_on(rim: Rim, bank: IsoBank) -> None:
    """06 under AK; the session goes on under its keys."""
    assert told(bank.sign_on()) == ("06", "right")
    assert told(bank.exchange(network("301"))) == ("00", "right")


@pytest.mark.parametrize(("seconds", "code"), [(-301, "82"), (-299, "00"), (299, "00"), (301, "82")])
def test_clocks(rim: Rim, form: Form, seconds: int, code: str) -> None:
    """DE 12 and DE 13 of a sign-on may differ from ours by five minutes."""
    at = NOW + timedelta(seconds=seconds)
    reply = IsoBank(rim, form).sign_on(de12=f"{at:%H%M%S}", de13=f"{at:%m%d}")
    assert told(reply) == (code, "right")


@pytest.mark.parametrize(("ours", "theirs"), [((12, 31, 23, 59), (1, 1, 0, 1)), ((1, 1, 0, 1), (12, 31, 23, 59))])
def test_clocks_at_new_year(rim: Rim, form: Form, ours: Any, theirs: Any) -> None:
    """A day without its year is the nearest: two minutes apart are two minutes apart."""
    month, day, hour, minute = ours
    rim.wall_now = NOW.replace(month=month, day=day, hour=hour, minute=minute)
    month, day, hour, minute = theirs
    reply = IsoBank(rim, form).sign_on(de12=f"{hour:02d}{minute:02d}00", de13=f"{month:02d}{day:02d}")
    assert told(reply) == ("00", "right")


def test_a_random_used_before(rim: Rim, form: Form) -> None:
    """A0, even when the MAC is right: somebody repeats what the bank once sent."""
    random = "AB" * 16
    assert told(IsoBank(rim, form).sign_on(de48=random)) == ("00", "right")
    assert told(IsoBank(rim, form).sign_on(de48=random.lower())) == ("A0", "zeros")


@pytest.mark.parametrize(
    "message", [pay(code="000000"), pay(de3=None), network("999"), request("0600"), request("1200", de3="500000")]
)
def test_messages_that_nobody_knows(rim: Rim, bank: IsoBank, message: Message) -> None:
    """40 under the MAC, and the line stays."""
    reply = bank.exchange(message)
    assert (told(reply), reply["44"][:4]) == (("40", "right"), "1004")
    assert bank.is_open


@pytest.mark.parametrize(("element", "text"), [("5", "1".zfill(12)), ("36", "6222"), ("127", "x"), ("65", "")])
def test_elements_that_nobody_knows(
    rim: Rim, bank: IsoBank, logs: list[dict[str, Any]], element: str, text: str
) -> None:
    """30 under the MAC, and the log names the element and nothing of the message."""
    message = bank.message(pay(), **{f"de{element}": text} if text else {})
    frame = bank.frame(message)
    if element == "65":
        frame = _with_third_bitmap(bank, message)
    del logs[:]
    assert bank.told(frame) == ("30", "right")
    [line] = [line for line in logs if line["event"] == "message_invalid"]
    assert (line["path"], line["reason"]) == (f"DE {element}", "not in the profile")
    assert line["bank_serial"] == message["37"]
    assert bank.is_open
    assert rim.gate.works == []


def _with_third_bitmap(bank: IsoBank, message: Message) -> bytes:
    """Return a payment whose second bitmap announces a third, which is empty."""
    form, width = bank.form, 8 if bank.form is PACKED else 16
    signed = form.sealed(message, place="128")[: -form.mac_width]
    at = (2 if form is PACKED else 4) + width
    second = bytes([0x80, *bytes(6), 1])
    third = second + bytes(8) if form is PACKED else (second + bytes(8)).hex().upper().encode()
    signed = signed[:at] + third + signed[at + width :]
    return form.framed(signed + form.mac_on_wire(bank._mac_by(message)(signed)))


def test_a_day_that_is_none(rim: Rim, bank: IsoBank, logs: list[dict[str, Any]]) -> None:
    """29 February of a year that has none: 30, and the log says why."""
    del logs[:]
    assert told(bank.exchange(pay(), de13="0229")) == ("30", "right")
    assert [(line["path"], line["reason"]) for line in logs if "path" in line] == [
        ("DE 13", "no such day within a year")
    ]


def test_the_day_of_a_payment(rim: Rim, bank: IsoBank) -> None:
    """It goes to the gate with the year that is nearest; what is too far away is refused there."""
    for day in (date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23), date(2026, 5, 24), date(2027, 5, 22)):
        bank.send(bank.frame(bank.message(pay(), de13=f"{day:%m%d}")))
        [work] = rim.gate.works
        assert work.needs.own.bank_date == day
        rim.gate.finish(Answer(ResponseCode.FORMAT_ERROR))


# --- the FEP's own echo


def echo_of(rim: Rim, bank: IsoBank) -> Message:
    """Let the line be idle for a minute and return the echo that comes."""
    rim.pass_time(60)
    [echo] = bank.received()
    return echo


def answer_to(echo: Message, **changes: str | None) -> Message:
    reply = {**echo, "t": "0810", "39": "00"} | {name.removeprefix("de"): text for name, text in changes.items()}
    return {name: text for name, text in reply.items() if name != "mac" and text is not None}


def test_an_idle_line_is_tested(rim: Rim, bank: IsoBank) -> None:
    """0800 with 70 = 301 under the session's MAK, again and again, as long as each is answered."""
    for number in range(12):
        echo = echo_of(rim, bank)
        assert (echo["t"], echo["70"], echo["32"], echo["mac"]) == ("0800", "301", "0102", "right")
        assert (echo["37"], echo["11"]) == (f"{900_000_001 + number:012d}", f"{number + 1:06d}")
        bank.send(bank.frame(answer_to(echo)))
        assert (bank.received(), rim.events.get("frame_dropped", 0)) == ([], 0)
    assert bank.is_open


def test_an_idle_line_that_says_nothing(rim: Rim, bank: IsoBank) -> None:
    """It is closed ten seconds later."""
    echo_of(rim, bank)
    rim.pass_time(9)
    assert bank.is_open
    rim.pass_time(2)
    assert not bank.is_open


def test_an_echo_that_comes_back(rim: Rim, bank: IsoBank) -> None:
    """Our own request is no request of the bank's: a line that sends everything back is not answered for ever."""
    echo = echo_of(rim, bank)
    for _ in range(3):
        assert bank.told(bank.frame({name: text for name, text in echo.items() if name != "mac"})) is None
    assert rim.events["frame_dropped"] == 3


def test_replies_that_nobody_waits_for(rim: Rim, bank: IsoBank) -> None:
    """Dropped and counted, never answered; with a wrong MAC they count as failures."""
    for message in (answer_to(bank.message(network("301"))), {**bank.message(pay()), "t": "0210", "39": "00"}):
        assert bank.told(bank.frame(message)) is None
    assert rim.events["frame_dropped"] == 2
    for _ in range(3):
        assert bank.told(bank.form.framed(bank.form.sealed(answer_to(bank.message(network("301")))))) is None
    assert not bank.is_open


def test_a_bank_that_is_called_otherwise(form: Form) -> None:
    """Its frames have its node in DE 32, and so has our echo, which it answers."""
    rim = rim_of(form, node="301")
    bank = IsoBank(rim, form, node="301").signed_on()
    echo = echo_of(rim, bank)
    assert echo["32"] == "301"
    bank.send(bank.frame(answer_to(echo, de32="301")))
    assert rim.events.get("frame_dropped", 0) == 0


def test_an_answer_with_no_more_than_the_document_asks(rim: Rim, bank: IsoBank) -> None:
    """DE 39 = 00 and DE 11, 37, 53 and 70 repeated."""
    echo = echo_of(rim, bank)
    kept = {name: echo[name] for name in ("11", "37", "53", "70")}
    bank.send(bank.frame({"t": "0810", "39": "00", **kept}))
    assert rim.events.get("frame_dropped", 0) == 0


# --- the end


def test_a_daemon_that_drains(rim: Rim, bank: IsoBank) -> None:
    """What has begun is answered, new business gets 91, then the line ends."""
    bank.send(bank.frame(bank.message(pay())))
    rim.factory.drain()
    assert told(bank.exchange(query())) == ("91", "right")
    rim.gate.finish(approved(PAID))
    assert [told(reply) for reply in bank.received()] == [("00", "right")]
    assert bank.transport.is_half_closed
