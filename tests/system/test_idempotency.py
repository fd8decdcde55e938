"""Money moves once, however often it is sent, cut off or killed. 幂等与断电"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.support.raw_bank import REPEAT, Closed, Frame, RawBank, new_serial, today
from tests.system import messages
from tests.system.checks import ask, check_reply, pay_fields, query_fields
from tests.system.database import execute, wait_until_stored, write_lock
from tests.system.messages import (
    CANCEL,
    DEPOSIT,
    PAY,
    PAYMENTS,
    QUERY,
    REVERSE,
    STATUS,
    pay,
    query,
    records,
    status,
    undo,
)


@pytest.fixture(scope="module")
def pair(site):
    """A site with two daemons over one database file."""
    site.add_daemon()
    return site


def volley(banks: Sequence[RawBank], make: Callable[[RawBank], list[bytes]]) -> list[Frame]:
    """Send frames on all connections in the same instant and return all replies."""
    barrier = threading.Barrier(len(banks))

    def fire(bank: RawBank) -> list[Frame]:
        requests = make(bank)
        barrier.wait(10)
        return bank.replies(requests)

    with ThreadPoolExecutor(len(banks)) as pool:
        return [reply for replies in pool.map(fire, banks) for reply in replies]


def check_once(replies: Sequence[Frame], firsts: int = 1) -> Frame:
    """Check that the replies tell of one movement, and that all but ``firsts`` of them say REPEAT."""
    assert {(reply.code, reply.mac_state) for reply in replies} == {("0000", "right")}
    assert len({(reply.body, reply.fep_serial, reply.clearing_date) for reply in replies}) == 1
    assert [reply.repeat for reply in replies].count(False) == firsts
    return replies[0]


def check_posted_once(bank: RawBank, account_no: str, amount: int) -> None:
    """Check that the account got ``amount`` once and its history shows one payment."""
    assert query_fields(bank, account_no)["balance"] == amount
    head, _ = messages.payments_reply(ask(bank, PAYMENTS, records(account_no)).body)
    assert head["row_count"] == 1


def state_of(bank: RawBank, account_no: str, serial: int) -> int:
    """Return the state that STATUS tells."""
    return messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(account_no, serial)).body)["state"]


# --- repeats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, 3, 10, 50])
def test_repeats_on_one_connection(site, times):
    """A PAY sent many times in one write is posted once; each further reply is the first one with REPEAT."""
    bank, account = site.bank(), site.take("empty")
    requests = [bank.build(PAY, pay(account.account_no, 700, DEPOSIT), serial=7_000_000 + times)] * times
    bank.send(*requests)

    check_once([bank.read_frame() for _ in requests])

    check_posted_once(bank, account.account_no, 700)


@pytest.mark.parametrize("daemons", [1, 2])
def test_repeats_on_many_connections_at_once(pair, daemons):
    """A PAY sent in the same instant on eight connections, of one daemon or two, is posted once."""
    account, serial = pair.take("empty"), new_serial()
    banks = [pair.bank(encrypted=bool(at & 1), daemon=at % daemons) for at in range(8)]
    body = pay(account.account_no, 700, DEPOSIT)

    replies = volley(banks, lambda bank: [bank.build(PAY, body, serial=serial)])
    later = [bank.request(PAY, body, serial=serial) for bank in banks]

    check_once(replies + later)
    check_posted_once(banks[0], account.account_no, 700)


@pytest.mark.parametrize("txn_code", [CANCEL, REVERSE])
def test_a_repeated_undo_takes_back_once(pair, txn_code):
    """An undo sent on four connections of two daemons at once takes the money back once; all replies are the first."""
    account, serial = pair.take("empty"), new_serial()
    banks = [pair.bank(daemon=at % 2) for at in range(4)]
    ask(banks[0], PAY, pay(account.account_no, 1_000, DEPOSIT))
    paid = ask(banks[0], PAY, pay(account.account_no, 300, DEPOSIT))
    body = undo(account.account_no, 300, paid.serial)

    first = check_once(volley(banks, lambda bank: [bank.build(txn_code, body, serial=serial)]))

    assert messages.UNDO_REPLY.unpack(first.body)["outcome"] == 1
    assert query_fields(banks[0], account.account_no)["balance"] == 1_000


def test_a_repeated_tombstone(site):
    """A REVERSE of nothing, repeated, is answered outcome 2 again with REPEAT, not outcome 3."""
    bank, account = site.bank(), site.take("empty")
    request = bank.build(REVERSE, undo(account.account_no, 300, new_serial()))

    first = check_once([bank.exchange(request) for _ in range(3)])

    assert messages.UNDO_REPLY.unpack(first.body)["outcome"] == 2


def test_a_repeat_after_a_restart(fresh_site):
    """A PAY is answered with its first reply after the daemon was restarted in order."""
    daemon, account, serial = fresh_site.daemon.start(), fresh_site.take("empty"), new_serial()
    body = pay(account.account_no, 700, DEPOSIT)
    first = fresh_site.bank().request(PAY, body, serial=serial)
    fresh_site.hang_up()

    daemon.restart()

    bank = fresh_site.bank(encrypted=True)
    check_once([first, bank.request(PAY, body, serial=serial), bank.request(PAY, body, serial=serial)])
    check_posted_once(bank, account.account_no, 700)


# --- power failures ---------------------------------------------------------------------------------------------------


def test_an_approved_payment_survives_a_kill(fresh_site):
    """A PAY answered 0000 is there after kill -9 in the very moment of its reply."""
    fresh_site.daemon.start()
    account, serial = fresh_site.take("empty"), new_serial()
    body = pay(account.account_no, 700, DEPOSIT)
    first = fresh_site.bank().request(PAY, body, serial=serial)

    fresh_site.daemon.kill()
    fresh_site.daemon.start()

    bank = fresh_site.bank()
    assert state_of(bank, account.account_no, serial) == 1
    check_once([first, bank.request(PAY, body, serial=serial)])
    check_posted_once(bank, account.account_no, 700)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["by the clock", "when committed"])
def test_kills_around_the_commit(fresh_site, moment):
    """Killed at any moment around COMMIT, the payment stands once or not at all, and STATUS tells which."""
    fresh_site.daemon.start()
    bank = fresh_site.bank()
    for round_ in range(6):
        account, serial = fresh_site.take("empty"), new_serial()
        body = pay(account.account_no, 700, DEPOSIT)
        bank.send(bank.build(PAY, body, serial=serial))
        if moment == "by the clock":
            time.sleep(round_ * 0.003)  # from "not yet read" to "answered": each round dies a little later
        else:
            wait_until_stored(fresh_site.directory, serial)  # most often the reply is not sent yet
        fresh_site.daemon.kill()
        first = _last_words(bank, serial)
        fresh_site.daemon.start()
        bank = fresh_site.bank()

        state = state_of(bank, account.account_no, serial)
        again = [bank.request(PAY, body, serial=serial) for _ in range(2)]

        assert state in ((0, 1) if moment == "by the clock" else (1,))
        assert not (first and state == 0), "an approved payment is lost"
        check_once([*first, *again], firsts=1 if first or state == 0 else 0)
        check_posted_once(bank, account.account_no, 700)


@pytest.mark.slow
def test_one_of_two_daemons_is_killed(fresh_site):
    """A PAY sent to a daemon that is killed and at once again to the other is posted once."""
    first_daemon = fresh_site.daemon.start()
    fresh_site.add_daemon()
    for round_ in range(4):
        account, serial = fresh_site.take("empty"), new_serial()
        body, other = pay(account.account_no, 700, DEPOSIT), fresh_site.bank(daemon=1)
        bank = fresh_site.bank()
        bank.send(bank.build(PAY, body, serial=serial))
        time.sleep(round_ * 0.003)
        first_daemon.kill()

        again = [other.request(PAY, body, serial=serial) for _ in range(2)]

        first = _last_words(bank, serial)
        check_once([*first, *again], firsts=0 if again[0].repeat and not first else 1)
        check_posted_once(other, account.account_no, 700)
        first_daemon.start()


def _last_words(bank: RawBank, serial: int) -> list[Frame]:
    try:
        return [frame for frame in bank.until_closed() if frame.serial == serial]
    finally:
        bank.close()


def test_killed_while_the_database_is_locked(fresh_site):
    """A PAY that waits for the database when the daemon is killed has not happened, and is posted when sent again."""
    fresh_site.daemon.start()
    account, bank, serial = fresh_site.take("empty"), fresh_site.bank(), new_serial()
    body = pay(account.account_no, 700, DEPOSIT)
    with write_lock(fresh_site.directory):
        bank.send(bank.build(PAY, body, serial=serial))
        ask(bank, QUERY, query(account.account_no))
        fresh_site.daemon.kill()
    fresh_site.daemon.start()
    bank = fresh_site.bank()

    assert state_of(bank, account.account_no, serial) == 0
    check_once([bank.request(PAY, body, serial=serial) for _ in range(2)])
    check_posted_once(bank, account.account_no, 700)


@pytest.mark.parametrize("cut", [RawBank.reset, RawBank.close], ids=["reset", "close"])
def test_connections_cut_right_after_sending(site, cut):
    """A connection cut right after PAY was sent leaves it posted once or not at all; sent again it is posted once."""
    for round_ in range(8):
        account, bank, serial = site.take("empty"), site.bank(), new_serial()
        body = pay(account.account_no, 700, DEPOSIT)
        bank.send(bank.build(PAY, body, serial=serial))
        time.sleep(round_ * 0.001)  # the cut comes a little later in each round
        cut(bank)

        bank = site.bank()
        again = [bank.request(PAY, body, serial=serial) for _ in range(2)]

        check_once(again, firsts=0 if again[0].repeat else 1)
        check_posted_once(bank, account.account_no, 700)


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("daemons", [1, 2])
def test_two_payments_of_the_same_bills(pair, daemons):
    """Of two PAYs with different serials for the same bills in the same instant one settles, the other is refused."""
    banks = [pair.bank(daemon=at % daemons) for at in range(2)]
    for _ in range(10):
        account = pair.take("future")
        body = pay(account.account_no, 8_000)
        codes = [reply.code for reply in volley(banks, lambda bank, body=body: [bank.build(PAY, body)])]

        assert sorted(codes) in (["0000", "2002"], ["0000", "2003"])
        head = query_fields(banks[0], account.account_no)
        assert (head["total_due"], head["balance"]) == (0, 0)


@pytest.mark.parametrize("daemons", [1, 2])
def test_a_payment_and_its_reversal_at_once(pair, daemons):
    """PAY and its REVERSE in the same instant: undone or barred, never kept, and STATUS agrees with both replies."""
    payer, reverser = (pair.bank(daemon=at % daemons) for at in range(2))
    for _ in range(10):
        account, serial = pair.take("empty"), new_serial()

        def make(bank, account=account, serial=serial):
            if bank is payer:
                return [bank.build(PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)]
            return [bank.build(REVERSE, undo(account.account_no, 700, serial))]

        paid, reversed_ = volley([payer, reverser], make)

        outcome = messages.UNDO_REPLY.unpack(reversed_.body)["outcome"]
        assert (paid.code, reversed_.code, outcome) in (("0000", "0000", 1), ("2010", "0000", 2))
        assert state_of(payer, account.account_no, serial) == {1: 3, 2: 4}[outcome]
        assert query_fields(payer, account.account_no)["balance"] == 0


@pytest.mark.parametrize("daemons", [1, 2])
def test_many_payments_of_one_account_at_once(pair, daemons):
    """Forty deposits to one account on four connections at once all arrive: the balance is their sum."""
    account = pair.take("empty")
    banks = [pair.bank(daemon=at % daemons) for at in range(4)]

    replies = volley(banks, lambda bank: [bank.build(PAY, pay(account.account_no, 10, DEPOSIT)) for _ in range(10)])

    assert {reply.code for reply in replies} == {"0000"}
    assert sorted(pay_fields(reply)["balance_after"] for reply in replies) == list(range(10, 410, 10))
    assert len({reply.fep_serial for reply in replies}) == 40


def test_a_thousand_requests_in_one_write(site):
    """A thousand requests pipelined on one connection get a thousand replies, each its own."""
    bank, account = site.bank(), site.take("future")
    requests = [bank.build(QUERY, query(account.account_no)) for _ in range(1_000)]
    reader = ThreadPoolExecutor(1).submit
    sending = reader(bank.send, *requests)

    replies = [bank.reply(request) for request in requests]
    sending.result()

    assert {reply.code for reply in replies} == {"0000"}
    assert len({reply.serial for reply in replies}) == 1_000
    assert bank.unmatched == []


def test_a_thousand_payments_in_one_write(site):
    """A thousand pipelined deposits get a thousand replies, and what was approved is what stands on the account."""
    bank, account = site.bank(), site.take("empty")
    requests = [bank.build(PAY, pay(account.account_no, 1, DEPOSIT)) for _ in range(1_000)]
    bank.send(*requests)

    codes = [bank.reply(request, 60).code for request in requests]

    assert set(codes) <= {"0000", "1011"}
    assert query_fields(bank, account.account_no)["balance"] == codes.count("0000") > 0


# --- the identity -----------------------------------------------------------------------------------------------------


def test_no_header_field_belongs_to_the_content(site):
    """The same body under another teller, outlet, channel, time and encryption is a repeat, its header echoed."""
    plain, encrypted = site.bank(), site.bank(encrypted=True)
    account, serial = site.take("empty"), new_serial()
    body = pay(account.account_no, 700, DEPOSIT)
    first = ask(plain, PAY, body, serial=serial)
    request = encrypted.build(
        PAY, body, serial=serial, teller_id=b"T9      ", branch_code=b"BR9         ", channel=3, bank_time=b"010203"
    )

    again = check_reply(request, encrypted.exchange(request), repeat=True)

    check_once([first, again])
    check_posted_once(plain, account.account_no, 700)


@pytest.mark.parametrize(
    "other",
    [
        lambda account, _: (PAY, pay(account.account_no, 701, DEPOSIT)),
        lambda account, _: (PAY, pay(account.account_no, 700, DEPOSIT, instrument=2)),
        lambda account, _: (PAY, pay(account.account_no, 0, DEPOSIT)),
        lambda _, stranger: (PAY, pay(stranger.account_no, 700, DEPOSIT)),
        lambda account, _: (CANCEL, undo(account.account_no, 700, 999_999_000_001)),
        lambda account, _: (REVERSE, undo(account.account_no, 700, 999_999_000_002)),
    ],
    ids=["amount", "instrument", "amount 0", "account", "CANCEL", "REVERSE"],
)
def test_a_serial_used_before_with_other_content(site, other):
    """The same identity with other content is 2006, before every later check, and nothing is done."""
    bank, account, stranger, serial = site.bank(), site.take("empty"), site.take("empty"), new_serial()
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)

    ask(bank, *other(account, stranger), "2006", serial=serial)

    check_posted_once(bank, account.account_no, 700)
    assert query_fields(bank, stranger.account_no)["balance"] == 0


def test_the_bank_date_belongs_to_the_identity(site):
    """The same serial under yesterday's and today's bank_date is two payments."""
    bank, account, serial = site.bank(), site.take("empty"), new_serial()
    body = pay(account.account_no, 700, DEPOSIT)

    replies = [ask(bank, PAY, body, serial=serial, bank_date=today() - timedelta(days=back)) for back in (0, 1)]

    assert replies[0].fep_serial != replies[1].fep_serial
    assert query_fields(bank, account.account_no)["balance"] == 1_400


def test_the_bank_belongs_to_the_identity(site):
    """Two banks may use the same serial on the same day."""
    account, serial = site.take("empty"), new_serial()
    for code in ("0102", "0103"):
        ask(site.bank(code), PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)

    assert query_fields(site.bank(), account.account_no)["balance"] == 1_400


@pytest.mark.parametrize("txn_code", [CANCEL, REVERSE])
def test_a_payment_undone_since_is_not_repeated(site, txn_code):
    """Any PAY under the identity of an undone one gets 2010, whatever its content; the undo itself repeats."""
    bank, account, serial = site.bank(), site.take("empty"), new_serial()
    body = pay(account.account_no, 700, DEPOSIT)
    ask(bank, PAY, body, serial=serial)
    request = bank.build(txn_code, undo(account.account_no, 700, serial))
    first = bank.exchange(request)

    for content in (body, pay(account.account_no, 5, DEPOSIT), pay(account.account_no, 0)):
        reply = bank.request(PAY, content, serial=serial)
        assert (reply.code, reply.mac_state) == ("2010", "right")

    check_once([first, bank.exchange(request)])
    assert query_fields(bank, account.account_no)["balance"] == 0


def test_a_tombstone_bars_any_payment(site):
    """Any PAY under a tombstone's identity gets 2010, whatever its account and amount."""
    bank, account, other, serial = site.bank(), site.take("empty"), site.take("empty"), new_serial()
    ask(bank, REVERSE, undo(account.account_no, 700, serial))

    for content in (pay(account.account_no, 700, DEPOSIT), pay(other.account_no, 9, DEPOSIT), pay("0199999999", 0)):
        reply = bank.request(PAY, content, serial=serial)
        assert (reply.code, reply.mac_state) == ("2010", "right")


