"""STATUS 交易结果查询: what a bank is told of a money request."""

import pytest

from dbgate.books.states import DifferenceState
from dbgate.records import Movement
from dbgate.work import Moment
from dbgate.working_set import WorkingSet
from handlers.status import decide
from handlers.terms import Context, Rules
from protocol.canonical.business import StatusReply
from protocol.canonical.codes import OriginalState, Reconciled
from protocol.canonical.messages import Answer, Request
from protocol.transactions import Transaction
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    NOW,
    TODAY,
    account,
    cancel_request,
    deposit_request,
    reverse_request,
    status_request,
    terms,
)
from tests.support.replies import code_of, reply_in

PAY = deposit_request(500, serial=1)
CANCEL = cancel_request(1, 500, serial=2)
REVERSE = reverse_request(1, 500, serial=3)


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger(Utility((account(),)))


@pytest.mark.parametrize(
    ("requests", "original", "transaction", "state"),
    [
        ([PAY], 1, Transaction.PAY, OriginalState.POSTED),
        ([PAY, CANCEL], 1, Transaction.PAY, OriginalState.CANCELLED),
        ([PAY, REVERSE], 1, Transaction.PAY, OriginalState.REVERSED),
        ([PAY, CANCEL], 2, Transaction.CANCEL, OriginalState.POSTED),
        ([PAY, REVERSE], 3, Transaction.REVERSE, OriginalState.POSTED),
        ([REVERSE], 3, Transaction.REVERSE, OriginalState.POSTED),
    ],
)
def test_known(
    ledger: PaperLedger, requests: list[Request], original: int, transaction: Transaction, state: OriginalState
) -> None:
    """A money request that was approved is told with kind, state, amount, number and clearing date."""
    serials = {int(request.head.bank_serial): ledger.ask(request).fep_serial for request in requests}
    reply = reply_in(ledger.ask(status_request(original)), StatusReply)
    assert reply == StatusReply(transaction, state, ACCOUNT, 500, serials[original], TODAY, Reconciled.NO)


def test_tombstone(ledger: PaperLedger) -> None:
    """What was reversed before it arrived is told as a PAY in state 4; it never had a number or a clearing date."""
    ledger.ask(REVERSE)
    reply = reply_in(ledger.ask(status_request(1)), StatusReply)
    state = OriginalState.REVERSED_BEFORE_ARRIVAL
    assert reply == StatusReply(Transaction.PAY, state, ACCOUNT, 500, None, None, Reconciled.NO)


def test_unknown(ledger: PaperLedger) -> None:
    """Of what is not in the journal only the account is repeated."""
    reply = reply_in(ledger.ask(status_request(1, "0100000009")), StatusReply)
    assert reply == StatusReply(None, OriginalState.UNKNOWN, "0100000009", 0, None, None, Reconciled.NO)


def test_refused_is_unknown(ledger: PaperLedger) -> None:
    """A refusal is not stored."""
    ledger.ask(deposit_request(0, serial=1))
    assert reply_in(ledger.ask(status_request(1)), StatusReply).state is OriginalState.UNKNOWN


@pytest.mark.parametrize("request_", [PAY, REVERSE], ids=["payment", "tombstone"])
def test_other_account(ledger: PaperLedger, request_: Request) -> None:
    """Another account than the original's is refused."""
    ledger.ask(request_)
    assert code_of(ledger.ask(status_request(1, "0100000002"))) == "2013"


def test_of_another_bank(ledger: PaperLedger) -> None:
    """A bank sees its own requests only."""
    ledger.ask(PAY)
    reply = reply_in(ledger.ask(status_request(1, bank_code="0103"), terms(bank_code="0103")), StatusReply)
    assert reply.state is OriginalState.UNKNOWN


@pytest.mark.parametrize(
    ("batch_no", "state", "expected"),
    [
        (None, None, Reconciled.NO),
        (7, None, Reconciled.YES),
        (7, DifferenceState.OPEN, Reconciled.DIFFERENCE),
        (7, DifferenceState.PROPOSED, Reconciled.DIFFERENCE),
        (7, DifferenceState.CARRIED, Reconciled.NO),
        (7, DifferenceState.MATCHED, Reconciled.YES),
        (7, DifferenceState.DONE, Reconciled.YES),
        (None, DifferenceState.OPEN, Reconciled.DIFFERENCE),
    ],
)
def test_reconciled(
    ledger: PaperLedger, batch_no: int | None, state: DifferenceState | None, expected: Reconciled
) -> None:
    """Yes when the day is reconciled and nothing of the request is open; what is in flight is not reconciled yet."""
    ledger.ask(PAY)
    [paid] = [row for row in ledger.journal() if row.movement is Movement.PAY]
    records = WorkingSet()
    records.add_journal([paid])
    if batch_no is not None:
        records.books.add_reconciliation(BANK, paid.clearing_date, batch_no)
    if state is not None:
        records.books.add_difference(paid.identity, state)
    decision = decide(status_request(1), records, Context(terms(), Rules(), Moment(NOW, TODAY, None, None)))
    assert isinstance(decision.answer, Answer)
    assert reply_in(decision.answer, StatusReply).reconciled is expected
