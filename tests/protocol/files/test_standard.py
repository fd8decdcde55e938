"""The five standard layouts: bytes put together by hand mean what they should, and come out again as they were."""

from dataclasses import replace
from datetime import date
from typing import Any
from zlib import crc32

import pytest

from protocol.canonical.codes import OriginalState
from protocol.files.canonical import DebitResult, DebitRow, MandateAction, ReconcileRow
from protocol.files.errors import Fault, FileInvalid
from protocol.files.layout import FileLayout
from protocol.files.names import FileKind
from protocol.files.reading import check_file
from protocol.files.standard import DEBIT_RESULT, LAYOUTS, MANDATES
from protocol.files.writing import write_file
from protocol.transactions import Transaction
from tests.protocol.files.golden import DKR, FILES, WT

each_file = pytest.mark.parametrize(("layout", "data", "head", "rows"), FILES.values(), ids=FILES)


def tailed(body: bytes) -> bytes:
    return body + b"T%08X\r\n" % crc32(body)


@each_file
def test_what_a_file_means(layout: FileLayout[Any, Any], data: bytes, head: object, rows: list[object]) -> None:
    """Head and rows are read to the last field."""
    checked = check_file(layout, [data], {})

    assert checked.head == head
    assert list(checked.rows([data])) == rows
    assert checked.row_count == len(rows)


@each_file
def test_what_is_written(layout: FileLayout[Any, Any], data: bytes, head: object, rows: list[object]) -> None:
    """The same bytes, with the CRC-32 of what stands before the tail."""
    assert b"".join(write_file(layout, head, rows)) == data


def test_every_kind_has_its_layout() -> None:
    """A layout is called by the letters that its files' names begin with."""
    assert {kind: layout.name for kind, layout in LAYOUTS.items()} == {kind: kind.prefix for kind in FileKind}


@pytest.mark.parametrize(
    ("transaction", "state", "counted"),
    [
        (Transaction.PAY, OriginalState.POSTED, 700),
        (Transaction.PAY, OriginalState.CANCELLED, 700),
        (Transaction.PAY, OriginalState.REVERSED, 700),
        (Transaction.CANCEL, OriginalState.POSTED, -700),
        (Transaction.CANCEL, OriginalState.CANCELLED, -700),
        (Transaction.REVERSE, OriginalState.POSTED, -700),
        (Transaction.REVERSE, OriginalState.REVERSED_BEFORE_ARRIVAL, 0),
        (Transaction.REVERSE, OriginalState.REVERSED, 0),
    ],
)
def test_what_a_row_adds_to_the_total(transaction: Transaction, state: OriginalState, counted: int) -> None:
    """Payments, less cancels, less reversals that undid something."""
    assert ReconcileRow(date(2026, 11, 21), "1", "1", transaction, 700, state).counted_fen == counted


def test_no_repr_names_a_customer() -> None:
    """Rows in a log or a traceback show no account, name or passbook."""
    for _, _, _, rows in FILES.values():
        for row in rows:
            for secret in ("0102000000000001", "01020000000002", "张三", "622202"):
                assert secret not in repr(row)


def test_mandate_that_begins_names_a_passbook() -> None:
    """Only a mandate that ends may leave it out."""
    head, add, end, _ = WT.split(b"\r\n")[:4]
    body = b"\r\n".join([head, add, end[:-1] + b"1", b""])
    with pytest.raises(FileInvalid) as caught:
        check_file(MANDATES, [tailed(body)], {})
    assert (caught.value.line, caught.value.field, caught.value.fault) == (3, "passbook", Fault.FIELD)


@pytest.mark.parametrize(
    ("line", "tail", "field"),
    [
        (1, b"00000000000000000020261122000000000901", "debited"),
        (1, b"00000000000001268400000000000000000901", "debit_date"),
        (1, b"00000000000001268420261122000000000000", "debit_serial"),
        (2, b"01000000000000000100000000000000000000", "debited"),
        (2, b"04000000000000000000000000000000000000", "result"),
        (2, b"01000000000000000020261131000000000000", "debit_date"),
    ],
)
def test_debited_rows_have_amount_and_identity(line: int, tail: bytes, field: str) -> None:
    """Nothing could be posted, or posted once, without them; and no money moved in a row that was refused."""
    lines = DKR.split(b"\r\n")[:-2]
    lines[line] = lines[line][: -len(tail)] + tail
    with pytest.raises(FileInvalid) as caught:
        check_file(DEBIT_RESULT, [tailed(b"\r\n".join([*lines, b""]))], {})
    assert (caught.value.line, caught.value.field) == (line + 1, field)


def test_changed_rows_are_written_changed() -> None:
    """A name that is too long is cut between characters; one with a line end in it breaks no line."""
    row = FILES["WT"][3][0]
    long = replace(row, name="电" * 40, action=MandateAction.END)
    broken = replace(row, name="A\r\nB")
    head = replace(FILES["WT"][2], row_count=2)  # type: ignore[type-var]
    written = b"".join(write_file(MANDATES, head, [long, broken])).split(b"\r\n")
    assert written[1][17:81] == b"\xb5\xe7" * 32
    assert written[2][17:81] == b"A  B" + b" " * 60
    assert len(written) == 5


def test_amount_of_a_debit_is_principal_and_late_fee() -> None:
    """What the total of a debit list sums up."""
    assert DebitRow(1, "1", "x", "2", 202611, 1, "3", 12_000, 684).due_fen == 12_684
    assert [member.value for member in DebitResult] == ["00", "01", "02", "03", "99"]
