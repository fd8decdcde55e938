"""ISO 8583 requests, put together by plain pyiso8583 in both forms, become canonical requests."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from protocol.canonical.business import PayRequest, QueryRequest, UndoRequest
from protocol.canonical.codes import Instrument, KeyKind, PayMode
from protocol.canonical.link import KeyRequest, NoBody
from protocol.canonical.messages import Head, Request, RequestBody
from protocol.canonical.reconciliation import Totals, TotalsRequest
from protocol.dialect import Dialect, Envelope
from protocol.dialects.registry import dialect_of
from protocol.errors import MessageInvalid
from protocol.transactions import Transaction
from tests.protocol.dialects.iso8583.frames import (
    ACCOUNT,
    FORMS,
    PACKED,
    PAYER,
    RANDOM,
    Form,
    Message,
    fixed,
    network,
    pay,
    query,
    request,
    sign_on,
    totals,
    undo,
)

NOW = datetime(2026, 11, 22, 10, 0, 3)  # noqa: DTZ001 - the wall clock of a link
DIALECTS: dict[str, Dialect] = {name: dialect_of("iso8583", form.options, "iso8583") for name, form in FORMS.items()}
MAC = bytes.fromhex("0123456789ABCDEF")

HEAD = Head("0901", "901017", "T0000042", date(2026, 11, 22), time(10), 1, "000000000117")
LINK_HEAD = replace(HEAD, branch_code="", teller_id="")
PAY = PayRequest(ACCOUNT, 12_495, PayMode.SETTLE, Instrument.CARD, True, PAYER, -1)
UNDO = UndoRequest(date(2026, 11, 22), "000000000118", ACCOUNT, 12_495, 7)
TOTALS = TotalsRequest(date(2026, 11, 21), Totals(22, 123_456, 1, 300, 3, 999_999_999_999_999))


def opened(name: str, message: Message, now: datetime = NOW, **sealed: Any) -> Envelope:
    return DIALECTS[name].open(FORMS[name].sealed(message, lambda _: MAC, **sealed), now)


def read(name: str, message: Message, now: datetime = NOW) -> Request:
    envelope = opened(name, message, now)
    return DIALECTS[name].request(envelope, envelope.body)


def refusal(name: str, message: Message, now: datetime = NOW) -> tuple[str, str]:
    with pytest.raises(MessageInvalid) as caught:
        read(name, message, now)
    return caught.value.path, caught.value.reason


MESSAGES: dict[str, tuple[Message, Transaction, RequestBody]] = {
    "sign-on": (sign_on(), Transaction.SIGN_IN, KeyRequest(RANDOM)),
    "sign-on with zeros in 53": (sign_on(de53="0" * 16), Transaction.SIGN_IN, KeyRequest(RANDOM)),
    "key change": (sign_on(de70="101"), Transaction.KEY_EXCHANGE, KeyRequest(RANDOM)),
    "sign-off": (network("002"), Transaction.SIGN_OUT, NoBody()),
    "echo": (network("301"), Transaction.ECHO, NoBody()),
    "query": (query(), Transaction.QUERY, QueryRequest(ACCOUNT, KeyKind.ACCOUNT_NO, 1)),
    "query, repeated": (query() | {"t": "0101"}, Transaction.QUERY, QueryRequest(ACCOUNT, KeyKind.ACCOUNT_NO, 1)),
    "query by meter, page 3": (query("M1", "2", "03"), Transaction.QUERY, QueryRequest("M1", KeyKind.METER_NO, 3)),
    "query by passbook, page 0": (query("P1", "3", "00"), Transaction.QUERY, QueryRequest("P1", KeyKind.PASSBOOK, 1)),
    "payment": (pay(), Transaction.PAY, PAY),
    "payment, repeated": (pay(mti="0201"), Transaction.PAY, PAY),
    "payment of what was seen": (
        pay(seen="00000000012495"),
        Transaction.PAY,
        replace(PAY, expected_payable_fen=12_495),
    ),
    "payment of nothing seen": (pay(seen="0" * 14), Transaction.PAY, replace(PAY, expected_payable_fen=0)),
    "deposit": (pay(code="210000"), Transaction.PAY, replace(PAY, mode=PayMode.DEPOSIT)),
    "deposit, repeated": (pay(code="210000", mti="0201"), Transaction.PAY, replace(PAY, mode=PayMode.DEPOSIT)),
    "cancel": (undo("0200"), Transaction.CANCEL, UNDO),
    "cancel, repeated": (undo("0201"), Transaction.CANCEL, UNDO),
    "reversal": (undo("0400"), Transaction.REVERSE, UNDO),
    "reversal, repeated": (undo("0401"), Transaction.REVERSE, UNDO),
    "reversal advice": (undo("0420"), Transaction.REVERSE, UNDO),
    "reversal advice, repeated": (undo("0421"), Transaction.REVERSE, UNDO),
    "reversal with any processing code": (undo("0400", de3="500000"), Transaction.REVERSE, UNDO),
    "totals": (totals(), Transaction.RECON_TOTALS, TOTALS),
    "totals, repeated": (totals("0501"), Transaction.RECON_TOTALS, TOTALS),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_every_request(name: str, what: str) -> None:
    """Both forms say the same."""
    message, transaction, body = MESSAGES[what]
    request = read(name, message)
    assert (request.transaction, request.body) == (transaction, body)
    assert request.head == (LINK_HEAD if message["t"] == "0800" else HEAD)


def test_what_authentication_needs(name: str) -> None:
    """The bank's node, its keys' version, and what is under the MAC: everything before it."""
    frame = FORMS[name].sealed(pay(), lambda _: MAC)
    envelope = opened(name, pay())
    assert (envelope.bank_code, envelope.key_version, envelope.mac) == ("0901", 3, MAC)
    assert (envelope.signed, envelope.problem) == (frame[: -FORMS[name].mac_width], None)
    assert (envelope.supported, envelope.is_response, envelope.is_encrypted, envelope.is_misdirected) == (
        *(True, False, False, False),
    )
    assert opened(name, sign_on()).key_version == 0


@pytest.mark.parametrize("node", ["1", "901", "0901", "00901", "12345678901"])
def test_nodes_of_every_length(name: str, node: str) -> None:
    """Odd ones have half a byte behind them when they are packed; their zeros in front are theirs."""
    assert opened(name, pay(de32=node)).bank_code == node


def test_a_packed_node_of_odd_length_ends_in_a_zero() -> None:
    """Anything else in that half byte is no such number."""
    frame = PACKED.sealed(pay(de32="901"))
    assert frame.count(b"\x03\x90\x10") == 1
    envelope = DIALECTS["packed"].open(frame.replace(b"\x03\x90\x10", b"\x03\x90\x1f"), NOW)
    assert envelope.problem is not None
    assert envelope.problem.path == "DE 32"


@pytest.mark.parametrize(("said", "channel"), [(None, 1), ("01", 1), ("03", 3), ("10", 10), ("7", 7)])
def test_channels(name: str, said: str | None, channel: int) -> None:
    """The counter when nothing is said."""
    assert read(name, pay(de60=said)).head.channel == channel


@pytest.mark.parametrize("said", ["00", "11", "99", ""])
def test_channels_that_are_none(name: str, said: str) -> None:
    """Refused by the element's number."""
    assert refusal(name, pay(de60=said)) == ("DE 60", "no such channel")


