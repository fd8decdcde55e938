"""Debit batches from the account's side: what is listed, what a result does to it, what a release frees."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.books.records import Debit, DebitBatch, Mandate, Push
from dbgate.books.states import BatchState, DebitState, MandateState, PushState
from dbgate.records import Account, AccountState, Bill, BillState, Identity, Movement, Payment, PaymentState
from dbgate.work import Moment
from dbgate.working_set import WorkingSet
from handlers import debit_listing, debit_posting, debit_release
from handlers.debit_posting import Finding, Posting
from handlers.errors import Refusal
from handlers.pay import decide as decide_pay
from handlers.payment_state import Event
from handlers.terms import AMOUNT_CEILING_FEN, BankTerms, Context, LateFeeRates, Rules
from handlers.undo import decide as decide_undo
from protocol.files.canonical import DebitResult, DebitResultRow
from tests.support.records import ACCOUNT, BANK, NOW, TODAY, account, bill, cancel_request, deposit_request, terms

MONTH = 202610
RATES = LateFeeRates()
BATCH = DebitBatch(7, BANK, MONTH, 1, BatchState.PREPARING, TODAY, 0, 0, NOW)
# Due 2026-09-25, listed 2026-11-21: 57 days, 684.
OVERDUE = bill("B1", 12_000, due_date=date(2026, 9, 25))
CURRENT = bill("B2", 5_000, seq=2)


def mandate(**changes: Any) -> Mandate:
    return replace(Mandate(ACCOUNT, BANK, "王建国", "6222", MandateState.ACTIVE, TODAY, NOW), **changes)


class Desk:
    """One account on paper: each decision is made on what those before it have left."""

    def __init__(self, *bills: Bill, given: Account | None = None, own: Mandate | None = None) -> None:
        self.records = WorkingSet()
        self.records.add_accounts([given or account()])
        self.records.add_bills(bills)
        self.records.books.add_mandates([own or mandate()])
        self.serial = 0

    def moment(self) -> Moment:
        self.serial += 1
        return Moment(NOW, TODAY, self.serial, None)

    def list_bills(self, fits: debit_listing.Fits = lambda _: True) -> Any:
        decision = debit_listing.decide(BATCH, ACCOUNT, RATES, fits, self.records, self.moment())
        self.records.apply(decision.changes)
        return decision.answer

    def post(self, row: DebitResultRow, bank: BankTerms | None = None) -> Any:
        decision = debit_posting.decide(bank or terms(), 7, row, RATES, self.records, self.moment())
        self.records.apply(decision.changes)
        return decision.answer

    def release(self) -> Any:
        decision = debit_release.decide(7, ACCOUNT, self.records, self.moment())
        self.records.apply(decision.changes)
        return decision.answer

    def debit(self, bill_no: str = "B1") -> Debit:
        found = self.records.books.debit(7, bill_no)
        assert found is not None
        return found

    def bill(self, bill_no: str = "B1") -> Bill:
        found = self.records.bill(bill_no)
        assert found is not None
        return found

    @property
    def balance_fen(self) -> int:
        found = self.records.account(ACCOUNT)
        assert found is not None
        return found.balance_fen

    def debited(self, bill_no: str = "B1", amount_fen: int | None = None, serial: int = 1) -> DebitResultRow:
        debit = self.debit(bill_no)
        amount = debit.due_fen if amount_fen is None else amount_fen
        return self._row(debit, DebitResult.DEBITED, amount, TODAY, f"{serial:012d}")

    def refused(self, bill_no: str = "B1", result: DebitResult = DebitResult.BALANCE_SHORT) -> DebitResultRow:
        return self._row(self.debit(bill_no), result, 0, None, "")

    @staticmethod
    def _row(debit: Debit, result: DebitResult, amount_fen: int, day: date | None, serial: str) -> DebitResultRow:
        return DebitResultRow(
            row_no=1,
            account_no=debit.account_no,
            name=debit.name,
            passbook=debit.passbook,
            month=debit.month,
            seq=debit.seq,
            bill_no=debit.bill_no,
            principal_fen=debit.principal_fen,
            late_fee_fen=debit.late_fee_fen,
            result=result,
            debited_fen=amount_fen,
            debit_date=day,
            debit_serial=serial,
        )


def test_lists_open_bills_of_the_month() -> None:
    """Each with the late fee of the batch's day; others stay as they are, and nothing is listed twice."""
    other_month = bill("B3", month=202609)
    nothing = bill("B4", 0)
    desk = Desk(OVERDUE, CURRENT, other_month, nothing)
    assert desk.list_bills().bill_count == 2
    assert (desk.debit().principal_fen, desk.debit().late_fee_fen, desk.debit().due_fen) == (12_000, 684, 12_684)
    assert (desk.debit("B2").late_fee_fen, desk.debit("B2").passbook) == (0, "6222")
    states = [desk.bill(bill_no).state for bill_no in ("B1", "B2", "B3", "B4")]
    assert states == [BillState.IN_DEBIT, BillState.IN_DEBIT, BillState.OPEN, BillState.OPEN]
    assert desk.list_bills().bill_count == 0


