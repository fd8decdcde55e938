"""What a bank is answered, and what not: order of checks, MACs, directions, encryption, endings."""

import os
import struct
from datetime import timedelta

import pytest

from fep.links.own_requests import ECHOES_MAX
from protocol.bank_side import BankSide
from protocol.canonical.messages import Answer
from protocol.dialects.standard.description import FORMAT as STANDARD
from protocol.response_codes import ResponseCode
from tests.support.raw_bank import (
    AK,
    ECHO,
    ENCRYPTED,
    ERROR,
    KEY_EXCHANGE,
    REPEAT,
    RESPONSE,
    SIGN_IN,
    SIGN_IN_REQUEST,
    SIGN_OUT,
    SUITES,
    ZERO_MAC,
    encrypt_body,
)
from tests.support.records import TODAY
from tests.support.rim import Rim, WiredBank, reversed_, status_found
from tests.system.messages import QUERY, REVERSE, STATUS, STATUS_REPLY, UNDO_REPLY, query, status, undo

ACCOUNT = "0100000001"
STATUS_BODY = status(ACCOUNT, 7, TODAY)
UNDO_BODY = undo(ACCOUNT, 100, 7, TODAY)
UNKNOWN_CODE = 2999
WRONG = b"\x11" * 8

UNAUTHENTICATED = {"1001", "1002", "1005", "1006", "1007"}


def code_of(bank: WiredBank, request: bytes) -> tuple[str, str]:
    """Send a frame and return its reply's code and what its MAC turned out to be; a refusal has the error's body."""
    reply = bank.exchange(request)
    if reply.code != "0000":
        ERROR.unpack(reply.body)
    return reply.code, reply.mac_state


def random_body() -> bytes:
    return SIGN_IN_REQUEST.pack(client_random=os.urandom(16))


# --- every suite


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("bank_code", SUITES)
def test_a_request_and_its_reply(rim, bank_code, encrypted):
    """With each suite, plain and encrypted, a request reaches the gate and its reply can be read and trusted."""
    bank = rim.bank(bank_code, encrypted=encrypted)
    request = bank.build(STATUS, STATUS_BODY)
    bank.send(request)
    assert bank.frames() == []
    rim.gate.finish(status_found(ACCOUNT))

    reply = bank.reply(request)

    assert (reply.code, reply.mac_state, reply.key_version) == ("0000", "right", 1)
    assert reply.flags == RESPONSE | (ENCRYPTED if encrypted else 0)
    assert STATUS_REPLY.unpack(reply.body)["account_no"] == ACCOUNT
    assert reply.echo == request[10:62]
    assert reply.clearing_date == "20261121"


def test_replies_go_as_they_come(rim):
    """Requests are pipelined, and each reply repeats the serial of its own request, in whatever order they come."""
    bank = rim.bank()
    requests = [bank.build(STATUS, status(f"010000000{n}", 7, TODAY)) for n in range(3)]
    bank.send(*requests)
    for index in (2, 0, 0):
        rim.gate.finish(status_found("0100000001"), index)

    assert [frame.match for frame in bank.frames()] == [requests[n][34:42] + requests[n][50:62] for n in (2, 0, 1)]


def test_a_reply_of_money_has_its_own_number_and_day(rim):
    """The reply to a money request carries its fep_serial, its clearing date, and REPEAT when it is a repeat."""
    rim.gate.clearing_dates["0102"] = TODAY + timedelta(days=1)
    bank = rim.bank()
    request = bank.build(REVERSE, UNDO_BODY)
    bank.send(request)
    rim.gate.finish(reversed_(repeat=True))

    reply = bank.reply(request)

    assert (reply.fep_serial, reply.clearing_date, reply.repeat) == ("000000123456", "20261121", True)
    assert UNDO_REPLY.unpack(reply.body)["outcome"] == 2


def test_other_replies_have_the_day_last_read(rim):
    """Replies that are of no movement carry the bank's clearing date as last read, zeros while it is unknown."""
    bank = rim.bank()
    assert bank.request(ECHO).clearing_date == "00000000"
    rim.gate.clearing_dates["0102"] = TODAY
    assert bank.request(ECHO).clearing_date == "20261121"
    assert bank.request(UNKNOWN_CODE).clearing_date == "20261121"
    assert bank.request(ECHO).fep_serial == "000000000000"


