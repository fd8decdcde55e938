"""``fep audit``: the trail of a day, and whether the books agree."""

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dbgate.audits.every_check import NAMES
from dbgate.database import Database
from dbgate.records import Movement
from fep.clock import shanghai_now
from fep.commands.audit.words import CHECKS, MOVEMENTS, subject, what
from fep.language import Text
from fep.operators import present_operator
from tests.fep.commands.conftest import Outcome, Run
from tests.support.branch_tables import add_branches
from tests.support.report_ledger import DAY

Audit = Callable[..., Outcome]


@pytest.fixture
def audit(run: Run, site: Path) -> Audit:
    """Run ``fep audit`` on the site."""
    return lambda kind, *words: run("audit", kind, "--config", site / "fep.toml", *words)


def test_the_trail(audit: Audit, books: Database) -> None:
    """A line for each thing that happened, with its result; no names."""
    done = audit("list", "--date", DAY)
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert (done.exit_code, done.err) == (0, "")
    assert lines[0][:5] == ["time", "kind", "what", "result", "bank"]
    assert [tuple(line[1:4]) for line in lines[1:5]] == [
        ("movement", "reverse", "never arrived"),
        ("movement", "reversed before arrival", "reversed before arrival"),
        ("refusal", "pay", "2003 amount differs from what is payable"),
        ("movement", "pay", "posted"),
    ]
    assert len(lines) == 1 + 15
    assert "用户" not in done.out


def test_the_trail_in_chinese_as_files(audit: Audit, books: Database, site: Path) -> None:
    """The words are in the user's language; a long trail goes to the file."""
    done = audit("list", "--date", DAY, "--lang", "zh", "--csv", site / "trail.csv", "--verify")
    rows = list(csv.reader((site / "trail.csv").read_text("utf-8-sig").splitlines()))
    assert rows[0][:4] == ["时间", "类别", "事项", "结果"]
    assert rows[1][1:4] == ["流水", "冲正", "原交易未到达"]
    assert rows[3][1:4] == ["拒绝", "交费", "2003 金额不符"]
    assert done.exit_code == 1  # this ledger was written beside the gate, without allocations
    assert (site / "trail-findings.csv").exists()
    assert "核查项" in done.out


def test_sums_of_a_demo(audit: Audit) -> None:
    """What the program itself makes agrees: exit code 0, each check named with no finding."""
    done = audit("sums")
    assert (done.exit_code, done.err) == (0, "")
    findings, checks = done.out.strip().split("\n\n")
    assert findings.splitlines() == ["check\twhat does not agree\tnumber\tstored\tshould be"]
    assert [line.split("\t")[0] for line in checks.splitlines()[1:]] == list(NAMES)
    assert {line.split("\t")[2] for line in checks.splitlines()[1:]} == {"0"}


def test_a_finding(audit: Audit, site: Path) -> None:
    """Exit code 1, the account by its number, and money in yuan."""
    with closing(sqlite3.connect(site / "billing.db")) as connection, connection:
        [(account_no, balance_fen)] = connection.execute("SELECT account_no, balance_fen FROM accounts LIMIT 1")
        connection.execute("UPDATE accounts SET balance_fen = balance_fen + 12345 WHERE account_no = ?", (account_no,))
    done = audit("sums")
    assert done.exit_code == 1
    was, now = balance_fen / 100, (balance_fen + 12345) / 100
    finding = f"balance\taccount: balance against its movements\t{account_no}\t{now:.2f}\t{was:.2f}"
    assert done.out.splitlines()[1] == finding
    assert "\nbalance\taccount: balance against its movements\t1\n" in done.out
    assert audit("list", "--date", shanghai_now().date()).exit_code == 0
    assert audit("list", "--date", shanghai_now().date(), "--verify").exit_code == 1


def test_an_identity_of_two_databases(run: Run, site: Path, books: Database) -> None:
    """The nightly look over several databases; older bank dates only when they are asked for."""
    path = add_branches(site, ["01"], {"county": (2, "sqlite:///county.db", ["02"])})
    assert run("db", "upgrade", "--config", path).exit_code == 0
    with closing(sqlite3.connect(site / "county.db")) as connection, connection:
        connection.execute("ATTACH ? AS first", (str(site / "billing.db"),))
        connection.execute("INSERT INTO payments SELECT * FROM first.payments WHERE fep_serial = 1")
    done = run("audit", "sums", "--config", path, "--since", "2026-11-01", "--lang", "zh")
    assert "identity_twice\t交易标识: 在两个数据库中\t0102 2026-11-22 000000000001\t1\t1" in done.out
    assert "\t0102 2026-11-22 000" not in run("audit", "sums", "--config", path, "--since", "2026-11-23").out


def test_every_check_and_movement_has_its_words() -> None:
    """Whatever the database holds can be shown; what nobody knows yet by its name."""
    assert set(CHECKS) == set(NAMES)
    assert set(MOVEMENTS) == set(Movement)
    assert [str(what(name)) for name in ("reverse", "day_close", "something_new")] == [
        "reverse",
        "day closed",
        "something_new",
    ]


def test_what_an_act_was_about() -> None:
    """Numbers as they are stored, the words behind them in the reader's language."""
    said = subject("difference_done", "10000000004 undo")
    assert isinstance(said, Text)
    assert (said.en, said.zh) == ("10000000004 undo", "10000000004 冲销")
    said = subject("debit_release_approve", "010000000001 the bank has agreed")
    assert isinstance(said, Text)
    assert said.zh == "010000000001 银行已同意不扣款"
    assert subject("debit_out", "010000000001 DK010220261101.txt") == "010000000001 DK010220261101.txt"
    assert subject("day_close", None) is None


def test_an_act_in_the_trail(audit: Audit, run: Run, site: Path) -> None:
    """Who closed a day stands in that day's trail."""
    today = shanghai_now().date()
    config = site / "fep.toml"
    present = run("day", "list", "--bank", "0102", "--config", config).out.splitlines()[1].split("\t")[1]
    assert run("day", "close", "0102", "--date", present, "--config", config).exit_code == 0
    [line] = [line.split("\t") for line in audit("list", "--date", today).out.splitlines() if "\toperator\t" in line]
    assert (line[2], line[4], line[12], line[17]) == ("day closed", "0102", present_operator(), present)