def test_a_refusal_is_not_stored(site):
    """A refused PAY is decided again when it is sent again: what was 2003 is approved once the amount fits."""
    bank, account = site.bank(), site.take("future")
    request = bank.build(PAY, pay(account.account_no, 5_000))
    check_reply(request, bank.exchange(request), "2003")
    ask(bank, PAY, pay(account.account_no, 3_000, DEPOSIT))

    reply = check_reply(request, bank.exchange(request))

    assert not reply.flags & REPEAT
    assert pay_fields(reply)["settled_count"] == 1


def test_a_stored_payment_is_answered_before_the_later_checks(site):
    """The repeat of a PAY that would be refused now (nothing is owed any more) is its first reply."""
    bank, account = site.bank(), site.take("future")
    request = bank.build(PAY, pay(account.account_no, 8_000, expected_payable=8_000))

    check_once([bank.exchange(request) for _ in range(2)])


def test_a_stored_payment_is_answered_however_old(site):
    """A payment stored ten days ago is repeated under its old bank_date, which would be 1003 for a new one."""
    bank, account, serial = site.bank(), site.take("empty"), new_serial()
    body, then = pay(account.account_no, 700, DEPOSIT), today() - timedelta(days=10)
    first = ask(bank, PAY, body, serial=serial)
    moved = "UPDATE payments SET bank_date = ? WHERE bank_serial = ?"
    execute(site.directory, moved, int(then.strftime("%Y%m%d")), f"{serial:012d}")

    again = bank.request(PAY, body, serial=serial, bank_date=then)

    check_once([first, again])
    ask(bank, PAY, pay(account.account_no, 701, DEPOSIT), "2006", serial=serial, bank_date=then)
    ask(bank, PAY, body, "1003", bank_date=then)


