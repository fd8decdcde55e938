"""A client 银行客户端: comes, works, goes politely or abruptly, comes again; repeats until it is answered."""

import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

from tests.soak.books import Books
from tests.soak.lines import BankKeys, NotTakenIn, StandardLine, connect
from tests.support.raw_bank import Closed
from tests.system.messages import CANCEL, PAY, REVERSE
from tests.system.tellers.teller import NEVER_ARRIVED, UNDONE, UNKNOWN, Outcome, Request, Teller

ANSWER_LIMIT_S = 60.0
"""By then a request has been answered, reconnected and repeated as often as it takes, or the run has failed."""
_RETRY_S = 0.1
_OWN_KEPT = 16
_NOT_NOW = frozenset({"1011", "1012", "9001", "9003"})
"""Nothing was done: the same request is sent again."""
_SIGN_IN_AGAIN = frozenset({"1001", "1005", "1010"})
_UNEXPECTED = frozenset({"1002", "1003", "1004", "1006", "1007", "1009", "2006", "2007", "2013", "9003"})
"""Codes that a bank which makes no mistakes never gets."""
LOST = (OSError, Closed, NotTakenIn)


class Client(threading.Thread):
    """One client of one bank until it is told that the run is over; what has begun is brought to its end.

    Args:
        dice: decides everything that it does.
        pause_s: longest time to think between two requests.
    """

    def __init__(
        self,
        number: int,
        bank_code: str,
        port: int,
        keys: Mapping[str, BankKeys],
        accounts: Sequence[str],
        books: Books,
        dice: Random,
        pause_s: float,
        over: threading.Event,
    ) -> None:
        super().__init__(name=f"client {number} of {bank_code}", daemon=True)
        self.failure = ""
        self._bank_code, self._port, self._keys = bank_code, port, keys[bank_code]
        self._accounts, self._books, self._dice, self._pause_s, self._over = accounts, books, dice, pause_s, over
        self._encrypted = number % 2 == 1
        self._line: Teller | None = None
        self._own: deque[tuple[Request, Outcome]] = deque(maxlen=_OWN_KEPT)

    def run(self) -> None:
        try:
            while not self._over.is_set():
                self._session(self._dice.randrange(3, 120))
        except Exception:
            self.failure = traceback.format_exc()
        finally:
            self._hang_up()

    def _session(self, requests: int) -> None:
        """Work through one connection's worth of requests, then go."""
        for _ in range(requests):
            if self._over.is_set():
                return
            self._act()
            self._over.wait(self._dice.random() * self._pause_s)
        self._books.note("hung up")
        if self._dice.random() < 0.3 and self._line is not None:
            self._line.cut()
            self._line = None
        self._hang_up()
        self._over.wait(self._dice.random() * 4 * self._pause_s)

    def _act(self) -> None:
        chance = self._dice.random()
        account_no = self._dice.choice(self._accounts)
        try:
            if chance < 0.55:
                self._settle(account_no)
            elif chance < 0.65:
                self._deposit(account_no)
            elif chance < 0.85:
                self._undo()
            elif chance < 0.92:
                self._repeat()
            else:
                self._besides()
        except LOST:  # a question, which may be asked again or not
            self._drop()

    # -- what it does

    def _settle(self, account_no: str) -> None:
        line = self._ready()
        started_s = time.monotonic()
        shown = line.query(account_no)
        self._answered(shown.outcome, started_s)
        if shown.outcome.is_approved and shown.payable_fen:
            self._pay(line.settle(shown))

    def _deposit(self, account_no: str) -> None:
        line = self._ready()
        if line.can_deposit:
            self._pay(line.deposit(account_no, self._dice.randrange(100, 5_000)))

    def _pay(self, request: Request) -> None:
        with self._books.pending():
            outcome, tries = self._resolve(request)
            if outcome.is_approved:
                self._books.approved(self._bank_code, PAY, request, outcome.clearing_day)
                self._own.append((request, outcome))
            elif tries > 1:
                # Refused this time; a copy that was not answered may have been posted, or be under way still.
                self._take_back(request, self._ready().reverse(request), REVERSE, is_known=False)

    def _undo(self) -> None:
        if not self._own:
            return
        line = self._ready()
        request, _ = self._own.pop()
        txn = CANCEL if self._dice.random() < 0.5 and line.tells_undos_apart else REVERSE
        with self._books.pending():
            self._take_back(request, line.cancel(request) if txn == CANCEL else line.reverse(request), txn)

    def _take_back(self, payment: Request, undo: Request, txn: int, *, is_known: bool = True) -> None:
        outcome, _ = self._resolve(undo)
        if UNDONE not in outcome.means:
            if outcome.is_approved and NEVER_ARRIVED not in outcome.means:
                self._books.fault(f"{undo.serial} of {self._bank_code} was undone before: {set(outcome.means)}")
            return
        if not is_known:
            self._books.approved(self._bank_code, PAY, payment, outcome.clearing_day)
        self._books.approved(self._bank_code, txn, undo, outcome.clearing_day, payment.serial)

    def _repeat(self) -> None:
        """Send a request again that was approved: it is answered as it was, whatever the connection."""
        if not self._own:
            return
        request, first = self._own[self._dice.randrange(len(self._own))]
        outcome, _ = self._resolve(request)
        if outcome != first:
            self._books.fault(f"{request.serial} of {self._bank_code}: the repeat says {outcome}, not {first}")
        self._books.note("repeated")

    def _besides(self) -> None:
        line = self._ready()
        if not isinstance(line, StandardLine):
            return
        if self._dice.random() < 0.5:
            line.exchange_keys(self._keys)
            self._books.note("session keys exchanged")
        elif self._own:
            started_s = time.monotonic()
            for code in line.look_around(self._own[-1][0]):
                self._answered(Outcome(frozenset({code})), started_s)

    # -- one request and its answer

    def _resolve(self, request: Request) -> tuple[Outcome, int]:
        """Send a request until it is answered, on as many connections as it takes; return the outcome and the tries."""
        deadline_s, tries = time.monotonic() + ANSWER_LIMIT_S, 0
        while True:
            started_s = time.monotonic()
            try:
                line = self._ready()
                tries += 1
                line.send(request)
                if tries == 1 and self._dice.random() < 0.02:
                    line.cut()
                    self._line = None
                    self._books.note("cut off behind a request")
                    continue
                outcome = line.outcome(request)
            except LOST:
                outcome = UNKNOWN
            if outcome is UNKNOWN:
                self._drop()
            else:
                self._answered(outcome, started_s)
            if self._is_final(outcome):
                return outcome, tries
            if time.monotonic() > deadline_s:
                self._books.lost(f"{request.serial} of {self._bank_code}: {sorted(outcome.means)} after {tries} tries")
                return UNKNOWN, tries
            time.sleep(_RETRY_S)

    def _is_final(self, outcome: Outcome) -> bool:
        if outcome.means & _SIGN_IN_AGAIN and not outcome.is_approved and len(outcome.means) == 1:
            self._drop()
            return False
        return not (outcome is UNKNOWN or "9002" in outcome.means or outcome.means & _NOT_NOW)

    def _answered(self, outcome: Outcome, started_s: float) -> None:
        code = "/".join(sorted({meaning.split("/")[0] for meaning in outcome.means}))
        self._books.reply(self._bank_code, code, time.monotonic() - started_s)
        if outcome.means <= _UNEXPECTED:
            self._books.fault(f"bank {self._bank_code} was answered {code}")

    # -- the line

    def _ready(self) -> Teller:
        deadline_s = time.monotonic() + ANSWER_LIMIT_S
        while self._line is None:
            try:
                self._line = connect(self._port, self._bank_code, self._keys, encrypted=self._encrypted)
                self._books.note("connected")
            except LOST as error:
                self._books.note(
                    f"not taken in: {error.code if isinstance(error, NotTakenIn) else type(error).__name__}"
                )
                if time.monotonic() > deadline_s:
                    self._books.lost(f"{self.name} could not sign in for {ANSWER_LIMIT_S:.0f} s: {error!r}")
                    raise
                time.sleep(_RETRY_S)
        return self._line

    def _drop(self) -> None:
        self._books.note("lost its line")
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