def test_what_may_be_absent(name: str) -> None:
    """Time of transmission, teller, outlet, currency: nothing else depends on them."""
    bare = read(name, pay(de7=None, de41=None, de42=None, de49=None))
    assert (bare.head, bare.body) == (LINK_HEAD, PAY)


MUST = {
    "payment": (pay(), ("4", "11", "12", "13", "32", "37", "48")),
    "query": (query(), ("11", "12", "13", "32", "37", "48")),
    "sign-on": (sign_on(), ("11", "12", "13", "32", "37", "48")),
    "reversal": (undo(), ("4", "11", "48")),
    "totals": (totals(), ("11", "15", "74", "86", "76", "88", "77", "89")),
}


@pytest.mark.parametrize(("what", "element"), [(what, name) for what, (_, names) in MUST.items() for name in names])
def test_what_must_be_there(name: str, what: str, element: str) -> None:
    """Missing, by number; a message that does not say whose it is says so by its node."""
    message = {key: text for key, text in MUST[what][0].items() if key != element}
    reason = "blank or malformed" if element == "32" else "missing"
    assert refusal(name, message) == (f"DE {element}", reason)


@pytest.mark.parametrize(
    ("element", "text"),
    [
        *(("2", "6222021234567890"), ("2", "622202123456789"), ("14", "9999"), ("18", "0000"), ("19", "156")),
        *(("22", "021"), ("23", "001"), ("24", "003"), ("25", "00"), ("26", "12"), ("33", "12345"), ("33", "123456")),
        *(("35", "6222021234567890D2912"), ("35", "6222D1"), ("38", "\xff\x00AB12"), ("43", "\xd6\xd0".ljust(40))),
        *(("45", "%B6222^WANG"), ("54", "\x01" * 120), ("59", ""), ("61", "x" * 999), ("62", "\xd6"), ("63", " ")),
        *(("90", "0" * 42), ("100", "1"), ("102", "6222021234567890"), ("103", "")),
    ],
)
def test_elements_that_are_read_over(name: str, element: str, text: str) -> None:
    """Whatever they hold, and wherever they stand: the request is the same, under a MAC in 64 or 128."""
    assert read(name, pay(**{f"de{element}": text})) == read(name, pay())
    assert opened(name, pay(**{f"de{element}": text})).mac == MAC


