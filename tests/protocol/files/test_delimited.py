"""A bank whose files have separators: a format of its own in a few lines, from its bytes to money and back."""

import re
from datetime import date

import pytest

from protocol.canonical.codes import OriginalState
from protocol.files.canonical import ReconcileHead, ReconcileRow
from protocol.files.errors import Fault, FileInvalid
from protocol.files.field_types import Code, Translated
from protocol.files.formats import FileFamily, FileFormat
from protocol.files.forms import Delimited
from protocol.files.layout import FileLayout, Lines
from protocol.files.lines import LF
from protocol.files.names import FileKind, FileName, file_name
from protocol.files.reading import check_file
from protocol.files.writing import tally_of, write_file
from protocol.layout import Field
from protocol.moments import Date
from protocol.padded import Amount, Characters, Count
from protocol.sheet import Sheet
from protocol.transactions import Transaction

BAR = Delimited("|", "gbk")


def of_bank(bank_code: str, file_prefix: str) -> FileFormat:
    """A bank that is called by letters, writes yuan, and lists what stands."""
    head = Sheet(
        "head",
        Field("BANK", Translated(4, file_prefix, bank_code, "`file_prefix`"), "bank", "银行", "bank_code"),
        Field("DAY", Date(), "day", "日期", "clearing_date"),
        Field("COUNT", Count(8), "rows", "笔数", "row_count"),
        Field("SUM", Amount(16, in_yuan=True), "sum", "合计", "total_fen"),
    )
    row = Sheet(
        "row",
        Field("SERIAL", Characters(32, required=True), "serial", "流水", "bank_serial"),
        Field("DAY", Date(), "day", "日期", "bank_date"),
        Field("KIND", Code(3, {"PAY": Transaction.PAY}, " "), "kind", "交易", "transaction"),
        Field("ACCOUNT", Characters(16, required=True), "account", "户号", "account_no"),
        Field("YUAN", Amount(16, in_yuan=True), "amount", "金额", "amount_fen"),
        Field("NOTE", Characters(40), "note", "备注"),
    )
    layout = FileLayout(
        name="detail",
        meaning="reconcile detail",
        gloss="对账明细",
        head=Lines(ReconcileHead, head, form=BAR),
        rows=Lines(ReconcileRow, row, form=BAR, given={"state": OriginalState.POSTED}),
        total=("total_fen", "counted_fen"),
        newline=LF,
        has_tail=False,
    )
    return FileFormat("bars", {FileKind.RECONCILE_DETAIL: layout})


FAMILY = FileFamily("bars", of_bank, re.compile("[A-Z]{4}"))
FORMAT = FAMILY.of_bank("0102", "ICBC")
LAYOUT = FORMAT.layouts[FileKind.RECONCILE_DETAIL]
DATA = b"ICBC|20261121|2|120.50\nS1|20261121|PAY|0102000000000001|120.00|\nS22|20261121|PAY|0102000000000002|0.50|\n"
DAY = date(2026, 11, 21)
ROWS = [
    ReconcileRow(DAY, "S1", "0102000000000001", Transaction.PAY, 12_000, OriginalState.POSTED),
    ReconcileRow(DAY, "S22", "0102000000000002", Transaction.PAY, 50, OriginalState.POSTED),
]


def test_from_name_to_rows() -> None:
    """The name says what the head must say; the rows are those of any other format."""
    name = FORMAT.read_name("DZ010220261121.txt")
    checked = check_file(LAYOUT, [DATA], name.expected)
    assert list(checked.rows([DATA])) == ROWS
    assert (checked.row_count, checked.total_fen) == (2, 12_050)


def test_from_rows_to_bytes() -> None:
    """Count and sum for the head come from the rows."""
    head = ReconcileHead("0102", DAY, **tally_of(LAYOUT, ROWS).for_head())
    assert b"".join(write_file(LAYOUT, head, ROWS)) == DATA
    assert FORMAT.write_name(FileName(FileKind.RECONCILE_DETAIL, "0102", DAY)) == "DZ010220261121.txt"


@pytest.mark.parametrize(
    ("data", "fault", "line", "field"),
    [
        (DATA.replace(b"ICBC", b"ABCC"), Fault.FIELD, 1, "BANK"),
        (DATA.replace(b"ICBC|20261121", b"ICBC|20261120"), Fault.OTHER_FILE, 1, "DAY"),
        (DATA.replace(b"120.50", b"120.51"), Fault.TOTAL, 1, ""),
        (DATA.replace(b"|0.50|", b"|0.5|"), Fault.FIELD, 3, "YUAN"),
        (DATA.replace(b"S22|", b"|"), Fault.FIELD, 3, "SERIAL"),
        (DATA.replace(b"0.50|", b"0.50"), Fault.CELL_COUNT, 3, ""),
        (DATA.replace(b"PAY|0102000000000002", b"REV|0102000000000002"), Fault.FIELD, 3, "KIND"),
    ],
)
def test_what_is_refused(data: bytes, fault: Fault, line: int, field: str) -> None:
    """By line and field, as in files of fixed fields."""
    with pytest.raises(FileInvalid) as caught:
        check_file(LAYOUT, [data], file_name("DZ010220261121.txt").expected)
    assert (caught.value.fault, caught.value.line, caught.value.field) == (fault, line, field)


def test_what_a_prefix_must_be() -> None:
    """A family says what names of its banks' files begin with; one that has the bank code says nothing."""
    assert FAMILY.takes_prefix("ICBC")
    assert not FAMILY.takes_prefix("")
    assert not FAMILY.takes_prefix("icbc")
