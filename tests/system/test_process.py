"""The daemon as a process: drain, database that is late, ports, schema, cut-off. 进程、停机与日切"""

import signal
import socket
import time
from datetime import time as time_of_day
from datetime import timedelta

import pytest

from tests.support.daemon import Daemon
from tests.support.raw_bank import ECHO, REPEAT, SIGN_IN, now
from tests.system import messages
from tests.system.checks import CUT_OFF, ask, check_reply, clearing_date, query_fields
from tests.system.database import execute, write_lock
from tests.system.messages import (
    CANCEL,
    DEPOSIT,
    PAY,
    PAYMENTS,
    QUERY,
    RECON_DETAIL,
    RECON_TOTALS,
    REVERSE,
    STATUS,
    pay,
    query,
    records,
    status,
    undo,
)

ACCOUNT = "0199700001"


# --- drain ------------------------------------------------------------------------------------------------------------


def test_a_drain_finishes_what_has_begun(fresh_site):
    """SIGTERM: a PAY under way is answered 0000, new business 1011, then the link ends and the daemon exits with 0."""
    daemon, bank, account = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.take("empty")
    other = fresh_site.bank("0103", encrypted=True)
    payment = bank.build(PAY, pay(account.account_no, 700, DEPOSIT))
    with write_lock(fresh_site.directory):
        bank.send(payment)
        ask(bank, QUERY, query(account.account_no))
        daemon.signal(signal.SIGTERM)
        started = time.monotonic()
        while (reply := bank.request(QUERY, query(account.account_no))).code == "0000":
            assert time.monotonic() - started < 5  # until the signal has been taken
        assert (reply.code, reply.mac_state) == ("1011", "right")
        late = bank.build(PAY, pay(account.account_no, 5, DEPOSIT))
        check_reply(late, bank.exchange(late), "1011")

    check_reply(payment, bank.reply(payment))
    assert bank.until_closed() == []
    assert other.until_closed() == []
    fresh_site.hang_up()
    assert daemon.wait() == 0
    daemon.start()
    bank = fresh_site.bank()
    assert query_fields(bank, account.account_no)["balance"] == 700


def test_a_drain_does_not_wait_for_ever(fresh_site):
    """A bank that never hangs up is waited for at most 5 s; the exit code is 0 all the same."""
    daemon = fresh_site.daemon.start()
    banks = [fresh_site.bank(), fresh_site.connect(), fresh_site.bank("0104")]
    started = time.monotonic()

    daemon.signal(signal.SIGTERM)

    assert banks[0].until_closed() == []  # half-closed at once: nothing is under way
    assert time.monotonic() - started < 4
    assert daemon.wait() == 0
    assert time.monotonic() - started < 12


def test_a_drain_in_the_middle_of_a_storm(fresh_site):
    """SIGTERM amid a thousand pipelined payments: each reply is 0000 or 1011, and exactly the approved ones stand."""
    daemon, bank, account = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.take("empty")
    requests = [bank.build(PAY, pay(account.account_no, 1, DEPOSIT)) for _ in range(1_000)]
    bank.send(*requests)
    assert bank.read_frame().code == "0000"

    daemon.signal(signal.SIGTERM)

    frames = bank.until_closed(30)
    fresh_site.hang_up()
    assert daemon.wait() == 0
    codes = [frame.code for frame in frames]
    assert set(codes) <= {"0000", "1011"}
    daemon.start()
    assert query_fields(fresh_site.bank(), account.account_no)["balance"] == 1 + codes.count("0000")


# --- a database that is late ------------------------------------------------------------------------------------------


def test_a_payment_that_is_not_started_never_starts(fresh_site):
    """While the database is locked queries are served; a PAY is answered 9001 in time and never happens afterwards."""
    fresh_site.daemon.configure("billing", db_timeout=3).start()
    bank, account = fresh_site.bank(), fresh_site.take("empty")
    request, started = bank.build(PAY, pay(account.account_no, 700, DEPOSIT)), time.monotonic()
    with write_lock(fresh_site.directory):
        bank.send(request)
        assert query_fields(bank, account.account_no)["balance"] == 0
        reply = bank.reply(request, 25)
        assert time.monotonic() - started < 5
        check_reply(request, reply, "9001")  # not 9002: COMMIT cannot have been sent while another held the lock
    later = ask(bank, PAY, pay(account.account_no, 5, DEPOSIT))

    told = messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(account.account_no, reply.serial)).body)
    assert (told["state"], later.code) == (0, "0000")
    head, _ = messages.payments_reply(ask(bank, PAYMENTS, records(account.account_no)).body)
    assert head["row_count"] == 1
    again = check_reply(request, bank.exchange(request))
    assert not again.flags & REPEAT