# --- order of checks, section 7


def test_the_first_fault_answers_before_sign_in(rim):
    """Before sign-in: version, then bank, then not signed in, whatever else is wrong with the frame."""
    bank = rim.connect()
    faults = {"mac": WRONG, "key_version": 9}

    assert code_of(bank, bank.build(QUERY, b"short", version=2, bank_code=b"9999", **faults)) == ("1007", "zero")
    assert code_of(bank, bank.build(QUERY, b"short", bank_code=b"9999", **faults)) == ("1006", "zero")
    assert code_of(bank, bank.build(QUERY, b"short", **faults)) == ("1001", "zero")
    assert code_of(bank, bank.build(KEY_EXCHANGE, random_body())) == ("1001", "zero")
    assert code_of(bank, bank.build(SIGN_IN, random_body(), key_version=1, mac=WRONG)) == ("1005", "zero")
    assert code_of(bank, bank.build(SIGN_IN, random_body(), mac=WRONG, flags=REPEAT)) == ("1002", "zero")
    assert code_of(bank, bank.build(SIGN_IN, bytes(16))) == ("1003", "right")
    assert bank.ends == "open"
    bank.sign_in()


def test_the_first_fault_answers_on_a_signed_in_link(logs):
    """After sign-in: version, bank, same bank, key version, MAC, code, encryption, fields, in this order."""
    rim = Rim(banks={"0102": {"encryption": "required"}})
    bank = rim.bank()
    bad = {"flags": REPEAT, "mac": WRONG}

    assert code_of(bank, bank.build(UNKNOWN_CODE, bytes(16), version=0, bank_code=b"9999", **bad)) == ("1007", "zero")
    assert code_of(bank, bank.build(UNKNOWN_CODE, bytes(16), bank_code=b"9999", **bad)) == ("1006", "zero")
    other = bank.build(UNKNOWN_CODE, bytes(16), bank_code=b"0103", key_version=7, **bad)
    assert code_of(bank, other) == ("1001", "zero")
    bank.check_alive()
    assert code_of(bank, bank.build(UNKNOWN_CODE, bytes(16), key_version=7, **bad)) == ("1005", "zero")
    assert code_of(bank, bank.build(QUERY, bytes(16), key_version=0, **bad)) == ("1005", "zero")
    assert code_of(bank, bank.build(UNKNOWN_CODE, bytes(16), **bad)) == ("1002", "zero")
    assert code_of(bank, bank.build(UNKNOWN_CODE, bytes(16), flags=REPEAT)) == ("1004", "right")
    assert code_of(bank, bank.build(QUERY, bytes(16), flags=REPEAT)) == ("1009", "right")
    assert code_of(bank, bank.build(QUERY, bytes(16), encrypt=True)) == ("1003", "right")
    assert rim.gate.works == []


def test_fields_are_read_before_the_links_state_is_asked(rim):
    """A malformed sign-in is 1003, a replayed one 1002, a second one 1010, and only then its clock is looked at."""
    bank = rim.bank()
    late = rim.wall_now + timedelta(seconds=301)
    body = random_body()

    assert code_of(bank, bank.build(SIGN_IN, bytes(16), clock=late)) == ("1003", "right")
    assert code_of(bank, bank.build(SIGN_IN, body, clock=late)) == ("1010", "right")
    assert code_of(bank, bank.build(SIGN_IN, body, clock=late)) == ("1002", "zero")


def test_a_draining_link_reads_fields_before_it_says_busy(rim):
    """While draining, a malformed request is 1003 and a well formed one 1011; link transactions are still served."""
    bank = rim.bank()
    bank.send(bank.build(STATUS, STATUS_BODY))
    bank.link.drain()

    assert code_of(bank, bank.build(STATUS, STATUS_BODY[:16])) == ("1003", "right")
    assert code_of(bank, bank.build(STATUS, STATUS_BODY)) == ("1011", "right")
    assert code_of(bank, bank.build(ECHO)) == ("0000", "right")
    assert bank.exchange_keys(KEY_EXCHANGE).code == "0000"
    assert code_of(bank, bank.build(SIGN_IN, random_body())) == ("1010", "right")


