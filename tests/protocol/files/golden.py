"""One file of each standard layout, put together by hand, and what it means."""

from datetime import date
from typing import Any

from protocol.canonical.codes import OriginalState
from protocol.files.canonical import (
    DebitHead,
    DebitResult,
    DebitResultRow,
    DebitRow,
    MandateAction,
    MandateHead,
    MandateRow,
    Matching,
    ReconcileHead,
    ReconcileResultRow,
    ReconcileRow,
)
from protocol.files.layout import FileLayout
from protocol.files.standard import DEBIT_LIST, DEBIT_RESULT, MANDATES, RECONCILE_DETAIL, RECONCILE_RESULT
from protocol.transactions import Transaction

DAY = date(2026, 11, 21)
ZHANG_SAN = b"\xd5\xc5\xc8\xfd" + b" " * 60  # 张三
LI_SI = b"\xc0\xee\xcb\xc4" + b" " * 60  # 李四
OFFICE = bytes.fromhex("b9e3b6abb5e7cdf8d3d0cfded4f0c8ceb9abcbbec9c7cdb7b9a9b5e7bed6") + b" " * 34
PASSBOOK = b"6222020200012345678" + b" " * 13
OTHER_PASSBOOK = b"6222020200087654321" + b" " * 13

DZ = (
    b"H0102"
    b"20261121"
    b"00000004"
    b"0000000000011000\r\n"
    b"D20261121"
    b"000000000001"
    b"0102000000000001"
    b"2002"
    b"0000000000012000"
    b"2\r\n"
    b"D20261121"
    b"000000000002"
    b"01020000000002  "
    b"2002"
    b"0000000000011000"
    b"1\r\n"
    b"D20261121"
    b"000000000003"
    b"0102000000000001"
    b"2003"
    b"0000000000012000"
    b"1\r\n"
    b"D20261121"
    b"000000000004"
    b"0102000000000003"
    b"2004"
    b"0000000000000500"
    b"4\r\n"
    b"TDDB7614E\r\n"
)
DZR = (
    b"H0102"
    b"20261121"
    b"00000004"
    b"0000000000011000\r\n"
    b"D20261121"
    b"000000000001"
    b"0102000000000001"
    b"2002"
    b"0000000000012000"
    b"2"
    b"1\r\n"
    b"D20261121"
    b"000000000002"
    b"01020000000002  "
    b"2002"
    b"0000000000011000"
    b"1"
    b"2\r\n"
    b"D20261121"
    b"000000000003"
    b"0102000000000001"
    b"2003"
    b"0000000000012000"
    b"1"
    b"6\r\n"
    b"D20261121"
    b"000000000004"
    b"0102000000000003"
    b"2004"
    b"0000000000000500"
    b"4"
    b"5\r\n"
    b"T61F625B4\r\n"
)
WT = (
    b"H0102"
    b"20261121"
    b"00000002\r\n"
    b"D0102000000000001" + ZHANG_SAN + PASSBOOK + b"1\r\n"
    b"D01020000000002  " + OFFICE + b" " * 32 + b"2\r\n"
    b"TC8C41FDE\r\n"
)
_DEBIT_HEAD = b"H0102000000000007202611000000020000000000012783\r\n"
_FIRST = (
    b"D000000010102000000000001" + ZHANG_SAN + PASSBOOK + b"20261101DB0000000000000100000000000120000000000000000684"
)
_SECOND = (
    b"D0000000201020000000002  " + LI_SI + OTHER_PASSBOOK + b"20261102DB0000000000000200000000000000990000000000000000"
)
DK = _DEBIT_HEAD + _FIRST + b"\r\n" + _SECOND + b"\r\n" + b"T9F27F4CB\r\n"
DKR = (
    _DEBIT_HEAD
    + (_FIRST + b"00000000000001268420261122000000000901\r\n")
    + (_SECOND + b"01000000000000000000000000000000000000\r\n")
    + b"TD46AD307\r\n"
)

_PAID, _CANCELLED = OriginalState.POSTED, OriginalState.CANCELLED
RECONCILE_HEAD = ReconcileHead("0102", DAY, 4, 11_000)
REQUESTS: list[tuple[Any, ...]] = [
    (DAY, "000000000001", "0102000000000001", Transaction.PAY, 12_000, _CANCELLED),
    (DAY, "000000000002", "01020000000002", Transaction.PAY, 11_000, _PAID),
    (DAY, "000000000003", "0102000000000001", Transaction.CANCEL, 12_000, _PAID),
    (DAY, "000000000004", "0102000000000003", Transaction.REVERSE, 500, OriginalState.REVERSED_BEFORE_ARRIVAL),
]
FOUND = [Matching.MATCHED, Matching.AMOUNT_DIFFERS, Matching.IN_FLIGHT, Matching.ONLY_FEP]
DEBIT_HEAD = DebitHead("0102", 7, 202611, 2, 12_783)
BILLS: list[tuple[Any, ...]] = [
    (1, "0102000000000001", "张三", "6222020200012345678", 202611, 1, "DB00000000000001", 12_000, 684),
    (2, "01020000000002", "李四", "6222020200087654321", 202611, 2, "DB00000000000002", 99, 0),
]
DEBITS: list[tuple[Any, ...]] = [
    (DebitResult.DEBITED, 12_684, date(2026, 11, 22), "000000000901"),
    (DebitResult.BALANCE_SHORT, 0, None, ""),
]

FILES: dict[str, tuple[FileLayout[Any, Any], bytes, object, list[Any]]] = {
    "DZ": (RECONCILE_DETAIL, DZ, RECONCILE_HEAD, [ReconcileRow(*row) for row in REQUESTS]),
    "DZR": (
        RECONCILE_RESULT,
        DZR,
        RECONCILE_HEAD,
        [ReconcileResultRow(*row, found) for row, found in zip(REQUESTS, FOUND, strict=True)],
    ),
    "WT": (
        MANDATES,
        WT,
        MandateHead("0102", DAY, 2),
        [
            MandateRow("0102000000000001", "张三", "6222020200012345678", MandateAction.ADD),
            MandateRow("01020000000002", "广东电网有限责任公司汕头供电局", "", MandateAction.END),
        ],
    ),
    "DK": (DEBIT_LIST, DK, DEBIT_HEAD, [DebitRow(*row) for row in BILLS]),
    "DKR": (
        DEBIT_RESULT,
        DKR,
        DEBIT_HEAD,
        [DebitResultRow(*row, *debit) for row, debit in zip(BILLS, DEBITS, strict=True)],
    ),
}
