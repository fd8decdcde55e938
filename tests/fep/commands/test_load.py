"""``fep load``: the utility's files, good and bad."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbgate.load_kinds import KINDS, Kind
from dbgate.records import AccountState, CollectMode, UserClass
from fep.load_reasons import reason_zh
from tests.fep.commands.conftest import Run

DOCS = Path(__file__).parents[3] / "docs"
ACCOUNTS = "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance"
BILLS = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"


def account(number: int, *, state: str = "active", balance: int = 0) -> str:
    return f"02{number:08d},测试户{number},测试路{number}号,TM{number},,JC0101,residential,counter,{state},{balance}"


def bill(number: int, account_no: str) -> str:
    return f"TB{number:08d},{account_no},202609,1,21818,0,21818,12000,20261025"


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def count(site: Path, table: str) -> int:
    prefix = {"accounts": "account_no LIKE '02%'", "bills": "bill_no LIKE 'TB%'"}[table]
    with closing(sqlite3.connect(site / "billing.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table} WHERE {prefix}").fetchone()[0])


def test_files_are_loaded_in_the_order_given(run: Run, site: Path, tmp_path: Path) -> None:
    """Accounts first, then their bills; what was loaded is counted for each file."""
    accounts = write(tmp_path / "accounts.csv", ACCOUNTS, account(1), account(2, balance=500))
    bills = write(tmp_path / "bills.csv", BILLS, bill(1, "0200000001"))
    outcome = run("load", accounts, bills, "--config", site / "fep.toml")
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert f"{accounts}: 2 accounts loaded, 0 were there already" in outcome.out
    assert f"{bills}: 1 bills loaded, 0 were there already" in outcome.out
    assert (count(site, "accounts"), count(site, "bills")) == (2, 1)


def test_loading_again_changes_nothing(run: Run, site: Path, tmp_path: Path) -> None:
    """A file that was interrupted after its commit is simply loaded again."""
    accounts = write(tmp_path / "accounts.csv", ACCOUNTS, account(1), account(2))
    run("load", accounts, "--config", site / "fep.toml")
    outcome = run("--lang", "zh", "load", accounts, "--config", site / "fep.toml")
    assert outcome.exit_code == 0
    assert f"{accounts}: 装入户 0 条, 已有 2 条" in outcome.out


def test_a_bad_row_far_down_is_named_by_its_line_and_nothing_is_loaded(run: Run, site: Path, tmp_path: Path) -> None:
    """Line 30,000 of a file has an amount that is no number."""
    lines = [account(number) for number in range(1, 30_100)]
    lines[29_998] = lines[29_998].removesuffix(",0") + ",12.50"
    accounts = write(tmp_path / "accounts.csv", ACCOUNTS, *lines)

    english = run("load", accounts, "--config", site / "fep.toml")
    chinese = run("--lang", "zh", "load", accounts, "--config", site / "fep.toml")

    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert f"{accounts}: line 30000: balance must be an integer" in english.err
    assert f"{accounts}: 第 30000 行: balance 应为" in chinese.err
    assert "nothing of this file was loaded" in english.err
    assert count(site, "accounts") == 0


def test_a_duplicate_is_named_with_the_line_of_the_first(run: Run, site: Path, tmp_path: Path) -> None:
    """Which of the two is meant, the utility must say."""
    accounts = write(tmp_path / "accounts.csv", ACCOUNTS, account(1), account(2), account(1, balance=3))
    outcome = run("load", accounts, "--config", site / "fep.toml")
    assert outcome.exit_code == 2
    assert f"{accounts}: line 4: has the same key as line 2" in outcome.err
    assert count(site, "accounts") == 0


def test_the_first_bad_file_ends_the_command_and_what_was_loaded_stays(run: Run, site: Path, tmp_path: Path) -> None:
    """Each file is a transaction of its own."""
    good = write(tmp_path / "accounts.csv", ACCOUNTS, account(1))
    bad = write(tmp_path / "bills.csv", BILLS, bill(1, "0299999999"))
    never = write(tmp_path / "more.csv", ACCOUNTS, account(2))
    outcome = run("load", good, bad, never, "--config", site / "fep.toml")
    assert outcome.exit_code == 2
    assert f"{bad}: line 2: account_no is not known" in outcome.err
    assert (count(site, "accounts"), count(site, "bills")) == (1, 0)


@pytest.mark.parametrize(
    ("content", "en", "zh"),
    [
        (ACCOUNTS.replace(",balance", "") + "\n", "missing columns: balance", "缺少的列: balance"),
        (ACCOUNTS.replace(",balance", "") + "\n", "like a file of accounts, but", "像是户文件, 但表头有误"),
        (BILLS.replace(",energy", "") + "\n", "like a file of bills, but", "像是应收文件, 但表头有误"),
        ("a,b,c\n1,2,3\n", "line 1: the header is not one of accounts or bills", "第 1 行: 表头既非户也非应收"),
        (f"{ACCOUNTS.upper()}\n", "the names must be in lower case", "列名须为小写"),
        (ACCOUNTS.replace(",", ";"), "separated by semicolons, commas are wanted", "列以分号分隔, 应为逗号"),
        (BILLS.replace(",", "\t"), "separated by tabs, commas are wanted", "列以制表符分隔, 应为逗号"),
        ("", "the file is empty", "文件为空"),
        ("\ufeff", "the file is empty", "文件为空"),
        (f"{ACCOUNTS}\n{account(1)},more\n", "line 2: has 11 fields, the header has 10", "有 11 列, 表头有 10 列"),
    ],
)
def test_a_file_of_another_shape_is_refused(
    run: Run, site: Path, tmp_path: Path, content: str, en: str, zh: str
) -> None:
    """The header row says what is missing."""
    path = tmp_path / "file.csv"
    path.write_text(content, encoding="utf-8")
    english = run("load", path, "--config", site / "fep.toml")
    chinese = run("--lang", "zh", "load", path, "--config", site / "fep.toml")
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert en in english.err
    assert zh in chinese.err


def test_a_byte_order_mark_is_no_obstacle(run: Run, site: Path, tmp_path: Path) -> None:
    """Spreadsheets on Windows write it."""
    path = tmp_path / "accounts.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{ACCOUNTS}\r\n{account(1)}\r\n".encode())
    assert run("load", path, "--config", site / "fep.toml").exit_code == 0
    assert count(site, "accounts") == 1


def test_another_encoding_is_refused_with_its_line(run: Run, site: Path, tmp_path: Path) -> None:
    """And with the command that converts it."""
    path = tmp_path / "accounts.csv"
    path.write_bytes(f"{ACCOUNTS}\n{account(1)}\n".encode("gb18030"))
    outcome = run("load", path, "--config", site / "fep.toml")
    assert outcome.exit_code == 2
    assert "line 2: " in outcome.err
    assert "is no UTF-8; if the file is GB18030" in outcome.err


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"], ids=["little endian", "big endian"])
def test_utf_16_is_refused_by_its_name(run: Run, site: Path, tmp_path: Path, mark: bytes) -> None:
    """Excel's "Unicode text" is UTF-16, whichever its byte order."""
    path = tmp_path / "accounts.csv"
    path.write_bytes(mark + ACCOUNTS.encode("utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"))
    english = run("load", path, "--config", site / "fep.toml")
    chinese = run("--lang", "zh", "load", path, "--config", site / "fep.toml")
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert f"{path}: the file is UTF-16, convert it first: iconv -f UTF-16 -t UTF-8" in english.err
    assert f"{path}: 文件为 UTF-16 编码, 请先转换" in chinese.err


