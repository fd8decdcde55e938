"""Sections 5 and 7 of the wire specification, sentence by sentence. 规范逐句核对

``SENTENCES`` says each sentence in our own words and names the test that holds it; the tests here are those of the
order of checks: a frame with two faults gets the code of the earlier one.
"""

import ast
import os
from pathlib import Path

import pytest

from tests.support.raw_bank import ECHO, KEY_EXCHANGE, RESPONSE, SIGN_IN, new_serial
from tests.system import messages
from tests.system.checks import ask, check_reply, query_fields
from tests.system.messages import (
    BILL_PUSH,
    CANCEL,
    DEPOSIT,
    PAY,
    QUERY,
    RECON_DETAIL,
    RECON_TOTALS,
    REVERSE,
    STATUS,
    pay,
    query,
    status,
    undo,
)

SENTENCES = {
    # 5. Idempotency
    "bank, bank_date and bank_serial are the identity of a money request": (
        "test_idempotency::test_the_bank_date_belongs_to_the_identity",
        "test_idempotency::test_the_bank_belongs_to_the_identity",
    ),
    "PAY, CANCEL, REVERSE, pushed and batch debits share one identity space": (
        "test_idempotency::test_a_serial_used_before_with_other_content",
    ),
    "the content is txn_code and plain body, no header field": (
        "test_idempotency::test_no_header_field_belongs_to_the_content",
    ),
    "same identity and content: the first reply, REPEAT, same body, fep_serial, clearing_date": (
        "test_idempotency::test_repeats_on_one_connection",
        "test_idempotency::test_a_repeated_undo_takes_back_once",
        "test_idempotency::test_a_repeated_tombstone",
    ),
    "echo, key version, nonce, encryption and MAC belong to the request being answered": (
        "test_idempotency::test_no_header_field_belongs_to_the_content",
    ),
    "same identity, other content: 2006, nothing done": (
        "test_idempotency::test_a_serial_used_before_with_other_content",
    ),
    "undone since, or a tombstone: any PAY under it is 2010": (
        "test_idempotency::test_a_payment_undone_since_is_not_repeated",
        "test_idempotency::test_a_tombstone_bars_any_payment",
    ),
    "it holds across connections, daemons and restarts": (
        "test_idempotency::test_repeats_on_many_connections_at_once",
        "test_idempotency::test_a_repeat_after_a_restart",
        "test_idempotency::test_kills_around_the_commit",
    ),
    "a refusal is not stored": ("test_idempotency::test_a_refusal_is_not_stored",),
    "answered only after the effect is durable": ("test_idempotency::test_an_approved_payment_survives_a_kill",),
    "what was answered 1011 or 9001 is never started afterwards": (
        "test_process::test_a_payment_that_is_not_started_never_starts",
        "test_process::test_a_drain_in_the_middle_of_a_storm",
    ),
    "db_timeout bounds the wait for the database; before COMMIT the code is not 9002": (
        "test_process::test_a_payment_that_is_not_started_never_starts",
    ),
    "a bank_date more than one day off is 1003, first of the transaction's own checks": (
        "test_business_rules::test_bank_date_is_at_most_a_day_off",
    ),
    "a stored identity is answered however its bank_date and the rules stand now": (
        "test_idempotency::test_a_stored_payment_is_answered_before_the_later_checks",
        "test_idempotency::test_a_stored_payment_is_answered_however_old",
    ),
    # 7. Order of checks
    "the first check that fails answers": ("test_conformance::test_the_earlier_of_two_faults_answers",),
    "at accept: the address is in the union of all banks' CIDRs, else closed unread": (
        "test_link::test_addresses_of_no_bank_are_not_read",
    ),
    "version, bank, session, key version, MAC: in this order": (
        "test_conformance::test_the_earlier_of_two_faults_answers",
    ),
    "sign-in from an address that is not the bank's own: closed without a reply": (
        "test_link::test_only_the_banks_own_addresses_are_let_in",
    ),
    "a wrong direction is dropped after the MAC, before its code is looked at": (
        "test_conformance::test_a_wrong_direction_is_dropped_before_its_fields_are_read",
        "test_conformance::test_the_mac_is_checked_before_the_direction",
    ),
    "unknown code before the encryption rule": (
        "test_link::test_an_unknown_transaction_is_found_before_the_encryption_rule",
    ),
    "encryption rule before length and fields": (
        "test_link::test_the_encryption_rule_is_found_before_a_malformed_body",
    ),
    "length and fields before link state and clock": (
        "test_conformance::test_fields_are_checked_before_state_and_clock",
    ),
    "link state before clock": ("test_conformance::test_state_is_checked_before_the_clock",),
    "fields before own identity": ("test_conformance::test_fields_are_checked_before_the_identity",),
    "own identity before enabled, service hours and suspension": (
        "test_conformance::test_a_stored_payment_is_answered_to_a_suspended_bank",
        "test_conformance::test_a_stored_payment_is_answered_when_the_transaction_is_disabled",
    ),
    "enabled before suspension": ("test_conformance::test_a_disabled_transaction_is_found_before_the_suspension",),
    "suspension before the transaction's own checks": (
        "test_conformance::test_the_suspension_is_found_before_the_own_checks",
    ),
    "STATUS, CANCEL, REVERSE, 3001, 3002 ask no limits, pay window, account state": (
        "test_conformance::test_undo_and_status_ask_no_limits_and_no_account_state",
    ),
    "STATUS and REVERSE ask no service hours or suspension": (
        "test_conformance::test_a_suspended_bank_may_still_ask_and_reverse",
    ),
}


