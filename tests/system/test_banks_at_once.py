"""Banks of every format pay, repeat and undo the same accounts at once at one daemon, and no fen moves twice. 各行并发

What each line does is thrown by a seed that is printed, and ``FEP_TEST_SEED`` throws it again; how the lines meet is
left to the machine.
"""

import os
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from tests.support.raw_bank import new_serial
from tests.system.billing import Account
from tests.system.conftest import Site
from tests.system.database import execute
from tests.system.tellers.bank import ON_ONE_SITE, SECOND_STANDARD, Bank, start
from tests.system.tellers.teller import NEVER_ARRIVED, UNDONE, UNDONE_BEFORE, Outcome, Request, Teller

ACCOUNTS, LINES, STEPS = 6, 3, 120
"""Few accounts for many lines, so that they meet; a step takes a few milliseconds."""
REFUSALS = {
    "2002",  # another has paid
    "2003",  # another has paid a part of it since the query
    "2010",  # undone, or barred before it arrived
    "2016",  # the money has been used by a later payment
}


@dataclass
class History:
    """What the lines of one bank were told, and what the bank may repeat and undo.

    Attributes:
        payments: every payment that was built, sent or not.
        undos: the payment that each undo is to take back.
        told: the replies to each request, in no order.
    """

    bank: Bank
    payments: list[Request] = field(default_factory=list)
    undos: dict[Request, Request] = field(default_factory=dict)
    told: dict[Request, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, payment: Request) -> None:
        """Remember a payment from before it is sent, so that other lines may be quicker with its undo."""
        with self.lock:
            if payment not in self.payments:
                self.payments.append(payment)

    def some(self, dice: random.Random) -> Request | None:
        """Return a payment of the bank: one of the last that were approved, or one that may be under way."""
        with self.lock:
            approved = [
                payment for payment in self.payments if any(told.is_approved for told in self.told.get(payment, ()))
            ]
            among = approved[-4:] if dice.random() < 0.7 else self.payments[-8:]
        return dice.choice(among) if among else None

    def ask(self, teller: Teller, request: Request) -> None:
        """Send a request and keep what was told."""
        outcome = teller.ask(request)
        with self.lock:
            self.told[request].append(outcome)

    @property
    def approved(self) -> Mapping[Request, Outcome]:
        """The payments that were ever approved, and what was told of each."""
        return {
            payment: outcome
            for payment in self.payments
            for outcome in set(self.told.get(payment, ()))
            if outcome.is_approved
        }

    @property
    def taken_back(self) -> set[Request]:
        """The payments that an undo has taken back, as far as the bank was told."""
        return {
            payment
            for undo, payment in self.undos.items()
            if any(UNDONE in outcome.means for outcome in self.told[undo])
        }


