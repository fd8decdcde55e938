"""Broken, forged and hostile frames: the specified code or silence, a log line, and others are served. 异常报文"""

import contextlib
import json
import os
import socket
import struct
import time
from datetime import timedelta

import pytest

from tests.support.raw_bank import (
    AK,
    ECHO,
    ENCRYPTED,
    KEY_EXCHANGE,
    RESPONSE,
    SIGN_IN,
    SIGN_OUT,
    Frame,
    RawBank,
    new_serial,
    now,
)
from tests.system import messages
from tests.system.checks import ask, check_reply, query_fields
from tests.system.messages import (
    BILL_PUSH,
    CANCEL,
    CONSUMPTION,
    DEPOSIT,
    INVOICE,
    PAY,
    PAYMENTS,
    QUERY,
    RECON_DETAIL,
    RECON_TOTALS,
    REVERSE,
    STATUS,
    invoice,
    pay,
    query,
    records,
    status,
    undo,
)

ACCOUNT = "0199700001"  # need not exist: these frames never get as far as the account


@pytest.fixture
def bank(site):
    """A signed-in link."""
    return site.bank()


@pytest.fixture
def witness(site):
    """Another bank that must be served whatever the first one sends."""
    link = site.bank("0103")
    yield link
    link.check_alive()


def logged(site, mark, *words):
    """Wait for a line of the log since a mark in which all the words stand."""
    return site.daemon.wait_for_event(lambda event: all(word in json.dumps(event) for word in words), mark)


def flipped(frame: bytes, bit: int) -> bytes:
    """Return the frame with one bit turned, counted from the start of its header."""
    at = 2 + bit // 8
    return frame[:at] + bytes([frame[at] ^ (1 << bit % 8)]) + frame[at + 1 :]


# --- length -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signed_in", [False, True], ids=["before sign-in", "signed in"])
@pytest.mark.parametrize("length", [0, 1, 103, 8193, 65535])
def test_a_length_out_of_bounds_closes_at_once(site, witness, length, signed_in):
    """A length below 104 or above 8192 closes the connection at once and is logged."""
    bank = site.bank() if signed_in else site.connect()
    mark, started = site.daemon.mark(), time.monotonic()

    bank.send(struct.pack(">H", length))

    assert bank.until_closed() == []
    assert time.monotonic() - started < 5  # frame_timeout is 10 s: nothing was waited for
    logged(site, mark)


@pytest.mark.parametrize("length", [104, 8192])
def test_the_lengths_at_the_bounds_are_frames(site, witness, length):
    """Lengths of 104 and 8192 are frames: answered, not closed."""
    bank = site.bank()
    request = bank.build(ECHO, bytes(length - 104))

    check_reply(request, bank.exchange(request), "0000" if length == 104 else "1003")


# --- before sign-in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("txn_code", "body"),
    [
        (QUERY, query(ACCOUNT)),
        (PAY, pay(ACCOUNT, 1)),
        (REVERSE, undo(ACCOUNT, 1, 1)),
        (STATUS, status(ACCOUNT, 1)),
        (ECHO, b""),
        (SIGN_OUT, b""),
        (KEY_EXCHANGE, os.urandom(16) + bytes(16)),
        (2999, b""),
    ],
    ids=str,
)
def test_nothing_before_sign_in(site, witness, txn_code, body):
    """Anything but a sign-in on a connection that has not signed in is 1001 with a zero MAC."""
    bank = site.connect()
    request = bank.build(txn_code, body, mac_key=AK)

    mark = site.daemon.mark()
    check_reply(request, bank.exchange(request), "1001", mac="zero")

    logged(site, mark, "1001")
    bank.sign_in()


def test_a_sign_in_with_a_wrong_key(site, witness):
    """A sign-in MACed with another key is 1002 with a zero MAC; the third in a row is answered and the link closed."""
    bank = site.connect()
    for _ in range(3):
        mark = site.daemon.mark()
        request = bank.build(SIGN_IN, os.urandom(16) + bytes(16), mac_key=bytes(range(16)))
        check_reply(request, bank.exchange(request), "1002", mac="zero")
        logged(site, mark, "1002")

    assert bank.until_closed() == []