def test_the_key_lifetime_is_looked_at_before_the_code(logs):
    """When the key lifetime is over, business gets 1005, MACed, whatever its code; link transactions are served."""
    rim = Rim(link={"key_lifetime": 30})
    bank = rim.bank(encrypted=True)
    rim.pass_time(29.75)
    assert code_of(bank, bank.build(UNKNOWN_CODE)) == ("1004", "right")
    rim.pass_time(0.5)

    assert code_of(bank, bank.build(UNKNOWN_CODE)) == ("1005", "right")
    assert code_of(bank, bank.build(STATUS, STATUS_BODY)) == ("1005", "right")
    assert code_of(bank, bank.build(STATUS, STATUS_BODY, encrypt=False)) == ("1005", "right")
    assert rim.gate.works == []
    bank.check_alive()
    assert bank.exchange_keys(KEY_EXCHANGE).code == "0000"
    bank.send(bank.build(STATUS, STATUS_BODY))
    assert len(rim.gate.works) == 1


def test_a_wrong_mac_never_reaches_anything(rim, logs):
    """A frame changed in any byte of header or body is never taken for its bank's request."""
    for at in (1, 3, 20, 40, 60, 97, 110, 140):
        bank = rim.bank("0103")
        frame = bytearray(bank.build(STATUS, STATUS_BODY))
        frame[2 + at] ^= 0x01
        bank.send(bytes(frame))
        replies = bank.frames()
        assert [reply.mac_state for reply in replies] in ([], ["zero"])
    assert rim.gate.works == []
    assert all(len(event["input_sha256"]) == 64 for event in logs if event["event"] == "mac_incorrect")


def test_only_five_codes_come_without_a_mac(logs):
    """Whatever is refused with a right MAC is answered with one; five codes alone may come with zeros."""
    rim = Rim(
        banks={"0103": {"encryption": "required"}, "0104": {"encryption": "forbidden"}}, link={"key_lifetime": 60}
    )
    seen: dict[str, set[str]] = {}

    def note(bank: WiredBank, request: bytes) -> None:
        code, mac_state = code_of(bank, request)
        seen.setdefault(code, set()).add(mac_state)

    fresh, bank = rim.connect(), rim.bank()
    must, may_not = rim.bank("0103"), rim.bank("0104")
    for request in (
        fresh.build(ECHO),
        fresh.build(ECHO, bank_code=b"9999"),
        fresh.build(ECHO, version=3),
        fresh.build(SIGN_IN, random_body(), mac=WRONG),
        fresh.build(SIGN_IN, random_body(), key_version=1),
        fresh.build(SIGN_IN, random_body(), clock=rim.wall_now + timedelta(hours=1)),
        fresh.build(SIGN_IN, bytes(48)),
    ):
        note(fresh, request)
    for request in (
        bank.build(ECHO, key_version=5),
        bank.build(ECHO, mac=WRONG),
        bank.build(UNKNOWN_CODE),
        bank.build(QUERY, bytes(48)),
        bank.build(SIGN_IN, random_body()),
    ):
        note(bank, request)
    note(must, must.build(QUERY, query(ACCOUNT)))
    note(may_not, may_not.build(QUERY, query(ACCOUNT), encrypt=True))
    rim.pass_time(59)
    for one in (bank, must, may_not):
        one.check_alive()
    rim.pass_time(2)
    note(bank, bank.build(QUERY, query(ACCOUNT)))

    assert {code for code, states in seen.items() if "zero" in states} == UNAUTHENTICATED
    assert {code for code, states in seen.items() if "right" in states} == {
        *("1003", "1004", "1005", "1008", "1009", "1010")
    }
    assert not any("wrong" in states for states in seen.values())


def test_an_error_reply_says_what_is_wrong_in_chinese(rim):
    """Every refusal has one body, whatever its transaction: the message for the teller."""
    bank = rim.bank()
    for request, message in ((bank.build(UNKNOWN_CODE), "无此交易或未开通"), (bank.build(QUERY), "报文格式错")):
        assert ERROR.unpack(bank.exchange(request).body)["message"] == message


