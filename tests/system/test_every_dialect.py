"""The business of a bank, once for each format that banks speak: what is promised holds in all of them. 各报文格式业务

A bank of one format has a site of its own, with two daemons; what its teller sends and reads is said by his driver in
``tellers``. A refusal is checked by its canonical code as far as the format's own code tells it.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.raw_bank import now
from tests.system.billing import Account
from tests.system.checks import CUT_OFF, clearing_date
from tests.system.conftest import Site
from tests.system.database import execute, write_lock
from tests.system.tellers.bank import FORMATS, Bank, start
from tests.system.tellers.teller import NEVER_ARRIVED, UNDONE, UNDONE_BEFORE, UNKNOWN, Outcome, Request, Shown, Teller

APPROVED = "0000"
DB_TIMEOUT_S = 3


@pytest.fixture(scope="module", params=FORMATS)
def bank(request: pytest.FixtureRequest, make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Bank]:
    """A bank of each format, at a site with two daemons."""
    site = make_site()
    site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S)
    bank = Bank(site, FORMATS[request.param])
    start(site, daemons=2)
    yield bank
    bank.hang_up()
    site.close(secrets)


@pytest.fixture(autouse=True)
def _hang_up(bank: Bank) -> Iterator[None]:
    """Close a test's lines when it ends."""
    yield
    bank.hang_up()


def shown(teller: Teller, account: Account) -> Shown:
    """Return what a query of an account shows, which must be served."""
    shown = teller.query(account.account_no)
    assert shown.outcome.means == {APPROVED}
    return shown


def paid(teller: Teller, account: Account) -> Request:
    """Pay everything that an account owes and return the request."""
    request = teller.settle(shown(teller, account))
    assert teller.ask(request).means == {APPROVED}
    return request