@pytest.mark.parametrize(("seconds", "code"), [(-420, "1008"), (420, "1008"), (-240, "0000"), (240, "0000")])
def test_a_sign_in_whose_clock_is_off(site, witness, seconds, code):
    """A sign-in whose clock differs by more than 300 s is 1008, MACed with AK."""
    bank = site.connect()

    reply = bank.exchange_keys(SIGN_IN, clock=now() + timedelta(seconds=seconds))

    assert (reply.code, reply.mac_state) == (code, "right")


def test_a_second_sign_in(bank, witness):
    """A sign-in on a signed-in connection is 1010, and the session goes on."""
    reply = bank.exchange_keys(SIGN_IN)

    assert (reply.code, reply.mac_state) == ("1010", "right")
    bank.check_alive()


def test_an_unknown_bank(site, witness):
    """A sign-in of a bank that is not configured is 1006 with a zero MAC, and so is a bank code that is not digits."""
    bank = site.connect()
    for code in (b"9999", b"01AB", b"0000", b"\xff\xfe\0 "):
        mark = site.daemon.mark()
        request = bank.build(SIGN_IN, os.urandom(16) + bytes(16), bank_code=code)
        check_reply(request, bank.exchange(request), "1006", mac="zero")
        logged(site, mark, "1006")
    bank.sign_in()


@pytest.mark.parametrize("version", [0, 2, 255])
def test_an_unknown_version(site, witness, version):
    """Another version is 1007 with a zero MAC, before and after sign-in."""
    for bank in (site.connect(), site.bank()):
        mark = site.daemon.mark()
        request = bank.build(QUERY, query(ACCOUNT), version=version)
        check_reply(request, bank.exchange(request), "1007", mac="zero")
        logged(site, mark, "1007")


# --- MAC --------------------------------------------------------------------------------------------------------------


def test_every_bit_of_the_mac_counts(site, bank, witness):
    """A MAC wrong in any one of its 64 bits is 1002 with a zero MAC; a right frame between keeps the link open."""
    frame = bank.build(PAY, pay(ACCOUNT, 100, DEPOSIT))
    mark = site.daemon.mark()
    for bit in range(64):
        broken = flipped(frame, (len(frame) - 10) * 8 + bit)
        check_reply(broken, bank.exchange(broken), "1002", mac="zero")
        bank.check_alive()

    logged(site, mark, "1002")


def test_every_byte_is_under_the_mac(site, bank, witness):
    """A frame changed in any one byte of header or body is never carried out and never answered with a right MAC."""
    account = site.take("empty")
    frame = bank.build(PAY, pay(account.account_no, 100, DEPOSIT))
    for byte in range(len(frame) - 10):
        bank.send(flipped(frame, byte * 8))
        bank.check_alive()
        bank.check_alive()
        answers, bank.unmatched = bank.unmatched, []
        assert [answer.mac_state for answer in answers] == ([] if byte == 1 else ["zero"]), byte  # byte 1: RESPONSE
        assert {answer.code for answer in answers} <= {"1001", "1002", "1005", "1006", "1007"}

    told = messages.STATUS_REPLY.unpack(
        ask(bank, STATUS, status(account.account_no, Frame(frame, b"", "").serial)).body
    )
    assert (told["state"], query_fields(bank, account.account_no)["balance"]) == (0, 0)


def test_an_encrypted_frame_with_a_wrong_mac(site, witness):
    """An encrypted frame that cannot be authenticated is 1002 in plain, with a zero MAC."""
    bank = site.bank(encrypted=True)
    request = bank.build(QUERY, query(ACCOUNT), mac=b"\1" * 8)

    check_reply(request, bank.exchange(request), "1002", mac="zero")


def test_three_wrong_macs_in_a_row_close(site, bank, witness):
    """Two wrong MACs are forgiven by a right one; the third in a row is answered, the link closed, an alarm raised."""
    request = bank.build(QUERY, query(ACCOUNT), mac=b"\xaa" * 8)
    for _ in range(2):
        check_reply(request, bank.exchange(request), "1002", mac="zero")
    bank.check_alive()
    mark = site.daemon.mark()
    for _ in range(3):
        check_reply(request, bank.exchange(request), "1002", mac="zero")

    assert bank.until_closed() == []
    logged(site, mark, "security")
    site.bank()


