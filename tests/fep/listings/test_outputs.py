"""Where a report goes: screen, pipe, CSV and workbook."""

import csv
import io
import os
import re
import stat
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from fep.language import Text, choose
from fep.listings import screen, xlsx_file
from fep.listings.listing import AccountNumber, Column, Kind, Listing, text_of, yuan
from fep.listings.outputs import Outputs
from fep.listings.private_output import private_output

MOMENT = datetime(2026, 11, 22, 10, 5, 7, 123000)  # noqa: DTZ001 - naive Asia/Shanghai by contract
COLUMNS = (
    Column(Text("name", "户名")),
    Column(Text("bills", "笔数"), Kind.COUNT),
    Column(Text("amount", "金额"), Kind.YUAN),
    Column(Text("due", "到期日"), Kind.DAY),
    Column(Text("time", "时间"), Kind.MOMENT),
    Column(Text("month", "年月"), Kind.MONTH),
)
ROWS = [
    ["张三", 2, 12345, date(2026, 11, 22), MOMENT, 202611],
    ["=1+1", 1, -5, None, None, None],
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def listing(name: str = "totals", *, is_list: bool = False, rows: list[list[object]] | None = None) -> Listing:
    total = [Text("total", "合计"), 3, 12340, None, None, None]
    title = Text("A report [2026]", "报表 [2026]")
    shown = ROWS if rows is None else rows
    return Listing(name, title, Text(name, name), COLUMNS, shown, None if is_list else total, is_list=is_list)


def sheet_of(path: Path, number: int) -> str:
    with zipfile.ZipFile(path) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


@pytest.mark.parametrize(
    ("amount_fen", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (100, "1.00"), (10**13, "100000000000.00")]
)
def test_yuan(amount_fen: int, text: str) -> None:
    """Fen become yuan with two decimals, never by way of a float."""
    assert yuan(amount_fen) == text
    assert text_of(Kind.YUAN, amount_fen) == text


def test_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Tab-separated with the total; an empty line between two tables; nothing that breaks a line."""
    with Outputs() as outputs:
        assert outputs.show(listing()) == 2
        outputs.show(listing("other", rows=[["a\tb\nc", 1, 1, None, None, None]]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "name\tbills\tamount\tdue\ttime\tmonth",
        "张三\t2\t123.45\t2026-11-22\t2026-11-22 10:05:07\t2026-11",
        "=1+1\t1\t-0.05\t\t\t",
        "total\t3\t123.40\t\t\t",
    ]
    assert lines[4] == ""
    assert lines[6] == "abc\t1\t0.01\t\t\t"


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its title and total; of a long list so many rows as somebody reads, and how many there are more."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(screen, "TERMINAL_ROWS_MAX", 1)
    with Outputs() as outputs:
        assert outputs.show(listing()) == 2
    shown = terminal.getvalue()
    assert "A report [2026]" in shown
    assert "123.45" in shown
    assert "-0.05" not in shown
    assert "and 1 more: --csv or --xlsx" in shown
    assert "total" in shown


def test_a_narrow_terminal_breaks_no_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is wider than the terminal then."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "30")
    with Outputs() as outputs:
        outputs.show(listing())
    assert "123.45" in terminal.getvalue()
    assert "2026-11-22" in terminal.getvalue()


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_a_serial_is_broken_on_no_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Words are parted, numbers are not: an operator copies them."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    headings = [Text(f"what the clerk reads in column {number}", "列") for number in range(4)]
    rows = [
        ["010000000001", "213100000011", "the customer has the receipt of the bank", f"{number:016d}"]
        for number in (1, 2)
    ]
    with Outputs() as outputs:
        outputs.show(Listing("t", Text("T", "T"), Text("t", "t"), [Column(each) for each in headings], rows))
    shown = terminal.getvalue()
    assert all(word in shown for word in ("010000000001", "213100000011", "0000000000000001", "0000000000000002"))


def test_who_reads_no_further_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are read from a database are let go of before it is closed."""
    ended = []

    def rows() -> Iterator[list[object]]:
        try:
            yield from ([number, 0, 0, None, None, None] for number in range(9))
        finally:
            ended.append("rows")

    kept = rows()
    monkeypatch.setattr("fep.listings.screen._Pipe.row", _gone)
    with Outputs() as outputs, pytest.raises(BrokenPipeError):
        outputs.show(replace(listing(), rows=kept))
    assert ended == ["rows"]


def _gone(*_: object) -> None:
    raise BrokenPipeError


def test_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Chinese that Excel reads, amounts in yuan, no total, no formula; the list in a file beside it, and only there."""
    choose("zh")
    with Outputs(tmp_path / "day.csv") as outputs:
        outputs.show(listing())
        outputs.show(listing("detail", is_list=True))
    choose(None)
    content = (tmp_path / "day.csv").read_bytes()
    assert content.startswith("\ufeff户名,笔数,金额,".encode())
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[1:] == [
        ["张三", "2", "123.45", "2026-11-22", "2026-11-22 10:05:07", "2026-11"],
        ["'=1+1", "1", "-0.05", "", "", ""],
    ]
    assert (tmp_path / "day-detail.csv").read_bytes() == content
    assert (tmp_path / "day.csv").stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out.count("张三") == 1


def test_a_file_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    """Not even a umask that takes more away leaves a report that its owner cannot read."""
    before = os.umask(0o777)
    try:
        with private_output(tmp_path / "day.csv") as file:
            file.write(b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "day.csv").stat().st_mode & 0o777 == 0o600


def test_a_file_outlives_a_crash_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content is on the disk before it takes its name, and its name before the report says that it is done."""
    done: list[str] = []
    fsync, replace_file = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(path: Path, target: Path) -> Path:
        done.append("rename")
        return replace_file(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    with private_output(tmp_path / "day.csv") as file:
        file.write(b"1")
    assert done == ["file", "rename", "folder"]


def test_xlsx(tmp_path: Path) -> None:
    """Amounts and days are numbers that Excel adds up and sorts; text is text whatever it begins with."""
    path = tmp_path / "day.xlsx"
    with Outputs(xlsx_path=path) as outputs:
        outputs.show(listing())
        outputs.show(listing("detail", is_list=True))
    first = sheet_of(path, 1)
    assert re.search(r'<c r="C2" s="\d+"><v>123.45</v></c>', first)
    assert re.search(r'<c r="C3" s="\d+"><v>-0.05</v></c>', first)
    assert re.search(r'<c r="D2" s="\d+"><v>46348</v></c>', first)  # days since 1899-12-30
    assert re.search(r'<c r="C4" s="\d+"><v>123.4</v></c>', first)
    assert "<f>" not in first
    assert "=1+1" in first
    assert "张三" in sheet_of(path, 2)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["day.xlsx"]


def test_what_does_not_fit_a_sheet_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel has so many rows and no more; each sheet has the headings."""
    monkeypatch.setattr(xlsx_file, "SHEET_ROWS_MAX", 3)
    path = tmp_path / "list.xlsx"
    with Outputs(xlsx_path=path) as outputs:
        outputs.show(listing("list", is_list=True, rows=[*ROWS, *ROWS]))  # type: ignore[list-item]
    assert [sheet_of(path, number).count("<row ") for number in (1, 2)] == [3, 3]
    with zipfile.ZipFile(path) as book:
        assert 'name="list 2"' in book.read("xl/workbook.xml").decode()


def test_a_workbook_of_nothing_leaves_no_other_file(tmp_path: Path) -> None:
    """A command that had nothing to show, or failed before it had, leaves nothing beside the workbook."""
    with Outputs(xlsx_path=tmp_path / "empty.xlsx"):
        pass
    with pytest.raises(KeyError), Outputs(xlsx_path=tmp_path / "failed.xlsx"):
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["empty.xlsx"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The file is named as it was asked for."""
    wanted = tmp_path / "nowhere" / "report.xlsx"
    with pytest.raises(FileNotFoundError) as caught, private_output(wanted):
        pass
    assert caught.value.filename == str(wanted)


def test_a_report_that_fails_leaves_no_file(tmp_path: Path) -> None:
    """A half report would pass for a whole one; what stood there stays."""
    (tmp_path / "day.csv").write_text("yesterday's")

    def lost() -> Iterator[list[object]]:
        yield [*ROWS[0]]
        raise KeyError

    def show() -> None:
        with Outputs(tmp_path / "day.csv", tmp_path / "day.xlsx") as outputs:
            outputs.show(replace(listing(), rows=lost()))

    with pytest.raises(KeyError):
        show()
    assert [entry.name for entry in tmp_path.iterdir()] == ["day.csv"]
    assert (tmp_path / "day.csv").read_text() == "yesterday's"


def test_account_numbers_are_masked_where_people_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the screen and in a pipe, in columns of their own and among other things; whole in files, and when wanted."""

    def shown(*, is_masked: bool, csv_path: Path | None = None) -> str:
        columns = (Column(Text("account", "户号"), Kind.ACCOUNT), Column(Text("what", "项目")))
        rows = [["0177301946582037", AccountNumber("6228481904567128305")], [Text("total", "合计"), "0102"]]
        with Outputs(csv_path, is_masked=is_masked) as outputs:
            outputs.show(Listing("accounts", Text("Accounts", "户"), Text("accounts", "户"), columns, rows))
        return capsys.readouterr().out

    path = tmp_path / "accounts.csv"
    assert shown(is_masked=True, csv_path=path).splitlines()[1:] == [
        "017730******2037\t622848*********8305",
        "total\t0102",
    ]
    assert "0177301946582037,6228481904567128305" in path.read_text("utf-8-sig")
    assert "0177301946582037\t6228481904567128305" in shown(is_masked=False)