def test_more_payments_than_can_wait(fresh_site):
    """Payments beyond what may wait for the database get 1011 and never happen; the others happen once it is free."""
    fresh_site.daemon.configure("billing", queue_max=5).start()
    banks, account = [fresh_site.bank() for _ in range(3)], fresh_site.take("empty")
    requests = {bank: [bank.build(PAY, pay(account.account_no, 1, DEPOSIT)) for _ in range(20)] for bank in banks}
    with write_lock(fresh_site.directory):
        for bank, frames in requests.items():
            bank.send(*frames)
        busy = banks[0].read_frame()
        assert (busy.code, busy.mac_state) == ("1011", "right")
        banks[0].unmatched.append(busy)

    codes = [bank.reply(frame).code for bank, frames in requests.items() for frame in frames]

    assert set(codes) == {"0000", "1011"}
    assert query_fields(banks[0], account.account_no)["balance"] == codes.count("0000")


def test_a_log_collector_that_hangs(fresh_site):
    """When nobody reads the log, banks are served all the same, and SIGTERM still ends the daemon with 0."""
    daemon, account = fresh_site.daemon.start(), fresh_site.take("empty")
    bank = fresh_site.bank()
    with daemon.stalled_log():
        requests = [bank.build(QUERY, query(account.account_no)) for _ in range(1_500)]  # some 400 kB of log lines
        for request in requests:
            assert bank.exchange(request).code == "0000"
        ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
        fresh_site.hang_up()
        daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0

    assert daemon.wait() == 0


# --- starting ---------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_named(fresh_site):
    """A port that is taken is an error that names it; the exit code is 3."""
    daemon = fresh_site.daemon
    with socket.create_server(("127.0.0.1", daemon.port)):
        daemon.start(wait=False)
        code = daemon.wait()

    assert code == 3
    assert str(daemon.port) in "\n".join(daemon.output)


@pytest.mark.parametrize("revision", [None, "ffffffffffff"], ids=["older", "newer"])
def test_another_schema_is_refused(fresh_site, revision):
    """A database whose schema is not the code's is refused with the line that says what to do."""
    execute(fresh_site.directory, "DELETE FROM alembic_version")
    if revision:
        execute(fresh_site.directory, "INSERT INTO alembic_version VALUES (?)", revision)
    daemon = fresh_site.daemon.start(wait=False)

    code = daemon.wait()

    assert code == 3
    assert "run `fep db upgrade`" in "\n".join(daemon.output) or "run fep db upgrade" in "\n".join(daemon.output)


def test_an_unknown_key_is_named(fresh_site):
    """An unknown key of the configuration is an error that names file, key and the nearest known one; exit code 2."""
    daemon = fresh_site.daemon.configure(frame_timeuot=3).start(wait=False)

    code = daemon.wait()

    output = "\n".join(daemon.output)
    assert code == 2
    assert [word for word in ("fep.toml", "frame_timeuot", "frame_timeout") if word not in output] == []


def test_a_second_daemon_serves_the_same_day(fresh_site):
    """Two daemons over one database see each other's payments at once."""
    fresh_site.daemon.start()
    second: Daemon = fresh_site.add_daemon()
    account = fresh_site.take("empty")
    paid = ask(fresh_site.bank(), PAY, pay(account.account_no, 700, DEPOSIT))
    bank = fresh_site.bank(daemon=1)

    assert query_fields(bank, account.account_no)["balance"] == 700
    ask(bank, CANCEL, undo(account.account_no, 700, paid.serial))
    assert query_fields(fresh_site.bank(), account.account_no)["balance"] == 0
    fresh_site.hang_up()
    assert second.stop() == 0


# --- cut-off ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rolled(make_site, secrets):
    """A site where bank 0102 took 25 payments and one CANCEL, and whose cut-off came then."""
    if now().time() >= CUT_OFF:
        pytest.skip("between the cut-off and midnight the day has rolled already")
    site = make_site()
    daemon, site.account, site.day = site.daemon.start(), site.take("empty"), clearing_date()
    bank = site.bank()
    site.paid = [ask(bank, PAY, pay(site.account.account_no, 100 + at, DEPOSIT)) for at in range(25)]
    ask(bank, CANCEL, undo(site.account.account_no, 124, site.paid[24].serial))
    site.hang_up()
    assert daemon.stop() == 0
    daemon.configure_bank("0102", cut_off="00:00").start()
    bank = site.bank()
    site.late = bank.request(PAY, pay(site.account.account_no, 7, DEPOSIT))
    site.hang_up()
    yield site
    site.close(secrets)


