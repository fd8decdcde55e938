"""Reading a file: refused whole, by line and reason, without quoting it; rows only of what was checked."""

import itertools
import tracemalloc
from collections.abc import Iterator
from datetime import date
from zlib import crc32

import pytest

from protocol.files.errors import Fault, FileChanged, FileInvalid
from protocol.files.lines import BLOCK_BYTES
from protocol.files.names import file_name
from protocol.files.reading import check_file
from protocol.files.standard import RECONCILE_DETAIL, RECONCILE_RESULT
from tests.protocol.files.golden import DZ, FILES

EXPECTED = file_name("DZ010220261121.txt").expected
LINES = DZ.split(b"\r\n")[:-1]
HEAD, FIRST, SECOND, THIRD, FOURTH, TAIL = LINES


def tailed(*lines: bytes) -> bytes:
    """Those lines and a right tail."""
    body = b"".join([line + b"\r\n" for line in lines])
    return body + b"T%08X\r\n" % crc32(body)


def put(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


REFUSED: dict[str, tuple[bytes, Fault, int, str]] = {
    "empty": (b"", Fault.EMPTY, 1, ""),
    "a line end alone": (b"\r\n", Fault.MARKER, 1, ""),
    "LF only": (DZ.replace(b"\r", b""), Fault.LF_ALONE, 1, ""),
    "CR only": (DZ.replace(b"\n", b""), Fault.CR_ALONE, 1, ""),
    "one LF": (tailed(HEAD, FIRST + b"\n" + SECOND, THIRD, FOURTH), Fault.LF_ALONE, 2, ""),
    "one CR": (tailed(HEAD, FIRST, SECOND + b"\r" + THIRD, FOURTH), Fault.CR_ALONE, 3, ""),
    "CR twice": (tailed(HEAD, FIRST + b"\r", SECOND, THIRD, FOURTH), Fault.CONTROL, 2, ""),
    "NUL": (tailed(HEAD, FIRST, put(SECOND, 21, b"\0"), THIRD, FOURTH), Fault.CONTROL, 3, ""),
    "tab": (tailed(HEAD, FIRST, put(SECOND, 36, b"\t"), THIRD, FOURTH), Fault.CONTROL, 3, ""),
    "UTF-16": (DZ.decode("ascii").encode("utf-16"), Fault.CONTROL, 1, ""),
    "byte order mark": (b"\xef\xbb\xbf" + DZ, Fault.MARKER, 1, ""),
    "no head": (tailed(FIRST, SECOND), Fault.MARKER, 1, ""),
    "short head": (tailed(HEAD[:-1], FIRST), Fault.LINE_LENGTH, 1, ""),
    "letters in the head": (tailed(put(HEAD, 1, b"01a2"), FIRST), Fault.FIELD, 1, "bank_code"),
    "no such day": (tailed(put(HEAD, 5, b"20261131"), FIRST), Fault.FIELD, 1, "clearing_date"),
    "signed total": (tailed(put(HEAD, 21, b"-"), FIRST), Fault.FIELD, 1, "total"),
    "another bank": (tailed(put(HEAD, 1, b"0103"), *LINES[1:5]), Fault.OTHER_FILE, 1, "bank_code"),
    "another day": (tailed(put(HEAD, 5, b"20261120"), *LINES[1:5]), Fault.OTHER_FILE, 1, "clearing_date"),
    "two heads": (tailed(HEAD, HEAD, *LINES[1:5]), Fault.MARKER, 2, ""),
    "lower case": (tailed(HEAD, FIRST.lower(), *LINES[2:5]), Fault.MARKER, 2, ""),
    "short row": (tailed(HEAD, FIRST, SECOND[:-1], THIRD, FOURTH), Fault.LINE_LENGTH, 3, ""),
    "long row": (tailed(HEAD, FIRST, SECOND + b" ", THIRD, FOURTH), Fault.LINE_LENGTH, 3, ""),
    "empty row": (tailed(HEAD, FIRST, b"", THIRD, FOURTH), Fault.MARKER, 3, ""),
    "no such date": (tailed(HEAD, put(FIRST, 1, b"00000000"), *LINES[2:5]), Fault.FIELD, 2, "bank_date"),
    "serial zero": (tailed(HEAD, put(FIRST, 9, b"0" * 12), *LINES[2:5]), Fault.FIELD, 2, "bank_serial"),
    "no account": (tailed(HEAD, put(FIRST, 21, b" " * 16), *LINES[2:5]), Fault.FIELD, 2, "account_no"),
    "account of Chinese": (tailed(HEAD, put(FIRST, 21, b"\xd5\xc5"), *LINES[2:5]), Fault.FIELD, 2, "account_no"),
    "another transaction": (tailed(HEAD, put(FIRST, 37, b"2001"), *LINES[2:5]), Fault.FIELD, 2, "txn"),
    "amount with a point": (tailed(HEAD, FIRST, put(SECOND, 54, b"."), THIRD, FOURTH), Fault.FIELD, 3, "amount"),
    "state 0": (tailed(HEAD, *LINES[1:4], put(FOURTH, 57, b"0")), Fault.FIELD, 5, "state"),
    "two wrong fields": (tailed(HEAD, put(put(FIRST, 57, b"9"), 9, b"x"), *LINES[2:5]), Fault.FIELD, 2, "bank_serial"),
    "two wrong rows": (tailed(HEAD, put(FIRST, 57, b"9"), put(SECOND, 9, b"x")), Fault.FIELD, 2, "state"),
    "a row too few": (tailed(HEAD, *LINES[1:4]), Fault.ROW_COUNT, 1, ""),
    "a row too many": (tailed(HEAD, *LINES[1:5], FOURTH), Fault.ROW_COUNT, 1, ""),
    "no rows": (tailed(HEAD), Fault.ROW_COUNT, 1, ""),
    "total": (tailed(put(HEAD, 36, b"1"), *LINES[1:5]), Fault.TOTAL, 1, ""),
    "no tail": (DZ[: -len(TAIL) - 2], Fault.NO_TAIL, 5, ""),
    "cut in a row": (DZ[:100], Fault.UNENDED, 3, ""),
    "cut in the tail": (DZ[:-5], Fault.UNENDED, 6, ""),
    "cut before the last LF": (DZ[:-1], Fault.UNENDED, 6, ""),
    "no end of the last line": (DZ[:-2], Fault.UNENDED, 6, ""),
    "CRC": (DZ[:-3] + b"F\r\n", Fault.CRC, 6, ""),
    "CRC in lower case": (DZ.replace(TAIL, TAIL.replace(b"DDB", b"ddb")), Fault.TAIL, 6, ""),
    "CRC too short": (DZ[:-3] + b"\r\n", Fault.TAIL, 6, ""),
    "a change that the fields allow": (put(DZ, 60, b"9"), Fault.CRC, 6, ""),
    "a row behind the tail": (DZ + FIRST + b"\r\n", Fault.AFTER_TAIL, 7, ""),
    "an empty line behind the tail": (DZ + b"\r\n", Fault.AFTER_TAIL, 7, ""),
    "two tails": (DZ + TAIL + b"\r\n", Fault.AFTER_TAIL, 7, ""),
    "Ctrl-Z": (DZ + b"\x1a", Fault.CONTROL, 7, ""),
}


@pytest.mark.parametrize(("data", "fault", "line", "field"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(data: bytes, fault: Fault, line: int, field: str) -> None:
    """The error says which line and field and what is wrong, in both languages, and no value of the file."""
    for chunks in ([data], [data[i : i + 1] for i in range(len(data))]):
        with pytest.raises(FileInvalid) as caught:
            check_file(RECONCILE_DETAIL, chunks, EXPECTED)
        error = caught.value
        assert (error.fault, error.line, error.field) == (fault, line, field)
        assert str(error) == f"line {line}: {error.reason}"
        assert error.reason.startswith(f"{field}: " if field else "")
        assert error.gloss
        for secret in ("0102000000000001", "01020000000002", "12000", "11000"):
            assert secret not in str(error) + error.gloss
        assert error.__context__ is None or error.__suppress_context__


def test_words() -> None:
    """How an operator reads it."""
    data, *_ = REFUSED["amount with a point"]
    with pytest.raises(FileInvalid) as caught:
        check_file(RECONCILE_DETAIL, [data], EXPECTED)
    assert str(caught.value) == "line 3: amount: not digits"
    assert caught.value.gloss == "amount 金额 (分): 不符合 n16"
    with pytest.raises(FileInvalid, match="line 1: 3 rows, the head says 4"):
        check_file(RECONCILE_DETAIL, [REFUSED["a row too few"][0]], EXPECTED)


def test_good_file_of_nothing() -> None:
    """A day without a payment has a head and a tail."""
    data = tailed(b"H010220261121000000000000000000000000")
    checked = check_file(RECONCILE_DETAIL, [data], EXPECTED)
    assert (checked.row_count, checked.total_fen, list(checked.rows([data]))) == (0, 0, [])


def many(rows: int) -> bytes:
    """A good file of so many payments of one fen."""
    head = b"H010220261121%08d%016d" % (rows, rows)
    return tailed(head, *[b"D20261121%012d01020000000000012002%016d1" % (n, 1) for n in range(1, rows + 1)])


@pytest.mark.parametrize("size", [1, 7, 60, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 1_000_000])
def test_chunks_of_any_size(size: int) -> None:
    """Bytes may arrive cut anywhere, in one pass otherwise than in the other."""
    data = many(3000)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    checked = check_file(RECONCILE_DETAIL, chunks, EXPECTED)
    serials = [row.bank_serial for row in checked.rows([data[:5], b"", data[5:]])]
    assert serials == [f"{n:012}" for n in range(1, 3001)]
    assert [row.bank_serial for row in checked.rows(chunks)] == serials


@pytest.mark.parametrize("rows", [*range(1084, 1100), 3276])  # 3276: the tail is a block of its own
def test_tail_at_the_edge_of_a_block(rows: int) -> None:
    """A file is read whole wherever its tail falls."""
    data = many(rows)
    assert sum(1 for _ in check_file(RECONCILE_DETAIL, [data], EXPECTED).rows([data])) == rows


def test_wrong_row_far_behind() -> None:
    """Lines are counted over all blocks."""
    data = many(3000)
    wrong = put(data, data.index(b"D20261121000000002500") + 57, b"7")
    with pytest.raises(FileInvalid, match="line 2501: state: none of the values"):
        check_file(RECONCILE_DETAIL, [wrong], EXPECTED)


@pytest.mark.parametrize("rows", [1091, 3000])  # 1091: what is behind the tail is a block of its own
def test_rows_behind_the_tail_of_a_large_file(rows: int) -> None:
    """In whichever block they are."""
    data = many(rows)
    with pytest.raises(FileInvalid, match=f"line {rows + 3}: lines behind the tail"):
        check_file(RECONCILE_DETAIL, [data, FIRST + b"\r\n"], EXPECTED)


ROWS_OF_ONE_BLOCK = (BLOCK_BYTES - 39) // 60
ROWS_OF_TWO = (2 * BLOCK_BYTES - 39) // 60
GOOD = many(3000)
CHANGED: dict[str, tuple[bytes, int]] = {
    "another amount in the last row": (put(GOOD, len(GOOD) - 15, b"2"), ROWS_OF_TWO),
    "a new tail": (put(GOOD, len(GOOD) - 4, b"XX"), ROWS_OF_TWO),
    "shorter": (GOOD[:100_000], ROWS_OF_ONE_BLOCK),
    "longer": (GOOD + GOOD, ROWS_OF_TWO),
    "nothing": (b"", 0),
    "another file": (DZ, 0),
    "no file at all": (b"\0" * 100, 0),
}


@pytest.mark.parametrize(("data", "unchanged"), CHANGED.values(), ids=CHANGED)
def test_file_that_has_changed(data: bytes, unchanged: int) -> None:
    """No row comes out that was not checked, and the reader is told."""
    checked = check_file(RECONCILE_DETAIL, [GOOD], EXPECTED)
    rows = checked.rows([data])
    read = list(itertools.islice(rows, unchanged))
    with pytest.raises(FileChanged, match="changed since it was checked"):
        next(rows)
    assert read == list(itertools.islice(checked.rows([GOOD]), unchanged))


def test_file_that_grew() -> None:
    """Lines behind the checked ones are a change too."""
    good = many(10)
    checked = check_file(RECONCILE_DETAIL, [good], EXPECTED)
    with pytest.raises(FileChanged):
        list(checked.rows([good, b"\r\n"]))


@pytest.mark.parametrize("byte", [b"1", b" ", b"\0", b"\r", b"\xd5"])
def test_endless_line(byte: bytes) -> None:
    """A line of gigabytes is refused by its first block; the rest is not even taken."""
    endless = itertools.repeat(byte * 100_000, 20_000)
    with pytest.raises(FileInvalid) as caught:
        check_file(RECONCILE_DETAIL, endless, EXPECTED)
    assert caught.value.line == 1
    assert len(list(endless)) == 19_999


def test_memory_is_bounded() -> None:
    """Nine megabytes are read in little more than one."""
    row = b"D202611210000000000010102000000000001200200000000000000011\r\n"

    def chunks() -> Iterator[bytes]:
        crc = 0
        for part in itertools.chain([b"H010220261121001500000000000000150000\r\n"], itertools.repeat(row * 5000, 30)):
            crc = crc32(part, crc)
            yield part
        yield b"T%08X\r\n" % crc

    tracemalloc.start()
    try:
        checked = check_file(RECONCILE_DETAIL, chunks(), EXPECTED)
        count = sum(1 for _ in checked.rows(chunks()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 150_000
    assert peak < 3_000_000


def test_result_is_no_detail() -> None:
    """A file of another kind is refused by the length of its first row."""
    with pytest.raises(FileInvalid, match="line 2: 59 bytes instead of 58"):
        check_file(RECONCILE_DETAIL, [FILES["DZR"][1]], EXPECTED)
    with pytest.raises(FileInvalid, match="line 2: 58 bytes instead of 59"):
        check_file(RECONCILE_RESULT, [DZ], EXPECTED)


def test_expected_is_of_the_head() -> None:
    """What a name says is looked for in the head."""
    assert check_file(RECONCILE_DETAIL, [DZ], {"clearing_date": date(2026, 11, 21)}).total_fen == 11_000
