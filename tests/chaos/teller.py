"""A teller 柜员: carries out one plan over one link, and behaves as a bank must when it does not hear the outcome."""

import itertools
import threading
import time
import traceback
from collections.abc import Iterator, Sequence

from tests.chaos.accounts import Account
from tests.chaos.journal import APPROVED, NOT_STARTED, Entry, Journal, Print, Sending
from tests.chaos.link import Link
from tests.chaos.plan import Action, Intent, Step
from tests.support.raw_bank import Frame, today
from tests.system import messages
from tests.system.messages import CANCEL, DEPOSIT, INVOICE, PAY, QUERY, RECON_TOTALS, REVERSE, SETTLE, STATUS

RESOLVE_DEADLINE_S = 60.0
"""By then the outcome of a request is known, or the run has failed."""
_OWN_KEPT = 32  # a teller undoes and repeats its latest requests
_POSTED_OR_LATER = (1, 2, 3, 4)


class Teller(threading.Thread):
    """One client of a bank, from the start of a run until it is told that it is over.

    Args:
        calm: from then on it cuts no connection of its own.
        over: from then on it begins nothing.

    Attributes:
        failure: the traceback of what must not happen in the test itself.
    """

    def __init__(
        self,
        link: Link,
        plan: Iterator[Intent],
        accounts: Sequence[Account],
        journal: Journal,
        calm: threading.Event,
        over: threading.Event,
    ) -> None:
        super().__init__(name=f"teller {link.number}", daemon=True)
        self.failure = ""
        self._link, self._plan, self._accounts, self._journal = link, plan, accounts, journal
        self._calm, self._over = calm, over
        self._own: list[Entry] = []
        self._acts = {
            Action.DEPOSIT: self._deposit,
            Action.SETTLE: self._settle,
            Action.CANCEL: self._cancel,
            Action.REVERSE: self._reverse,
            Action.UNDO_OTHERS: self._undo_others,
            Action.REPEAT: self._repeat,
            Action.SAME_AT_ONCE: self._same_at_once,
            Action.REVERSE_FIRST: self._reverse_first,
            Action.OTHER_CONTENT: self._other_content,
            Action.STATUS: self._any_status,
            Action.INVOICE: self._invoice,
            Action.TOTALS: self._totals,
        }

    def run(self) -> None:
        """Carry out intent after intent; what has begun is brought to its end."""
        try:
            while not self._over.is_set():
                intent = next(self._plan)
                if intent.moves:
                    self._link.move(intent.daemon)
                self._acts[intent.action](intent)
        except Exception:
            self.failure = traceback.format_exc()
        finally:
            self._link.close()

    # -- what a teller does

    def _deposit(self, intent: Intent) -> None:
        account_no = self._accounts[intent.account].account_no
        self._resolve(self._open_pay(intent, account_no, intent.amount_fen, DEPOSIT), intent)

    def _settle(self, intent: Intent) -> None:
        account_no = self._accounts[intent.account].account_no
        reply = self._ask(QUERY, messages.query(account_no))
        if reply is None or reply.code != APPROVED:
            self._link.pause()
            return
        payable = messages.query_reply(reply.body)[0]["payable"]
        if payable:
            self._resolve(self._open_pay(intent, account_no, payable, SETTLE, expected_payable=payable), intent)

    def _cancel(self, intent: Intent) -> None:
        self._undo(CANCEL, self._pick([pay for pay in self._own if pay.txn == PAY and pay.approvals], intent), intent)

    def _reverse(self, intent: Intent) -> None:
        self._undo(REVERSE, self._pick([pay for pay in self._own if pay.txn == PAY], intent), intent)

    def _undo_others(self, intent: Intent) -> None:
        under_way = [pay for pay in self._journal.under_way(self._link.number, self._link.bank_code) if pay.txn == PAY]
        others = under_way or [pay for pay in self._journal.recent(self._link.bank_code) if pay.txn == PAY]
        self._undo(CANCEL if intent.cancel else REVERSE, self._pick(others, intent), intent)

    def _repeat(self, intent: Intent) -> None:
        if (entry := self._pick(self._own, intent)) is not None:
            self._resolve(entry, intent)

    def _same_at_once(self, intent: Intent) -> None:
        under_way = self._journal.under_way(self._link.number, self._link.bank_code)
        if (entry := self._pick(under_way or self._journal.recent(self._link.bank_code), intent)) is not None:
            self._resolve(entry, intent)

    def _reverse_first(self, intent: Intent) -> None:
        pay = self._open_pay(intent, self._accounts[intent.account].account_no, intent.amount_fen, DEPOSIT)
        self._undo(REVERSE, pay, intent)
        self._resolve(pay, intent)

    def _other_content(self, intent: Intent) -> None:
        pay = self._pick([pay for pay in self._own if pay.txn == PAY and pay.approvals], intent)
        if pay is not None:
            body = messages.pay(pay.account_no, pay.amount_fen + intent.amount_fen, DEPOSIT)
            self._send(pay, body=body)

    def _any_status(self, intent: Intent) -> None:
        if (entry := self._pick(self._journal.recent(self._link.bank_code), intent)) is not None:
            self._state(entry)

    def _invoice(self, intent: Intent) -> None:
        pay = self._pick([pay for pay in self._own if pay.txn == PAY and pay.approvals], intent)
        if pay is None:
            return
        printed = self._journal.open_print(pay)
        deadline = time.monotonic() + RESOLVE_DEADLINE_S
        while self._send_print(printed).uncertain:
            assert time.monotonic() < deadline, f"an INVOICE about {pay} was not answered"
            self._link.pause()

    def _totals(self, _intent: Intent) -> None:
        self._link.ready()
        sending = Sending(self._link.number, self._link.daemon, time.monotonic())
        body = messages.TOTALS_REQUEST.pack(clearing_date=today())
        reply = self._ask(RECON_TOTALS, body)
        if reply is not None:
            sending.answer(reply)
            self._journal.totals.append((self._link.bank_code, sending))

    # -- one request and its outcome

    def _open_pay(self, intent: Intent, account_no: str, amount_fen: int, mode: int, **fields: int) -> Entry:
        body = messages.pay(account_no, amount_fen, mode, print_invoice=int(intent.with_invoice), **fields)
        more = {"channel": intent.channel, "invoice": intent.with_invoice}
        return self._open(PAY, account_no, amount_fen, body, **more)

    def _open(self, txn: int, account_no: str, amount_fen: int, body: bytes, **more: object) -> Entry:
        entry = self._journal.open(txn, self._link.bank_code, account_no, amount_fen, body, **more)
        self._own = [*self._own[1 - _OWN_KEPT :], entry]
        return entry

    def _undo(self, txn: int, pay: Entry | None, intent: Intent) -> None:
        if pay is None:
            return
        body = messages.undo(pay.account_no, pay.amount_fen, pay.serial, pay.bank_date)
        entry = self._open(txn, pay.account_no, pay.amount_fen, body, channel=pay.channel, original=pay)
        self._resolve(entry, intent)

    @staticmethod
    def _pick(entries: Sequence[Entry], intent: Intent) -> Entry | None:
        return entries[int(intent.target * len(entries))] if entries else None

    def _resolve(self, entry: Entry, intent: Intent) -> None:
        """Send a request; while its outcome is unknown, do what a bank does about it."""
        sending = self._send(entry, hang_up=intent.hangs_up and not self._calm.is_set())
        if sending.code in NOT_STARTED:
            self._link.pause()
        if not sending.uncertain:
            return
        steps = itertools.cycle(intent.steps if entry.txn == PAY else (Step.REPEAT, Step.ASK))
        deadline = time.monotonic() + RESOLVE_DEADLINE_S
        while not self._take(next(steps), entry, intent):
            if time.monotonic() > deadline:
                self._journal.complain(f"the outcome of {entry} was not known after {RESOLVE_DEADLINE_S:.0f} s")
                return

    def _take(self, step: Step, entry: Entry, intent: Intent) -> bool:
        """Take one step about an unknown outcome; whether it is known then."""
        if step is Step.ASK:
            known = self._state(entry) in _POSTED_OR_LATER
        elif step is Step.REVERSE:
            self._undo(REVERSE, entry, intent)
            known = True
        else:
            sending = self._send(entry)
            known = not (sending.uncertain or sending.code in NOT_STARTED)
            if known and not sending.approved and entry.txn == PAY:
                # Refused this time; the copy that was not answered may still be under way.
                self._undo(REVERSE, entry, intent)
        if not known:
            self._link.pause()
        return known

    def _send(self, entry: Entry, body: bytes = b"", *, hang_up: bool = False) -> Sending:
        """Send a money request once, with its own content or another's, and write down what came."""
        self._link.ready()
        request = self._link.build(
            entry.txn, body or entry.body, serial=entry.serial, bank_date=entry.bank_date, channel=entry.channel
        )
        sending = Sending(self._link.number, self._link.daemon, time.monotonic())
        (entry.strangers if body else entry.sendings).append(sending)
        self._journal.begin(self._link.number, entry)
        try:
            if (reply := self._link.exchange(request, hang_up=hang_up)) is not None:
                sending.answer(reply)
        finally:
            self._journal.end(self._link.number, sending)
        return sending

    def _state(self, entry: Entry) -> int:
        """Ask for the status of a request; 0 when no answer came, too."""
        self._link.ready()
        body = messages.status(entry.account_no, entry.serial, entry.bank_date)
        sending = Sending(self._link.number, self._link.daemon, time.monotonic())
        entry.asked.append(sending)
        if (reply := self._ask(STATUS, body)) is not None:
            sending.answer(reply)
        return int(messages.STATUS_REPLY.unpack(sending.body)["state"]) if sending.approved else 0

    def _send_print(self, printed: Print) -> Sending:
        self._link.ready()
        pay = printed.payment
        body = messages.INVOICE_REQUEST.pack(
            original_date=pay.bank_date, original_serial=pay.serial, account_no=pay.account_no, action=1
        )
        sending = Sending(self._link.number, self._link.daemon, time.monotonic())
        printed.sendings.append(sending)
        fields = {"serial": printed.serial, "bank_date": pay.bank_date}
        if (reply := self._ask(INVOICE, body, **fields)) is not None:
            sending.answer(reply)
        return sending

    def _ask(self, txn: int, body: bytes, **fields: object) -> Frame | None:
        self._link.ready()
        fields.setdefault("serial", self._journal.new_serial())
        return self._link.exchange(self._link.build(txn, body, **fields))
