"""INVOICE 发票: an invoice over one payment, printed by the bank, and how often it was.

Only a request for page 1 counts, and only that is kept under its identity, in a space of its own. A later page shows
the invoice as it stands, and its number is empty until page 1 has been asked for.
"""

from datetime import date

from dbgate.changes import NOTHING, Changes
from dbgate.records import Account, Allocation, CollectMode, Invoice, InvoicePrint, Movement, Payment, PaymentState
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.amount_in_words import amount_in_words
from handlers.errors import Refusal
from handlers.journal import serial_of
from handlers.requests import body_of, identity_of, original_of, promised
from handlers.terms import BankTerms, Context
from protocol.canonical.business import InvoiceReply, InvoiceRequest, InvoiceRow
from protocol.canonical.messages import Answer, Request
from protocol.response_codes import ResponseCode

_COUNTED_PAGE = 1


def needs(request: Request, _terms: BankTerms, _today: date) -> Needs:
    """Return the account, the original with all that belongs to it, the own identity and an invoice number."""
    body = body_of(request, InvoiceRequest)
    return Needs(
        request.head.bank_code,
        account_no=body.account_no,
        original=original_of(request, body),
        invoice_print=identity_of(request),
        invoice=body.page == _COUNTED_PAGE,
    )


def replayed(request: Request, records: WorkingSet, context: Context) -> Decision | None:
    """Return the answer of a print that was counted under the own identity again, None if there was none.

    Raises:
        Refusal: DUPLICATE_SERIAL when what was counted had other content.
    """
    printed = records.invoice_print(identity_of(request))
    if printed is None:
        return None
    if printed.digest != request.digest:
        raise Refusal(ResponseCode.DUPLICATE_SERIAL)
    payment = promised(records.payment_by_serial(printed.fep_serial), "payment of a counted print")
    account = promised(records.account(payment.account_no), "account of a counted print")
    invoice = Invoice(printed.invoice_no, printed.fep_serial, printed.print_count)
    reply = _reply(request, payment, account, invoice, records)
    return Decision(Answer(ResponseCode.APPROVED, reply, repeat=True, clearing_date=context.moment.clearing_date))


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return the invoice, counted if page 1 was asked for, or refuse it in the order of the wire specification."""
    body = body_of(request, InvoiceRequest)
    payment = _payment(request, body, records)
    account = promised(records.account(payment.account_no), "account of a payment")
    if account.collect_mode is CollectMode.DEBIT:
        raise Refusal(ResponseCode.UTILITY_PRINTS)
    invoice = records.invoice(serial_of(payment)) or Invoice("", serial_of(payment), 0)
    changes = NOTHING
    if body.page == _COUNTED_PAGE:
        invoice = _counted(invoice, context)
        changes = _changes(request, invoice)
    reply = _reply(request, payment, account, invoice, records)
    return Decision(Answer(ResponseCode.APPROVED, reply, clearing_date=context.moment.clearing_date), changes)


def _payment(request: Request, body: InvoiceRequest, records: WorkingSet) -> Payment:
    """Return the bank's payment that is named; a tombstone stands for one that was undone, as it does for CANCEL."""
    payment = records.payment(original_of(request, body))
    if payment is None or payment.movement not in {Movement.PAY, Movement.TOMBSTONE}:
        raise Refusal(ResponseCode.ORIGINAL_NOT_FOUND)
    if payment.account_no != body.account_no:
        raise Refusal(ResponseCode.ORIGINAL_DIFFERS)
    if payment.state is not PaymentState.POSTED:
        raise Refusal(ResponseCode.ALREADY_UNDONE)
    return payment


def _counted(invoice: Invoice, context: Context) -> Invoice:
    """Return ``invoice`` printed once more; the first print gives it its number, whatever the teller asked for."""
    if invoice.print_count > context.rules.reprints_max:
        raise Refusal(ResponseCode.REPRINT_LIMIT)
    invoice_no = invoice.invoice_no or promised(context.moment.invoice_no, "invoice number")
    return Invoice(invoice_no, invoice.fep_serial, invoice.print_count + 1)


def _changes(request: Request, invoice: Invoice) -> Changes:
    printed = InvoicePrint(
        identity_of(request), request.digest, invoice.invoice_no, invoice.fep_serial, invoice.print_count
    )
    return Changes(invoices=(invoice,), invoice_prints=(printed,))


def _reply(request: Request, payment: Payment, account: Account, invoice: Invoice, records: WorkingSet) -> InvoiceReply:
    rows = [_row(allocation, records) for allocation in records.allocations(invoice.fep_serial)]
    return InvoiceReply(
        invoice_no=invoice.invoice_no,
        account_no=account.account_no,
        name=account.name,
        address=account.address,
        amount_fen=payment.amount_fen,
        amount_in_words=amount_in_words(payment.amount_fen),
        print_count=invoice.print_count,
        first_month=payment.first_month,
        last_month=payment.last_month,
        page=body_of(request, InvoiceRequest).page,
        rows=tuple(sorted(rows, key=lambda row: (row.month, row.seq))),
    )


def _row(allocation: Allocation, records: WorkingSet) -> InvoiceRow:
    bill = promised(records.bill(allocation.bill_no), "bill of a payment")
    return InvoiceRow(
        month=bill.month,
        seq=bill.seq,
        energy_centikwh=bill.energy_centikwh,
        previous_reading_centikwh=bill.previous_reading_centikwh,
        this_reading_centikwh=bill.this_reading_centikwh,
        principal_fen=allocation.principal_fen,
        late_fee_fen=allocation.late_fee_fen,
    )