@pytest.mark.parametrize("element", ["5", "6", "8", "9", "10", "16", "17", "20", "21", "27", "28", "31", "34", "36"])
def test_elements_that_are_not_in_the_profile(name: str, element: str) -> None:
    """Refused by number; who asks, and the MAC, have been found all the same."""
    size = FORMS[name].spec[element]["max_len"]
    message = pay(**{f"de{element}": "1" * min(size, 28)})
    assert refusal(name, message) == (f"DE {element}", "not in the profile")
    assert (opened(name, message).bank_code, opened(name, message).mac) == ("0901", MAC)


@pytest.mark.parametrize(
    "element", ["40", "46", "47", "50", "51", "52", "55", "56", "57", "58", "67", "71", "80", "91"]
)
def test_further_elements_that_are_not_in_the_profile(name: str, element: str) -> None:
    """The same above."""
    spec = FORMS[name].spec[element]
    text = "1" if spec["len_type"] else "1" * spec["max_len"]
    assert refusal(name, pay(**{f"de{element}": text})) == (f"DE {element}", "not in the profile")


# --- what a message is


@pytest.mark.parametrize(
    "message",
    [
        pay(code="500001"),
        pay(code="000000"),
        pay(de3=None),
        network("000"),
        network("999"),
        request("0800"),
        request("0600"),
        request("0203", de3="500000"),
        request("1200", de3="500000"),
        request("0300"),
    ],
    ids=lambda message: f"{message['t']} {message.get('3', message.get('70', ''))}",
)
def test_messages_that_nobody_knows(name: str, message: Message) -> None:
    """No transaction; the bank and its keys are known, so that it can be told under a MAC."""
    envelope = opened(name, message)
    assert (envelope.transaction, envelope.problem, envelope.bank_code, envelope.mac) == (None, None, "0901", MAC)


# --- identity and content


def test_the_content_is_what_is_asked(name: str) -> None:
    """Amount, data, and which transaction it is; who asks, when, and whether again do not belong to it."""
    digest = read(name, pay()).digest
    same = [
        pay(mti="0201"),
        pay(de11="999999", de12="235959", de13="1121", de37="A00000000001", de7=None),
        pay(de41="OTHER".ljust(8), de42=None, de49="840", de53="9".zfill(16), de60="05", de2="6222021234567890"),
    ]
    other = [
        pay(12_496),
        pay(code="210000"),
        pay(seen="00000000012495"),
        pay(de48=fixed("32s32s1s1s14s", ACCOUNT, PAYER, "1", "1", "")),
    ]
    assert {read(name, message).digest for message in same} == {digest}
    assert len({digest} | {read(name, message).digest for message in other}) == 5


