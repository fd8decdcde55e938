"""PAYMENTS 交费记录: one row for each PAY, newest first."""

from datetime import datetime, time, timedelta

import pytest

from protocol.canonical.business import PaymentRow, PaymentsReply
from protocol.canonical.codes import OriginalState
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    NOW,
    TODAY,
    account,
    cancel_request,
    deposit_request,
    payments_request,
    reverse_request,
)
from tests.support.replies import code_of, reply_in

OTHER = "0100000002"


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger(Utility((account(balance_fen=70), account(OTHER))))


def _pay_on(ledger: PaperLedger, day: str, serial: int) -> int:
    ledger.now = datetime.fromisoformat(day + "T09:00:00")
    answer = ledger.ask(deposit_request(100, serial=serial, bank_date=ledger.today()))
    ledger.now = NOW
    assert answer.fep_serial is not None
    return answer.fep_serial


def test_rows(ledger: PaperLedger) -> None:
    """Each payment is shown with moment, channel, amount, number, bank, state and the balance after it."""
    first = ledger.ask(deposit_request(100, serial=1, channel=3))
    ledger.now += timedelta(minutes=5)
    second = ledger.ask(deposit_request(200, serial=2))
    ledger.ask(deposit_request(5, serial=3, account_no=OTHER))

    answer = ledger.ask(payments_request(page=2))

    assert reply_in(answer, PaymentsReply) == PaymentsReply(
        ACCOUNT,
        "王建国",
        2,
        (
            PaymentRow(TODAY, time(10, 20, 30), 1, 200, second.fep_serial or 0, "0102", OriginalState.POSTED, 370),
            PaymentRow(TODAY, time(10, 15, 30), 3, 100, first.fep_serial or 0, "0102", OriginalState.POSTED, 170),
        ),
    )
    assert (answer.fep_serial, answer.clearing_date) == (None, TODAY)


def test_undone(ledger: PaperLedger) -> None:
    """Undone payments are shown with their state; undos, tombstones and refusals have no row."""
    ledger.ask(deposit_request(100, serial=1))
    ledger.ask(cancel_request(1, 100, serial=2))
    ledger.ask(deposit_request(100, serial=3))
    ledger.ask(reverse_request(3, 100, serial=4))
    ledger.ask(reverse_request(5, 100, serial=6))
    ledger.ask(deposit_request(0, serial=7))
    rows = reply_in(ledger.ask(payments_request()), PaymentsReply).rows
    assert [row.state for row in rows] == [OriginalState.REVERSED, OriginalState.CANCELLED]


@pytest.mark.parametrize(("months", "shown"), [(0, 3), (1, 1), (2, 2), (3, 3), (4, 4)])
@pytest.mark.parametrize("generous", [False, True])
def test_months(months: int, shown: int, generous: bool) -> None:
    """Calendar months are shown, the current one included; 0 means three."""
    ledger = PaperLedger(Utility((account(),)), generous=generous)
    days = ["2026-08-31", "2026-09-01", "2026-10-31", "2026-11-01"]
    serials = [_pay_on(ledger, day, serial) for serial, day in enumerate(days, start=1)]
    rows = reply_in(ledger.ask(payments_request(months)), PaymentsReply).rows
    assert [row.fep_serial for row in rows] == serials[::-1][:shown]


def test_clock_of_the_database(ledger: PaperLedger) -> None:
    """The database's clock decides which months are shown, though ours is a day ahead in the next month."""
    ledger.now = datetime.fromisoformat("2026-11-30T23:59:00")
    ledger.local_today = TODAY.replace(month=12, day=1)
    ledger.ask(deposit_request(100, serial=1, bank_date=ledger.today()))
    assert len(reply_in(ledger.ask(payments_request(1)), PaymentsReply).rows) == 1


def test_refused(ledger: PaperLedger) -> None:
    """An account that is missing is refused, and so are more than 24 months."""
    assert code_of(ledger.ask(payments_request(account_no="0100000009"))) == "2001"
    assert code_of(ledger.ask(payments_request(25))) == "1003"
