"""RECON_DETAIL 对明细: which movements have a row, in what order, and of which days."""

from dataclasses import astuple
from datetime import date, timedelta

import pytest

from protocol.canonical.codes import OriginalState
from protocol.canonical.reconciliation import DetailReply, Totals, TotalsReply
from protocol.transactions import Transaction
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    TODAY,
    account,
    cancel_request,
    deposit_request,
    detail_request,
    reverse_request,
    serial_no,
    terms,
    totals_request,
)
from tests.support.replies import code_of, reply_in

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def ledger() -> PaperLedger:
    """Three payments; one cancelled, one reversed; a REVERSE without and one after its original have no row."""
    ledger = PaperLedger(Utility((account(),)))
    for serial, amount_fen in ((1, 100), (2, 200), (3, 400)):
        ledger.ask(deposit_request(amount_fen, serial=serial))
    ledger.ask(cancel_request(2, 200, serial=4))
    ledger.ask(reverse_request(3, 400, serial=5))
    ledger.ask(reverse_request(3, 400, serial=6))
    ledger.ask(reverse_request(9, 800, serial=7))
    ledger.close_day(BANK, TOMORROW)
    return ledger


def details(ledger: PaperLedger, page: int = 1, rows_max: int = 20) -> DetailReply:
    return reply_in(ledger.ask(detail_request(TODAY, page, rows_max)), DetailReply)


def test_each_movement_that_counts_has_a_row(ledger: PaperLedger) -> None:
    """Undone payments keep theirs and show their state; an undo shows that it took effect."""
    reply = details(ledger)

    shown = [(row.bank_serial, row.amount_fen, row.transaction, row.state) for row in reply.rows]
    assert shown == [
        (serial_no(1), 100, Transaction.PAY, OriginalState.POSTED),
        (serial_no(2), 200, Transaction.PAY, OriginalState.CANCELLED),
        (serial_no(3), 400, Transaction.PAY, OriginalState.REVERSED),
        (serial_no(4), 200, Transaction.CANCEL, OriginalState.POSTED),
        (serial_no(5), 400, Transaction.REVERSE, OriginalState.POSTED),
    ]
    assert {(row.bank_date, row.account_no) for row in reply.rows} == {(TODAY, ACCOUNT)}
    assert (reply.clearing_date, reply.row_count, reply.page) == (TODAY, 5, 1)
    for row in reply.rows:
        assert row.fep_serial == ledger.row(deposit_request(1, serial=int(row.bank_serial))).fep_serial


def test_rows_and_totals_agree(ledger: PaperLedger) -> None:
    """There are as many rows as the totals count, and their amounts add up to them."""
    totals = reply_in(ledger.ask(totals_request(TODAY, Totals())), TotalsReply).totals
    kinds = (Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE)
    groups = [[row.amount_fen for row in details(ledger).rows if row.transaction is kind] for kind in kinds]
    assert astuple(totals) == tuple(figure for group in groups for figure in (len(group), sum(group)))


def test_pages(ledger: PaperLedger) -> None:
    """A page has as many rows as the bank's format has room for; the page past the last has none."""
    pages = [details(ledger, page, rows_max=2) for page in (1, 2, 3, 4, 65_535)]
    assert [len(page.rows) for page in pages] == [2, 2, 1, 0, 0]
    assert [(page.page, page.row_count) for page in pages] == [(1, 5), (2, 5), (3, 5), (4, 5), (65_535, 5)]
    assert sum((page.rows for page in pages), ()) == details(ledger).rows


def test_open_day(ledger: PaperLedger) -> None:
    """A day still open has no details: its rows would move from page to page."""
    assert code_of(ledger.ask(detail_request(TOMORROW))) == "3002"


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TOMORROW + timedelta(days=1), date(1999, 1, 1)])
def test_no_such_day(ledger: PaperLedger, day: date) -> None:
    """A day before the first or after the present clearing date does not exist."""
    assert code_of(ledger.ask(detail_request(day))) == "3001"


def test_day_that_was_jumped_over(ledger: PaperLedger) -> None:
    """A day without a movement exists, closed and empty."""
    ledger.close_day(BANK, TOMORROW + timedelta(days=1))
    reply = reply_in(ledger.ask(detail_request(TOMORROW)), DetailReply)
    assert (reply.row_count, reply.rows) == (0, ())


def test_of_another_bank(ledger: PaperLedger) -> None:
    """A bank's details are its own."""
    ledger.close_day("0103", TOMORROW)
    reply = reply_in(ledger.ask(detail_request(TODAY, bank_code="0103"), terms(bank_code="0103")), DetailReply)
    assert (reply.row_count, reply.rows) == (0, ())


def test_what_does_not_bar_it(ledger: PaperLedger) -> None:
    """Limits do not concern it; suspension and service hours do."""
    assert code_of(ledger.ask(detail_request(TODAY), terms(daily_limit_fen={1: 1}))) == "0000"
    assert code_of(ledger.ask(detail_request(TODAY), terms(is_suspended=True))) == "1012"
