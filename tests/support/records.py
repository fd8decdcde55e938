"""Builders 测试数据: records, terms and requests with sensible values, of which a test names only those that matter."""

from dataclasses import astuple, replace
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Any

from dbgate.records import (
    Account,
    AccountState,
    Bill,
    BillState,
    CollectMode,
    Identity,
    Movement,
    Payment,
    PaymentState,
    UserClass,
)
from handlers.terms import BankTerms
from protocol.canonical.business import (
    HistoryRequest,
    InvoiceRequest,
    PayRequest,
    QueryRequest,
    StatusRequest,
    UndoRequest,
)
from protocol.canonical.codes import Instrument, InvoiceAction, KeyKind, PayMode
from protocol.canonical.messages import Head, Request, RequestBody
from protocol.canonical.reconciliation import DetailRequest, Page, Totals, TotalsRequest
from protocol.transactions import Transaction

TODAY = date(2026, 11, 21)
NOW = datetime.combine(TODAY, time(10, 15, 30))
BANK = "0102"
ACCOUNT = "0100000001"
NEVER_DUE = date(2099, 12, 31)


def account(account_no: str = ACCOUNT, **changes: Any) -> Account:
    """Return an active counter account of a residential user, with no balance."""
    plain = Account(
        account_no=account_no,
        name="王建国",
        address="人民路1号",
        meter_no="DM" + account_no,
        passbook="",
        supply_branch="0101",
        user_class=UserClass.RESIDENTIAL,
        collect_mode=CollectMode.COUNTER,
        state=AccountState.ACTIVE,
        balance_fen=0,
        pay_at_utility=False,
    )
    return replace(plain, **changes)


def bill(bill_no: str = "B1", principal_fen: int = 10_000, **changes: Any) -> Bill:
    """Return an open bill of ``ACCOUNT`` for October 2026 that is not due yet."""
    plain = Bill(
        bill_no=bill_no,
        account_no=ACCOUNT,
        month=202610,
        seq=1,
        energy_centikwh=20_000,
        previous_reading_centikwh=100_000,
        this_reading_centikwh=120_000,
        principal_fen=principal_fen,
        due_date=NEVER_DUE,
        state=BillState.OPEN,
    )
    return replace(plain, **changes)


def opening(loaded: Account, serial: int) -> Payment:
    """Return the movement OPEN of an account that was loaded with a balance."""
    return Payment(
        identity=Identity("", date(2026, 1, 1), f"OPEN{loaded.account_no}"),
        fep_serial=serial,
        movement=Movement.OPEN,
        state=PaymentState.POSTED,
        account_no=loaded.account_no,
        account_name=loaded.name,
        amount_fen=loaded.balance_fen,
        settled_principal_fen=0,
        settled_late_fee_fen=0,
        balance_change_fen=loaded.balance_fen,
        balance_after_fen=loaded.balance_fen,
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
        channel=0,
        instrument=None,
        clearing_date=date(2026, 1, 1),
        created_at=datetime.combine(date(2026, 1, 1), time.min),
        digest="",
    )


def terms(**changes: Any) -> BankTerms:
    """Return the terms of ``BANK``: everything enabled, around the clock, no daily limit."""
    return replace(BankTerms(BANK), **changes)


def serial_no(number: int) -> str:
    """Return a bank_serial as the standard link has it."""
    return f"{number:012}"


def request(
    transaction: Transaction,
    body: RequestBody,
    serial: int = 1,
    bank_code: str = BANK,
    bank_date: date = TODAY,
    channel: int = 1,
) -> Request:
    """Return a request; its digest is over transaction and body alone."""
    head = Head(bank_code, "010200000001", "T0000001", bank_date, time(10, 15, 30), channel, serial_no(serial))
    content = repr((transaction.label, astuple(body)))
    return Request(transaction, head, body, blake2b(content.encode(), digest_size=16).hexdigest())


def query_request(key: str = ACCOUNT, key_kind: KeyKind = KeyKind.ACCOUNT_NO, page: int = 1, **head: Any) -> Request:
    """Return a QUERY."""
    return request(Transaction.QUERY, QueryRequest(key, key_kind, page), **head)


def pay_request(
    amount_fen: int,
    mode: PayMode = PayMode.SETTLE,
    account_no: str = ACCOUNT,
    print_invoice: bool = False,
    expected_payable_fen: int = -1,
    **head: Any,
) -> Request:
    """Return a PAY in cash."""
    body = PayRequest(account_no, amount_fen, mode, Instrument.CASH, print_invoice, "", expected_payable_fen)
    return request(Transaction.PAY, body, **head)


def deposit_request(amount_fen: int, **rest: Any) -> Request:
    """Return a PAY in mode deposit."""
    return pay_request(amount_fen, PayMode.DEPOSIT, **rest)


def cancel_request(original: int, amount_fen: int, serial: int = 2, **rest: Any) -> Request:
    """Return a CANCEL of the request with serial ``original`` of today."""
    return _undo_request(Transaction.CANCEL, original, amount_fen, serial, **rest)


def reverse_request(original: int, amount_fen: int, serial: int = 3, **rest: Any) -> Request:
    """Return a REVERSE of the request with serial ``original`` of today."""
    return _undo_request(Transaction.REVERSE, original, amount_fen, serial, **rest)


def status_request(original: int, account_no: str = ACCOUNT, original_date: date = TODAY, **head: Any) -> Request:
    """Return a STATUS of the request with serial ``original``."""
    return request(Transaction.STATUS, StatusRequest(original_date, serial_no(original), account_no), **head)


def payments_request(months: int = 0, account_no: str = ACCOUNT, page: int = 1, **head: Any) -> Request:
    """Return a PAYMENTS."""
    return request(Transaction.PAYMENTS, HistoryRequest(account_no, months, page), **head)


def consumption_request(months: int = 0, account_no: str = ACCOUNT, page: int = 1, **head: Any) -> Request:
    """Return a CONSUMPTION."""
    return request(Transaction.CONSUMPTION, HistoryRequest(account_no, months, page), **head)


def invoice_request(
    original: int = 1,
    account_no: str = ACCOUNT,
    page: int = 1,
    action: InvoiceAction = InvoiceAction.PRINT,
    serial: int = 9,
    **head: Any,
) -> Request:
    """Return an INVOICE over the PAY with serial ``original`` of today."""
    body = InvoiceRequest(TODAY, serial_no(original), account_no, action, page)
    return request(Transaction.INVOICE, body, serial, **head)


def totals_request(clearing_date: date, totals: Totals, **head: Any) -> Request:
    """Return a RECON_TOTALS."""
    return request(Transaction.RECON_TOTALS, TotalsRequest(clearing_date, totals), **head)


def detail_request(clearing_date: date, page: int = 1, rows_max: int = 20, **head: Any) -> Request:
    """Return a RECON_DETAIL."""
    return request(Transaction.RECON_DETAIL, DetailRequest(clearing_date, Page(page, rows_max)), **head)


def _undo_request(
    transaction: Transaction,
    original: int,
    amount_fen: int,
    serial: int,
    account_no: str = ACCOUNT,
    original_date: date = TODAY,
    reason: int = 0,
    **head: Any,
) -> Request:
    body = UndoRequest(original_date, serial_no(original), account_no, amount_fen, reason)
    return request(transaction, body, serial, **head)
