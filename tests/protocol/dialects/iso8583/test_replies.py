"""ISO 8583 replies of every kind in both forms, read by plain pyiso8583 to the last element."""

import re
import struct
from dataclasses import replace
from datetime import date

import pytest

from protocol.canonical.business import BillRow, PayReply, QueryReply, UndoReply
from protocol.canonical.codes import BillState, TotalsResult, UndoOutcome
from protocol.canonical.link import KeyReply, NoBody
from protocol.canonical.messages import Answer, ReplyBody
from protocol.canonical.reconciliation import Totals, TotalsReply
from protocol.described import SHANGHAI
from protocol.dialect import Sealing
from protocol.errors import LocalProtocolError
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.protocol.dialects.elec02.test_description import ACCOUNT as ACCOUNT_REPLY
from tests.protocol.dialects.iso8583.frames import (
    ACCOUNT,
    FORMS,
    RANDOM,
    Message,
    network,
    pay,
    query,
    request,
    sign_on,
    taken_apart,
    totals,
    undo,
)
from tests.protocol.dialects.iso8583.test_requests import DIALECTS, NOW

CLEARED = date(2026, 11, 23)
MAC = bytes.fromhex("FEDCBA9876543210")
FEP_SERIAL = 10_000_000_042
BILL = BillRow(202610, 1, "B1", 22_450, 12_345, 150, date(2026, 11, 1), BillState.OPEN)
PAID = PayReply(ACCOUNT, "王建国", 12_495, 12_345, 150, 0, 5, 700, 1, "FP00000000000001", 202610, 202611)
UNDONE = UndoReply(ACCOUNT, 12_495, 10_000_000_041, 5, 24_840, UndoOutcome.UNDONE)
KEYS = KeyReply(RANDOM, 7, 86_400, "20261122100003", bytes(range(16)), b"\1\2\3\4", bytes(16), bytes(4))
TOTALS = Totals(22, 123_456, 1, 300, 3, 9_999_999_999_999_999)


def approved(body: ReplyBody, **changes: object) -> Answer:
    return replace(Answer(ResponseCode.APPROVED, body, fep_serial=FEP_SERIAL, clearing_date=CLEARED), **changes)


def replied(name: str, message: Message, answer: Answer, *, is_read: bool = True) -> Message:
    """Return the reply as pyiso8583 reads it, without its bitmaps; its length and its MAC are where they belong."""
    dialect, form = DIALECTS[name], FORMS[name]
    envelope = dialect.open(form.sealed(message), NOW)
    if is_read:
        dialect.request(envelope, envelope.body)
    outgoing = dialect.reply(envelope, answer, Sealing(envelope.key_version))
    assert outgoing is not None
    frame = dialect.seal(outgoing, MAC)
    width = len(form.prefix(0))
    content = frame[width:]
    assert frame[:width] == form.prefix(len(content))
    assert dialect.signed(outgoing) == content[: -form.mac_width]
    assert content[-form.mac_width :] == form.mac_on_wire(MAC)
    elements = form.decoded(content)
    above = any(int(key) > 64 for key in elements if key not in ("t", "p", "128"))
    assert elements.pop("128" if above else "64") == MAC.hex().upper()
    return {key: text for key, text in elements.items() if key not in ("p", "1")}


def repeated(message: Message) -> Message:
    """Return what a reply to ``message`` has of it."""
    kept = ("3", "4", "11", "12", "13", "32", "37", "41", "42", "49", "70")
    return {key: message[key] for key in kept if key in message}


OURS = {"7": "1122100003", "15": "1123", "39": "00"}


def test_a_payment(name: str) -> None:
    """What was settled, and every element that the reply repeats; 60 and what was read over it does not."""
    message = pay(de60="03", de2="6222021234567890", de102="X")
    reply = replied(name, message, approved(PAID))
    data = reply.pop("48")

    assert reply == {"t": "0210", **repeated(message), **OURS, "53": message["53"]}
    assert len(data) == 173
    assert taken_apart("32s40s12s14s14s14s14s5s16s6s6s", data) == [
        *(ACCOUNT, "王建国", "010000000042", "00000000012345", "00000000000150", "00000000000005", "00000000000700"),
        *("00001", "FP00000000000001", "202610", "202611"),
    ]


