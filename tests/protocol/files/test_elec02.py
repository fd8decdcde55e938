"""Files of ELEC02 are read and written as their fact sheet has them, byte for byte."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from protocol.errors import LocalProtocolError
from protocol.files.canonical import DebitResult
from protocol.files.errors import Fault, FileInvalid, FileNameInvalid
from protocol.files.formats import FILE_FORMATS
from protocol.files.lines import BLOCK_BYTES
from protocol.files.names import FileKind, FileName
from protocol.files.reading import check_file
from protocol.files.writing import write_file
from protocol.transactions import Transaction
from tests.protocol.files import elec02_golden as golden
from tests.protocol.files.elec02_golden import DH, DS, DZ, PREFIX, dh_head, dz_head, dz_row

FORMAT = FILE_FORMATS["elec02"].of_bank("0104", PREFIX)
LIST, RESULT = FORMAT.layouts[FileKind.DEBIT_LIST], FORMAT.layouts[FileKind.DEBIT_RESULT]
DETAIL = FORMAT.layouts[FileKind.RECONCILE_DETAIL]
NAMES = {
    FileKind.RECONCILE_DETAIL: (f"{PREFIX}dz20261121.txt", FileName(FileKind.RECONCILE_DETAIL, "0104", golden.DAY)),
    FileKind.DEBIT_LIST: (f"{PREFIX}ds20261101.txt", FileName(FileKind.DEBIT_LIST, "0104", 202611, 1)),
    FileKind.DEBIT_RESULT: (f"{PREFIX}dh20261101.txt", FileName(FileKind.DEBIT_RESULT, "0104", 202611, 1)),
    FileKind.MANDATES: ("WT010420261121.txt", FileName(FileKind.MANDATES, "0104", golden.DAY)),
}


@pytest.mark.parametrize(
    ("kind", "data", "head", "rows"),
    [
        (FileKind.RECONCILE_DETAIL, DZ, golden.RECONCILE_HEAD, golden.PAYMENTS),
        (FileKind.DEBIT_LIST, DS, golden.DEBIT_HEAD, golden.DEBIT_ROWS),
        (FileKind.DEBIT_RESULT, DH, golden.RESULT_HEAD, golden.RESULT_ROWS),
    ],
)
def test_files_are_read(kind: FileKind, data: bytes, head: object, rows: list[Any]) -> None:
    """A file of each kind means what the standard one of the same content means, however its bytes arrive."""
    name = FORMAT.read_name(NAMES[kind][0])
    for chunks in ([data], [data[i : i + 1] for i in range(len(data))]):
        checked = check_file(FORMAT.layouts[kind], chunks, name.expected)
        assert checked.head == head
        assert list(checked.rows(chunks)) == rows
        assert checked.row_count == len(rows)


def test_debit_list_is_written() -> None:
    """The list that goes to the bank, digit for digit: amounts on the left, the batch's number in PID."""
    assert b"".join(write_file(LIST, golden.DEBIT_HEAD, golden.DEBIT_ROWS)) == DS


def test_result_is_written() -> None:
    """As a bank writes it, but for the fields that mean nothing to us."""

    data = b"".join(write_file(RESULT, golden.RESULT_HEAD, golden.RESULT_ROWS))
    again = check_file(RESULT, [data], {})
    assert (again.head, again.total_fen) == (golden.RESULT_HEAD, 12_783)


def test_payment_of_several_bills_counts_once() -> None:
    """Count and sum are those of payments, whatever the head says."""
    checked = check_file(DETAIL, [dz_head(b"999") + b"".join(golden.DZ_ROWS)], {})
    assert (checked.row_count, checked.total_fen) == (3, 37_000)


def test_rows_of_a_payment_on_both_sides_of_a_block() -> None:
    """Where a block ends makes no difference: the bills of one payment are one row."""
    rows = [dz_row(b"11", b"7", b"0104000000000001", b"25000", b"DB%d" % number) for number in range(500)]
    data = dz_head() + b"".join(rows)
    assert len(data) > 2 * BLOCK_BYTES
    checked = check_file(DETAIL, [data], {})
    assert checked.row_count == len(list(checked.rows([data]))) == 1