def test_an_unsigned_echo(bank, witness):
    """An ECHO whose MAC is zeros is 1002; it proves nothing."""
    request = bank.build(ECHO, mac=bytes(8))

    check_reply(request, bank.exchange(request), "1002", mac="zero")


def test_a_wrong_mac_on_a_reply_counts(bank, witness):
    """Replies with a wrong MAC are never answered, but count: the third in a row closes."""
    for _ in range(3):
        bank.send(bank.build(ECHO, flags=RESPONSE, response_code=b"0000", mac=b"\x55" * 8))

    assert bank.until_closed() == []


def test_another_bank_on_a_signed_in_link(bank, witness):
    """A frame with another bank's code is 1001 with a zero MAC and counts as a MAC failure."""
    request = bank.build(QUERY, query(ACCOUNT), bank_code=b"0103")
    for _ in range(3):
        check_reply(request, bank.exchange(request), "1001", mac="zero")

    assert bank.until_closed() == []


def test_another_banks_sign_in_on_a_signed_in_link(bank, witness):
    """A sign-in of another bank on a signed-in connection is 1001, not a change of banks."""
    request = bank.build(SIGN_IN, os.urandom(16) + bytes(16), bank_code=b"0103")

    check_reply(request, bank.exchange(request), "1001", mac="zero")
    bank.check_alive()


@pytest.mark.parametrize("version", [0, 999_999, 2**32 - 1])
def test_an_unknown_key_version(site, bank, witness, version):
    """A session frame under key version 0 or one never given out is 1005 with a zero MAC."""
    mark = site.daemon.mark()
    request = bank.build(QUERY, query(ACCOUNT), key_version=version)

    check_reply(request, bank.exchange(request), "1005", mac="zero")
    logged(site, mark, "1005")


@pytest.mark.parametrize("txn_code", [SIGN_IN, KEY_EXCHANGE])
def test_a_key_version_where_there_is_none(site, witness, txn_code):
    """A sign-in or key exchange with a key version is 1005."""
    bank = site.connect() if txn_code == SIGN_IN else site.bank()
    request = bank.build(txn_code, os.urandom(16) + bytes(16), key_version=1)

    check_reply(request, bank.exchange(request), "1005", mac="zero")


def test_yesterdays_keys(site, witness):
    """Frames under the keys of a connection that has ended are refused on the next one."""
    old = site.bank()
    frame = old.build(QUERY, query(ACCOUNT))
    old.close()
    bank = site.bank()

    bank.send(frame)
    reply = bank.read_frame()

    assert (reply.code, reply.mac_state) in (("1005", "zero"), ("1002", "zero"))


def test_a_replayed_connection(site, witness):
    """Everything a bank sent, sent again by somebody else, moves no money and gets no reply that is authentic."""
    bank, account = site.bank(), site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    ask(bank, REVERSE, undo(account.account_no, 700, paid.serial))
    ask(bank, PAY, pay(account.account_no, 300, DEPOSIT))
    recorded = list(bank.sent)
    bank.close()

    thief = site.connect()
    thief.send(*recorded)
    thief.socket.shutdown(socket.SHUT_WR)
    replies = thief.until_closed()

    assert replies[0].code == "1002"
    assert {reply.code for reply in replies} <= {"1001", "1002", "1005"}
    assert {reply.mac_state for reply in replies[1:]} <= {"zero"}
    assert query_fields(site.bank(), account.account_no)["balance"] == 300


def test_a_client_random_used_before(site, bank, witness):
    """A sign-in or key exchange with a client_random seen before is 1002, even when the bank itself made it."""
    random = os.urandom(16)
    site.connect().sign_in(client_random=random)

    again = site.connect().exchange_keys(SIGN_IN, client_random=random)
    exchange = bank.exchange_keys(KEY_EXCHANGE, client_random=random)

    assert (again.code, exchange.code) == ("1002", "1002")


# --- direction --------------------------------------------------------------------------------------------------------


def test_a_reflected_frame(bank, witness):
    """Our own reply sent back is dropped, for all that its MAC is right."""
    reply = ask(bank, QUERY, query(ACCOUNT), "2001")

    bank.check_dropped(reply.raw)


