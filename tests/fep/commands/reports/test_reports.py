"""The reports as an auditor calls them, on a site with the small ledger."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from dbgate.database import Database
from dbgate.records import Movement
from dbgate.tables import clearing_dates, payments
from fep.config.configuration import load
from fep.databases import open_database
from tests.fep.commands.conftest import Run
from tests.fep.commands.reports.conftest import Report
from tests.support.branch_tables import add_branches
from tests.support.report_ledger import DAY, DAY_BEFORE, keep

ROOT = Path(__file__).parents[4]
STILL_OPEN = "0102: 2026-11-22 is still open, its sums may grow\n0103: 2026-11-22 is still open, its sums may grow\n"


def test_day(report: Report) -> None:
    """The totals of 3001 for each bank, a total, and every transaction; a day that is not over is said to be open."""
    done = report("day", "--date", DAY)
    totals, _, detail = done.out.partition("\n\n")
    assert (done.exit_code, done.err) == (0, STILL_OPEN)
    assert totals.splitlines() == [
        "bank\tpayments\tpaid\tcancels\tcancelled\treversals\treversed\tnet payments\tnet",
        "0102\t4\t24.00\t1\t7.00\t1\t9.00\t2\t8.00",
        "0103\t1\t11.00\t0\t0.00\t0\t0.00\t1\t11.00",
        "total\t5\t35.00\t1\t7.00\t1\t9.00\t3\t19.00",
    ]
    rows = detail.splitlines()
    assert len(rows) == 1 + 9
    assert "\tpay\tcancelled\t******0002\t7.00\t" in rows[3]
    assert "用户" not in done.out


def test_day_in_chinese_with_names(report: Report) -> None:
    """Headings and values in Chinese; names only when they are asked for."""
    done = report("day", "--date", DAY, "--names", "--bank", "0103", "--lang", "zh")
    assert done.out.startswith("银行\t交费笔数\t交费金额\t")
    assert "\t交费\t有效\t" in done.out
    assert done.out.rstrip().endswith("\t用户10")


def test_rows_that_were_changed_are_a_finding(report: Report, books: Database) -> None:
    """An undo that somebody deleted leaves a payment that is undone by nothing: exit code 1."""
    with books.money_engine.begin() as connection:
        connection.execute(delete(payments).where(payments.c.movement == Movement.CANCEL))
    for words in (("day", "--date", DAY), ("month", "--date", "2026-11")):
        done = report(*words)
        assert done.exit_code == 1
        assert "0102 2026-11-22: payments say 1/700/1/900, undos say 0/0/1/900" in done.err


def test_month(report: Report, site: Path) -> None:
    """By bank and clearing date; the detail where it is wanted."""
    done = report("month", "--date", "202611")
    assert [line.split("\t")[:4] for line in done.out.splitlines()] == [
        ["bank", "day", "payments", "paid"],
        ["0102", "2026-11-21", "1", "0.50"],
        ["0102", "2026-11-22", "4", "24.00"],
        ["0103", "2026-11-22", "1", "11.00"],
        ["total", "", "6", "35.50"],
    ]
    path = site / "month.csv"
    assert report("month", "--date", "2026-11", "--detail", "--csv", path).exit_code == 0
    assert len((site / "month-detail.csv").read_text("utf-8-sig").splitlines()) == 1 + 10


def test_arrears(report: Report) -> None:
    """Late fees bill by bill: 100 fen each is at its floor, which is its cap too; other: 30 and 304 days, by hand."""
    done = report("arrears", "--date", "2026-10-01")
    assert [line.split("\t") for line in done.out.splitlines()[1:]] == [
        ["0101", "residential", "10", "20", "30.00", "10", "10.00", "0.00", "10.00", "40.00"],
        # 12,000 x (0.2 % x 30 days + 0.3 % x 274 days) = 10,584
        ["0202", "other", "1", "1", "120.00", "1", "120.00", "0.00", "105.84", "225.84"],
        ["total", "", "11", "21", "150.00", "11", "130.00", "0.00", "115.84", "265.84"],
    ]


def test_arrears_list(report: Report) -> None:
    """A row for each bill; its late fees add up to those of the sums."""
    done = report("arrears", "--date", "2026-10-01", "--list", "--branch", "0202", "--names")
    _, _, listed = done.out.partition("\n\n")
    assert listed.splitlines()[1].split("\t") == [
        *("******0010", "0202", "other", "counter", "DB000010A", "2025-11", "2025-12-01", "304"),
        *("120.00", "105.84", "225.84", "open", "0.00", "用户10", "人民路1号"),
    ]


def test_statistics(report: Report) -> None:
    """What was collected by any measure, and what fell due and is not paid; a teller brings its bank and outlet."""
    done = report("statistics", "--from", DAY_BEFORE, "--to", DAY, "--by", "teller,month")
    assert [line.split("\t") for line in done.out.partition("\n\n")[0].splitlines()[1:]] == [
        ["0102", "0001", "T1", "2026-11", "3", "8.50", "0", "0.00", "3", "8.50", "6.50", "0.00", "2.00"],
        ["0102", "0001", "T2", "2026-11", "1", "7.00", "1", "7.00", "0", "0.00", "0.00", "0.00", "0.00"],
        ["0102", "0002", "T1", "2026-11", "1", "9.00", "1", "9.00", "0", "0.00", "0.00", "0.00", "0.00"],
        ["0103", "0001", "T1", "2026-11", "1", "11.00", "0", "0.00", "1", "11.00", "10.00", "1.00", "0.00"],
        ["total", "", "", "", "6", "35.50", "2", "16.00", "4", "19.50", "16.50", "1.00", "2.00"],
    ]
    due = report("statistics", "--from", "2026-09-25", "--to", "2026-09-25", "--by", "class", "--class", "residential")
    assert due.out.splitlines()[-1].startswith("total\t10\t10\t10.00\t10\t10.00\t0.00\t")


def test_doubtful(report: Report) -> None:
    """Findings are exit code 1, each with why."""
    done = report("doubtful", "--date", DAY)
    assert done.exit_code == 1
    assert [line.split("\t")[:3] for line in done.out.splitlines()[1:]] == [
        ["refused, not paid since", "2003 amount differs from what is payable", "0102"],
        ["reversed before arrival, not paid since", "", "0102"],
        ["undone late", "after 40 minutes", "0102"],
    ]
    more = report("doubtful", "--date", DAY, "--cash-limit", "5", "--undo-count", "1", "--lang", "zh")
    assert "大额现金\t\t0102" in more.out
    assert "柜员频繁冲销" in more.out
    assert report("doubtful", "--date", DAY_BEFORE).exit_code == 0


def test_a_day_before_the_first(report: Report) -> None:
    """A mistyped year shows nothing, and it is said why."""
    done = report("day", "--date", "2016-11-22")
    assert done.exit_code == 0
    assert done.err.startswith("2016-11-22 was before the first clearing date, 20")
    assert "早于首个清算日期" in report("month", "--date", "2016-11", "--lang", "zh").err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("day", "--date", "2026-11-31"), "not a day"),
        (("day", "--date", "2026-11-23"), "2026-11-23 has not begun; the latest clearing date is 2026-11-22"),
        (("day", "--date", DAY, "--bank", "9999"), "there is no bank 9999"),
        (("month", "--date", "2026-13"), "2026-13: not a month as YYYY-MM"),
        (("month", "--date", "20261"), "20261: not a month as YYYY-MM"),
        (("month", "--date", "2026W3"), "2026W3: not a month as YYYY-MM"),
        (("month", "--date", "２０２６-１１"), "not a month as YYYY-MM"),
        (("day", "--date", "2026-W30-1"), "2026-W30-1: not a day as YYYY-MM-DD"),
        (("day", "--date", "2026W301"), "2026W301: not a day as YYYY-MM-DD"),
        (("day", "--date", "２０２６1122"), "not a day as YYYY-MM-DD"),
        (("statistics", "--from", DAY), "--from goes with --to"),
        (("statistics", "--from", DAY, "--to", DAY_BEFORE), "is after --to"),
        (("statistics", "--by", "weather"), "weather: not one of bank, outlet"),
        (("arrears", "--by", "teller"), "teller: not one of branch, class"),
        (("doubtful", "--cash-limit", "1.005"), "1.005: not an amount in yuan"),
        (("doubtful", "--cash-limit", "nan"), "nan: not an amount in yuan"),
        (("arrears", "--csv", "x", "--xlsx", "x"), "--csv and --xlsx name one file"),
        (("arrears", "--csv", "a", "--xlsx", "./b/../a"), "--csv and --xlsx name one file"),
        (("day", "--csv", "d.csv", "--xlsx", "d-detail.csv"), "--xlsx: a further table of --csv may take the name d-d"),
        (("day", *["--bank=0102"] * 1001), "1001 values; at most 1000"),
        (("arrears", *["--class=other"] * 1001), "1001 values; at most 1000"),
    ],
)
def test_bad_input(report: Report, words: tuple[object, ...], why: str) -> None:
    """Exit code 2, with what is wrong."""
    done = report(*words)
    assert (done.exit_code, why in done.err) == (2, True), done


def test_a_database_that_is_away(run: Run, site: Path, books: Database) -> None:
    """A report over the others would pass for the whole: exit code 3, by name, and no file."""
    path = add_branches(site, ["01"], {"county": (2, "sqlite:///county.db", ["02"])})
    done = run("report", "arrears", "--config", path, "--csv", site / "a.csv")
    assert done.exit_code == 3
    assert done.err.startswith("county: ")
    assert not (site / "a.csv").exists()


def test_several_databases(run: Run, site: Path, books: Database) -> None:
    """Sums are over all of them; a day is open until the last has rolled."""
    path = add_branches(site, ["01"], {"county": (2, "sqlite:///county.db", ["02"])})
    assert run("db", "upgrade", "--config", path).exit_code == 0
    county = open_database(load(path), 1)
    keep(county)
    with books.money_engine.begin() as connection:
        connection.execute(update(clearing_dates).values(clearing_date=DAY.replace(day=23)))
    done = run("report", "day", "--date", DAY, "--config", path)
    county.dispose()
    assert done.err == STILL_OPEN
    assert "\n0102\t8\t48.00\t2\t14.00\t2\t18.00\t4\t16.00\n" in done.out


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree as a site has it: scripts, packages, and the Python of these tests as its own."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "scripts", tree / "scripts", ignore=shutil.ignore_patterns("benchmarks"))
    for package in ("fep", "handlers", "dbgate", "protocol", "crypto"):
        (tree / package).symlink_to(ROOT / package)
    return tree


def call(tree: Path, script: str, site: Path) -> subprocess.CompletedProcess[str]:
    """Call a script of the tree from the site's directory."""
    return subprocess.run(
        [tree / "scripts" / script, "--config", "fep.toml"],
        cwd=site,
        env={**os.environ, "FEP_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["day_report", "month_report", "arrears", "statistics", "doubtful"])
def test_scripts(name: str, site: Path, tree: Path) -> None:
    """The scripts call the commands, from any directory, with paths as the caller has them."""
    python = tree / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    done = call(tree, name, site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\t") > 3


def test_a_script_of_a_tree_without_its_environment(site: Path, tree: Path) -> None:
    """Exit code 3, with what to do."""
    done = call(tree, "day_report", site)
    assert (done.returncode, "run scripts/demo --once first" in done.stderr) == (3, True)