REFUSED: dict[str, tuple[FileKind, bytes, Fault, int, str]] = {
    "another bank": (FileKind.RECONCILE_DETAIL, DZ.replace(b"50301", b"50302", 1), Fault.FIELD, 1, "YHC"),
    "another day": (
        FileKind.RECONCILE_DETAIL,
        DZ.replace(b"445500      20261121", b"445500      20261120", 1),
        Fault.OTHER_FILE,
        1,
        "WDO",
    ),
    "another amount for the same payment": (
        FileKind.RECONCILE_DETAIL,
        DZ + dz_row(b"20", b"103", b"0104000000000003", b"2001"),
        Fault.REPEAT_DIFFERS,
        6,
        "",
    ),
    "a cancel": (
        FileKind.RECONCILE_DETAIL,
        DZ + dz_row(b"12", b"104", b"0104000000000003", b"2000"),
        Fault.FIELD,
        6,
        "ZLDM",
    ),
    "no serial": (FileKind.RECONCILE_DETAIL, DZ + dz_row(b"11", b"", b"0104", b"1"), Fault.FIELD, 6, "LogNo1"),
    "no account": (FileKind.RECONCILE_DETAIL, DZ + dz_row(b"11", b"9", b"", b"1"), Fault.FIELD, 6, "JFH"),
    "cut off": (FileKind.RECONCILE_DETAIL, DZ[:-1], Fault.UNENDED, 5, ""),
    "CR LF": (FileKind.RECONCILE_DETAIL, DZ.replace(b"\n", b"\r\n"), Fault.CR_LF, 1, ""),
    "a line of another size": (FileKind.RECONCILE_DETAIL, DZ + b"\n", Fault.LINE_LENGTH, 6, ""),
    "a row is missing": (FileKind.DEBIT_RESULT, dh_head() + golden.DH_FIRST, Fault.ROW_COUNT, 1, ""),
    "another count": (
        FileKind.DEBIT_RESULT,
        dh_head((b"2", b"12684")) + DH[282:],
        Fault.TOTAL,
        1,
        "CDN",
    ),
    "another sum": (FileKind.DEBIT_RESULT, dh_head((b"1", b"12683")) + DH[282:], Fault.TOTAL, 1, "CEM"),
    "parts that are not the whole": (
        FileKind.DEBIT_RESULT,
        DH.replace(b"12000       ", b"12001       ", 1),
        Fault.DISAGREES,
        2,
        "txnAmt",
    ),
    "debited without a serial": (
        FileKind.DEBIT_RESULT,
        DH.replace(b"0000000000000901", b" " * 16),
        Fault.FIELD,
        2,
        "logNo",
    ),
    "result 6": (FileKind.DEBIT_RESULT, DH.replace(b"99          20", b"99          60"), Fault.FIELD, 3, "SucFlg"),
    "another month": (FileKind.DEBIT_RESULT, DH.replace(b"202611", b"202610", 1), Fault.OTHER_FILE, 1, "PID.month"),
}


@pytest.mark.parametrize(("kind", "data", "fault", "at", "field"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(kind: FileKind, data: bytes, fault: Fault, at: int, field: str) -> None:
    """A file is refused whole, by line and field, although it has neither tail nor digest."""
    expected = FORMAT.read_name(NAMES[kind][0]).expected
    with pytest.raises(FileInvalid) as caught:
        check_file(FORMAT.layouts[kind], [data], expected)
    assert (caught.value.fault, caught.value.line, caught.value.field) == (fault, at, field)


def test_words_for_a_result() -> None:
    """3 and 4 are both a wrong account, 8 is any other reason; of several the first is written."""
    flags = {b"2": DebitResult.BALANCE_SHORT, b"3": DebitResult.ACCOUNT_WRONG, b"4": DebitResult.ACCOUNT_WRONG}
    flags |= {b"5": DebitResult.OTHER, b"8": DebitResult.OTHER, b"9": DebitResult.NO_MANDATE}
    for flag, result in flags.items():
        data = DH.replace(b"99          20", b"99          %s0" % flag)
        [_, row] = check_file(RESULT, [data], {}).rows([data])
        assert row.result is result
        assert RESULT.rows.build(row)[98:99] == {b"4": b"3", b"8": b"5"}.get(flag, flag)


def test_names_of_others() -> None:
    """No name of another bank, or of another format, is read as this bank's."""
    for name in (
        f"{PREFIX[:-1]}1dz20261121.txt",
        "DZ010420261121.txt",
        "WT010520261121.txt",
        f"{PREFIX}dx20261121.txt",
        f"{PREFIX}ds20261100.txt",
    ):
        with pytest.raises(FileNameInvalid):
            FORMAT.read_name(name)


@pytest.mark.parametrize(("name", "meant"), NAMES.values())
def test_names(name: str, meant: FileName) -> None:
    """Both ways; the result of a list is called like it, with h for every s."""
    assert FORMAT.read_name(name) == meant
    assert FORMAT.write_name(meant) == name
    if meant.kind is FileKind.DEBIT_LIST:
        assert FORMAT.write_name(meant.result) == name.replace("s", "h")


@pytest.mark.parametrize(
    "name",
    [
        FileName(FileKind.RECONCILE_RESULT, "0104", golden.DAY),
        FileName(FileKind.DEBIT_LIST, "0105", 202611, 1),
        FileName(FileKind.MANDATES, "0105", golden.DAY),
    ],
)
def test_names_that_no_file_has(name: FileName) -> None:
    """Reconcile results are not exchanged, and another bank's file is not written."""
    with pytest.raises(FileNameInvalid):
        FORMAT.write_name(name)


@pytest.mark.parametrize(
    "row",
    [
        replace(golden.PAYMENTS[0], transaction=Transaction.CANCEL),
        replace(golden.PAYMENTS[0], bank_serial=""),
        replace(golden.PAYMENTS[0], account_no=""),
    ],
)
def test_rows_that_cannot_be_written(row: Any) -> None:
    """What the layout has no word for is never written as something else."""
    with pytest.raises(LocalProtocolError):
        DETAIL.rows.build(row)


def test_dates_of_the_bank() -> None:
    """A debit of another day than the list's is under its own date."""
    data = DH.replace(b"20261126", b"20261128")
    [row, _] = check_file(RESULT, [data], {}).rows([data])
    assert row.debit_date == date(2026, 11, 28)
