"""Statements for the ledger as a clerk gets them, on a site with the small ledger."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from dbgate.database import Database
from dbgate.records import Movement
from dbgate.tables import clearing_dates, payments
from fep.commands.reports.statement import message_id
from fep.config.configuration import load
from fep.databases import open_database
from tests.fep.commands.conftest import Run
from tests.fep.commands.reports.conftest import Report
from tests.fep.statements.messages import elements, texts, valid
from tests.support.branch_tables import add_branches
from tests.support.report_ledger import DAY, DAY_BEFORE, keep, row

FOLLOWING = DAY.replace(day=23)


def end_day(database: Database) -> None:
    """Let the day of all banks be over."""
    with database.money_engine.begin() as connection:
        connection.execute(update(clearing_dates).values(clearing_date=FOLLOWING))


@pytest.fixture
def closed(books: Database) -> Database:
    """The site's database after the cut-off."""
    end_day(books)
    return books


def test_a_statement_of_each_bank(report: Report, site: Path, closed: Database) -> None:
    """Its sums are those of the day report beside it; the screen has the totals alone."""
    camt, table = site / "day.xml", site / "day.csv"
    done = report("day", "--date", DAY, "--camt", camt, "--csv", table)
    assert (done.exit_code, done.err) == (0, "")
    document = valid(camt.read_bytes())
    assert texts(document, "GrpHdr/MsgId") == ["FEP-20261122-2-" + message_id(DAY, ["0102", "0103"])[-8:]]
    assert texts(document, "Stmt/Id") == ["0102-20261122", "0103-20261122"]
    assert texts(document, "Stmt/ElctrncSeqNb") == ["2", "2"]
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    for bank, statement in zip(rows, elements(document, "Stmt"), strict=True):
        assert texts(statement, "FinInstnId/Othr/Id") == [bank["bank"]]
        assert texts(statement, "TtlCdtNtries/NbOfNtries") == [bank["payments"]]
        assert texts(statement, "TtlCdtNtries/Sum") == [bank["paid"]]
        assert texts(statement, "TtlDbtNtries/NbOfNtries") == [str(int(bank["cancels"]) + int(bank["reversals"]))]
        assert texts(statement, "Bal/Amt") == ["0.00", bank["net"]]
    assert texts(document, "Ntry/AcctSvcrRef") == [f"{serial:012d}" for serial in (1, 2, 3, 4, 13, 14, 5)]
    assert camt.stat().st_mode & 0o777 == 0o600
    assert "用户" not in camt.read_text("utf-8")


def test_one_bank_with_its_account_and_names(report: Report, site: Path, closed: Database) -> None:
    """The account is the one of the bank's file; the list goes to the file only."""
    [bank] = (site / "banks").glob("0103_*.toml")
    bank.write_text(
        bank.read_text("utf-8").replace('# statement_account = ""', 'statement_account = "1001-77"'), "utf-8"
    )
    done = report("day", "--date", DAY, "--camt", site / "a.xml", "--bank", "0103", "--names")
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["bank", "0103", "total"]
    document = valid((site / "a.xml").read_bytes())
    assert texts(document, "GrpHdr/MsgId") == ["FEP-20261122-0103"]
    assert texts(document, "Acct/Id/Othr/Id") == ["1001-77"]
    assert texts(document, "Dbtr/Pty/Nm") == ["用户10"]


def test_adjustments_have_a_statement_of_their_own(report: Report, site: Path, closed: Database) -> None:
    """The day's own statement stays what 3001 tells the bank."""
    with closed.money_engine.begin() as connection:
        connection.execute(payments.insert(), row(31, 6, 1000, channel=10, mends_date=DAY_BEFORE))
    assert report("day", "--date", DAY, "--camt", site / "a.xml", "--bank", "0102").exit_code == 0
    day, adjustments = elements(valid((site / "a.xml").read_bytes()), "Stmt")
    assert (texts(day, "Bal/Amt"), texts(adjustments, "Bal/Amt")) == (["0.00", "8.00"], ["0.00", "10.00"])
    assert texts(adjustments, "Refs/Prtry/Ref")[-1] == "20261121"


def test_a_day_that_is_still_open(report: Report, site: Path) -> None:
    """A statement that may still grow would be taken for the last word: exit code 2, and no file."""
    done = report("day", "--date", DAY, "--camt", site / "a.xml")
    assert done.exit_code == 2
    assert "--camt: 0102: 2026-11-22 is still open; a statement is of a day that is over" in done.err
    assert not (site / "a.xml").exists()


def test_a_day_before_any_bank_began(report: Report, site: Path, closed: Database) -> None:
    """There is nothing to state."""
    done = report("day", "--date", "2026-11-01", "--camt", site / "a.xml", "--lang", "zh")
    assert (done.exit_code, "2026-11-01 尚无银行开始业务" in done.err) == (2, True)


def test_rows_that_were_changed(report: Report, site: Path, closed: Database) -> None:
    """What does not agree with itself goes into no ledger."""
    with closed.money_engine.begin() as connection:
        connection.execute(delete(payments).where(payments.c.movement == Movement.CANCEL))
    done = report("day", "--date", DAY, "--camt", site / "a.xml")
    assert (done.exit_code, "a.xml was not written" in done.err) == (1, True)
    assert not (site / "a.xml").exists()


def test_several_databases_are_one_bank(run: Run, site: Path, closed: Database) -> None:
    """One statement with the entries of all; its number counts from the bank's first day anywhere."""
    path = add_branches(site, ["01"], {"county": (2, "sqlite:///county.db", ["02"])})
    assert run("db", "upgrade", "--config", path).exit_code == 0
    county = open_database(load(path), 1)
    keep(county)
    end_day(county)
    county.dispose()
    assert run("report", "day", "--date", DAY, "--config", path, "--camt", site / "a.xml").exit_code == 0
    document = valid((site / "a.xml").read_bytes())
    assert texts(document, "Stmt/Id") == ["0102-20261122", "0103-20261122"]
    assert texts(document, "TtlCdtNtries/Sum") == ["48.00", "22.00"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--camt", "a.xml", "--teller", "T1"), "--camt goes with --bank alone"),
        (("--camt", "a.xml", "--class", "other"), "--camt goes with --bank alone"),
        (("--camt", "a.xml", "--csv", "./a.xml"), "--csv and --camt name one file"),
        (("--camt", "d-detail.csv", "--csv", "d.csv"), "a further table of --csv may take the name d-detail.csv"),
    ],
)
def test_bad_input(report: Report, words: tuple[object, ...], why: str) -> None:
    """Exit code 2, with what is wrong."""
    done = report("day", "--date", DAY, *words)
    assert (done.exit_code, why in done.err) == (2, True), done


def test_numbers_of_messages() -> None:
    """Of other banks or another day another one, else always the same, at most 35 characters."""
    numbers = [message_id(DAY, banks) for banks in (["0102"], ["0102", "0103"], ["0102", "0104"])]
    numbers.append(message_id(FOLLOWING, ["0102"]))
    assert len(set(numbers)) == 4
    assert max(map(len, numbers)) <= 35
    assert message_id(DAY, ["0102", "0103"]) == "FEP-20261122-2-D1AB668D"
