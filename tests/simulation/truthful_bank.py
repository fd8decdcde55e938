"""A truthful bank 守规银行: it keeps books of what it sent and was told, does what the wire asks of it, and no more.

What it does not know it finds out by the means that the wire gives it: the same frame again, STATUS, REVERSE. Its books
are kept from its side of the wire alone; at the end of each clearing date they must be the FEP's.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from random import Random

from dbgate.records import DayTotals
from protocol.canonical.business import StatusReply, UndoReply
from protocol.canonical.codes import OriginalState, TotalsResult, UndoOutcome
from protocol.canonical.messages import Answer, Request
from protocol.canonical.reconciliation import DetailReply, Totals, TotalsReply
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.simulation.fep_in_process import Fep, added
from tests.support.records import (
    cancel_request,
    deposit_request,
    detail_request,
    pay_request,
    query_request,
    reverse_request,
    status_request,
    totals_request,
)

LOST_REQUEST, LOST_REPLY, DUPLICATED = 0.06, 0.06, 0.04
WRONG = 0.15
PAGE_ROWS = 20
_APPROVED = ResponseCode.APPROVED


@dataclass(eq=False)
class Paid:
    """A payment that the bank knows to be posted."""

    serial: int
    bank_date: date
    account_no: str
    amount_fen: int
    clearing_date: date


@dataclass
class TruthfulBank:
    """One bank with its books.

    Attributes:
        totals: by clearing date, as RECON_TOTALS wants them.
        serials: by clearing date, of all that counts there: (bank_date, bank_serial).
        standing: payments that nobody has undone.
        seen: how often it did what, so that a test can tell that a run has had some of everything.
    """

    code: str
    fep: Fep
    random: Random
    account_nos: list[str]
    totals: dict[date, DayTotals] = field(default_factory=lambda: defaultdict(DayTotals))
    serials: dict[date, set[tuple[date, str]]] = field(default_factory=lambda: defaultdict(set))
    standing: list[Paid] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    reconciled: set[date] = field(default_factory=set)
    _serial: int = 0

    # --- a teller's work

    def act(self) -> None:
        """Do one thing: mostly a payment, sometimes one is taken back."""
        if self.standing and self.random.random() < 0.2:
            self.cancel(self.random.choice(self.standing))
        else:
            self.pay()

    def pay(self) -> None:
        """Take a payment and see to it until its outcome is known."""
        account_no, serial = self.random.choice(self.account_nos), self._next_serial()
        request = self._payment(account_no, serial)
        paid = Paid(serial, request.head.bank_date, account_no, request.body.amount_fen, date.min)  # type: ignore[union-attr]
        answer = self._send(request)
        if answer is None:
            self._find_out(request, paid)
        elif answer.code is _APPROVED:
            self._book_payment(paid, answer.clearing_date)
        else:
            self.seen["refused"] += 1

    def cancel(self, paid: Paid) -> None:
        """Take a payment back; a CANCEL of unknown outcome is repeated until it is answered, never reversed."""
        serial = self._next_serial()
        request = cancel_request(paid.serial, paid.amount_fen, serial, **self._of(paid), **self._head())
        answer = self._until_answered(request)
        if answer.code is _APPROVED:
            self.standing.remove(paid)
            self._book(answer.clearing_date, request, cancel_count=1, cancel_amount_fen=paid.amount_fen)
            self.seen["cancelled"] += 1
        else:
            assert answer.code in {ResponseCode.OTHER_CLEARING_DATE, ResponseCode.BALANCE_USED}, answer
            self.seen[f"not cancelled {answer.code.code}"] += 1

    def reconcile(self, day: date) -> None:
        """Ask for the totals and details of a closed day; the books on both sides must be the same."""
        ours = Totals(*(getattr(self.totals[day], name) for name in Totals.__dataclass_fields__))
        told = self.fep.ask(totals_request(day, ours, serial=self._next_serial(), **self._head()))
        assert isinstance(told.body, TotalsReply), told
        assert (told.body.totals, told.body.result) == (ours, TotalsResult.BALANCED), (self.code, day, told.body, ours)
        rows, page = [], 1
        while True:
            reply = self.fep.ask(detail_request(day, page, PAGE_ROWS, serial=self._next_serial(), **self._head())).body
            assert isinstance(reply, DetailReply)
            rows += reply.rows
            if len(rows) >= reply.row_count:
                break
            page += 1
        assert {(row.bank_date, row.bank_serial) for row in rows} == self.serials[day]
        assert len(rows) == len(self.serials[day])
        self.reconciled.add(day)

    # --- what is not known

    def _find_out(self, request: Request, paid: Paid) -> None:
        """Learn what has become of a payment that was not answered."""
        dice = self.random.random()
        self.fep.clock.go_on(seconds=self.random.choice([1, 30, 30, 90]))
        if dice < 0.4:
            answer = self._until_answered(request)
            if answer.code is _APPROVED:
                self.seen["repeated"] += answer.repeat
                return self._book_payment(paid, answer.clearing_date)
            # It was sent more than once: only REVERSE says for certain that nothing stands.
            return self._reverse(paid)
        if dice < 0.6:
            answer = self._until_answered(self._status(paid))
            assert isinstance(answer.body, StatusReply), answer
            if answer.body.state is OriginalState.POSTED:
                self.seen["asked"] += 1
                return self._book_payment(paid, answer.body.clearing_date)
            assert answer.body.state is OriginalState.UNKNOWN, answer
        return self._reverse(paid)

    def _reverse(self, paid: Paid) -> None:
        request = reverse_request(paid.serial, paid.amount_fen, self._next_serial(), **self._of(paid), **self._head())
        answer = self._until_answered(request)
        if answer.code is _APPROVED:
            assert isinstance(answer.body, UndoReply)
            self.seen[f"reversed {answer.body.outcome.name}"] += 1
            if answer.body.outcome is UndoOutcome.UNDONE:
                # The payment had been posted, in the same clearing date: it counts, and so does its reversal.
                self._book_payment(paid, answer.clearing_date)
                self.standing.remove(paid)
                self._book(answer.clearing_date, request, reverse_count=1, reverse_amount_fen=paid.amount_fen)
            else:
                assert answer.body.outcome is UndoOutcome.NEVER_ARRIVED, answer
            return
        # The day is over, or the money is used: it stands, and STATUS says in which day.
        assert answer.code in {ResponseCode.OTHER_CLEARING_DATE, ResponseCode.BALANCE_USED}, answer
        self.seen[f"not reversed {answer.code.code}"] += 1
        told = self._until_answered(self._status(paid)).body
        assert isinstance(told, StatusReply)
        assert told.state is OriginalState.POSTED
        self._book_payment(paid, told.clearing_date)

    # --- books

    def _book_payment(self, paid: Paid, clearing_date: date | None) -> None:
        assert clearing_date is not None
        paid.clearing_date = clearing_date
        self.standing.append(paid)
        self.seen["paid"] += 1
        self.totals[clearing_date] = added(self.totals[clearing_date], pay_count=1, pay_amount_fen=paid.amount_fen)
        self.serials[clearing_date].add((paid.bank_date, f"{paid.serial:012d}"))
        assert clearing_date not in self.reconciled, "a closed day has grown"

    def _book(self, clearing_date: date | None, request: Request, **changes: int) -> None:
        assert clearing_date is not None
        assert clearing_date not in self.reconciled, "a closed day has grown"
        self.totals[clearing_date] = added(self.totals[clearing_date], **changes)
        self.serials[clearing_date].add((request.head.bank_date, request.head.bank_serial))

    # --- the line

    def _send(self, request: Request) -> Answer | None:
        """Send a request over a line that loses some, loses replies, and doubles some; None: no reply came."""
        dice = self.random.random()
        if dice < LOST_REQUEST:
            self.seen["lost request"] += 1
            return None
        answer = self.fep.ask(request)
        if dice < LOST_REQUEST + LOST_REPLY:
            self.seen["lost reply"] += 1
            return None
        if dice > 1 - DUPLICATED and request.transaction in {Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE}:
            again = self.fep.ask(request)
            if answer.code is _APPROVED:
                self.seen["doubled"] += 1
                assert again.repeat
                first = (answer.body, answer.fep_serial, answer.clearing_date)
                assert (again.body, again.fep_serial, again.clearing_date) == first
        return answer

    def _until_answered(self, request: Request) -> Answer:
        answer = None
        while answer is None:
            self.fep.clock.go_on(seconds=self.random.choice([0, 0, 1, 30]))
            answer = self._send(request)
        return answer

    def _payment(self, account_no: str, serial: int) -> Request:
        """Return a payment: mostly a deposit of some sum; sometimes all that is payable, or a fen more by mistake."""
        if self.random.random() < 0.3:
            asked = self.fep.ask(query_request(account_no, serial=self._next_serial(), **self._head()))
            payable_fen = asked.body.payable_fen  # type: ignore[union-attr]
            payable_fen += self.random.random() < WRONG
            if payable_fen > 0:
                return pay_request(payable_fen, account_no=account_no, serial=serial, **self._head())
        amount_fen = self.random.choice([1, 100, 250, 600, 5_000])
        return deposit_request(amount_fen, account_no=account_no, serial=serial, **self._head())

    def _status(self, paid: Paid) -> Request:
        return status_request(paid.serial, paid.account_no, paid.bank_date, serial=self._next_serial(), **self._head())

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _head(self) -> dict[str, object]:
        return {"bank_code": self.code, "bank_date": self.fep.clock().date()}

    def _of(self, paid: Paid) -> dict[str, object]:
        return {"account_no": paid.account_no, "original_date": paid.bank_date}