def test_the_clearing_date_rolls_at_the_cut_off(rolled):
    """From the cut-off on payments belong to the next day; a repeat keeps its own, and what is past stays."""
    bank, account_no, first = rolled.bank(), rolled.account.account_no, rolled.paid[0]
    next_day = (now().date() + timedelta(days=1)).strftime("%Y%m%d")
    assert (rolled.late.code, rolled.late.clearing_date) == ("0000", next_day)

    repeat = bank.request(PAY, pay(account_no, 100, DEPOSIT), serial=first.serial)

    assert (repeat.code, repeat.repeat, repeat.clearing_date) == ("0000", True, rolled.day)
    for txn_code in (CANCEL, REVERSE):
        reply = bank.request(txn_code, undo(account_no, 100, first.serial))
        assert (reply.code, reply.mac_state) == ("2009", "right")
    told = messages.STATUS_REPLY.unpack(bank.request(STATUS, status(account_no, first.serial)).body)
    assert (told["state"], told["clearing_date"]) == (1, rolled.day)
    undone = bank.request(CANCEL, undo(account_no, 7, rolled.late.serial))
    assert (undone.code, undone.clearing_date) == ("0000", next_day)
    rolled.hang_up()


def test_the_totals_of_a_closed_day(rolled):
    """The closed day's totals are balanced when the bank's are the same, and not balanced when one differs."""
    totals = {"pay_count": 25, "pay_amount": sum(range(100, 125)), "cancel_count": 1, "cancel_amount": 124}
    bank = rolled.bank()

    for given, result in ((totals, 1), (totals | {"pay_amount": 1}, 2), (totals | {"reverse_count": 1}, 2)):
        body = messages.TOTALS_REQUEST.pack(clearing_date=rolled.day.encode(), **given)
        fields = messages.TOTALS_REPLY.unpack(bank.request(RECON_TOTALS, body).body)
        assert (fields["clearing_date"], fields["result"]) == (rolled.day, result)
        assert {name: fields[name] for name in totals} == totals
    rolled.hang_up()


def test_the_details_of_a_closed_day(rolled):
    """The closed day's details come in pages of twenty, by fep_serial, each movement with its state."""
    bank, rows = rolled.bank(), []
    for page in (1, 2, 3):
        body = messages.DETAIL_REQUEST.pack(clearing_date=rolled.day.encode(), page=page)
        head, part = messages.detail_reply(bank.request(RECON_DETAIL, body).body)
        assert (head["row_count"], head["page"], len(part)) == (26, page, (20, 6, 0)[page - 1])
        rows += part

    assert [row["fep_serial"] for row in rows] == sorted(row["fep_serial"] for row in rows)
    seen = {(int(row["bank_serial"]), row["amount"], row["txn_code"], row["state"]) for row in rows}
    assert {(frame.serial, 100 + at, PAY, 2 if at == 24 else 1) for at, frame in enumerate(rolled.paid)} < seen
    assert {row["account_no"] for row in rows} == {rolled.account.account_no}
    rolled.hang_up()


@pytest.mark.slow
def test_a_cut_off_under_load(fresh_site):
    """While two daemons take payments the day rolls once: nothing enters it afterwards, and its totals agree."""
    if now().time() >= time_of_day(23, 25):
        pytest.skip("the day has rolled already, or the calendar's day is about to end")
    cut_off = (now() + timedelta(seconds=70)).replace(second=0, microsecond=0)
    if cut_off < now() + timedelta(seconds=10):
        cut_off += timedelta(minutes=1)
    fresh_site.daemon.configure_bank("0102", cut_off=cut_off.strftime("%H:%M")).start()
    fresh_site.add_daemon()
    account, day = fresh_site.take("empty"), now().strftime("%Y%m%d")
    banks = [fresh_site.bank(daemon=at % 2) for at in range(2)]
    dates: list[str] = []
    while now() < cut_off + timedelta(seconds=1):
        requests = [(bank, bank.build(PAY, pay(account.account_no, 1, DEPOSIT))) for bank in banks for _ in range(5)]
        for bank, request in requests:
            bank.send(request)
        round_ = [bank.reply(request) for bank, request in requests]
        assert {reply.code for reply in round_} == {"0000"}
        dates += sorted(reply.clearing_date for reply in round_)  # within a round the order is not known
        if now() < cut_off - timedelta(seconds=3):
            time.sleep(0.2)

    assert dates == sorted(dates)
    assert set(dates) == {day, (now() + timedelta(days=1)).strftime("%Y%m%d")}
    body = messages.TOTALS_REQUEST.pack(
        clearing_date=day.encode(), pay_count=dates.count(day), pay_amount=dates.count(day)
    )
    for bank in banks:
        assert messages.TOTALS_REPLY.unpack(bank.request(RECON_TOTALS, body).body)["result"] == 1


def test_a_drained_daemon_takes_no_more_sign_ins(fresh_site):
    """Once stopped, the port is closed."""
    daemon = fresh_site.daemon.start()
    port = daemon.port
    assert daemon.stop() == 0

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_restarted_daemon_knows_no_old_session(fresh_site):
    """After a restart every bank signs in again: frames under the old keys are 1001."""
    daemon, bank = fresh_site.daemon.start(), fresh_site.bank()
    frame = bank.build(ECHO)
    fresh_site.hang_up()
    daemon.restart()
    bank = fresh_site.connect()

    assert bank.exchange(frame).code == "1001"
    assert bank.exchange_keys(SIGN_IN).code == "0000"