def test_each_sentence_has_its_test():
    """Each sentence names tests that exist."""
    here = Path(__file__).parent
    found = {
        f"{path.stem}::{node.name}"
        for path in here.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

    assert {name for names in SENTENCES.values() for name in names} - found == set()


@pytest.fixture
def bank(site):
    """A signed-in link."""
    return site.bank()


WRONG = {"mac": b"\x13" * 8}
PAIRS = {
    "version 1007 before bank 1006": ("1007", "zero", {"version": 2, "bank_code": b"9999"}),
    "version 1007 before MAC 1002": ("1007", "zero", {"version": 2, **WRONG}),
    "version 1007 before session 1001": ("1007", "zero", {"version": 9, "bank_code": b"0103"}),
    "bank 1006 before session 1001": ("1006", "zero", {"bank_code": b"9999"}),
    "bank 1006 before key version 1005": ("1006", "zero", {"bank_code": b"9999", "key_version": 4_000_000}),
    "bank 1006 before MAC 1002": ("1006", "zero", {"bank_code": b"9999", **WRONG}),
    "session 1001 before key version 1005": ("1001", "zero", {"bank_code": b"0103", "key_version": 4_000_000}),
    "session 1001 before MAC 1002": ("1001", "zero", {"bank_code": b"0103", **WRONG}),
    "key version 1005 before MAC 1002": ("1005", "zero", {"key_version": 4_000_000, **WRONG}),
    "MAC 1002 before code 1004": ("1002", "zero", {"txn_code": 2999, **WRONG}),
    "MAC 1002 before fields 1003": ("1002", "zero", {"bank_date": b"20260231", **WRONG}),
    "code 1004 before fields 1003": ("1004", "right", {"txn_code": 2999, "bank_date": b"20260231"}),
}


@pytest.mark.parametrize(("code", "mac", "faults"), PAIRS.values(), ids=PAIRS.keys())
def test_the_earlier_of_two_faults_answers(bank, code, mac, faults):
    """A frame with two faults gets the code of the earlier check, and the link goes on."""
    request = bank.build(**{"txn_code": QUERY, "body": query("0199700001"), **faults})

    check_reply(request, bank.exchange(request), code, mac=mac)
    bank.check_alive()


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("1007", {"version": 2, "bank_code": b"9999"}),
        ("1006", {"bank_code": b"9999", "key_version": 5}),
        ("1005", {"key_version": 5, "mac": b"\x13" * 8}),
        ("1002", {"mac": b"\x13" * 8, "bank_date": b"20260231"}),
    ],
)
def test_the_earlier_of_two_faults_answers_a_sign_in(site, code, faults):
    """A sign-in with two faults gets the code of the earlier check."""
    bank = site.connect()
    request = bank.build(SIGN_IN, os.urandom(16) + bytes(16), **faults)

    check_reply(request, bank.exchange(request), code, mac="zero")


def test_a_key_exchange_before_sign_in_is_found_before_its_key_version(site):
    """Before sign-in even a key exchange with a wrong key version and MAC is 1001."""
    bank = site.connect()
    request = bank.build(KEY_EXCHANGE, bytes(32), key_version=7, mac=b"\1" * 8)

    check_reply(request, bank.exchange(request), "1001", mac="zero")


def test_a_wrong_direction_is_dropped_before_its_fields_are_read(bank):
    """A BILL_PUSH of a bank is dropped even when its size and date are wrong too."""
    bank.check_dropped(bank.build(BILL_PUSH, bytes(16), bank_date=b"20260231"))


def test_the_mac_is_checked_before_the_direction(bank):
    """A BILL_PUSH of a bank whose MAC is wrong too is 1002; with RESPONSE set it is not answered."""
    request = bank.build(BILL_PUSH, bytes(160), **WRONG)
    check_reply(request, bank.exchange(request), "1002", mac="zero")

    bank.check_dropped(bank.build(BILL_PUSH, bytes(48), flags=RESPONSE, **WRONG))


def test_fields_are_checked_before_state_and_clock(site, bank):
    """A sign-in with reserved bytes set is 1003, though the link is signed in and the clock is off."""
    for link in (bank, site.connect()):
        request = link.build(SIGN_IN, os.urandom(16) + bytes(15) + b"\1", bank_time=b"256199")
        check_reply(request, link.exchange(request), "1003")


