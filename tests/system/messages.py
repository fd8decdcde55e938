"""The bodies of the business transactions, as the wire specification lists them. 报文体

A body is built and taken apart by the width of each field alone; defaults are those of a teller's ordinary request.
"""

from datetime import date
from typing import Any

from tests.support.raw_bank import Layout, today

QUERY, PAY, CANCEL, REVERSE, STATUS = 2001, 2002, 2003, 2004, 2005
PAYMENTS, CONSUMPTION, INVOICE = 2006, 2007, 2008
RECON_TOTALS, RECON_DETAIL = 3001, 3002
FILE_PUT, FILE_GET, FILE_LIST = 4001, 4002, 4003
BILL_PUSH = 5001
SETTLE, DEPOSIT = 1, 2
ACCEPTED, DEBITED, REFUSED = 1, 2, 3

PUSH_REQUEST = Layout(
    160,
    "account_no:an16 name:text64 passbook:an32 month:month seq:n2 bill_no:an16 principal:fen late_fee:fen "
    "due_date:date",
)
PUSH_REPLY = Layout(48, "outcome:u8 rsv1:rsv3 refusal:n4 debit_date:date debit_serial:n12 amount:fen rsv2:rsv12")

QUERY_REQUEST = Layout(48, "key:an32 key_kind:u8 page:u8 rsv:rsv14")
QUERY_HEAD = Layout(
    240,
    "account_no:an16 name:text64 address:text96 supply_branch:an8 account_state:u8 collect_mode:u8 payable_now:u8 "
    "rsv1:rsv1 bill_count:u16 page:u8 bills_in_page:u8 balance:fen principal_due:fen late_fee_due:fen total_due:fen "
    "payable:fen rsv2:rsv8",
)
QUERY_ROW = Layout(
    64, "month:month seq:n2 bill_no:an16 energy:kwh principal:fen late_fee:fen due_date:date state:u8 rsv:rsv7"
)
PAY_REQUEST = Layout(
    80,
    "account_no:an16 amount:fen mode:u8 instrument:u8 print_invoice:u8 rsv1:rsv5 payer_account:an32 "
    "expected_payable:fen rsv2:rsv8",
)
PAY_REPLY = Layout(
    176,
    "account_no:an16 name:text64 amount:fen settled_principal:fen settled_late_fee:fen balance_change:fen "
    "balance_after:fen due_after:fen settled_count:u16 rsv1:rsv6 invoice_no:an16 first_month:month last_month:month "
    "rsv2:rsv4 rsv3:rsv8",
)
UNDO_REQUEST = Layout(64, "original_date:date original_serial:n12 account_no:an16 amount:fen reason:u8 rsv:rsv19")
UNDO_REPLY = Layout(
    64,
    "account_no:an16 amount:fen original_fep_serial:n12 rsv1:rsv4 balance_after:fen due_after:fen outcome:u8 rsv2:rsv7",
)
STATUS_REQUEST = Layout(48, "original_date:date original_serial:n12 account_no:an16 rsv:rsv12")
STATUS_REPLY = Layout(
    64,
    "original_txn:u16 state:u8 rsv1:rsv5 account_no:an16 amount:fen original_fep_serial:n12 clearing_date:date "
    "reconciled:u8 rsv2:rsv11",
)
RECORDS_REQUEST = Layout(32, "account_no:an16 months:u8 page:u8 rsv:rsv14")
RECORDS_HEAD = Layout(96, "account_no:an16 name:text64 row_count:u16 page:u8 rows_in_page:u8 rsv:rsv12")
PAYMENTS_ROW = Layout(
    64,
    "date:date time:time channel:n2 amount:fen fep_serial:n12 bank_code:n4 state:u8 rsv1:rsv7 balance_after:fen "
    "rsv2:rsv8",
)
CONSUMPTION_ROW = Layout(
    48, "month:month seq:n2 energy:kwh amount:fen balance_before:fen balance_after:fen state:u8 rsv:rsv7"
)
INVOICE_REQUEST = Layout(48, "original_date:date original_serial:n12 account_no:an16 action:u8 page:u8 rsv:rsv10")
INVOICE_HEAD = Layout(
    336,
    "invoice_no:an16 account_no:an16 name:text64 address:text96 amount:fen amount_in_words:text96 print_count:u8 "
    "row_count:u8 rsv1:rsv14 first_month:month last_month:month rsv2:rsv12",
)
INVOICE_ROW = Layout(
    48, "month:month seq:n2 energy:kwh previous_reading:kwh this_reading:kwh principal:fen late_fee:fen"
)
_GROUPS = " ".join(f"{txn}_count:u32 {txn}_rsv:rsv4 {txn}_amount:fen" for txn in ("pay", "cancel", "reverse"))
TOTALS_REQUEST = Layout(64, f"clearing_date:date rsv:rsv8 {_GROUPS}")
TOTALS_REPLY = Layout(80, f"clearing_date:date result:u8 rsv1:rsv7 {_GROUPS} batch_no:n12 rsv2:rsv4")
DETAIL_REQUEST = Layout(32, "clearing_date:date page:u16 rsv:rsv22")
DETAIL_HEAD = Layout(16, "clearing_date:date row_count:u32 page:u16 rows_in_page:u8 rsv:rsv1")
DETAIL_ROW = Layout(
    64, "bank_date:date bank_serial:n12 fep_serial:n12 account_no:an16 amount:fen txn_code:u16 state:u8 rsv:rsv5"
)
CHUNK = Layout(2160, "file_name:an64 total_size:u32 offset:u32 chunk_size:u16 rsv:rsv6 sha256:bytes32 chunk:bytes2048")
FILE_PUT_REPLY = Layout(80, "file_name:an64 next_offset:u32 complete:u8 rsv:rsv11")
FILE_GET_REQUEST = Layout(80, "file_name:an64 offset:u32 rsv:rsv12")
FILE_LIST_REQUEST = Layout(16, "file_type:n2 date:date page:u8 rsv:rsv5")
FILE_LIST_HEAD = Layout(16, "file_count:u32 page:u8 files_in_page:u8 rsv:rsv10")
FILE_LIST_ROW = Layout(80, "file_name:an64 size:u32 file_type:n2 date:date rsv:rsv2")