def test_reversals_of_every_type_are_the_same_content(name: str) -> None:
    """0400, 0401, 0420 and 0421 with the same data; a cancel is another."""
    digests = {read(name, undo(mti)).digest for mti in ("0400", "0401", "0420", "0421")}
    assert len(digests) == 1
    assert read(name, undo("0200")).digest not in digests


def test_both_forms_have_the_same_content() -> None:
    """A bank that changes its form repeats what it asked before."""
    for message, _, _ in MESSAGES.values():
        assert read("ascii", message).digest == read("packed", message).digest


@pytest.mark.parametrize("serial", ["ABCDEFGHIJKL", "000000000001", "1           ", "        0001", "a-1/2"])
def test_serials(name: str, serial: str) -> None:
    """Letters and digits, kept with their zeros; spaces around them are none of it."""
    assert read(name, pay(de37=serial.ljust(12))).head.bank_serial == serial.strip()


@pytest.mark.parametrize(("serial", "reason"), [("0" * 12, "zero"), (" " * 12, "blank"), ("   000      ", "zero")])
def test_serials_that_identify_nothing(name: str, serial: str, reason: str) -> None:
    """In every message, the link's own too."""
    for message in (pay(de37=serial), network("301", de37=serial), totals(de37=serial)):
        assert refusal(name, message) == ("DE 37", reason)


# --- days without a year


@pytest.mark.parametrize(
    ("now", "said", "day"),
    [
        (datetime(2026, 12, 31, 23, 59, 59), "0101", date(2027, 1, 1)),  # noqa: DTZ001
        (datetime(2026, 12, 31, 23, 59, 59), "1231", date(2026, 12, 31)),  # noqa: DTZ001
        (datetime(2027, 1, 1, 0, 0, 0), "1231", date(2026, 12, 31)),  # noqa: DTZ001
        (datetime(2027, 1, 1, 0, 0, 0), "0101", date(2027, 1, 1)),  # noqa: DTZ001
        (datetime(2028, 2, 29, 12, 0, 0), "0229", date(2028, 2, 29)),  # noqa: DTZ001
        (datetime(2028, 3, 1, 0, 0, 0), "0229", date(2028, 2, 29)),  # noqa: DTZ001
        (datetime(2027, 3, 1, 0, 0, 0), "0229", date(2028, 2, 29)),  # noqa: DTZ001
    ],
)
def test_the_year_of_a_day(name: str, now: datetime, said: str, day: date) -> None:
    """That which is nearest to our wall clock, for the accounting date and for the clearing date."""
    assert read(name, pay(de13=said), now).head.bank_date == day
    asked = read(name, totals(de15=said), now).body
    assert isinstance(asked, TotalsRequest)
    assert asked.clearing_date == day


@pytest.mark.parametrize("said", ["0229", "0230", "1301", "0000", "0431"])
def test_days_that_are_none(name: str, said: str) -> None:
    """29 February of a year that has none near it, and what no calendar has."""
    assert refusal(name, pay(de13=said), datetime(2026, 3, 1, 12))[0] == "DE 13"  # noqa: DTZ001
    assert refusal(name, totals(de15=said), datetime(2026, 3, 1, 12))[0] == "DE 15"  # noqa: DTZ001