# --- MAC failures


def test_the_third_mac_failure_in_a_row_is_answered_and_ends_the_link(rim, logs):
    """Three wrong MACs in a row: each is answered 1002, then the connection is closed and security is told."""
    bank = rim.bank()
    for _ in range(3):
        assert bank.ends == "open"
        assert code_of(bank, bank.build(QUERY, query(ACCOUNT), mac=WRONG)) == ("1002", "zero")

    assert bank.ends == "closed"
    assert rim.events == {"mac_failure": 3, "security_event": 1}
    event = next(event for event in logs if event["event"] == "security_event")
    assert (event["bank_code"], event["peer"], event["log_level"]) == ("0102", "10.1.2.3", "error")


@pytest.mark.parametrize("right", [ECHO, KEY_EXCHANGE])
def test_a_right_mac_between_makes_the_count_begin_anew(rim, right):
    """Two wrong MACs and a right one, again and again: the link stays."""
    bank = rim.bank()
    for _ in range(3):
        for _ in range(2):
            bank.exchange(bank.build(QUERY, query(ACCOUNT), mac=WRONG))
        if right == ECHO:
            bank.check_alive()
        else:
            bank.exchange(bank.build(KEY_EXCHANGE, random_body()))
    assert bank.ends == "open"


def test_another_banks_code_counts_as_a_mac_failure(rim):
    """On a signed-in link another bank's code is 1001 without a MAC; the third ends the link, its sign-in included."""
    bank = rim.bank()
    for request in (
        bank.build(QUERY, query(ACCOUNT), bank_code=b"0103"),
        bank.build(ECHO, bank_code=b"0104"),
        bank.build(SIGN_IN, random_body(), bank_code=b"0403"),
    ):
        assert code_of(bank, request) == ("1001", "zero")
    assert bank.ends == "closed"
    assert {code for code, _, _ in rim.services.transaction_log.counts} == {"0102"}


def test_an_unknown_bank_or_version_is_no_mac_failure(rim):
    """1005, 1006 and 1007 are not counted: nothing was verified."""
    bank = rim.bank()
    for _ in range(4):
        bank.request(ECHO, bank_code=b"9999")
        bank.request(ECHO, version=9)
        bank.request(ECHO, key_version=9)
    assert bank.ends == "open"
    assert rim.events == {}


def test_wrong_macs_before_sign_in_end_the_connection_too(rim, logs):
    """Who does not know AK is let go at the third try."""
    stranger = rim.connect()
    for _ in range(3):
        assert code_of(stranger, stranger.build(SIGN_IN, random_body(), mac_key=bytes(15) + b"\2")) == ("1002", "zero")
    assert stranger.ends == "closed"
    assert rim.events["security_event"] == 1


# --- directions


def test_a_frame_with_response_is_never_answered(rim):
    """Whatever is wrong with a frame that has RESPONSE set, before sign-in and after it: no reply."""
    fresh, bank = rim.connect(), rim.bank()
    for one in (fresh, bank):
        for fields in (
            {"version": 2},
            {"bank_code": b"9999"},
            {"bank_code": b"0103"},
            {"key_version": 9},
            {"mac": WRONG},
            {"channel": b"xx"},
            {},
        ):
            for code in (ECHO, QUERY, UNKNOWN_CODE, SIGN_IN):
                one.send(one.build(code, flags=RESPONSE, mac_key=AK if one is fresh else None, **fields))
                assert one.frames() == []
                if one is bank:
                    bank.check_alive()  # so that no three failures come in a row
    assert fresh.ends == "open"
    bank.check_alive()
    assert rim.gate.works == []


def test_a_reply_with_a_wrong_mac_is_a_mac_failure(rim):
    """Three replies with wrong MACs end the link, and none of them is answered."""
    bank = rim.bank()
    bank.send(*(bank.build(ECHO, flags=RESPONSE, mac=WRONG) for _ in range(3)))

    assert bank.frames() == []
    assert bank.ends == "closed"
    assert rim.events == {"mac_failure": 3, "security_event": 1}