def test_an_answer_to_an_echo_never_asked_for(bank, witness):
    """A reply to an ECHO that the FEP never sent is dropped, not echoed."""
    bank.check_dropped(bank.build(ECHO, flags=RESPONSE, response_code=b"0000", fep_serial=1, serial=0))


@pytest.mark.parametrize("txn_code", [QUERY, PAY, SIGN_OUT, BILL_PUSH, 2999, 65535])
def test_a_reply_nobody_waits_for(bank, witness, txn_code):
    """A frame with RESPONSE set is never answered, whatever is wrong with it."""
    bank.check_dropped(bank.build(txn_code, bytes(48), flags=RESPONSE, response_code=b"0000", version=1))


REPLY_FAULTS = {
    "version": {"version": 2},
    "unknown bank": {"bank_code": b"9999"},
    "key version": {"key_version": 4_000_000},
    "date": {"bank_date": b"20260231"},
    "other flags": {"flags": RESPONSE | 0xF8},
    "reserved": {"reserved": b"\xff" * 4},
}


@pytest.mark.parametrize("fault", REPLY_FAULTS.values(), ids=REPLY_FAULTS.keys())
def test_a_broken_reply(bank, witness, fault):
    """A frame with RESPONSE set is not answered even when its version, bank, keys or fields are wrong."""
    bank.check_dropped(bank.build(**{"txn_code": QUERY, "body": query(ACCOUNT), "flags": RESPONSE, **fault}))


def test_a_reply_before_sign_in(site, witness):
    """A frame with RESPONSE set on a connection that has not signed in is not answered; the sign-in then works."""
    bank = site.connect()
    bank.send(bank.build(QUERY, query(ACCOUNT), flags=RESPONSE), bank.build(SIGN_IN, bytes(32), flags=RESPONSE))

    bank.sign_in()

    assert bank.unmatched == []


def test_a_push_from_a_bank(bank, witness):
    """A BILL_PUSH request may be sent by the FEP only: from a bank it is dropped."""
    bank.check_dropped(bank.build(BILL_PUSH, bytes(160)))


def test_an_echo_with_serial_zero(bank, witness):
    """An ECHO of the bank with bank_serial zeros is dropped."""
    bank.check_dropped(bank.build(ECHO, serial=0))


# --- header -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("txn_code", [0, 1000, 1005, 2000, 2009, 2999, 9999, 65535])
def test_an_unknown_transaction(site, bank, witness, txn_code):
    """An unknown transaction code is 1004."""
    mark = site.daemon.mark()
    request = bank.build(txn_code, bytes(48))

    check_reply(request, bank.exchange(request), "1004")
    logged(site, mark, "1004")


HEADER_FAULTS = {
    "bank_date not digits": {"bank_date": b"2026AB21"},
    "bank_date 31 February": {"bank_date": b"20260231"},
    "bank_date month 13": {"bank_date": b"20261301"},
    "bank_date zeros": {"bank_date": b"00000000"},
    "bank_time not digits": {"bank_time": b"12:30 "},
    "bank_time 25 h": {"bank_time": b"250000"},
    "bank_time 60 min": {"bank_time": b"126000"},
    "channel not digits": {"channel": b"A1"},
    "serial not digits": {"serial": b"00000000A001"},
    "serial with spaces": {"serial": b"           1"},
    "serial zero": {"serial": 0},
    "response_code": {"response_code": b"0000"},
    "clearing_date": {"clearing_date": b"20261121"},
    "fep_serial": {"fep_serial": 1},
    "nonce in plain": {"nonce": b"12345678"},
    "reserved": {"reserved": b"\0\0\0\1"},
    "REPEAT": {"flags": 4},
    "flag bit 3": {"flags": 8},
    "flag bit 7": {"flags": 128},
    "branch not ASCII": {"branch_code": "支行".encode("gb18030").ljust(12)},
    "teller not ASCII": {"teller_id": b"\0" * 8},
}