def test_state_is_checked_before_the_clock(bank):
    """A second sign-in whose clock is off is 1010, not 1008."""
    request = bank.build(SIGN_IN, os.urandom(16) + bytes(16), bank_date=b"20200101")

    check_reply(request, bank.exchange(request), "1010")


def test_fields_are_checked_before_the_identity(site, bank):
    """A malformed PAY under a serial used before is 1003, not 2006."""
    account, serial = site.take("empty"), new_serial()
    ask(bank, PAY, pay(account.account_no, 100, DEPOSIT), serial=serial)

    ask(bank, PAY, pay(account.account_no, 100, 3), "1003", serial=serial)


def test_undo_and_status_ask_no_limits_and_no_account_state(site, bank):
    """STATUS, CANCEL, REVERSE and reconciling are served for closed and suspended accounts and any amount."""
    for kind in ("closed", "suspended"):
        account = site.take(kind)
        ask(bank, STATUS, status(account.account_no, 987_654_321))
        ask(bank, CANCEL, undo(account.account_no, 2**62, 987_654_321), "2007")
        ask(bank, REVERSE, undo(account.account_no, 2**62, new_serial()))


TRANSACTIONS = (
    *("query", "pay", "cancel", "reverse", "status", "payments", "consumption", "invoice"),
    *("recon_totals", "recon_detail"),
)


# --- suspension and disabled transactions -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(make_site, secrets):
    """A site that served bank 0102 and 0103 once; then 0102 was suspended and PAY disabled for 0103."""
    site = make_site()
    site.daemon.start()
    site.paid = {}
    for code in ("0102", "0103", "0104"):
        bank, account, serial = site.bank(code), site.take("empty"), new_serial()
        ask(bank, PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)
        site.paid[code] = (account, serial)
    site.hang_up()
    assert site.daemon.stop() == 0
    suspend(site.daemon, "0102")
    disable(site.daemon, "0103", "pay")
    suspend(site.daemon, "0104")
    disable(site.daemon, "0104", "pay")
    site.daemon.start()
    yield site
    site.close(secrets)


def suspend(daemon, bank_code):
    """Suspend a bank in its file."""
    daemon.configure_bank(bank_code, suspended=True)


def disable(daemon, bank_code, transaction):
    """Disable a transaction in a bank's file."""
    daemon.configure_bank(bank_code, transactions=[name for name in TRANSACTIONS if name != transaction])


def test_a_stored_payment_is_answered_to_a_suspended_bank(strict):
    """The repeat of a PAY is its first reply though the bank has been suspended since."""
    account, serial = strict.paid["0102"]
    bank = strict.bank("0102")
    request = bank.build(PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)

    check_reply(request, bank.exchange(request), repeat=True)


def test_a_stored_payment_is_answered_when_the_transaction_is_disabled(strict):
    """The repeat of a PAY is its first reply though PAY has been disabled since; another PAY is 1004."""
    account, serial = strict.paid["0103"]
    bank = strict.bank("0103")
    request = bank.build(PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)

    check_reply(request, bank.exchange(request), repeat=True)
    ask(bank, PAY, pay(account.account_no, 701, DEPOSIT), "2006", serial=serial)
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT), "1004")
    assert query_fields(bank, account.account_no)["balance"] == 700


def test_a_disabled_transaction_is_found_before_the_suspension(strict):
    """A PAY that is disabled is 1004 though the bank is suspended too."""
    ask(strict.bank("0104"), PAY, pay("0199700001", 0), "1004")


def test_the_suspension_is_found_before_the_own_checks(strict):
    """A suspended bank's business is 1012, whatever else is wrong with amount or account."""
    bank = strict.bank("0102")

    ask(bank, PAY, pay("0199700001", 0), "1012")
    ask(bank, QUERY, query("0199700001"), "1012")
    ask(bank, CANCEL, undo("0199700001", 1, 5), "1012")
    ask(bank, RECON_TOTALS, messages.TOTALS_REQUEST.pack(clearing_date=b"20200101"), "1012")


def test_the_suspension_bars_details_too(strict):
    """RECON_DETAIL of a suspended bank is 1012, before its day is looked at."""
    day = messages.DETAIL_REQUEST.pack(clearing_date=b"20200101", page=1)

    ask(strict.bank("0102"), RECON_DETAIL, day, "1012")


def test_a_suspended_bank_may_still_ask_and_reverse(strict):
    """STATUS and REVERSE are served to a suspended bank, and so are ECHO and key exchange."""
    account, serial = strict.paid["0102"]
    bank = strict.bank("0102")
    ask(bank, STATUS, status(account.account_no, serial))

    reply = ask(bank, REVERSE, undo(account.account_no, 700, serial))

    assert messages.UNDO_REPLY.unpack(reply.body)["outcome"] == 1
    assert bank.exchange_keys(KEY_EXCHANGE).code == "0000"
    ask(bank, ECHO)