def test_a_deposit_that_settles_nothing(name: str) -> None:
    """No months, no invoice; the serial of the movement all the same."""
    body = replace(PAID, settled_count=0, invoice_no="", first_month=None, last_month=None)
    data = taken_apart("72s12s56s5s16s6s6s", replied(name, pay(code="210000"), approved(body))["48"])
    assert data[1:2] + data[3:] == ["010000000042", "00000", "", "000000", "000000"]


@pytest.mark.parametrize(
    ("asked", "answered"), [("0200", "0210"), ("0400", "0410"), ("0401", "0410"), ("0421", "0430")]
)
@pytest.mark.parametrize("outcome", UndoOutcome)
def test_an_undo(name: str, asked: str, answered: str, outcome: UndoOutcome) -> None:
    """Its outcome, and the movement of the original, zeros when that never arrived."""
    never = outcome is UndoOutcome.NEVER_ARRIVED
    body = replace(UNDONE, outcome=outcome, original_fep_serial=None if never else 10_000_000_041)
    message = undo(asked)
    reply = replied(name, message, approved(body))
    data = reply.pop("48")

    assert reply == {"t": answered, **repeated(message), **OURS, "53": message["53"]}
    assert taken_apart("32s12s12s14s14s1s", data) == [
        *(ACCOUNT, "010000000042", "0" * 12 if never else "010000000041", "00000000000005", "00000000024840"),
        str(outcome.value),
    ]


@pytest.mark.parametrize("code", ["001", "101"])
def test_new_keys(name: str, code: str) -> None:
    """Sign-on and key change: the random, the wrapped key of 16 bytes and its check value, in hex."""
    message = sign_on(de70=code)
    reply = replied(name, message, Answer(ResponseCode.APPROVED, KEYS, clearing_date=CLEARED))
    data = reply.pop("48")

    assert reply == {"t": "0810", **repeated(message), **OURS, "53": "0" * 16}
    assert len(data) == 106
    assert taken_apart("32s10s10s14s32s8s", data) == [
        *(RANDOM.hex().upper(), "0000000007", "0000086400", "20261122100003", bytes(range(16)).hex().upper()),
        "01020304",
    ]


def test_a_key_of_eight_bytes(name: str) -> None:
    """It stands left, zeros behind it."""
    body = replace(KEYS, wrapped_mak=b"\xab" * 8)
    data = replied(name, sign_on(), Answer(ResponseCode.APPROVED, body))["48"]
    assert taken_apart("66s32s8s", data)[1] == "AB" * 8 + "0" * 16


@pytest.mark.parametrize("code", ["002", "301"])
def test_sign_off_and_echo(name: str, code: str) -> None:
    """No data."""
    message = network(code)
    reply = replied(name, message, Answer(ResponseCode.APPROVED, NoBody(), clearing_date=CLEARED))
    assert reply == {"t": "0810", **repeated(message), **OURS, "53": message["53"]}


@pytest.mark.parametrize("result", TotalsResult)
def test_totals(name: str, result: TotalsResult) -> None:
    """The FEP's own, of the day that was asked for, and how they compare."""
    message = totals("0501")
    answer = approved(TotalsReply(date(2026, 11, 21), result, TOTALS, 0), fep_serial=None)
    reply = replied(name, message, answer)

    assert reply == {
        "t": "0510",
        **repeated(message),
        "7": "1122100003",
        "15": "1121",
        "39": "00",
        "53": message["53"],
        "66": str(result.value),
        "74": "1".zfill(10),
        "76": "22".zfill(10),
        "77": "3".zfill(10),
        "86": "300".zfill(16),
        "88": "123456".zfill(16),
        "89": "9" * 16,
    }


# --- queries

HEAD = "32s40s60s8s1s1s1s14s14s14s14s14s3s2s"
ROW = struct.Struct("6s2s16s10s14s14s8s1s")


def account(bills: int, page: int) -> QueryReply:
    rows = tuple(replace(BILL, bill_no=f"B{number}", seq=number % 100) for number in range(1, bills + 1))
    return replace(ACCOUNT_REPLY, rows=rows, page=page, balance_fen=3)