def test_what_the_batch_has_freed_is_not_listed_again() -> None:
    """A bill has one row in a batch, whatever became of it."""
    desk = Desk(OVERDUE)
    desk.list_bills()
    desk.release()
    assert desk.list_bills() == debit_listing.Listed()
    assert (desk.debit().state, desk.bill().state) == (DebitState.RELEASED, BillState.OPEN)


@pytest.mark.parametrize(
    "desk",
    [
        Desk(OVERDUE, given=account(state=AccountState.SUSPENDED)),
        Desk(OVERDUE, given=account(state=AccountState.CLOSED)),
        Desk(OVERDUE, own=mandate(state=MandateState.ENDED)),
        Desk(OVERDUE, own=mandate(bank_code="0103")),
    ],
    ids=["suspended", "closed", "mandate ended", "another bank's"],
)
def test_lists_nothing(desk: Desk) -> None:
    """Of accounts that are not active, or not this bank's to debit."""
    assert desk.list_bills() == debit_listing.Listed()
    assert desk.bill().state is BillState.OPEN


def test_lists_nothing_that_is_pushed() -> None:
    """The bank has been asked to debit a bill already."""
    desk = Desk(OVERDUE)
    push = Push("B1", 5, ACCOUNT, BANK, PushState.ACCEPTED, 0, NOW, NOW, NOW, 1)
    desk.records.books.add_pushes([push])
    assert desk.list_bills() == debit_listing.Listed()


def test_a_bill_that_the_file_cannot_hold_stays_open() -> None:
    """It is named, and the account's others are listed."""
    desk = Desk(OVERDUE, CURRENT)
    assert desk.list_bills(lambda debit: debit.bill_no != "B1") == debit_listing.Listed(1, ("B1",))
    assert desk.bill("B1").state is BillState.OPEN


def test_settles_its_own_bill() -> None:
    """With the late fee as listed; the balance is not touched, the other bill stays in the batch."""
    desk = Desk(OVERDUE, CURRENT, given=account(balance_fen=70))
    desk.list_bills()
    assert desk.post(desk.debited()) == Posting(DebitState.SETTLED)
    payment = desk.records.payment(Identity(BANK, TODAY, "000000000001"))
    assert payment is not None
    assert (payment.amount_fen, payment.settled_principal_fen, payment.settled_late_fee_fen) == (12_684, 12_000, 684)
    assert (payment.balance_change_fen, payment.balance_after_fen, payment.due_after_fen) == (0, 70, 5_000)
    assert (payment.channel, payment.instrument, payment.clearing_date) == (10, 2, TODAY)
    assert (desk.bill().state, desk.bill().settled_by) == (BillState.SETTLED, payment.fep_serial)
    assert desk.bill("B2").state is BillState.IN_DEBIT
    assert (desk.debit().fep_serial, desk.debit().result) == (payment.fep_serial, "00")
    # The same row again does nothing.
    assert desk.post(desk.debited()) == Posting(DebitState.SETTLED)
    assert len(desk.records.payments_of(ACCOUNT)) == 1


def test_refused_rows_free_their_bills() -> None:
    """Only their own."""
    desk = Desk(OVERDUE, CURRENT)
    desk.list_bills()
    assert desk.post(desk.refused(result=DebitResult.NO_MANDATE)) == Posting(DebitState.REFUSED)
    assert [desk.bill(each).state for each in ("B1", "B2")] == [BillState.OPEN, BillState.IN_DEBIT]
    assert (desk.debit().state, desk.debit().result) == (DebitState.REFUSED, "03")