def test_a_reply_that_nobody_waits_for_is_dropped_and_counted(rim, logs):
    """Replies to nothing, under unknown keys, or of nobody: each is dropped, counted and said."""
    bank = rim.bank()
    bank.send(bank.build(ECHO, flags=RESPONSE, response_code=b"0000", fep_serial=900_000_001))
    bank.send(bank.build(QUERY, flags=RESPONSE))
    bank.send(bank.build(ECHO, flags=RESPONSE, key_version=4))
    rim.connect().send(bank.build(ECHO, flags=RESPONSE))

    assert rim.events == {"frame_dropped": 4}
    reasons = [event["reason"] for event in logs if event["event"] == "frame_dropped"]
    assert reasons == ["reply_nobody_waits_for", "reply_nobody_waits_for", "reply_key_version", "reply_of_nobody"]


def test_what_only_the_fep_sends_is_dropped(rim):
    """A bank's request with the code of BILL_PUSH is dropped and counted, before anything but its MAC is looked at."""
    bank = rim.bank()
    bank.send(bank.build(5001, bytes(16), flags=REPEAT))
    assert bank.frames() == []
    assert rim.events == {"frame_dropped": 1}
    assert code_of(bank, bank.build(5001, mac=WRONG)) == ("1002", "zero")


def test_an_echo_with_a_zero_serial_is_dropped(rim):
    """A bank's ECHO with bank_serial zeros is dropped, any other request with zeros is 1003."""
    bank = rim.bank()
    bank.send(bank.build(ECHO, serial=0))
    assert bank.frames() == []
    assert rim.events == {"frame_dropped": 1}
    assert code_of(bank, bank.build(QUERY, query(ACCOUNT), serial=0)) == ("1003", "right")


# --- ECHO of the FEP


def idle(rim: Rim, bank: WiredBank, seconds: float = 60.0) -> list[bytes]:
    rim.pass_time(seconds)
    return [frame.raw for frame in bank.frames()]


def test_a_quiet_link_is_asked_for_an_echo(rim):
    """After idle_timeout the FEP sends ECHO as section 1 describes it, and its reply keeps the link open."""
    bank = rim.bank()
    assert idle(rim, bank, 59.5) == []
    rim.pass_time(0.5)

    echo = bank.read_frame()

    assert echo.mac_state == "right"
    assert echo.header == struct.pack(
        ">BBH4s4s12s8s8s6s2s12s8s12s8sI4s",
        *(1, 0, ECHO, b"    ", b"0102", b" " * 12, b" " * 8, b"20261121", b"101530", b"00", b"0" * 12),
        *(b"0" * 8, b"000900000001", bytes(8), 1, bytes(4)),
    )
    bank.send(bank.answer(echo))
    assert rim.events == {}
    assert idle(rim, bank, 59.5) == []
    assert bank.ends == "open"


def test_an_echo_is_answered_once(rim):
    """The second reply to the same ECHO is one that nobody waits for."""
    bank = rim.bank()
    rim.pass_time(60)
    echo = bank.read_frame()
    bank.send(bank.answer(echo), bank.answer(echo))
    assert rim.events == {"frame_dropped": 1}


def test_an_echo_that_comes_back_is_dropped(rim):
    """A looped line sends our own ECHO back: it is neither answered nor taken for a reply."""
    bank = rim.bank()
    rim.pass_time(60)
    echo = bank.read_frame()
    bank.send(echo.raw)
    assert bank.frames() == []
    assert rim.events == {"frame_dropped": 1}


def test_a_link_that_does_not_answer_its_echo_is_closed(rim, logs):
    """Ten seconds after the ECHO the link is closed; a wrong MAC is no sign of life, any verified frame is."""
    dead, forger, alive = rim.bank(), rim.bank(), rim.bank()
    rim.pass_time(60)
    echo = forger.read_frame()
    forger.send(forger.answer(echo)[:-8] + WRONG)
    alive.request(QUERY)
    rim.pass_time(9.5)
    assert (dead.ends, forger.ends, alive.ends) == ("open", "open", "open")
    rim.pass_time(0.5)

    assert (dead.ends, forger.ends, alive.ends) == ("closed", "closed", "open")
    assert [event["limit"] for event in logs if event["event"] == "link_timed_out"] == ["ECHO_TIMED_OUT"] * 2
    assert rim.events["link_timed_out"] == 2


