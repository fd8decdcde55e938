"""INVOICE 发票: what stands on it, what counts as a print, and its identities."""

from dataclasses import replace
from datetime import date

import pytest

from dbgate.records import CollectMode
from handlers.terms import Rules
from protocol.canonical.business import InvoiceReply, InvoiceRow, PayReply
from protocol.canonical.codes import InvoiceAction
from protocol.canonical.messages import Request
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    TODAY,
    account,
    bill,
    cancel_request,
    deposit_request,
    invoice_request,
    pay_request,
    reverse_request,
    terms,
)
from tests.support.replies import code_of, reply_in

OTHER = "0100000002"
# Due 2026-09-25, paid 2026-11-21: 57 days, 684.
BILLS = (
    bill("B2", 5_000, month=202610, previous_reading_centikwh=30, this_reading_centikwh=50, energy_centikwh=20),
    bill(
        "B1", 12_000, month=202608, previous_reading_centikwh=10, this_reading_centikwh=30, due_date=date(2026, 9, 25)
    ),
)
PAY = pay_request(17_684, serial=1)


@pytest.fixture
def ledger() -> PaperLedger:
    ledger = PaperLedger(Utility((account(), account(OTHER)), BILLS))
    ledger.ask(PAY)
    return ledger


def _prints(ledger: PaperLedger, request: Request) -> tuple[str, int]:
    reply = reply_in(ledger.ask(request), InvoiceReply)
    return reply.invoice_no, reply.print_count


def test_reply(ledger: PaperLedger) -> None:
    """An invoice shows customer, amount in figures and words, and each settled bill with its readings."""
    answer = ledger.ask(invoice_request())
    reply = reply_in(answer, InvoiceReply)
    assert reply == InvoiceReply(
        invoice_no=reply.invoice_no,
        account_no=ACCOUNT,
        name="王建国",
        address="人民路1号",
        amount_fen=17_684,
        amount_in_words="壹佰柒拾陆元捌角肆分",
        print_count=1,
        first_month=202608,
        last_month=202610,
        page=1,
        rows=(
            InvoiceRow(202608, 1, 20_000, 10, 30, 12_000, 684),
            InvoiceRow(202610, 1, 20, 30, 50, 5_000, 0),
        ),
    )
    assert reply.invoice_no
    assert (answer.fep_serial, answer.clearing_date, answer.repeat) == (None, TODAY, False)


def test_nothing_settled() -> None:
    """A payment that settled nothing has an invoice over its amount, without rows."""
    ledger = PaperLedger(Utility((account(),)))
    ledger.ask(deposit_request(100))
    reply = reply_in(ledger.ask(invoice_request()), InvoiceReply)
    assert (reply.rows, reply.amount_in_words, reply.first_month) == ((), "壹元整", None)


def test_counts_prints_and_reprints(ledger: PaperLedger) -> None:
    """The first request prints whatever its action, three more reprint under the same number, a fifth is refused."""
    actions = [InvoiceAction.REPRINT, InvoiceAction.PRINT, InvoiceAction.REPRINT, InvoiceAction.REPRINT]
    prints = [
        _prints(ledger, invoice_request(action=action, serial=serial)) for serial, action in enumerate(actions, 11)
    ]
    assert [count for _, count in prints] == [1, 2, 3, 4]
    assert len({invoice_no for invoice_no, _ in prints}) == 1
    assert code_of(ledger.ask(invoice_request(serial=15))) == "2014"


def test_reprints_are_a_setting() -> None:
    """How often an invoice may be reprinted is a setting."""
    ledger = PaperLedger(Utility((account(),), (), Rules(reprints_max=0)))
    ledger.ask(deposit_request(100))
    assert code_of(ledger.ask(invoice_request(serial=11))) == "0000"
    assert code_of(ledger.ask(invoice_request(serial=12))) == "2014"


def test_printed_with_the_payment() -> None:
    """An invoice that was printed with its payment keeps its number, and the next print is a reprint."""
    ledger = PaperLedger(Utility((account(),), BILLS))
    paid = ledger.ask(pay_request(17_684, serial=1, print_invoice=True))
    assert _prints(ledger, invoice_request()) == (reply_in(paid, PayReply).invoice_no, 2)


