"""A day's reconciliation as a whole: killed at any step and repeated, over several databases, and what it refuses."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from dbgate.database import Database
from dbgate.records import Movement
from fep import cli
from fep.files.folders import BankFolder
from fep.reconciliation import bank_file, matched
from tests.fep.reconciliation.conftest import Run
from tests.support.databases import stored
from tests.support.recon_day import AFTER, BEFORE, DAY, Line, classes, clear, file_of, keep, paid, result, send, undone

STEPS = [
    ("fep.reconciliation.day:matched", "done"),
    ("fep.files.folders:_write_synced", "begun"),
    ("fep.files.folders:_write_synced", "done"),
    ("fep.reconciliation.day:store", "done"),
    ("fep.files.folders:Aside.publish", "begun"),
    ("fep.files.folders:Aside.publish", "done"),
]
LINES = [
    Line(1, 1, 100),
    Line(2, 2, 201),
    Line(3, 3, 300, state=2),
    Line(4, 4, 400),
    Line(4, 4, 400),
    Line(9, 3, 300, txn=2003),
]
BOOKS = "SELECT bank_serial, matching, state, bank_amount_fen, undo_serial FROM differences ORDER BY 1, 2, 4"


def fill(journals: Sequence[Database]) -> None:
    """Put the day's rows where their accounts stand."""
    keep(journals[0], [paid(1, 1, 100), paid(2, 2, 200), paid(3, 3, 300), paid(7, 5, 700, bank_date=AFTER)])
    keep(journals[1], [paid(5, 101, 500)])


@pytest.mark.parametrize(("step", "when"), STEPS, ids=lambda value: str(value).rpartition(":")[2])
def test_killed_and_repeated(site: Path, journals: list[Database], run: Run, step: str, when: str) -> None:
    """Whatever was done by then, a repeat comes to the same books and the same file, and none is seen by half."""
    fill(journals)
    send(site, LINES)
    whole = run()
    assert whole.returncode == 1, whole.stderr
    expected = stored(journals[0], BOOKS), result(site).read_bytes()
    result(site).unlink()
    for database in journals:
        clear(database)
    fill(journals)
    assert run(kill=(step, when)).returncode == -9
    if result(site).exists():
        assert result(site).read_bytes() == expected[1]
    assert run().returncode == 1
    assert (stored(journals[0], BOOKS), result(site).read_bytes()) == expected
    assert stored(journals[0], "SELECT count(*) FROM operator_acts") == [(1,)]
    assert stored(journals[0], "SELECT count(*) FROM reconciliations") == [(1,)]


def test_a_finished_day_stays_as_it_is(site: Path, journals: list[Database], run: Run) -> None:
    """The same file again changes nothing and makes a lost result file anew; another file is refused."""
    fill(journals)
    path = send(site, LINES)
    first = run()
    books = stored(journals[0], BOOKS), stored(journals[0], "SELECT * FROM reconciliations")
    content = result(site).read_bytes()
    result(site).unlink()
    again = run()
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert result(site).read_bytes() == content
    path.write_bytes(file_of(LINES[:1]))
    other = run()
    assert other.returncode == 2
    assert "a finished day changes only through its differences" in other.stderr
    path.unlink()
    assert run("--bank", "0102").stdout == first.stdout
    assert (stored(journals[0], BOOKS), stored(journals[0], "SELECT * FROM reconciliations")) == books


def test_over_several_databases(site: Path, journals: list[Database], run: Run) -> None:
    """The file is held against all journals together; the books stand in the first database alone."""
    keep(journals[0], [paid(1, 1, 100)])
    keep(journals[1], [paid(2, 101, 200), paid(3, 101, 300, AFTER, bank_date=DAY)])
    keep(journals[2], [paid(4, 201, 400), paid(5, 201, 500)])
    send(site, [Line(1, 1, 100), Line(2, 101, 200), Line(3, 101, 300), Line(4, 201, 401)])
    done = run("--lang", "zh")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1].split("\t")[3:13] == ["4", "10.01", "4", "12.00", "2", "1", "0", "0", "1", "1"]
    assert classes(result(site)) == [(1, 1), (2, 1), (3, 6), (4, 2), (5, 5)]
    counts = [stored(each, "SELECT count(*) FROM differences") for each in journals]
    assert counts == [[(3,)], [(0,)], [(0,)]]