def test_a_link_that_never_proved_its_keys_is_not_asked(rim):
    """Without a frame under its MAK a link gets no ECHO and is closed 70 s after sign-in, key exchanges or not."""
    bank = rim.connect()
    assert bank.exchange_keys(SIGN_IN).code == "0000"
    rim.pass_time(35)
    assert bank.exchange_keys(KEY_EXCHANGE).code == "0000"
    rim.pass_time(34.5)
    assert (bank.frames(), bank.ends) == ([], "open")
    rim.pass_time(0.75)
    assert (bank.frames(), bank.ends) == ([], "closed")


def test_an_echo_goes_under_the_keys_that_the_bank_has_used(rim):
    """After a key exchange the FEP's own ECHO stays under the former version until the bank has used the new one."""
    bank = rim.bank()
    bank.exchange_keys(KEY_EXCHANGE)
    rim.pass_time(60)
    assert bank.read_frame().key_version == 1
    bank.check_alive()
    rim.pass_time(60)
    assert bank.read_frame().key_version == 2


def test_without_a_number_no_echo_is_sent(rim):
    """While the database gives no numbers the bank's silence is judged without an ECHO."""
    rim.next_own_serial = lambda: None
    bank = rim.bank()
    assert idle(rim, bank) == []
    assert bank.ends == "open"
    rim.pass_time(10)
    assert bank.ends == "closed"


def test_echoes_that_are_never_answered_are_bounded(rim):
    """A bank that talks but answers no ECHO is not asked for ever."""
    bank = rim.bank()
    echoes = 0
    for _ in range(ECHOES_MAX + 2):
        rim.pass_time(60)
        echoes += len(bank.frames())
        bank.check_alive()
        bank.fep_requests.clear()
    assert echoes == ECHOES_MAX


def test_no_echo_on_a_link_without_keys(rim):
    """Asked at the wrong moment, a link without session keys sends nothing."""
    fresh = rim.connect()
    fresh.link._send_echo()
    assert fresh.frames() == []


# --- encryption


@pytest.mark.parametrize(("rule", "encrypt"), [("required", False), ("forbidden", True)])
def test_the_encryption_rule(logs, rule, encrypt):
    """A body that is plain where it must be encrypted, or the other way round, is 1009, plain and MACed."""
    rim = Rim(banks={"0102": {"encryption": rule}})
    bank = rim.bank()
    reply = bank.request(QUERY, query(ACCOUNT), encrypt=encrypt)
    assert (reply.code, reply.mac_state, reply.flags, reply.nonce) == ("1009", "right", RESPONSE, bytes(8))
    assert ERROR.unpack(reply.body)["message"] == "加密方式不符"

    bank.send(bank.build(QUERY, query(ACCOUNT), encrypt=not encrypt))
    assert len(rim.gate.works) == 1
    bank.exchange_keys(KEY_EXCHANGE)
    bank.check_alive()


def test_error_replies_are_encrypted_as_their_requests(rim):
    """The reply to an encrypted request is encrypted, refusals included, each with a nonce of its own."""
    bank = rim.bank(encrypted=True)
    nonces = set()
    for body in (query(ACCOUNT)[:16], query(ACCOUNT, kind=9), bytes(48)):
        request = bank.build(QUERY, body)
        reply = bank.exchange(request)
        assert (reply.code, reply.mac_state, reply.flags) == ("1003", "right", RESPONSE | ENCRYPTED)
        assert ERROR.unpack(reply.body)["message"] == "报文格式错"
        nonces |= {reply.nonce, request[82:90]}
    assert len(nonces) == 6


def test_a_reply_without_a_body_is_never_encrypted(rim):
    """ECHO has no body: nothing of it is encrypted, and its nonce stays zeros."""
    reply = rim.bank(encrypted=True).request(ECHO)
    assert (reply.flags, reply.nonce, reply.body) == (RESPONSE, bytes(8), b"")