def test_later_pages_do_not_count(ledger: PaperLedger) -> None:
    """Later pages show the invoice as it stands, even when no print is left, and never count."""
    assert _prints(ledger, invoice_request(page=2, serial=10)) == ("", 0)
    invoice_no, _ = _prints(ledger, invoice_request(serial=11))
    for serial in (12, 13, 14):
        ledger.ask(invoice_request(serial=serial))
    assert [_prints(ledger, invoice_request(page=2, serial=serial)) for serial in (10, 21)] == [(invoice_no, 4)] * 2


def test_repeat(ledger: PaperLedger) -> None:
    """The same request again is answered again and not counted, though the payment has been undone since."""
    first = ledger.ask(invoice_request(serial=11))
    ledger.ask(invoice_request(serial=12))
    assert ledger.ask(invoice_request(serial=11)) == replace(first, repeat=True)
    ledger.ask(cancel_request(1, 17_684))
    assert ledger.ask(invoice_request(serial=11)) == replace(first, repeat=True)
    assert [invoice.print_count for invoice in ledger.invoices.values()] == [2]


def test_repeat_in_one_batch(ledger: PaperLedger) -> None:
    """Two copies in one batch are one print."""
    first, second = ledger.submit([(invoice_request(), terms())] * 2)
    assert second == replace(first, repeat=True)


def test_other_content(ledger: PaperLedger) -> None:
    """A serial that counted another print is refused; that of a payment is free, for the spaces differ."""
    ledger.ask(invoice_request(serial=11))
    assert code_of(ledger.ask(invoice_request(serial=11, action=InvoiceAction.REPRINT))) == "2006"
    assert code_of(ledger.ask(invoice_request(serial=1))) == "0000"
    assert ledger.audit == []


def test_not_this_banks_payment(ledger: PaperLedger) -> None:
    """Only a payment of the asking bank has an invoice: not an undo, not another bank's, not an unknown one."""
    ledger.ask(cancel_request(1, 17_684, serial=2))
    assert code_of(ledger.ask(invoice_request(original=7))) == "2007"
    assert code_of(ledger.ask(invoice_request(original=2))) == "2007"
    assert code_of(ledger.ask(invoice_request(bank_code="0103"), terms(bank_code="0103"))) == "2007"


@pytest.mark.parametrize("undo", [cancel_request(1, 17_684), reverse_request(1, 17_684)], ids=["cancelled", "reversed"])
def test_undone(ledger: PaperLedger, undo: Request) -> None:
    """A payment that was undone has no invoice any more."""
    ledger.ask(undo)
    assert code_of(ledger.ask(invoice_request())) == "2008"


def test_tombstone(ledger: PaperLedger) -> None:
    """What was reversed before it arrived counts as undone."""
    ledger.ask(reverse_request(7, 100))
    assert code_of(ledger.ask(invoice_request(original=7))) == "2008"


def test_order_of_checks(ledger: PaperLedger) -> None:
    """Account, undone, printed by the utility, reprints: the first that applies is told."""
    for serial in (11, 12, 13, 14):
        ledger.ask(invoice_request(serial=serial))
    ledger.set_account(account(collect_mode=CollectMode.DEBIT))
    assert code_of(ledger.ask(invoice_request(serial=20))) == "2015"
    ledger.set_account(account(collect_mode=CollectMode.COUNTER))
    assert code_of(ledger.ask(invoice_request(serial=20))) == "2014"
    ledger.ask(cancel_request(1, 17_684))
    ledger.set_account(account(collect_mode=CollectMode.DEBIT))
    assert code_of(ledger.ask(invoice_request(serial=20))) == "2008"
    assert code_of(ledger.ask(invoice_request(serial=20, account_no=OTHER))) == "2013"


def test_does_not_change_the_payment(ledger: PaperLedger) -> None:
    """A later invoice does not change the payment's first reply."""
    ledger.ask(invoice_request())
    assert reply_in(ledger.ask(PAY), PayReply).invoice_no == ""