def shown(name: str, bills: int, page: int) -> tuple[list[str], list[str]]:
    """Return the head of DE 48 and the numbers of the bills on the page."""
    data = replied(name, query(page=f"{page:02d}"), approved(account(bills, page), fep_serial=None))["48"]
    assert (len(data) - 218) % ROW.size == 0
    rows = [ROW.unpack_from(data.encode("latin-1"), at) for at in range(218, len(data), ROW.size)]
    return taken_apart(HEAD, data[:218]), [row[2].decode().strip() for row in rows]


def test_a_query(name: str) -> None:
    """The account, all sums, and a row of each bill."""
    message = query(de3="310000")
    body = replace(account(2, 1), rows=(BILL, replace(BILL, month=202611, state=BillState.IN_DEBIT, energy_centikwh=0)))
    reply = replied(name, message, approved(body, fep_serial=None))
    data = reply.pop("48")

    assert reply == {"t": "0110", **repeated(message), **OURS, "53": message["53"]}
    assert taken_apart(HEAD, data[:218]) == [
        *(ACCOUNT, "王建国", "人民路1号", "0901", "1", "1", "1", "00000000000003", "00000000024690"),
        *("00000000000150", "00000000024840", "00000000024840", "002", "01"),
    ]
    rows = [taken_apart("6s2s16s10s14s14s8s1s", data[at : at + 71]) for at in (218, 289)]
    amounts = ["00000000012345", "00000000000150", "20261101"]
    assert rows == [
        ["202610", "01", "B1", "0000022450", *amounts, "1"],
        ["202611", "01", "B1", "0000000000", *amounts, "2"],
    ]
    assert len(data) == 218 + 2 * 71


@pytest.mark.parametrize(
    ("bills", "page", "said", "first", "rows"),
    [
        (0, 1, "000", "", 0),
        (11, 1, "011", "B1", 11),
        (11, 2, "011", "", 0),
        (12, 1, "012", "B1", 11),
        (12, 2, "012", "B12", 1),
        (999, 91, "999", "B991", 9),
        (1_000, 1, "999", "B1", 11),
        (1_000, 91, "999", "B991", 10),
        (1_000, 92, "999", "", 0),
        (1_000, 99, "999", "", 0),
    ],
)
def test_pages(name: str, bills: int, page: int, said: str, first: str, rows: int) -> None:
    """Eleven a page; 999 says as many or more, and the pages tell where they end. The largest fills DE 48 to 999."""
    head, numbers = shown(name, bills, page)
    assert head[-2:] == [said, f"{page:02d}"]
    assert (len(numbers), (numbers or [""])[0]) == (rows, first)


def test_every_bill_is_on_one_page(name: str) -> None:
    """Once, in order."""
    pages = [number for page in range(1, 10) for number in shown(name, 98, page)[1]]
    assert pages == [f"B{number}" for number in range(1, 99)]


def test_names_that_are_too_long(name: str) -> None:
    """Cut between characters, in bytes of GBK; what GBK does not know is a question mark."""
    body = replace(account(1, 1), name="𠮷" + "王" * 30, address="路" * 31)
    head = taken_apart(HEAD, replied(name, query(), approved(body))["48"][:218])
    assert head[1:3] == ["?" + "王" * 19, "路" * 30]


def test_energy_that_is_taken_back(name: str) -> None:
    """A corrected reading makes a bill's energy negative; its account is shown all the same."""
    body = replace(account(0, 1), rows=(replace(BILL, energy_centikwh=-100),))
    assert replied(name, query(), approved(body))["39"] == "00"


# --- refusals

PROFILE = """
    0000→00 1001→77 1002→A0 1003→30 1004→40 1005→A7 1006→31 1007→12 1008→82 1009→63 1010→06 1011→91 1012→90
    2001→14 2002→21 2003→13 2004→62 2005→57 2006→94 2007→25 2008→26 2009→80 2010→79 2011→09 2012→61 2013→64
    2014→06 2015→06 2016→51 2017→58 2018→84 3001→80 3002→95 4001→06 4002→06 9001→91 9002→68 9003→96
"""
DE_39 = dict(re.findall(r"(\d{4})→(\w\w)", PROFILE))