@pytest.mark.parametrize("amount_fen", [12_683, 12_685, 1])
def test_another_amount_goes_to_the_balance(amount_fen: int) -> None:
    """All of it, and the bill is open again."""
    desk = Desk(OVERDUE)
    desk.list_bills()
    assert desk.post(desk.debited(amount_fen=amount_fen)) == Posting(DebitState.TO_BALANCE, Finding.AMOUNT_DIFFERS)
    assert (desk.balance_fen, desk.bill().state) == (amount_fen, BillState.OPEN)
    [payment] = desk.records.payments_of(ACCOUNT)
    assert (payment.settled_principal_fen, payment.balance_change_fen) == (0, amount_fen)


def test_a_bill_that_was_settled_meanwhile() -> None:
    """By an operator: the debit goes to the balance, the bill stays settled by what settled it."""
    desk = Desk(OVERDUE)
    desk.list_bills()
    desk.records.add_bills([replace(desk.bill(), state=BillState.SETTLED, settled_by=99)])
    assert desk.post(desk.debited()) == Posting(DebitState.TO_BALANCE, Finding.BILL_SETTLED)
    assert (desk.balance_fen, desk.bill().settled_by) == (12_684, 99)


def stored(**changes: Any) -> Payment:
    """A payment that stands under the identity of the debit."""
    plain = Payment(
        identity=Identity(BANK, TODAY, "000000000001"),
        fep_serial=55,
        movement=Movement.PAY,
        state=PaymentState.POSTED,
        account_no=ACCOUNT,
        account_name="王建国",
        amount_fen=12_684,
        settled_principal_fen=0,
        settled_late_fee_fen=0,
        balance_change_fen=12_684,
        balance_after_fen=12_684,
        due_after_fen=0,
        settled_count=0,
        first_month=None,
        last_month=None,
        invoice_no="",
        original=None,
        original_fep_serial=None,
        outcome=None,
        branch_code="",
        teller_id="",
        channel=10,
        instrument=1,
        clearing_date=TODAY,
        created_at=datetime(2026, 11, 21, 9),  # noqa: DTZ001 - wall clock
        digest="ab" * 16,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("changes", [{}, {"digest": "", "mends_date": TODAY}, {"digest": "", "channel": 2}])
def test_the_payment_was_posted_before(changes: dict[str, Any]) -> None:
    """By a request of the bank's or by an operator: the same money is not posted again."""
    desk = Desk(OVERDUE)
    desk.list_bills()
    desk.records.add_journal([stored(**changes)])
    assert desk.post(desk.debited()) == Posting(DebitState.TO_BALANCE, Finding.KNOWN_PAYMENT)
    assert (desk.balance_fen, desk.debit().fep_serial, desk.bill().state) == (0, 55, BillState.OPEN)
    assert len(desk.records.payments_of(ACCOUNT)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 12_683},
        {"account_no": "0100000009"},
        {"state": PaymentState.CANCELLED},
        {"movement": Movement.TOMBSTONE, "state": PaymentState.REVERSED_BEFORE_ARRIVAL, "fep_serial": None},
        {"movement": Movement.CANCEL},
        {"digest": ""},  # another row's debit
    ],
)
def test_the_identity_is_something_else(changes: dict[str, Any]) -> None:
    """Nothing is posted, and the row stays as it is for a corrected file."""
    desk = Desk(OVERDUE)
    desk.list_bills()
    desk.records.add_journal([stored(**changes)])
    assert desk.post(desk.debited()) == Posting(DebitState.LISTED, Finding.IDENTITY_TAKEN)
    assert (desk.balance_fen, desk.debit().state, desk.bill().state) == (0, DebitState.LISTED, BillState.IN_DEBIT)
    assert desk.post(desk.debited(serial=2)) == Posting(DebitState.SETTLED)