@pytest.mark.parametrize("fault", HEADER_FAULTS.values(), ids=HEADER_FAULTS.keys())
@pytest.mark.parametrize("txn_code", [QUERY, PAY])
def test_a_malformed_header(site, bank, witness, txn_code, fault):
    """A header field that is malformed, or a constant that is not as stated, is 1003, MACed."""
    account, mark = site.books.accounts["empty"][0], site.daemon.mark()
    body = query(account.account_no) if txn_code == QUERY else pay(account.account_no, 100, DEPOSIT)
    request = bank.build(txn_code, body, **fault)

    check_reply(request, bank.exchange(request), "1003")
    logged(site, mark, "1003")
    assert query_fields(bank, account.account_no)["balance"] == 0


def test_a_refused_frame_is_logged_with_its_serial(site, bank):
    """What a bank asks about later can be found in the log: an authentic frame refused as malformed has its serial."""
    mark = site.daemon.mark()

    refused = [ask(bank, PAY, pay(ACCOUNT, 1, 3), "1003"), ask(bank, 2999, bytes(16), "1004")]

    for reply in refused:
        assert site.daemon.transaction_event(reply.serial, mark)["response_code"] == reply.code


# --- body -------------------------------------------------------------------------------------------------------------


def _day(value: bytes) -> bytes:
    return messages.TOTALS_REQUEST.pack(clearing_date=value)


def _details(value: bytes) -> bytes:
    return messages.DETAIL_REQUEST.pack(clearing_date=value, page=1)


BODY_FAULTS = {
    "QUERY short": (QUERY, query(ACCOUNT)[:32]),
    "QUERY long": (QUERY, query(ACCOUNT) + bytes(16)),
    "QUERY empty": (QUERY, b""),
    "PAY short": (PAY, pay(ACCOUNT, 1)[:64]),
    "PAY long": (PAY, pay(ACCOUNT, 1) + bytes(16)),
    "ECHO with a body": (ECHO, bytes(16)),
    "SIGN_OUT with a body": (SIGN_OUT, bytes(16)),
    "QUERY kind 0": (QUERY, query(ACCOUNT, 0)),
    "QUERY kind 4": (QUERY, query(ACCOUNT, 4)),
    "QUERY reserved": (QUERY, query(ACCOUNT)[:-1] + b"\1"),
    "QUERY key not ASCII": (QUERY, messages.QUERY_REQUEST.pack(key="户".encode("gb18030").ljust(32), key_kind=1)),
    "QUERY key with zero bytes": (
        QUERY,
        messages.QUERY_REQUEST.pack(key=ACCOUNT.encode().ljust(32, b"\0"), key_kind=1),
    ),
    "PAY mode 0": (PAY, pay(ACCOUNT, 1, 0)),
    "PAY mode 3": (PAY, pay(ACCOUNT, 1, 3)),
    "PAY instrument 0": (PAY, pay(ACCOUNT, 1, instrument=0)),
    "PAY instrument 5": (PAY, pay(ACCOUNT, 1, instrument=5)),
    "PAY first reserved": (PAY, pay(ACCOUNT, 1, rsv1=b"\0\0\0\0\1")),
    "PAY last reserved": (PAY, pay(ACCOUNT, 1, rsv2=b" " * 8)),
    "CANCEL serial zero": (CANCEL, undo(ACCOUNT, 1, 0)),
    "REVERSE serial zero": (REVERSE, undo(ACCOUNT, 1, 0)),
    "REVERSE date not digits": (REVERSE, messages.UNDO_REQUEST.pack(original_date=b"2026112A", original_serial=1)),
    "REVERSE 31 February": (REVERSE, messages.UNDO_REQUEST.pack(original_date=b"20260231", original_serial=1)),
    "CANCEL reserved": (CANCEL, undo(ACCOUNT, 1, 1)[:-1] + b"\1"),
    "STATUS date not digits": (STATUS, messages.STATUS_REQUEST.pack(original_date=b"2026-1-1", original_serial=1)),
    "STATUS reserved": (STATUS, status(ACCOUNT, 1)[:-1] + b"\1"),
    "PAYMENTS 25 months": (PAYMENTS, records(ACCOUNT, months=25)),
    "CONSUMPTION 255 months": (CONSUMPTION, records(ACCOUNT, months=255)),
    "PAYMENTS reserved": (PAYMENTS, records(ACCOUNT)[:-1] + b"\1"),
    "INVOICE action 3": (INVOICE, invoice(ACCOUNT, 1, action=3)),
    "INVOICE action 0": (INVOICE, invoice(ACCOUNT, 1, action=0)),
    "TOTALS 31 February": (RECON_TOTALS, _day(b"20260231")),
    "TOTALS not digits": (RECON_TOTALS, _day(b"today   ")),
    "TOTALS reserved": (RECON_TOTALS, _day(b"20261121")[:-9] + b"\1" + _day(b"20261121")[-8:]),
    "DETAIL 31 February": (RECON_DETAIL, _details(b"20260231")),
    "DETAIL not digits": (RECON_DETAIL, _details(b"today   ")),
    "DETAIL no day": (RECON_DETAIL, _details(b"00000000")),
    "DETAIL reserved": (RECON_DETAIL, _details(b"20261121")[:-1] + b"\1"),
    "DETAIL short": (RECON_DETAIL, _details(b"20261121")[:16]),
}


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("fault", BODY_FAULTS.values(), ids=BODY_FAULTS.keys())
def test_a_malformed_body(site, witness, fault, encrypted):
    """A body of the wrong size or with a field that is malformed is 1003, MACed, and encrypted as it was asked."""
    bank, mark = site.bank(encrypted=encrypted), site.daemon.mark()
    request = bank.build(*fault)

    check_reply(request, bank.exchange(request), "1003")
    logged(site, mark, "1003")
    bank.check_alive()