def query(key: str, kind: int = 1, page: int = 0) -> bytes:
    """Return the body of a QUERY."""
    return QUERY_REQUEST.pack(key=key, key_kind=kind, page=page)


def pay(account_no: str, amount: int, mode: int = SETTLE, **fields: Any) -> bytes:
    """Return the body of a PAY in cash; the teller saw nothing (-1) unless said otherwise."""
    values = {"instrument": 1, "expected_payable": -1, **fields}
    return PAY_REQUEST.pack(account_no=account_no, amount=amount, mode=mode, **values)


def undo(account_no: str, amount: int, serial: int, original_date: date | None = None, **fields: Any) -> bytes:
    """Return the body of a CANCEL or REVERSE."""
    original_date = original_date or today()
    return UNDO_REQUEST.pack(
        original_date=original_date, original_serial=serial, account_no=account_no, amount=amount, **fields
    )


def status(account_no: str, serial: int, original_date: date | None = None) -> bytes:
    """Return the body of a STATUS."""
    return STATUS_REQUEST.pack(original_date=original_date or today(), original_serial=serial, account_no=account_no)


def records(account_no: str, months: int = 0, page: int = 0) -> bytes:
    """Return the body of a PAYMENTS or CONSUMPTION."""
    return RECORDS_REQUEST.pack(account_no=account_no, months=months, page=page)


def invoice(account_no: str, serial: int, action: int = 1, page: int = 0) -> bytes:
    """Return the body of an INVOICE."""
    return INVOICE_REQUEST.pack(
        original_date=today(), original_serial=serial, account_no=account_no, action=action, page=page
    )


def table(head: Layout, row: Layout, body: bytes, count: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return head and rows of a reply; the rows that ``count`` does not cover must be zero bytes."""
    values = head.unpack(body[: head.size])
    rows = [body[at : at + row.size] for at in range(head.size, len(body), row.size)]
    used = values[count]
    assert not any(b"".join(rows[used:])), "unused rows are not zero bytes"
    return values, [row.unpack(raw) for raw in rows[:used]]


def query_reply(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return head and bills of a QUERY reply."""
    assert len(body) == 1008
    return table(QUERY_HEAD, QUERY_ROW, body, "bills_in_page")


def payments_reply(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return head and rows of a PAYMENTS reply."""
    assert len(body) == 1056
    return table(RECORDS_HEAD, PAYMENTS_ROW, body, "rows_in_page")


def consumption_reply(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return head and rows of a CONSUMPTION reply."""
    assert len(body) == 1248
    return table(RECORDS_HEAD, CONSUMPTION_ROW, body, "rows_in_page")


def detail_reply(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return head and rows of a RECON_DETAIL reply."""
    assert len(body) == 1296
    return table(DETAIL_HEAD, DETAIL_ROW, body, "rows_in_page")
