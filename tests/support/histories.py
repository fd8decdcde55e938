"""Histories 交易序列: any sequence of payments, undos and repeats, and what must hold after every step of it.

Written against ``tests.support.ledger.Ledger``, so that the same promises are held by the rules on paper and by the
gate on a database. A driver starts with ``UTILITY``, whose late fees are the same on any day, so that no promise here
depends on the clock::

    @given(histories())
    def test_promises(history):
        check_promises(SqlLedger(UTILITY), history)
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from hypothesis import strategies as st

from dbgate.records import Bill, BillState, Identity, LimitKey, Movement, Payment, PaymentState
from handlers.requests import identity_of
from protocol.canonical.business import UndoReply
from protocol.canonical.codes import PayMode
from protocol.canonical.messages import Answer, Request
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.support.ledger import Ledger, Submission, Utility
from tests.support.records import (
    NEVER_DUE,
    account,
    bill,
    cancel_request,
    pay_request,
    reverse_request,
    terms,
)

_LONG_AGO = date(2020, 1, 31)
_MISSING = "0100000009"
_ACCOUNTS = ("0100000001", "0100000002", "0100000003")
_CHANNELS = (1, 4)
_LIMITED_CHANNEL = 4
_DAILY_LIMIT_FEN = 1_500

TERMS = terms(daily_limit_fen={_LIMITED_CHANNEL: _DAILY_LIMIT_FEN})
"""Terms of the one bank in a history."""

UTILITY = Utility(
    accounts=(account(_ACCOUNTS[0]), account(_ACCOUNTS[1], balance_fen=300), account(_ACCOUNTS[2])),
    bills=(
        # Overdue since 2020, so that the late fee is as high as the principal on every day to come.
        bill("B11", 60, account_no=_ACCOUNTS[0], month=202001, due_date=_LONG_AGO),
        bill("B12", 500, account_no=_ACCOUNTS[0], month=202610, due_date=NEVER_DUE),
        bill("B21", 100, account_no=_ACCOUNTS[1], month=202001, due_date=_LONG_AGO),
        bill("B22", 400, account_no=_ACCOUNTS[1], month=202609, due_date=NEVER_DUE),
        bill("B23", 250, account_no=_ACCOUNTS[1], month=202610, due_date=NEVER_DUE),
    ),
)
"""What every ledger in a history starts with."""

_AMOUNTS_FEN = (1, 120, 200, 550, 620, 850)
"""Among them what is payable at first (620, 550), sums that settle some bills, and money that settles nothing."""


@dataclass(frozen=True)
class Call:
    """One request, but for its bank_date, which depends on the ledger's clock."""

    transaction: Transaction
    serial: int
    account_no: str
    amount_fen: int
    mode: PayMode = PayMode.DEPOSIT
    channel: int = 1
    original: int = 1

    def on(self, day: date) -> Request:
        """Return the request with ``day`` as its bank_date."""
        if self.transaction is Transaction.PAY:
            return pay_request(
                self.amount_fen,
                self.mode,
                self.account_no,
                serial=self.serial,
                channel=self.channel,
                bank_date=day,
            )
        build = cancel_request if self.transaction is Transaction.CANCEL else reverse_request
        return build(
            self.original,
            self.amount_fen,
            self.serial,
            account_no=self.account_no,
            original_date=day,
            channel=self.channel,
            bank_date=day,
        )


History = list[Call]