def test_a_day_that_is_open_somewhere(site: Path, journals: list[Database], run: Run) -> None:
    """Payments may still enter it there."""
    clear(journals[2], present=DAY)
    send(site, [])
    refused = run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"{DAY} is not over: the clearing date is {DAY};" in refused.stderr


def test_a_day_that_never_was(site: Path, journals: list[Database], run: Run) -> None:
    """Before the bank's first clearing date there is nothing to reconcile."""
    refused = run("--bank", "0102", "--date", "2026-11-01")
    assert (refused.returncode, "is no clearing date of bank 0102" in refused.stderr) == (2, True)


def test_a_file_that_is_missing(site: Path, journals: list[Database], run: Run) -> None:
    """Is a finding where the bank has transactions; a bank that has none is left out, and where all are it is said."""
    nothing = run()
    assert (nothing.returncode, nothing.stderr) == (0, "2026-11-20: no file of a bank, and no transactions\n")
    assert len(nothing.stdout.splitlines()) == 1
    keep(journals[1], [paid(5, 101, 500)])
    found = run()
    assert (found.returncode, found.stderr) == (1, "0102: the bank's file DZ010220261120.txt is missing\n")
    assert run("--bank", "0103").returncode == 2


def _wrong_files() -> dict[str, bytes]:
    good = file_of(LINES)
    return {
        "empty": b"",
        "cut": good[:-20],
        "no tail": good[: good.rindex(b"T")],
        "changed": good.replace(b"%016d" % 400, b"%016d" % 401, 1),
        "another day's": file_of(LINES, BEFORE),
        "another bank's": file_of(LINES, bank="0103"),
        "another total": good.replace(b"%016d1\r\n" % 400, b"%016d1\r\n" % 500, 1),
        "more behind it": good + b"x\r\n",
        "no file": os.urandom(200),
    }


@pytest.mark.parametrize("wrong", _wrong_files())
def test_a_file_that_is_wrong(site: Path, journals: list[Database], run: Run, wrong: str) -> None:
    """Is refused whole: nothing is stored, no result file, exit code 2."""
    fill(journals)
    send(site, []).write_bytes(_wrong_files()[wrong])
    refused = run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("0102: DZ010220261120.txt, line ")
    assert refused.stderr.endswith("; nothing of the file was used\n")
    assert not result(site).exists()
    for table in ("reconciliations", "differences", "operator_acts"):
        assert stored(journals[0], f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_file_of_another_day_under_this_name(
    site: Path, journals: list[Database], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When more rows differ than can be worked, it is refused, and nothing is stored."""
    monkeypatch.setattr(bank_file, "DIFFERENCES_MAX", 3)
    monkeypatch.setattr(matched, "DIFFERENCES_MAX", 3)
    fill(journals)
    send(site, [Line(number, 1, number) for number in range(11, 16)])
    words = ["recon", "run", "--config", str(site / "fep.toml"), "--date", str(DAY)]
    assert cli.main(words) == 2
    assert stored(journals[0], "SELECT count(*) FROM reconciliations") == [(0,)]
    assert not result(site).exists()


def test_another_file_by_its_path(site: Path, journals: list[Database], run: Run, tmp_path: Path) -> None:
    """It needs no bank when its name tells; else the bank is given."""
    keep(journals[0], [paid(1, 1, 100)])
    named, unnamed = tmp_path / "DZ010220261120.txt", tmp_path / "from-the-bank"
    for path in (named, unnamed):
        path.write_bytes(file_of([Line(1, 1, 100)]))
    assert run("--file", unnamed).returncode == 2
    assert run("--file", unnamed, "--bank", "0102").returncode == 0
    assert run("--file", named).returncode == 0
    assert run("--file", tmp_path / "none", "--bank", "0102").returncode == 1


def test_a_total_below_zero(site: Path, journals: list[Database], run: Run) -> None:
    """Where more was undone than paid the head's total is zeros: its field has no sign."""
    keep(journals[0], [undone(3, 99, 1, 500, movement=Movement.CANCEL)])
    send(site, [Line(1, 1, 100)])
    assert run().returncode == 1
    assert result(site).read_bytes()[21:37] == b"0" * 16
    assert classes(result(site)) == [(1, 4), (3, 5)]


def test_nothing_is_left_aside(site: Path, journals: list[Database], run: Run) -> None:
    """A run that ends well leaves no file that is not complete."""
    fill(journals)
    send(site, LINES)
    run()
    assert list(BankFolder(site / "files" / "0102").partial.iterdir()) == []