# --- what does not fit


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"de12": "246000"}, "DE 12", "no such time of day"),
        ({"de41": "T\xff".ljust(8)}, "DE 41", "not printable ASCII"),
        ({"de42": "9" * 13 + "  "}, "DE 42", "more than 12 characters"),
        ({"de37": "\xd6\xd0".ljust(12)}, "DE 37", "not printable ASCII"),
        ({"de60": "1x"}, "DE 60", "not a number in digits"),
        ({"de48": "x" * 79}, "DE 48", "79 bytes instead of 80"),
        ({"de48": "x" * 81}, "DE 48", "81 bytes instead of 80"),
        ({"de48": ""}, "DE 48", "0 bytes instead of 80"),
        ({"de48": fixed("32s32s1s1s14s", ACCOUNT, PAYER, "5", "1", "")}, "DE 48.instrument", None),
        ({"de48": fixed("32s32s1s1s14s", ACCOUNT, PAYER, "", "1", "")}, "DE 48.instrument", None),
        ({"de48": fixed("32s32s1s1s14s", ACCOUNT, PAYER, "1", "Y", "")}, "DE 48.print_invoice", None),
        ({"de48": fixed("32s32s1s1s14s", ACCOUNT, PAYER, "1", "0", "124.95")}, "DE 48.expected_payable", None),
        ({"de48": fixed("32s32s1s1s14s", "户号", PAYER, "1", "0", "")}, "DE 48.account", "not printable ASCII"),
    ],
)
def test_payments_that_do_not_fit(name: str, changes: dict[str, str], path: str, reason: str | None) -> None:
    """The element and the field in it are named."""
    found = refusal(name, pay(**changes))
    assert found[0] == path
    assert reason is None or found[1] == reason


@pytest.mark.parametrize("amount", ["0000001249.5", "+00000012495", "-00000012495", "00000 012495", " " * 12])
def test_amounts_are_digits(amount: str) -> None:
    """No point, no sign, no gap, not nothing."""
    assert refusal("ascii", pay(de4=amount)) == ("DE 4", "not digits")


@pytest.mark.parametrize(("element", "text"), [("4", "A" * 12), ("11", "00000F"), ("12", "1A0000"), ("13", "11D2")])
def test_packed_digits_are_digits(element: str, text: str) -> None:
    """Half bytes above nine are none; only the trace number may hold them, for nobody reads it."""
    if element == "11":
        assert read("packed", pay(de11=text)).body == PAY
    else:
        assert refusal("packed", pay(**{f"de{element}": text}))[0] == f"DE {element}"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (query(kind="4"), "DE 48.kind"),
        (query(kind=" "), "DE 48.kind"),
        (query(page="1x"), "DE 48.page"),
        (query(de48="x" * 34), "DE 48"),
        (query("户号"), "DE 48.key"),
        (sign_on(de48="0" * 31 + "g"), "DE 48.random"),
        (sign_on(de48="0" * 30), "DE 48"),
        (undo(de48=fixed("32s8s12s2s", ACCOUNT, "20261131", "1", "00")), "DE 48.original_date"),
        (undo(de48=fixed("32s8s12s2s", ACCOUNT, "20261122", "1", "x1")), "DE 48.reason"),
        (undo(de48=fixed("32s8s12s2s", ACCOUNT, "20261122", "\x00", "01")), "DE 48.original_serial"),
        (totals(de89="9" * 16), "DE 89"),
        (totals(de74="00000000A0"), "DE 74"),
    ],
    ids=str,
)
def test_others_that_do_not_fit(name: str, message: Message, path: str) -> None:
    """The same of every other message."""
    assert refusal(name, message)[0] == path


def test_what_the_log_says(name: str) -> None:
    """Day, serial and channel as they were sent, digits only; before the message has been read, too."""
    dialect = DIALECTS[name]
    assert dialect.trace(opened(name, pay(de60="03"))) == {
        "bank_date": "1122",
        "bank_serial": "000000000117",
        "channel": "03",
    }
    assert dialect.trace(opened(name, pay(de37='"\n{"a":1}   '))) == {"bank_date": "1122"}


def test_a_reply_of_the_bank(name: str) -> None:
    """0810 answers our echo: matched by the number in DE 37."""
    envelope = opened(name, {**network("301"), "t": "0810", "39": "00", "37": "000900000001"})
    assert (envelope.is_response, envelope.transaction, envelope.fep_serial) == (True, Transaction.ECHO, 900_000_001)


def test_form(name: str) -> None:
    """The length field of the form is read: zeros in front, or two bytes."""
    form: Form = FORMS[name]
    frame = form.sealed(pay())
    reader = DIALECTS[name].reader()
    reader.receive_data(form.framed(frame) + form.framed(frame)[:-1])
    assert (reader.next_frame(), reader.next_frame(), reader.mid_frame) == (frame, None, True)