def test_what_cannot_be_posted() -> None:
    """An account that has gone, or a balance beyond the ceiling: the row stays for an operator."""
    desk = Desk(OVERDUE, given=account(balance_fen=AMOUNT_CEILING_FEN))
    desk.list_bills()
    row = desk.debited(amount_fen=1)
    assert desk.post(row) == Posting(DebitState.LISTED, Finding.BALANCE_TOO_HIGH)
    gone = WorkingSet()
    gone.books.add_debits([desk.debit()])
    decision = debit_posting.decide(terms(), 7, row, RATES, gone, desk.moment())
    assert decision.answer == Posting(DebitState.LISTED, Finding.ACCOUNT_MISSING)


def test_no_limit_and_no_state_keeps_a_debit_out() -> None:
    """The customer's money has been taken: the account may have been closed and the limits be used up since."""
    desk = Desk(OVERDUE)
    desk.list_bills()
    desk.records.add_accounts([account(state=AccountState.CLOSED)])
    bank = terms(default_single_limit_fen=1, daily_limit_fen={10: 1})
    assert desk.post(desk.debited(), bank) == Posting(DebitState.SETTLED)
    [use] = desk.records.limit_uses()
    assert (use.amount_fen, use.limit_fen) == (12_684, None)


def test_release_frees_what_is_listed() -> None:
    """What a result has done stays."""
    desk = Desk(OVERDUE, CURRENT, bill("B3", 100, seq=3))
    desk.list_bills()
    desk.post(desk.debited("B2"))
    assert desk.release() == 2
    assert [desk.bill(each).state for each in ("B1", "B2", "B3")] == [BillState.OPEN, BillState.SETTLED, BillState.OPEN]
    assert [desk.debit(each).state for each in ("B1", "B2")] == [DebitState.RELEASED, DebitState.SETTLED]
    assert desk.release() == 0


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["list", "debited", "other amount", "refused", "pay", "cancel", "release"]),
        st.sampled_from(["B1", "B2", "B3"]),
        st.integers(1, 4),
    ),
    max_size=40,
)


@given(steps=_STEPS)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_between_out_and_back(steps: list[tuple[str, str, int]]) -> None:
    """Balances are the sums of their movements, no bill is settled twice, and only listed rows hold bills."""
    desk = Desk(OVERDUE, CURRENT, bill("B3", 700, seq=3))
    context = Context(terms(), Rules(), desk.moment())
    for index, (what, bill_no, number) in enumerate(steps, 10):
        known = desk.records.books.debit(7, bill_no) is not None
        try:
            if what == "list":
                desk.list_bills()
            elif what == "release":
                desk.release()
            elif what == "pay":
                request = deposit_request(500 * number, serial=index)
                context = replace(context, moment=desk.moment())
                desk.records.apply(decide_pay(request, desk.records, context).changes)
            elif what == "cancel":
                paid = [each for each in desk.records.payments_of(ACCOUNT) if each.state is PaymentState.POSTED]
                if paid:
                    request = cancel_request(int(paid[0].identity.bank_serial), paid[0].amount_fen, serial=index)
                    context = replace(context, moment=desk.moment())
                    desk.records.apply(decide_undo(Event.CANCEL, request, desk.records, context).changes)
            elif known:
                row = desk.refused(bill_no) if what == "refused" else desk.debited(bill_no, serial=number)
                if what == "other amount":
                    row = replace(row, debited_fen=row.debited_fen + number)
                desk.post(row)
        except Refusal:
            pass
        _check(desk)


def _check(desk: Desk) -> None:
    rows = desk.records.new_journal()
    moved = {(row.identity): row for row in rows}
    assert sum(row.balance_change_fen for row in moved.values()) == desk.balance_fen >= 0
    for row in rows:
        if row.movement is Movement.PAY:
            settled_fen = row.settled_principal_fen + row.settled_late_fee_fen
            assert row.amount_fen == settled_fen + row.balance_change_fen
    for bill_no in ("B1", "B2", "B3"):
        settling = [
            row
            for row in rows
            if row.state is PaymentState.POSTED
            and row.fep_serial is not None
            and any(each.bill_no == bill_no for each in desk.records.allocations(row.fep_serial))
        ]
        is_settled = desk.bill(bill_no).state is BillState.SETTLED
        assert len(settling) == is_settled
        debit = desk.records.books.debit(7, bill_no)
        if desk.bill(bill_no).state is BillState.IN_DEBIT:
            assert debit is not None
            assert debit.state is DebitState.LISTED