def test_random_order_of_repeats_and_undos(site):
    """Whatever order PAYs, repeats and undos of one account come in, the balance is the sum of what stands."""
    dice, bank, account = random.Random(20261121), site.bank(), site.take("empty")
    amounts = {new_serial(): 1 << at for at in range(10)}
    undone = set()
    for _ in range(120):
        serial = dice.choice(list(amounts))
        txn_code = dice.choice((PAY, PAY, CANCEL, REVERSE))
        if txn_code == PAY:
            reply = bank.request(PAY, pay(account.account_no, amounts[serial], DEPOSIT), serial=serial)
            assert reply.code == ("2010" if serial in undone else "0000")
        else:
            reply = bank.request(txn_code, undo(account.account_no, amounts[serial], serial))
            if reply.code == "0000":
                undone.add(serial)
            else:
                assert (txn_code, reply.code) in ((CANCEL, "2007"), (CANCEL, "2008"))

    standing = sum(amount for serial, amount in amounts.items() if state_of(bank, account.account_no, serial) == 1)
    assert query_fields(bank, account.account_no)["balance"] == standing
    assert all(state_of(bank, account.account_no, serial) in (2, 3, 4) for serial in undone)


def test_a_closed_link_is_noticed(site):
    """The tester's own guard: a reply that never comes because the link is closed is an error, not a hang."""
    bank = site.bank()
    bank.send(b"\0\0")

    with pytest.raises(Closed):
        bank.reply(bank.build(QUERY, query("0199700001")))