@pytest.mark.parametrize("code", [ECHO, SIGN_OUT])
def test_encrypted_is_not_for_frames_without_a_body(rim, code):
    """ENCRYPTED on a frame that has nothing to encrypt is 1003."""
    bank = rim.bank()
    assert bank.request(code, flags=ENCRYPTED, nonce=os.urandom(8)).code == "1003"
    bank.check_alive()


def test_sign_in_and_key_exchange_are_never_encrypted(rim):
    """ENCRYPTED on 1001 or 1003 is 1003, MACed and plain: there is no key that it could be under."""
    bank = rim.connect()
    for code in (SIGN_IN, KEY_EXCHANGE):
        reply = bank.request(code, random_body(), flags=ENCRYPTED, nonce=os.urandom(8))
        assert (reply.code, reply.mac_state, reply.flags) == ("1003", "right", RESPONSE)
        if code == SIGN_IN:
            bank.sign_in()


@pytest.mark.parametrize("bank_code", ["0102", "0103"])
def test_a_body_that_is_not_in_whole_blocks(rim, bank_code):
    """An encrypted body that no cipher can have made is 1003, and the link goes on."""
    bank = rim.bank(bank_code, encrypted=True)
    for size in (4, 44):
        reply = bank.request(QUERY, bytes(size), flags=ENCRYPTED, nonce=os.urandom(8), encrypt=False)
        assert (reply.code, reply.mac_state) == ("1003", "right")
    bank.check_alive()


def test_a_body_under_other_keys_is_malformed(rim):
    """A right MAC over a body that decrypts to nonsense is 1003."""
    bank = rim.bank()
    nonce = os.urandom(8)
    body = encrypt_body(bank.suite, os.urandom(16), nonce, STATUS_BODY)
    reply = bank.request(STATUS, body, flags=ENCRYPTED, nonce=nonce, encrypt=False)
    assert (reply.code, reply.mac_state) == ("1003", "right")


# --- endings


def test_replies_in_work_come_before_the_sign_outs(rim):
    """SIGN_OUT is answered when everything before it has been, then the FEP half-closes."""
    bank = rim.bank()
    bank.send(bank.build(STATUS, STATUS_BODY), bank.build(REVERSE, UNDO_BODY), bank.build(SIGN_OUT))
    assert bank.frames() == []
    rim.gate.finish(reversed_(), 1)
    assert [frame.txn_code for frame in bank.frames()] == [REVERSE]
    rim.gate.finish(status_found())

    assert [(frame.txn_code, frame.code, frame.mac_state) for frame in bank.frames()] == [
        (STATUS, "0000", "right"),
        (SIGN_OUT, "0000", "right"),
    ]
    assert bank.ends == "half-closed"


def test_a_second_sign_out_does_not_forget_the_first(rim):
    """Of two SIGN_OUTs the first is answered last, the second 1011 at once; business behind them is 1011 too."""
    bank = rim.bank()
    requests = [bank.build(STATUS, STATUS_BODY), bank.build(SIGN_OUT), bank.build(SIGN_OUT)]
    bank.send(*requests, late := bank.build(STATUS, STATUS_BODY))
    assert [bank.reply(request).code for request in (requests[2], late)] == ["1011", "1011"]
    rim.gate.finish(status_found())

    assert [bank.reply(request).code for request in requests[:2]] == ["0000", "0000"]
    assert bank.ends == "half-closed"


def test_draining_answers_what_has_begun(rim):
    """A draining link closes gently as soon as nothing is in work; an idle one and a fresh one at once."""
    busy, idle_one, fresh = rim.bank(), rim.bank(), rim.connect()
    request = busy.build(REVERSE, UNDO_BODY)
    busy.send(request)
    for bank in (busy, idle_one, fresh):
        bank.link.drain()
    assert (busy.ends, idle_one.ends, fresh.ends) == ("open", "half-closed", "half-closed")
    rim.gate.finish(reversed_())

    assert busy.reply(request).code == "0000"
    assert busy.ends == "half-closed"
    busy.link.drain()
    assert busy.ends == "half-closed"


