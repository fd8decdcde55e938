"""Layouts of banks' own: fixed or delimited, with other ends and encodings, without a tail, without a head to trust."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from protocol.bindings import Constant, Echo
from protocol.characters import Digits, Text
from protocol.errors import LocalProtocolError
from protocol.fields import U8
from protocol.files.errors import Fault, FileChanged, FileInvalid
from protocol.files.field_types import Marker, PrintableText
from protocol.files.forms import Delimited, Fixed, LineForm
from protocol.files.layout import FileLayout, Lines, Rule
from protocol.files.lines import BLOCK_BYTES, LF
from protocol.files.reading import check_file
from protocol.files.writing import write_file
from protocol.layout import Field
from protocol.moments import Date
from protocol.padded import Amount, Characters, Count
from protocol.record import record
from protocol.sheet import Sheet


@record
class Head:
    """What an own head says."""

    bank_code: str
    rows: int


@record
class Row:
    """What an own row says: one bill."""

    bank_serial: str
    day: date
    name: str
    amount_fen: int


HEAD = Sheet(
    "head",
    Field("OCC", Characters(2), "code", "交易码", Constant("50")),
    Field("YHC", Characters(3), "bank", "银行", "bank_code"),
    Field("DTN", Count(4), "rows", "笔数", "rows"),
)
ROW = Sheet(
    "row",
    Field("NUM", Count(3), "number", "序号", "#"),
    Field("LSH", Characters(6), "serial", "流水", "bank_serial"),
    Field("LSH2", Characters(6), "serial again", "流水", "bank_serial"),
    Field("RQ", Date(), "day", "日期", "day"),
    Field("HM", PrintableText(8, "gbk"), "name", "户名", "name"),
    Field("HBC", Characters(3), "currency", "币种", Constant("RMB")),
    Field("MXT", Characters(2), "state", "状态"),
    Field("JE", Amount(6), "amount", "金额", "amount_fen"),
)


def layout(form: LineForm, row_count: str = "rows") -> FileLayout[Head, Row]:
    return FileLayout(
        name="own",
        meaning="own",
        gloss="自有",
        head=Lines(Head, HEAD, form=form),
        rows=Lines(Row, ROW, form=form),
        row_count=row_count,
        newline=LF,
        has_tail=False,
    )


FIXED = layout(Fixed())
DELIMITED = layout(Delimited("|", "gbk"))
DAY = date(2026, 11, 21)
OWN_HEAD = Head("301", 2)
OWN_ROWS = [Row("S1", DAY, "寍亅", 12_345), Row("S1", DAY, "AB C", 12_345)]
IN_FIXED = b"503012   \n1  S1    S1    20261121\x8c|\x81|    RMB  12345 \n2  S1    S1    20261121AB C    RMB  12345 \n"
IN_CELLS = b"50|301|2\n1|S1|S1|20261121|\x8c|\x81||RMB||12345\n2|S1|S1|20261121|AB C|RMB||12345\n"


@pytest.mark.parametrize(("own", "data"), [(FIXED, IN_FIXED), (DELIMITED, IN_CELLS)], ids=["fixed", "delimited"])
def test_own_layouts(own: FileLayout[Head, Row], data: bytes) -> None:
    """Both ways, one row for each bill; the second byte of a character is no separator."""
    checked = check_file(own, [data], {"bank_code": "301"})
    assert checked.head == OWN_HEAD
    assert list(checked.rows([data])) == OWN_ROWS
    assert b"".join(write_file(own, OWN_HEAD, OWN_ROWS)) == data


@pytest.mark.parametrize(("own", "data"), [(FIXED, IN_FIXED), (DELIMITED, IN_CELLS)], ids=["fixed", "delimited"])
def test_what_is_not_bound_is_not_looked_at(own: FileLayout[Head, Row], data: bytes) -> None:
    """Numbers, constants and states of the bank may be anything."""
    other = data.replace(b"RMB", b"156").replace(b"\n1", b"\n7")
    assert list(check_file(own, [other], {}).rows([other])) == OWN_ROWS


@pytest.mark.parametrize(
    ("data", "fault", "line", "field"),
    [
        (IN_CELLS.replace(b"|AB C", b""), Fault.CELL_COUNT, 3, ""),
        (IN_CELLS.replace(b"|AB C", b"|AB|C"), Fault.CELL_COUNT, 3, ""),
        (IN_CELLS.replace(b"AB C", b"123456789"), Fault.LINE_LENGTH, 3, "HM"),
        (IN_CELLS.replace(b"|20261121|AB", b"|2026112|AB"), Fault.LINE_LENGTH, 3, "RQ"),
        (IN_CELLS.replace(b"|20261121|AB", b"|20261131|AB"), Fault.FIELD, 3, "RQ"),
        (IN_CELLS.replace(b"AB C", b"\xff\xff"), Fault.CHARSET, 3, ""),
        (IN_CELLS.replace(b"\n", b"\r\n"), Fault.CR_LF, 1, ""),
        (IN_CELLS[:-1], Fault.UNENDED, 3, ""),
        (IN_CELLS + b"\n", Fault.CELL_COUNT, 4, ""),
        (IN_CELLS + b"T12345678\n", Fault.CELL_COUNT, 4, ""),
        (IN_CELLS.replace(b"301|2", b"301|3"), Fault.ROW_COUNT, 1, ""),
        (b"50|301|2\n" + b"x" * 100_000, Fault.LINE_TOO_LONG, 2, ""),
    ],
)
def test_what_delimited_files_are_refused_for(data: bytes, fault: Fault, line: int, field: str) -> None:
    """By line and field as fixed ones."""
    with pytest.raises(FileInvalid) as caught:
        check_file(DELIMITED, [data], {})
    assert (caught.value.fault, caught.value.line, caught.value.field) == (fault, line, field)


def test_words_of_another_charset() -> None:
    """Which one it should be."""
    with pytest.raises(FileInvalid, match="line 3: not gbk"):
        check_file(DELIMITED, [IN_CELLS.replace(b"AB C", b"\xff\xff")], {})
    with pytest.raises(FileInvalid, match="line 3: HM: not gbk"):
        check_file(FIXED, [IN_FIXED.replace(b"AB C", b"\xff\xff  ")], {})


def test_second_field_of_a_value() -> None:
    """What is written twice is read where it stands first."""
    other = IN_FIXED.replace(b"S1    20261121", b"S2    20261121")
    assert list(check_file(FIXED, [other], {}).rows([other])) == OWN_ROWS


def test_file_that_grew_by_whole_blocks() -> None:
    """Where nothing ends a file but its end, what is behind the checked blocks is a change too."""
    own = layout(Delimited("|", "gbk"), row_count="")
    head, row = b"50|301|1\n", b"1|S1|S1|20261121||RMB||1\n"
    count, left = divmod(BLOCK_BYTES - len(head), len(row))
    rows = [row] * (count - left) + [row.replace(b"||R", b"|A|R")] * left
    good = head + b"".join(rows)
    assert len(good) == BLOCK_BYTES

    read = check_file(own, [good], {}).rows([good, row])
    assert len([next(read) for _ in range(count)]) == count
    with pytest.raises(FileChanged):
        next(read)


def test_text_that_would_break_a_line() -> None:
    """Whatever the types of a layout let through, no line holds a control character."""
    sheet = Sheet("head", Field("A", Text(4), "a", "甲", "bank_code"), Field("B", Count(2), "b", "乙", "rows"))
    own = replace(FIXED, head=Lines(Head, sheet))
    with pytest.raises(LocalProtocolError, match="control character"):
        next(write_file(own, Head("a\nb", 0), []))


def test_head_that_is_not_trusted() -> None:
    """Its count is read and not compared."""
    own = layout(Fixed(), row_count="")
    data = IN_FIXED.replace(b"2   \n", b"9   \n")
    checked = check_file(own, [data], {})
    assert (checked.head.rows, checked.row_count) == (9, 2)


def test_separator_in_a_value() -> None:
    """It is never written: the line would mean something else."""
    with pytest.raises(LocalProtocolError, match="separator"):
        list(write_file(DELIMITED, OWN_HEAD, [replace(OWN_ROWS[0], name="A|B")]))  # type: ignore[type-var]


@pytest.mark.parametrize(
    "fields",
    [
        (Field("A", Characters(2), "a", "a", "bank_code"),),
        (Field("A", Characters(2), "a", "a", "bank_code"), Field("B", Count(2), "b", "b", "others")),
        (Field("A", Characters(2), "a", "a", "bank_code"), Field("B", U8, "b", "b", "rows")),
        (Field("A", Characters(2), "a", "a", "bank_code"), Field("B", Count(2), "b", "b", Echo("A"))),
    ],
    ids=["one missing", "one too many", "no text", "no request to repeat"],
)
def test_descriptions_that_are_refused(fields: tuple[Field, ...]) -> None:
    """At once, when the module is imported."""
    with pytest.raises(LocalProtocolError):
        Lines(Head, Sheet("head", *fields))


def test_what_no_line_says() -> None:
    """A value that is true of every line is given once, and for nothing that a line says itself."""
    bank = Field("A", Digits(2), "a", "甲", "bank_code")
    rows = Field("B", Count(2), "b", "乙", "rows")
    assert list(Lines(Head, Sheet("head", bank), given={"rows": 7}).parse([b"01", b"02"], 1)) == [
        Head("01", 7),
        Head("02", 7),
    ]
    for given in ({}, {"rows": 7, "others": 1}):
        with pytest.raises(LocalProtocolError, match="filled"):
            Lines(Head, Sheet("head", bank), given=given)
    with pytest.raises(LocalProtocolError, match="filled"):
        Lines(Head, Sheet("head", bank, rows), given={"rows": 7})


def test_rows_that_could_be_a_tail() -> None:
    """Before a tail each row begins with a marker, by which the two are told apart."""
    with pytest.raises(LocalProtocolError, match="marker"):
        FileLayout("x", "x", "x", Lines(Head, HEAD), Lines(Row, ROW), row_count="rows")


def test_rules() -> None:
    """What holds of a whole row: read by line, written never otherwise."""
    lines: Lines[Any] = Lines(
        Head,
        Sheet(
            "head",
            Field("D", Marker("D"), "row", "行", Constant("D")),
            Field("A", Digits(2), "a", "甲", "bank_code"),
            Field("B", Count(2), "b", "乙", "rows"),
        ),
        rules=[Rule("rows", "odd", "为奇数", lambda head: head.rows % 2 == 0)],
    )
    assert list(lines.parse([b"D012 ", b"D014 "], 7)) == [Head("01", 2), Head("01", 4)]
    with pytest.raises(FileInvalid, match="line 8: B: odd") as caught:
        lines.parse([b"D012 ", b"D013 "], 7)
    assert caught.value.gloss == "B 乙: 为奇数"
    with pytest.raises(LocalProtocolError, match=r"head\.B: odd"):
        lines.build(Head("01", 3))