def at_once(calls: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
    """Make all calls in the same instant, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def make(call: Callable[[], Outcome]) -> Outcome:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def check_one(outcomes: Sequence[Outcome]) -> Outcome:
    """Check that all replies tell of one movement, in the same words."""
    assert all(outcome.is_approved for outcome in outcomes)
    assert len(set(outcomes)) == 1
    return outcomes[0]


def check_stands(teller: Teller, account: Account) -> None:
    """Check that an account's bills have been settled by exactly one payment."""
    assert (shown(teller, account).bills, shown(teller, account).payable_fen) == ((), 0)


def check_owes(teller: Teller, account: Account) -> None:
    """Check that an account owes what it owed when it was loaded."""
    now_shown = shown(teller, account)
    assert now_shown.payable_fen == account.payable
    assert [bill.bill_no for bill in now_shown.bills] == [bill.bill_no for bill in account.bills]


def movements(bank: Bank, account_no: str) -> list[str]:
    """Return kind and state of what stands in the journal for an account beside its opening balance."""
    statement = "SELECT movement, state FROM payments WHERE account_no = ? AND movement <> 'open' ORDER BY movement"
    return [f"{movement} {state}" for movement, state in execute(bank.site.directory, statement, account_no)]


# --- paying -----------------------------------------------------------------------------------------------------------


def test_a_payment_settles_what_was_shown(bank):
    """A query shows each bill with its late fee; paid as shown, nothing is owed any more, and the reply tells of it."""
    teller, account = bank.teller(), bank.site.take("owing")
    before = shown(teller, account)
    told = [(bill.bill_no, bill.month, bill.seq, bill.principal_fen, bill.late_fee_fen) for bill in before.bills]
    assert told == [(bill.bill_no, bill.month, 1, bill.principal, account.fee(bill)) for bill in account.bills]
    assert (before.account_no, before.name) == (account.account_no, account.name)
    assert before.payable_fen == account.payable

    outcome = teller.ask(teller.settle(before))

    assert (outcome.means, outcome.amount_fen) == ({APPROVED}, account.payable)
    assert outcome.clearing_day == clearing_date()[4:]
    after = shown(teller, account)
    assert (after.payable_fen, after.bills) == (0, ())
    statement = "SELECT bank_code, amount_fen, settled_count, fep_serial FROM payments WHERE fep_serial = ?"
    stored = execute(bank.site.directory, statement, outcome.fep_serial)
    assert stored == [(bank.code, account.payable, len(account.bills), outcome.fep_serial)]


@pytest.mark.parametrize("difference_fen", [-1, 1])
def test_another_amount_is_refused(bank, difference_fen):
    """A fen more or less than what is payable is refused, and nothing moves."""
    teller, account = bank.teller(), bank.site.take("owing")
    before = shown(teller, account)

    outcome = teller.ask(teller.settle(before, amount_fen=before.payable_fen + difference_fen))

    assert "2003" in outcome.means
    assert shown(teller, account).bills == before.bills
    assert movements(bank, account.account_no) == []


def test_an_unknown_account(bank):
    """An account that the utility does not know is said to be unknown, and cannot be paid for."""
    teller, account = bank.teller(), bank.site.take("future")
    strange = replace(shown(teller, account), account_no="0999999999")

    assert "2001" in teller.query(strange.account_no).outcome.means
    # A format that names its query says that there was none of this account.
    assert teller.ask(teller.settle(strange)).means & {"2001", "2003"}


def test_nothing_to_pay(bank):
    """An account that owes nothing is shown so, and a payment for it is refused."""
    teller, account = bank.teller(), bank.site.take("empty")
    before = shown(teller, account)
    assert (before.payable_fen, before.bills) == (0, ())

    outcome = teller.ask(teller.settle(before, amount_fen=100))

    assert "2002" in outcome.means
    assert movements(bank, account.account_no) == []


def test_a_closed_account(bank):
    """The bills of a closed account cannot be paid."""
    teller, account = bank.teller(), bank.site.take("closed")

    outcome = teller.ask(teller.settle(shown(teller, account)))

    assert "2004" in outcome.means
    check_owes(teller, account)


def test_many_bills(bank):
    """Thirty bills are all shown, on as many pages as the format needs, and settled by one payment."""
    teller, account = bank.teller(), bank.site.take("many")
    assert [bill.bill_no for bill in shown(teller, account).bills] == [bill.bill_no for bill in account.bills]

    paid(teller, account)

    check_stands(teller, account)


def test_a_balance_counts(bank):
    """What is payable is what is owed less what was paid in before."""
    teller, account = bank.teller(), bank.site.take("partly")
    assert shown(teller, account).payable_fen == account.payable < account.total_due

    paid(teller, account)

    check_stands(teller, account)


def test_deposits(bank):
    """Money beyond what is owed is kept as balance, and refused where the format has no word for that."""
    teller, account = bank.teller(), bank.site.take("future")
    if teller.can_deposit:
        check_deposits(teller, account)
    else:
        check_refused_deposit(bank, teller, account)


def check_deposits(teller: Teller, account: Account) -> None:
    """Two deposits are the account's balance, and one of them is taken back by an undo."""
    first, second = (teller.deposit(account.account_no, amount_fen) for amount_fen in (5_000, 10_000))

    outcomes = [teller.ask(request) for request in (first, second)]

    assert [(outcome.means, outcome.amount_fen) for outcome in outcomes] == [({APPROVED}, 5_000), ({APPROVED}, 10_000)]
    assert shown(teller, account).surplus_fen == 15_000 - account.total_due
    assert teller.ask(teller.reverse(second)).means == {UNDONE}
    assert shown(teller, account).payable_fen == account.total_due - 5_000


def check_refused_deposit(bank: Bank, teller: Teller, account: Account) -> None:
    """A payment of more than is owed is refused as such, and nothing is posted."""
    outcome = teller.ask(teller.deposit(account.account_no, account.payable + 5_000))

    assert outcome.means == {"2003"}
    assert movements(bank, account.account_no) == []
    check_owes(teller, account)


# --- repeats ----------------------------------------------------------------------------------------------------------


def test_repeats_of_one_teller(bank):
    """A payment sent ten times without waiting is posted once, and all replies say the same."""
    teller, account = bank.teller(), bank.site.take("owing")
    request = teller.settle(shown(teller, account))
    for _ in range(10):
        teller.send(request)

    check_one([teller.outcome(request) for _ in range(10)])

    check_stands(teller, account)
    assert movements(bank, account.account_no) == ["pay posted"]


@pytest.mark.parametrize("daemons", [1, 2])
def test_repeats_of_many_at_once(bank, daemons):
    """A payment sent in the same instant over eight lines, to one daemon or two, is posted once."""
    account = bank.site.take("owing")
    tellers = [bank.teller(daemon=number % daemons) for number in range(8)]
    request = tellers[0].settle(shown(tellers[0], account))

    outcomes = at_once([lambda teller=teller: teller.ask(request) for teller in tellers])

    check_one([*outcomes, *(teller.ask(request) for teller in tellers)])
    assert movements(bank, account.account_no) == ["pay posted"]


def test_a_serial_used_before_with_other_content(bank):
    """Another payment under the serial of a payment is refused and does nothing; the first one is still repeated."""
    teller, account, other = bank.teller(), bank.site.take("owing"), bank.site.take("owing")
    request = teller.settle(shown(teller, account))
    first = teller.ask(request)

    refused = teller.ask(teller.settle(shown(teller, other), serial=request.serial))

    assert "2006" in refused.means
    check_owes(teller, other)
    check_one([first, teller.ask(request)])


def test_a_refusal_is_not_stored(bank):
    """The very request that was refused because another had paid is approved once that payment was taken back."""
    teller, account = bank.teller(), bank.site.take("owing")
    before = shown(teller, account)
    first, second = teller.settle(before), teller.settle(before)
    assert teller.ask(first).is_approved
    assert teller.ask(second).means & {"2002", "2003"}

    assert teller.ask(teller.reverse(first)).is_approved

    check_one([teller.ask(second) for _ in range(2)])
    check_stands(teller, account)


def test_a_repeat_after_a_restart(bank):
    """A payment sent again after the daemon was stopped in order and started is answered as the first time."""
    teller, account = bank.teller(), bank.site.take("owing")
    request = teller.settle(shown(teller, account))
    first = teller.ask(request)
    bank.hang_up()

    bank.site.daemon.restart()

    teller = bank.teller()
    check_one([first, teller.ask(request), teller.ask(request)])
    assert movements(bank, account.account_no) == ["pay posted"]


# --- what is cut off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["answered", "committed", "sent"])
def test_killed(bank, moment):
    """Whenever the daemon is killed, the payment stands once or not at all; sent again it stands once."""
    teller, account, daemon = bank.teller(), bank.site.take("owing"), bank.site.daemon
    request = teller.settle(shown(teller, account))
    teller.send(request)
    words = [teller.outcome(request)] if moment == "answered" else []
    if moment == "committed":
        _wait_until_stored(bank, request)  # most often the reply is not sent yet
    daemon.kill()
    words = words or [teller.outcome(request)]
    bank.hang_up()
    daemon.start()
    stood = movements(bank, account.account_no)

    teller = bank.teller()
    again = [teller.ask(request) for _ in range(2)]

    assert stood == ["pay posted"] or (moment == "sent" and stood == [])
    check_one([*(outcome for outcome in words if outcome != UNKNOWN), *again])
    assert stood or words == [UNKNOWN], "an approved payment is lost"
    check_stands(teller, account)
    assert movements(bank, account.account_no) == ["pay posted"]


def _wait_until_stored(bank: Bank, request: Request) -> None:
    deadline = time.monotonic() + 10
    while not movements(bank, request.account_no):
        assert time.monotonic() < deadline, "the payment was never stored"


def test_cut_right_after_sending(bank):
    """A line cut right after a payment was sent leaves it posted once or not at all; sent again it is posted once."""
    for round_ in range(5):
        teller, account = bank.teller(), bank.site.take("owing")
        request = teller.settle(shown(teller, account))
        teller.send(request)
        time.sleep(round_ * 0.001)  # the cut comes a little later in each round
        teller.cut()

        teller = bank.teller()
        check_one([teller.ask(request) for _ in range(2)])

        check_stands(teller, account)
        assert movements(bank, account.account_no) == ["pay posted"]


def test_a_database_that_is_late(bank):
    """While nothing can be stored queries are served, a payment is refused in time and never happens by itself."""
    teller, account, began = bank.teller(), bank.site.take("owing"), time.monotonic()
    request = teller.settle(shown(teller, account))
    with write_lock(bank.site.directory):
        teller.send(request)
        check_owes(bank.teller(), account)
        outcome = teller.outcome(request)
    assert time.monotonic() - began < DB_TIMEOUT_S + 2

    assert "9001" in outcome.means
    check_owes(teller, account)
    check_one([teller.ask(request) for _ in range(2)])
    assert movements(bank, account.account_no) == ["pay posted"]


def test_a_drain(bank):
    """A daemon that is stopped answers what has begun, and what it approved stands."""
    teller, account, daemon = bank.teller(), bank.site.take("owing"), bank.site.daemon
    request = teller.settle(shown(teller, account))
    with write_lock(bank.site.directory):
        teller.send(request)
        check_owes(bank.teller(), account)  # so that the payment has been read
        mark = daemon.mark()
        daemon.signal(signal.SIGTERM)
        daemon.wait_for_event(lambda event: event["event"] == "draining", mark)
    outcome = teller.outcome(request)
    bank.hang_up()
    assert daemon.wait() == 0
    daemon.start()

    check_one([outcome, bank.teller().ask(request)])
    assert movements(bank, account.account_no) == ["pay posted"]


# --- undoing ----------------------------------------------------------------------------------------------------------


def test_an_undo_takes_the_payment_back(bank):
    """Undone, the bills are owed again; the undo is answered alike each time, the payment not any more."""
    teller, account = bank.teller(), bank.site.take("owing")
    payment = paid(teller, account)
    undo = teller.reverse(payment)

    first = teller.ask(undo)

    assert first.means & {UNDONE, UNDONE_BEFORE} == first.means
    check_owes(teller, account)
    check_one([first, *(bank.teller(daemon=number).ask(undo) for number in (0, 1))])
    second = teller.ask(teller.reverse(payment))
    assert UNDONE_BEFORE in second.means
    assert second.fep_serial != first.fep_serial
    assert "2010" in teller.ask(payment).means
    assert movements(bank, account.account_no) == ["pay reversed", "reverse posted", "reverse posted"]


def test_a_teller_cancels(bank):
    """What a teller took by mistake he takes back, once; then it can be paid anew."""
    teller, account = bank.teller(), bank.site.take("owing")
    payment = paid(teller, account)

    assert UNDONE in teller.ask(teller.cancel(payment)).means

    check_owes(teller, account)
    again = teller.ask(teller.cancel(payment))
    assert ("2008" if teller.tells_undos_apart else UNDONE_BEFORE) in again.means
    paid(teller, account)
    check_stands(teller, account)


def test_an_undo_of_nothing(bank):
    """What never arrived is barred: the payment that comes late, at either daemon, is refused whatever it says."""
    teller, account, other = bank.teller(), bank.site.take("owing"), bank.site.take("owing")
    payment = teller.settle(shown(teller, account))
    undo = teller.reverse(payment)

    first = teller.ask(undo)

    assert NEVER_ARRIVED in first.means
    assert first == teller.ask(undo)
    for late in (payment, teller.settle(shown(teller, other), serial=payment.serial)):
        assert all("2010" in bank.teller(daemon=number).ask(late).means for number in (0, 1))
    check_owes(teller, account)
    assert movements(bank, account.account_no) == ["reverse posted", "tombstone reversed_before_arrival"]


def test_an_undo_of_another_amount(bank):
    """An undo that tells another amount than the payment's takes nothing back."""
    teller, account = bank.teller(), bank.site.take("owing")
    payment = paid(teller, account)

    outcome = teller.ask(teller.reverse(replace(payment, amount_fen=payment.amount_fen - 1)))

    assert "2013" in outcome.means
    check_stands(teller, account)


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("daemons", [1, 2])
def test_two_tellers_for_the_same_bills(bank, daemons):
    """Of two tellers who take money for the same bills in the same instant one is approved, the other refused."""
    tellers = [bank.teller(daemon=number % daemons) for number in range(2)]
    for _ in range(6):
        account = bank.site.take("future")
        requests = [(teller, teller.settle(shown(teller, account))) for teller in tellers]

        outcomes = at_once([lambda teller=teller, request=request: teller.ask(request) for teller, request in requests])

        refused = [outcome for outcome in outcomes if not outcome.is_approved]
        assert len(refused) == 1
        assert refused[0].means & {"2002", "2003"}
        check_stands(tellers[0], account)
        assert movements(bank, account.account_no) == ["pay posted"]


@pytest.mark.parametrize("daemons", [1, 2])
def test_a_payment_and_its_undo_at_once(bank, daemons):
    """A payment and its undo in the same instant: taken back or barred, never kept, and the replies agree."""
    payer, undoer = (bank.teller(daemon=number % daemons) for number in range(2))
    for _ in range(6):
        account = bank.site.take("future")
        payment = payer.settle(shown(payer, account))
        undo = undoer.reverse(payment)

        told, undone = at_once([lambda: payer.ask(payment), lambda: undoer.ask(undo)])  # noqa: B023 - called at once

        if told.is_approved:
            assert UNDONE in undone.means
        else:
            assert "2010" in told.means
            assert NEVER_ARRIVED in undone.means
        check_owes(payer, account)


# --- the cut-off: the last of each bank's tests, for its day rolls ----------------------------------------------------


def test_the_day_rolls(bank):
    """A payment before the cut-off and one after it lie in their days, and yesterday's cannot be undone."""
    if now().time() >= CUT_OFF:
        pytest.skip("between the cut-off and midnight the day has rolled already")
    teller, early, late = bank.teller(), bank.site.take("owing"), bank.site.take("owing")
    payment = teller.settle(shown(teller, early))
    before = teller.ask(payment)
    bank.hang_up()
    bank.site.daemon.configure_bank(bank.code, cut_off="00:00").restart()

    teller = bank.teller()
    later = teller.settle(shown(teller, late))
    after = teller.ask(later)

    tomorrow = now().date() + timedelta(days=1)
    assert (before.clearing_day, after.clearing_day) == (clearing_date()[4:], f"{tomorrow:%m%d}")
    for number in (0, 1):  # the other daemon has the old cut-off, and the day all the same
        teller = bank.teller(daemon=number)
        check_one([before, teller.ask(payment)])
        assert "2009" in teller.ask(teller.reverse(payment)).means
        assert "2009" in teller.ask(teller.cancel(payment)).means
    check_stands(teller, early)
    assert UNDONE in teller.ask(teller.reverse(later)).means
    check_owes(teller, late)