@pytest.mark.parametrize("code", ["0102", "0103"])
def test_an_encrypted_body_of_half_a_block(site, witness, code):
    """An encrypted body that is not whole blocks is 1003, not a fault of ours."""
    bank = site.bank(code)
    request = bank.build(QUERY, bytes(44), encrypt=True)

    check_reply(request, bank.exchange(request), "1003")


def test_a_body_that_decrypts_to_rubbish(site, bank, witness):
    """A body under a wrong nonce decrypts to bad fields: 1003, and nothing is done."""
    account = site.take("empty")
    good = bank.build(PAY, pay(account.account_no, 100, DEPOSIT), encrypt=True)
    header = good[2:82] + bytes(8) + good[90:98]
    request = bank.build(PAY, good[98:-8], encrypt=False, flags=ENCRYPTED, nonce=header[80:88])

    check_reply(request, bank.exchange(request), "1003")
    assert query_fields(bank, account.account_no)["balance"] == 0


@pytest.mark.parametrize("page", [4, 255])
def test_a_page_that_is_not_there(site, bank, page):
    """A page past the last is 0000 without rows, in every list that has pages."""
    account = site.take("empty")
    for txn_code, body, at in (
        (QUERY, query(account.account_no, page=page), 187 + 4),
        (PAYMENTS, records(account.account_no, page=page), 83),
        (CONSUMPTION, records(account.account_no, page=page), 83),
    ):
        reply = ask(bank, txn_code, body)
        assert reply.body[at] == 0


# --- peers that stall -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient(make_site, secrets):
    """A site whose timeouts are short."""
    site = make_site()
    site.daemon.configure(frame_timeout=1.0, write_timeout=2.0).start()
    yield site
    site.close(secrets)


def until_all_closed(banks: list[RawBank], timeout_s: float) -> None:
    """Fail unless the daemon closes every connection in time, without a word."""
    deadline = time.monotonic() + timeout_s
    for bank in banks:
        assert bank.until_closed(deadline - time.monotonic()) == []
        bank.close()


def test_a_sign_in_cut_at_every_byte(impatient):
    """A first frame cut anywhere and never finished is closed after frame_timeout; others are served meanwhile."""
    witness, mark = impatient.bank("0103"), impatient.daemon.mark()
    frame = impatient.connect().build(SIGN_IN, bytes(32))
    cuts = [impatient.connect() for _ in range(1, len(frame))]
    for length, bank in enumerate(cuts, 1):
        bank.send(frame[:length])
    witness.check_alive()

    until_all_closed(cuts, 6)

    witness.check_alive()
    logged(impatient, mark)
    impatient.hang_up()