@pytest.fixture(scope="module")
def banks(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[list[Bank]]:
    """A bank on each format and one more on the standard link, at one daemon."""
    site = make_site()
    banks = [Bank(site, bank_format) for bank_format in (*ON_ONE_SITE.values(), SECOND_STANDARD)]
    start(site)
    yield banks
    for bank in banks:
        bank.hang_up()
    site.close(secrets)


def work(history: History, teller: Teller, accounts: list[Account], seed: str) -> None:
    """Do the steps of one line: pay, pay in advance, repeat, undo what was paid, undo what never arrives."""
    dice = random.Random(seed)
    for _ in range(STEPS):
        step = dice.choice(("settle", "settle", "deposit", "repeat", "undo", "undo", "undo", "bar"))
        earlier = history.some(dice) if step in {"repeat", "undo"} else None
        payment = earlier or new_payment(teller, dice.choice(accounts), step, dice)
        history.keep(payment)
        if step in {"undo", "bar"}:
            undo = dice.choice((teller.reverse, teller.cancel))(payment) if step == "undo" else teller.reverse(payment)
            history.undos[undo] = payment
            for _ in range(dice.choice((1, 1, 2))):
                history.ask(teller, undo)
        if step != "undo":
            history.ask(teller, payment)


def new_payment(teller: Teller, account: Account, step: str, dice: random.Random) -> Request:
    """Return a payment of what a query shows, or of some fen in advance where the format has that."""
    if step == "deposit" and teller.can_deposit:
        return teller.deposit(account.account_no, dice.randint(1, 200))
    shown = teller.query(account.account_no)
    # Who sees that nothing is owed tries all the same: another may take his money back just now.
    return teller.settle(shown, amount_fen=shown.payable_fen or account.total_due)


def test_banks_of_every_format_at_once(banks):
    """Each payment stands once or not at all, as its bank was told; each account got what all banks think it got."""
    seed = os.environ.get("FEP_TEST_SEED") or str(random.randrange(10**6))
    print(f"FEP_TEST_SEED={seed}")
    site = banks[0].site
    accounts = [site.take("future") for _ in range(ACCOUNTS)]
    histories = [History(bank) for bank in banks]
    lines = [(history, history.bank.teller()) for history in histories for _ in range(LINES)]
    with ThreadPoolExecutor(len(lines)) as pool:
        working = [
            pool.submit(work, history, teller, accounts, f"{seed} {number}")
            for number, (history, teller) in enumerate(lines)
        ]
        for line in working:
            line.result(60)

    for history in histories:
        check_what_was_told(history)
        check_journal(history)
        check_repeats(history)
    check_accounts(histories, accounts)


def test_a_serial_belongs_to_its_bank(banks):
    """Every bank may use the same serial, and none can undo what another took under it."""
    site, serial = banks[0].site, new_serial()
    payments = []
    for bank in banks:
        teller, account = bank.teller(), site.take("future")
        payment = teller.settle(teller.query(account.account_no), serial=serial)
        assert teller.ask(payment).means == {"0000"}
        payments.append((teller, account, payment))

    for teller, _, own in payments:
        for _, account, foreign in payments:
            if foreign is not own:
                assert not teller.ask(teller.reverse(foreign)).means & {UNDONE, UNDONE_BEFORE}
                assert teller.query(account.account_no).payable_fen == 0
    for teller, account, own in payments:
        assert UNDONE in teller.ask(teller.reverse(own)).means
        assert teller.query(account.account_no).payable_fen == account.payable


def check_what_was_told(history: History) -> None:
    """Nobody was told two things of one request, nor was a payment refused for a reason that cannot be."""
    assert history.approved, "the lines never paid"
    assert history.taken_back, "the lines never took anything back"
    for request, outcomes in history.told.items():
        approved = {outcome for outcome in outcomes if outcome.is_approved}
        refused = [outcome for outcome in outcomes if not outcome.is_approved]
        assert len(approved) <= 1, request
        assert request.is_undo or all(outcome.means & REFUSALS for outcome in refused), (request, refused)
    barred = {
        payment
        for undo, payment in history.undos.items()
        if any(NEVER_ARRIVED in outcome.means for outcome in history.told[undo])
    }
    assert not barred & set(history.approved)


def check_journal(history: History) -> None:
    """The journal has the payments that were approved, those taken back as such, and none beside them."""
    statement = (
        "SELECT fep_serial, amount_fen, account_no, state FROM payments WHERE movement = 'pay' AND bank_code = ?"
    )
    rows = execute(history.bank.site.directory, statement, history.bank.code)
    stored = {(serial, amount_fen, account_no): state != "posted" for serial, amount_fen, account_no, state in rows}
    taken_back = history.taken_back
    assert stored == {
        (outcome.fep_serial, outcome.amount_fen, payment.account_no): payment in taken_back
        for payment, outcome in history.approved.items()
    }


def check_repeats(history: History) -> None:
    """Sent once more, a payment that stands is answered as the first time, and one that was taken back is not."""
    teller, taken_back = history.bank.teller(), history.taken_back
    for payment, outcome in history.approved.items():
        again = teller.ask(payment)
        assert "2010" in again.means if payment in taken_back else again == outcome


def check_accounts(histories: list[History], accounts: list[Account]) -> None:
    """What each account still owes, as each bank sees it, is what it owed less all that stands."""
    for account in accounts:
        received_fen = sum(
            payment.amount_fen
            for history in histories
            for payment in history.approved.keys() - history.taken_back
            if payment.account_no == account.account_no
        )
        surplus_fen = received_fen - account.total_due
        for history in histories:
            shown = history.bank.teller().query(account.account_no)
            assert shown.surplus_fen in (None, surplus_fen)
            assert shown.payable_fen == max(0, -surplus_fen)