@st.composite
def histories(draw: st.DrawFn, max_calls: int = 24) -> History:
    """Return calls over a small pool, so that repeats, reorderings and undos of what is there are frequent."""
    pays = [replace(call, serial=serial) for serial, call in enumerate(draw(_lists(_pays())), start=1)]
    undos = [replace(call, serial=serial) for serial, call in enumerate(draw(_lists(_undos(pays))), start=11)]
    strays = draw(st.lists(st.one_of(_pays(), _undos(pays)), max_size=2))
    begin = draw(st.sampled_from([pays, []]))
    return begin + draw(st.lists(st.sampled_from(pays + undos + strays), min_size=max_calls // 2, max_size=max_calls))


def _lists(calls: st.SearchStrategy[Call]) -> st.SearchStrategy[History]:
    return st.lists(calls, min_size=2, max_size=6)


def _pays() -> st.SearchStrategy[Call]:
    return st.builds(
        Call,
        transaction=st.just(Transaction.PAY),
        serial=st.integers(1, 12),
        account_no=st.sampled_from([*_ACCOUNTS * 3, _MISSING]),
        amount_fen=st.sampled_from(_AMOUNTS_FEN),
        mode=st.sampled_from([PayMode.DEPOSIT, PayMode.DEPOSIT, PayMode.SETTLE]),
        channel=st.sampled_from(_CHANNELS),
    )


@st.composite
def _undos(draw: st.DrawFn, pays: History) -> Call:
    """Return an undo of one of ``pays``, and now and then one that does not fit it."""
    original = draw(st.sampled_from(pays))
    fitting = draw(st.integers(0, 7)) > 0
    return Call(
        transaction=draw(st.sampled_from([Transaction.CANCEL, Transaction.REVERSE])),
        serial=draw(st.integers(1, 12)),
        account_no=original.account_no if fitting else draw(st.sampled_from(_ACCOUNTS)),
        amount_fen=original.amount_fen if fitting else draw(st.sampled_from(_AMOUNTS_FEN)),
        channel=draw(st.sampled_from(_CHANNELS)),
        original=original.serial,
    )


# --- the promises


def check_promises(ledger: Ledger, history: History) -> None:
    """Submit the calls one by one; after each, what was promised holds, for the reply and for the books."""
    first_answers: dict[Identity, tuple[str, Answer]] = {}
    for call in history:
        request = call.on(ledger.today())
        rows_before = len(ledger.journal())
        answer = ledger.submit([(request, TERMS)])[0]
        known = first_answers.get(identity_of(request))
        if answer.code is not ResponseCode.APPROVED:
            assert len(ledger.journal()) == rows_before, "a refusal leaves no row"
        elif known is None:
            assert not answer.repeat
            first_answers[identity_of(request)] = (request.digest, answer)
        else:
            assert known == (request.digest, replace(answer, repeat=False)), "a repeat is the first reply again"
            assert answer.repeat
            assert len(ledger.journal()) == rows_before, "a repeat leaves no row"
        if known is not None and answer.code is not ResponseCode.APPROVED:
            _check_refused_repeat(ledger, request, known[0], answer)
        check_books(ledger)


def _check_refused_repeat(ledger: Ledger, request: Request, first_digest: str, answer: Answer) -> None:
    """A stored identity is refused only for other content, or because its PAY has been undone since."""
    row = _by_identity(ledger.journal())[identity_of(request)]
    if row.state is not PaymentState.POSTED and request.transaction is Transaction.PAY:
        assert answer.code is ResponseCode.REVERSED
    else:
        assert first_digest != request.digest
        assert answer.code is ResponseCode.DUPLICATE_SERIAL


def check_undone_exactly(ledger: Ledger, history: History) -> None:
    """After any history, reversing what is still posted puts every balance and bill back.

    First what has used a balance, then what has left one: newest first would do but for a history in which a payment
    was undone after another had used the balance that it left, and a third had filled it up again.
    """
    for call in history:
        ledger.submit([(call.on(ledger.today()), TERMS)])
    posted = [r for r in ledger.journal() if r.movement is Movement.PAY and r.state is PaymentState.POSTED]
    for serial, row in enumerate(sorted(posted, key=lambda row: row.balance_change_fen), start=101):
        undo = Call(Transaction.REVERSE, serial, row.account_no, row.amount_fen, original=int(row.identity.bank_serial))
        answer = ledger.submit([(undo.on(row.identity.bank_date), TERMS)])[0]
        assert answer.code is ResponseCode.APPROVED
        assert cast("UndoReply", answer.body).outcome == 1
    for loaded in UTILITY.accounts:
        assert ledger.account(loaded.account_no) == loaded
        assert ledger.bills_of(loaded.account_no) == _bills_at_first(loaded.account_no)
    check_books(ledger)


def check_batches_alike(alone: Ledger, together: Ledger, history: History, size: int) -> None:
    """Deciding ``size`` requests in one batch answers and leaves what as many batches of one do."""
    requests = [call.on(alone.today()) for call in history]
    one_by_one = [alone.submit([(request, TERMS)])[0] for request in requests]
    in_batches: list[Answer] = []
    for start in range(0, len(requests), size):
        batch: list[Submission] = [(request, TERMS) for request in requests[start : start + size]]
        in_batches += together.submit(batch)
    assert _unnumbered(in_batches) == _unnumbered(one_by_one)
    assert _standing(together) == _standing(alone)
    check_books(together)


def check_branches_alike(alone: Ledger, apart: Ledger, history: History) -> None:
    """A utility whose accounts stand in databases of their own answers and keeps what one with one database does.

    But for what is counted by each database itself: there is no daily limit here, and no serial that a bank uses again
    for another account.
    """
    answers_alone: list[Answer] = []
    answers_apart: list[Answer] = []
    for call in history:
        request = call.on(alone.today())
        known = _by_identity(alone.journal()).get(identity_of(request))
        if known is not None and known.account_no != call.account_no:
            continue
        answers_alone += alone.submit([(request, terms())])
        answers_apart += apart.submit([(request, terms())])
        assert _unnumbered(answers_apart) == _unnumbered(answers_alone)
    assert _standing(apart) == _standing(alone)


def check_books(ledger: Ledger) -> None:
    """The books of ``ledger`` add up: balances, payments, bills, and what the daily limit counts."""
    rows = ledger.journal()
    paid = Counter[int]()
    for allocation in ledger.allocations():
        paid[allocation.fep_serial] += allocation.principal_fen + allocation.late_fee_fen
    for row in rows:
        if row.movement is Movement.PAY:
            settled_fen = row.settled_principal_fen + row.settled_late_fee_fen
            assert row.amount_fen == settled_fen + row.balance_change_fen
            assert paid[_number(row)] == settled_fen, "allocations add up to what was settled"
    for loaded in UTILITY.accounts:
        balance_fen = ledger.account(loaded.account_no).balance_fen
        assert balance_fen == sum(r.balance_change_fen for r in rows if r.account_no == loaded.account_no)
        assert balance_fen >= 0
        _check_bills(ledger, loaded.account_no)
    _check_daily_limit(ledger)


def _check_bills(ledger: Ledger, account_no: str) -> None:
    """A bill is settled by the one posted PAY that paid it, or as it was loaded."""
    posted = {r.fep_serial for r in ledger.journal() if r.movement is Movement.PAY and r.state is PaymentState.POSTED}
    payers: dict[str, list[int]] = {}
    for allocation in ledger.allocations():
        if allocation.fep_serial in posted:
            payers.setdefault(allocation.bill_no, []).append(allocation.fep_serial)
    for now, loaded in zip(ledger.bills_of(account_no), _bills_at_first(account_no), strict=True):
        by = payers.get(now.bill_no, [])
        assert len(by) <= 1, "no bill is settled twice"
        assert now == (replace(loaded, state=BillState.SETTLED, settled_by=by[0]) if by else loaded)


def _check_daily_limit(ledger: Ledger) -> None:
    key = LimitKey(TERMS.bank_code, _LIMITED_CHANNEL, ledger.clearing_date(TERMS.bank_code))
    posted_fen = sum(
        row.amount_fen
        for row in ledger.journal()
        if row.movement is Movement.PAY and row.state is PaymentState.POSTED and row.channel == _LIMITED_CHANNEL
    )
    assert ledger.limit_used(key) == posted_fen <= _DAILY_LIMIT_FEN


def _bills_at_first(account_no: str) -> list[Bill]:
    return [loaded for loaded in UTILITY.bills if loaded.account_no == account_no]


def _number(row: Payment) -> int:
    assert row.fep_serial is not None
    return row.fep_serial


def _by_identity(rows: Iterable[Payment]) -> dict[Identity, Payment]:
    return {row.identity: row for row in rows}


def _unnumbered(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers with their numbers in order of appearance, since two ledgers draw different ones."""
    ranks: dict[int, int] = {}
    plain = []
    for answer in answers:
        body, serial = answer.body, answer.fep_serial
        if isinstance(body, UndoReply) and body.original_fep_serial is not None:
            body = replace(body, original_fep_serial=ranks[body.original_fep_serial])
        if serial is not None:
            serial = ranks.setdefault(serial, len(ranks))
        plain.append(replace(answer, body=body, fep_serial=serial))
    return plain


def _standing(ledger: Ledger) -> object:
    """Return what two ledgers must agree on: balances, who settled which bill, and every row but for its numbers."""
    rows = ledger.journal()
    settlers = {row.fep_serial: row.identity for row in rows if row.fep_serial is not None}
    return (
        [ledger.account(loaded.account_no) for loaded in UTILITY.accounts],
        [
            (one.bill_no, one.state, None if one.settled_by is None else settlers[one.settled_by])
            for loaded in UTILITY.accounts
            for one in ledger.bills_of(loaded.account_no)
        ],
        {
            row.identity: (row.movement, row.state, row.amount_fen, row.balance_change_fen, row.balance_after_fen)
            for row in rows
            if row.movement is not Movement.OPEN
        },
    )