def test_a_draining_link_is_asked_for_no_echo(logs):
    """While a link drains its bank has nothing to prove: no ECHO is sent, and no time limit but the gate's holds."""
    rim = Rim(link={"idle_timeout": 2, "echo_timeout": 2})
    bank = rim.bank()
    bank.send(bank.build(STATUS, STATUS_BODY))
    bank.link.drain()
    rim.pass_time(8)
    assert (bank.ends, bank.frames()) == ("open", [])
    rim.gate.finish(status_found())
    assert [frame.code for frame in bank.frames()] == ["0000"]


def test_a_bank_that_has_half_closed_gets_its_replies(rim):
    """The bank sends no more but reads on: what is in work is answered, then the connection is closed."""
    bank, idle_one, fresh = rim.bank(), rim.bank(), rim.connect()
    request = bank.build(REVERSE, UNDO_BODY)
    bank.send(request)
    for one in (bank, idle_one, fresh):
        one.finish()
    assert (bank.ends, idle_one.ends, fresh.ends) == ("open", "closed", "closed")
    rim.gate.finish(reversed_())

    assert bank.reply(request).code == "0000"
    assert bank.ends == "closed"


def test_session_keys_die_with_their_link(rim):
    """A closed link has no keys any more, and those of one connection are nothing on another."""
    bank, other = rim.bank(), rim.bank()
    assert code_of(other, bank.build(ECHO)) == ("1002", "zero")
    bank.hang_up()
    assert bank.link.ring is None


# --- bugs of our own


class BrokenDialect(BankSide):
    """The standard dialect with a bug: it cannot read a QUERY."""

    def request(self, envelope, plain_body):
        if envelope.header[2:4] == struct.pack(">H", QUERY):
            raise ZeroDivisionError(plain_body)
        return super().request(envelope, plain_body)


def test_a_bug_costs_one_request(logs):
    """An exception in the dialect is 9003, authentic, with a traceback that shows no content; the link goes on."""
    broken = BrokenDialect(STANDARD)
    rim = Rim(dialect=broken, banks={"0102": {"dialect": broken}})
    bank = rim.bank()

    assert code_of(bank, bank.build(QUERY, query(ACCOUNT))) == ("9003", "right")
    bank.check_alive()
    event = next(event for event in logs if event["event"] == "request_failed")
    assert isinstance(event["error"], ZeroDivisionError)


def test_a_bug_before_the_mac_answers_nothing(rim, monkeypatch, logs):
    """An exception before the frame was authenticated is logged and answered by nobody: 9003 needs a MAC."""
    bank = rim.bank()
    monkeypatch.setattr(type(bank.link.ring), "security", lambda *_: 1 / 0)
    bank.send(bank.build(ECHO), bank.build(ECHO, flags=RESPONSE))

    assert bank.frames() == []
    assert [event["event"] for event in logs].count("request_failed") == 2
    assert bank.ends == "open"


def test_logs_name_no_bank_that_a_stranger_made_up(rim, logs):
    """A bank code that is none of ours, or may hold anything, stays out of logs and counters."""
    stranger = rim.connect()
    stranger.send(stranger.build(ECHO, bank_code=b"6222"), stranger.build(ECHO, bank_code=b"\xff\0ab"))
    assert {event["bank_code"] for event in logs if "bank_code" in event} == {"unknown"}
    assert {bank for bank, _, _ in rim.services.transaction_log.counts} == {"unknown"}


def test_a_gate_without_an_answer_yet_is_no_answer(rim):
    """Nothing is sent while work waits; what the gate answers is sent then, a refusal too."""
    bank = rim.bank()
    bank.send(bank.build(STATUS, STATUS_BODY))
    rim.pass_time(5)
    assert bank.frames() == []
    rim.gate.finish(Answer(ResponseCode.ACCOUNT_NOT_FOUND))
    assert [(frame.code, frame.mac_state) for frame in bank.frames()] == [("2001", "right")]


def test_zero_is_no_mac(rim):
    """Eight zero bytes are a wrong MAC like any other: only our replies to strangers have them."""
    bank = rim.bank()
    assert code_of(bank, bank.build(ECHO, mac=ZERO_MAC)) == ("1002", "zero")