def test_the_table_is_whole() -> None:
    """Each canonical code has one of two characters."""
    assert set(DE_39) == {code.code for code in ResponseCode}
    assert {len(wire) for wire in DE_39.values()} == {2}


@pytest.mark.parametrize("code", [code for code in ResponseCode if code is not ResponseCode.APPROVED])
def test_every_refusal(name: str, code: ResponseCode) -> None:
    """39, and in 44 the exact code, a space and why in GBK, within 25 bytes; no 48."""
    for message in (pay(), query(), totals(), sign_on(), undo("0420")):
        reply = replied(name, message, Answer(code, clearing_date=CLEARED))
        why = reply.pop("44").encode("latin-1")
        kept = repeated(message)
        ours = {"7": "1122100003", "15": "1123", "39": DE_39[code.code], "53": message.get("53", "0" * 16)}
        assert reply == {"t": f"{int(message['t']) // 10 * 10 + 10:04d}", **kept, **ours}
        assert why.decode("gbk") == f"{code.code} {code.gloss}"
        assert len(why) <= 25


def test_a_day_that_is_not_known(name: str) -> None:
    """No clearing date: no 15."""
    assert "15" not in replied(name, pay(), Answer(ResponseCode.DATABASE_UNAVAILABLE))


def test_totals_that_are_refused(name: str) -> None:
    """15 is what the FEP's clearing date is; none of the request's totals is repeated."""
    reply = replied(name, totals(), Answer(ResponseCode.NO_SUCH_DATE, clearing_date=CLEARED))
    assert reply["15"] == "1123"
    assert not {"66", "74", "76", "77", "86", "88", "89"} & reply.keys()


@pytest.mark.parametrize(
    "message", [request("0600"), network("999"), pay(code="999999"), request("0100", de48=None), pay(de5="1".zfill(12))]
)
def test_what_could_not_be_read_is_answered(name: str, message: Message) -> None:
    """What it said is repeated as far as it was read."""
    reply = replied(name, message, Answer(ResponseCode.FORMAT_ERROR), is_read=False)
    assert (reply["t"], reply["39"]) == (f"{message['t'][:2]}{int(message['t'][2]) + 1}0", "30")
    assert {key: reply[key] for key in repeated(message)} == repeated(message)


def test_an_approved_transaction_that_nobody_knows(name: str) -> None:
    """Ours to avoid."""
    with pytest.raises(LocalProtocolError, match="unknown cannot be approved"):
        replied(name, network("999"), Answer(ResponseCode.APPROVED, NoBody()), is_read=False)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (replace(PAID, balance_after_fen=-1), "DE 48.balance_after"),
        (replace(PAID, settled_count=100_000), "DE 48.settled_count"),
        (replace(PAID, account_no="9" * 33), "DE 48.account"),
    ],
)
def test_what_does_not_fit_is_ours(name: str, body: PayReply, path: str) -> None:
    """Named, and its value not quoted: nothing is cut that would be another number."""
    with pytest.raises(LocalProtocolError) as caught:
        replied(name, pay(), approved(body))
    assert str(caught.value).startswith(f"{path}: ")
    assert "999" not in str(caught.value)


# --- our own echo


def test_our_echo(name: str) -> None:
    """0800 with 70 = 301: the node, the wall clock in China, the number in 37 and its last digits in 11."""
    outgoing = DIALECTS[name].own_request(
        *(Transaction.ECHO, NoBody(), "901", 10_900_000_001, NOW.replace(tzinfo=SHANGHAI), Sealing(7)),
    )
    frame = DIALECTS[name].seal(outgoing, MAC)
    elements = FORMS[name].decoded(frame[len(FORMS[name].prefix(0)) :])

    assert {key: text for key, text in elements.items() if key not in ("p", "1")} == {
        "t": "0800",
        "7": "1122100003",
        "11": "000001",
        "12": "100003",
        "13": "1122",
        "32": "901",
        "37": "010900000001",
        "53": "7".zfill(16),
        "70": "301",
        "128": MAC.hex().upper(),
    }