def test_a_file_that_is_not_there_is_named(run: Run, site: Path, tmp_path: Path) -> None:
    """Bad input, not a crash."""
    outcome = run("load", tmp_path / "none.csv", "--config", site / "fep.toml")
    assert outcome.exit_code == 2
    assert f"{tmp_path / 'none.csv'}: cannot be read: No such file or directory" in outcome.err


def test_no_message_shows_a_customers_data(run: Run, site: Path, tmp_path: Path) -> None:
    """Findings go into tickets and mails."""
    path = write(tmp_path / "accounts.csv", ACCOUNTS, account(1).replace("active", "activ"))
    outcome = run("load", path, "--config", site / "fep.toml")
    assert outcome.exit_code == 2
    assert "测试户" not in outcome.err
    assert "0200000001" not in outcome.err


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("name is empty", "name 为空"),
        ("meter_no must be 0 to 32 printable ASCII characters without spaces", "meter_no 应为 0 到 32 个 ASCII 字符"),
        ("something new", "something new"),
    ],
)
def test_reasons_have_their_chinese(reason: str, chinese: str) -> None:
    """One that the table does not have is shown as it is."""
    assert chinese in reason_zh(reason)


@pytest.mark.parametrize("document", ["load.md", "load.zh-CN.md"])
def test_the_sample_in_the_document_loads(run: Run, site: Path, tmp_path: Path, document: str) -> None:
    """Whoever begins with the sample begins with files that are right."""
    samples = re.findall(r"```csv\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL)
    paths = [tmp_path / f"{number}.csv" for number in range(len(samples))]
    for path, sample in zip(paths, samples, strict=True):
        path.write_text(sample, encoding="utf-8")
    outcome = run("load", *paths, "--config", site / "fep.toml")
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert (count(site, "accounts"), count(site, "bills")) == (2, 2)


@pytest.mark.parametrize("document", ["load.md", "load.zh-CN.md"])
@pytest.mark.parametrize("kind", [KINDS["accounts"], KINDS["bills"]], ids=lambda kind: kind.name)
def test_the_document_and_the_help_name_every_column(run: Run, document: str, kind: Kind) -> None:
    """A column that the program has come to want is explained."""
    language = "zh" if "zh" in document else "en"
    shown = run("--lang", language, "load", "--help").out
    text = (DOCS / document).read_text(encoding="utf-8")
    assert all(f"| `{column}` |" in text and column in shown for column in kind.columns)
    words = [member.value for enum in (UserClass, CollectMode, AccountState) for member in enum]
    assert all(f"`{word}`" in text and word in shown for word in words)


def test_two_bills_of_a_month_with_one_seq_are_both_loaded(run: Run, site: Path, tmp_path: Path) -> None:
    """Only bill_no is unique, as the document says."""
    accounts = write(tmp_path / "accounts.csv", ACCOUNTS, account(1))
    bills = write(tmp_path / "bills.csv", BILLS, bill(1, "0200000001"), bill(2, "0200000001"))
    assert run("load", accounts, bills, "--config", site / "fep.toml").exit_code == 0
    assert count(site, "bills") == 2
