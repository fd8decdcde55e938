"""Files of ELEC02 put together by hand from the sizes of its fields, and what they mean."""

from datetime import date

from protocol.canonical.codes import OriginalState
from protocol.files.canonical import (
    DebitHead,
    DebitResult,
    DebitResultHead,
    DebitResultRow,
    DebitRow,
    ReconcileHead,
    ReconcileRow,
)
from protocol.transactions import Transaction

PREFIX = "301445500"
DAY = date(2026, 11, 21)
ZHANG_SAN = b"\xd5\xc5\xc8\xfd"  # 张三
LI_SI = b"\xc0\xee\xcb\xc4"  # 李四


def line(size: int, *fields: tuple[bytes, int]) -> bytes:
    """Fields of so many bytes, filled with spaces on the right, and LF."""
    built = b"".join(value.ljust(width) for value, width in fields)
    assert len(built) == size, len(built)
    return built + b"\n"


def dz_head(rows: bytes = b"4", day: bytes = b"20261121") -> bytes:
    """What the bank's program writes: the same total twice, and no count that holds."""
    counts = [(b"3", 8), (b"37000", 12), (b"0", 8), (b"0", 12), (b"0", 8), (b"0", 12), (b"3", 8), (b"37000", 12)]
    batch = [(b"0", 8), (b"0", 14)]
    when = [(b"20261122", 8), (b"", 6), (b"123456789012", 12), (b"445500", 12), (day, 8)]
    return line(297, (b"50", 2), (b"301", 3), *counts, *batch, *when, (b"", 4), (b"", 128), (rows, 12))


def dz_row(
    code: bytes, serial: bytes, account: bytes, amount: bytes, bill: bytes = b"DB01", day: bytes = b"20261121"
) -> bytes:
    """One bill of a payment."""
    bill_fields = [(b"202611", 6), (b"01", 2), (b"00001", 5), (bill, 16), (b"445500", 12)]
    payer = [(b"6222020200012345678", 32), (ZHANG_SAN, 32), (b"1", 1), (b"44050101", 32), (b"", 8)]
    ours = [(code, 3), (b"301", 12), (serial, 16), (serial, 16), (day, 8)]
    original = [(b"", 3), (b"", 12), (b"", 8), (b"", 16)]
    theirs = [(b"445500", 12), (b"301", 3), (account, 32), (b"301", 12), (b"6222020200012345678", 32)]
    return line(
        370, (b"20261121", 8), *bill_fields, *payer, *ours, *original, *theirs, (b"RMB", 3), (amount, 12), (b"", 16)
    )


DZ_ROWS = (
    dz_row(b"11", b"0000000000000101", b"0104000000000001", b"25000", b"DB01"),
    dz_row(b"11", b"0000000000000101", b"0104000000000001", b"25000", b"DB02"),
    dz_row(b"11", b"A102", b"0104000000000002", b"   000010000", b"DB03"),
    dz_row(b"20", b"103", b"0104000000000003", b"2000", b"DB04"),
)
DZ = dz_head() + b"".join(DZ_ROWS)
RECONCILE_HEAD = ReconcileHead("0104", DAY, 4, 37_000)
PAYMENTS = [
    ReconcileRow(
        DAY, "0000000000000101", "0104000000000001", Transaction.PAY, 25_000, OriginalState.POSTED
    ),  # its two bills are one payment
    ReconcileRow(DAY, "A102", "0104000000000002", Transaction.PAY, 10_000, OriginalState.POSTED),
    ReconcileRow(DAY, "103", "0104000000000003", Transaction.PAY, 2_000, OriginalState.POSTED),
]

_BATCH = [(b"20261100010000000007", 20), (b"RMB", 3), (b"1", 1), (b"", 3)]
DS_HEAD = line(
    223,
    *_BATCH,
    *[(b"2", 10), (b"12783", 14), (b"20261125", 8), (b"20261125", 8), (b"", 128), (b"", 16), (b"301", 12)],
)


def _ds_row(number: bytes, account: bytes, name: bytes, passbook: bytes, seq: bytes, bill: bytes, *fen: bytes) -> bytes:
    due, principal, late_fee = fen
    who = [(account, 32), (b"301", 12), (passbook, 32), (name, 40), (due, 12), (b"", 1), (b"", 40), (b"", 8)]
    what = [(b"202611", 6), (seq, 2), (name, 40), (b"", 32), (principal, 12), (late_fee, 12), (b"", 5), (bill, 16)]
    return line(312, (number, 10), *who, *what)


_FIRST, _SECOND = b"6222020200012345678", b"6222020200087654321"
DS = (
    DS_HEAD
    + _ds_row(b"1", b"0104000000000001", ZHANG_SAN, _FIRST, b"1", b"DB0000000000001", b"12684", b"12000", b"684")
    + _ds_row(b"2", b"0104000000000002", LI_SI, _SECOND, b"2", b"DB0000000000002", b"99", b"99", b"0")
)
BATCH_NO = 10_000_000_007
DEBIT_HEAD = DebitHead("0104", BATCH_NO, 202611, 2, 12_783, date(2026, 11, 25))
BILLS = (
    (1, "0104000000000001", "张三", _FIRST.decode(), 202611, 1, "DB0000000000001", 12_000, 684),
    (2, "0104000000000002", "李四", _SECOND.decode(), 202611, 2, "DB0000000000002", 99, 0),
)
DEBIT_ROWS = [DebitRow(*bill) for bill in BILLS]


def dh_head(debited: tuple[bytes, bytes] = (b"1", b"12684")) -> bytes:
    """Head of the result: all rows, those debited, those not."""
    count, amount = debited
    counts = [(b"2", 10), (b"12783", 14), (count, 10), (amount, 14), (b"1", 10), (b"99", 14)]
    return line(281, *_BATCH, *counts, (b"20261125", 8), (b"0000", 4), (b"", 128), (b"301", 12), (b"B20261126001", 30))


def dh_row(
    number: bytes, account: bytes, name: bytes, passbook: bytes, seq: bytes, bill: bytes, fen: bytes, done: bytes
) -> bytes:
    """A row as listed, and what the bank did: due, principal, late fee; flag, debited, serial, date."""
    due, principal, late_fee = fen.split(b"/")
    flag, debited, serial, day = done.split(b"/")
    asked = [(account, 32), (b"301", 12), (passbook, 32), (due, 12)]
    did = [(flag, 1), (debited, 12), (serial, 16), (b"", 40), (b"", 8), (day, 8), (b"", 6), (b"", 8)]
    what = [(b"202611", 6), (seq, 2), (b"", 5), (bill, 16), (late_fee, 12), (principal, 12), (name, 40)]
    return line(369, (number, 10), *asked, *did, *what, (b"", 32), (account[:15], 15), (passbook, 32))


DH_FIRST = dh_row(
    *(b"1", b"0104000000000001", ZHANG_SAN, _FIRST, b"1", b"DB0000000000001"),
    b"12684/12000/684",
    b"1/12684/0000000000000901/20261126",
)
DH_SECOND = dh_row(*(b"2", b"0104000000000002", LI_SI, _SECOND, b"2", b"DB0000000000002"), b"99/99/0", b"2/0//        ")
DH = dh_head() + DH_FIRST + DH_SECOND
RESULT_HEAD = DebitResultHead("0104", BATCH_NO, 202611, 2, 12_783, None, 1, 12_684)
RESULT_ROWS = [
    DebitResultRow(*BILLS[0], DebitResult.DEBITED, 12_684, date(2026, 11, 26), "0000000000000901"),
    DebitResultRow(*BILLS[1], DebitResult.BALANCE_SHORT, 0, None, ""),
]