def test_a_payment_cut_at_every_byte(impatient):
    """A PAY cut anywhere on a signed-in link and never finished is closed after frame_timeout, and nothing is paid."""
    account = impatient.take("empty")
    cuts = []
    for length in range(1, 186, 5):
        bank = impatient.bank()
        frame = bank.build(PAY, pay(account.account_no, 100, DEPOSIT))
        bank.send(frame[: min(length, len(frame) - 1)])
        cuts.append(bank)

    until_all_closed(cuts, 6)

    assert query_fields(impatient.bank(), account.account_no)["balance"] == 0
    impatient.hang_up()


def test_a_frame_that_trickles(impatient):
    """A frame that comes byte by byte is closed after frame_timeout, counted from its first byte."""
    bank = impatient.bank()
    frame, started = bank.build(QUERY, query(ACCOUNT)), time.monotonic()
    for at in range(len(frame) - 1):
        if _closed_after(bank, frame[at : at + 1]):
            break

    assert 0.5 < time.monotonic() - started < 4  # the whole frame would have taken 15 s
    impatient.hang_up()


def _closed_after(bank: RawBank, data: bytes) -> bool:
    """Send some bytes and give the daemon a tenth of a second to close the connection."""
    try:
        bank.send(data)
        return bank.until_closed(0.1) == []
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_frame_cut_by_hanging_up(site, witness):
    """A peer that hangs up in the middle of a frame harms nobody."""
    for length in (1, 2, 3, 97, 98, 150):
        bank = site.bank()
        bank.send(bank.build(PAY, pay(ACCOUNT, 100))[:length])
        (bank.close if length % 2 else bank.reset)()

    witness.check_alive()


@pytest.mark.slow
def test_a_peer_that_never_reads(impatient):
    """A peer that asks for ever and never reads is closed; the daemon's memory is bounded and others are served."""
    account, greedy, witness = impatient.take("many"), impatient.bank(), impatient.bank("0103")
    before = impatient.daemon.resident_bytes()
    burst = b"".join(greedy.build(QUERY, query(account.account_no)) for _ in range(200))
    greedy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    greedy.socket.settimeout(0.2)
    sent, most, deadline, closed = 0, before, time.monotonic() + 40, False
    while not closed and time.monotonic() < deadline:
        try:
            sent += greedy.socket.send(burst[sent % len(burst) :])
        except TimeoutError:
            pass  # the daemon has stopped reading, as it should
        except ConnectionError:
            closed = True
        started = time.monotonic()
        witness.check_alive()
        assert time.monotonic() - started < 5
        most = max(most, impatient.daemon.resident_bytes())

    assert closed, f"still open after {sent} bytes"
    assert most - before < 100 * 2**20
    impatient.hang_up()


def test_many_connections_that_say_nothing(site, witness):
    """A hundred silent connections do not keep a bank from signing in."""
    silent = [socket.create_connection(("127.0.0.1", site.daemon.port), timeout=5) for _ in range(100)]
    try:
        site.bank("0104")
    finally:
        for connection in silent:
            connection.close()


def test_frames_in_any_pieces(site, witness):
    """Frames are the same however TCP cuts them up: byte by byte, in sevens, or all in one."""
    bank, account = site.bank(encrypted=True), site.take("empty")
    for size in (1, 7, 107, 5_000):
        requests = [bank.build(PAY, pay(account.account_no, 1, DEPOSIT)) for _ in range(10)]
        stream = b"".join(requests)
        for at in range(0, len(stream), size):
            bank.send(stream[at : at + size])
        for request in requests:
            check_reply(request, bank.reply(request))

    assert query_fields(bank, account.account_no)["balance"] == 40


def test_noise(site, witness):
    """Random noise of many lengths closes or is refused, and the daemon lives on."""
    noise = bytes((at * 37 + at // 256 * 101) % 256 for at in range(4_000))
    for at in range(0, 4_000, 200):
        with RawBank(site.daemon.port) as bank:
            with contextlib.suppress(OSError):  # closed before all of it was sent
                bank.send(noise[at:])
                bank.socket.shutdown(socket.SHUT_WR)
            assert {frame.mac_state for frame in bank.until_closed()} <= {"zero"}


def test_serials_are_the_banks_own(bank):
    """The largest serial a bank can have is a serial like any other."""
    ask(bank, ECHO, serial=999_999_999_999)
    assert new_serial() < 999_999_999_999
