"""``fep day``: a bank's clearing date ends by command, and what its days came to is listed."""

import os
import pwd
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from dbgate.books.states import DifferenceState
from dbgate.books.tables import differences, reconciliations
from dbgate.database import Database
from dbgate.tables import clearing_dates, payments
from fep.clock import shanghai_now
from fep.config.configuration import load
from fep.databases import open_database
from tests.fep.commands.conftest import Run
from tests.support.branch_tables import add_branches
from tests.support.databases import stored
from tests.support.report_ledger import DAY, DAY_BEFORE, TEN, row


@pytest.fixture
def config(site: Path) -> Path:
    """A site whose banks have their cut-off at midnight's last minute, so that no day rolls in the middle of a test."""
    for path in (site / "banks").glob("*.toml"):
        text = path.read_text("utf-8").replace('# cut_off = "23:30"', 'cut_off = "23:59"')
        path.write_text(text, encoding="utf-8")
    database, today = open_database(load(site / "fep.toml")), shanghai_now().date()
    with database.money_engine.begin() as connection:  # made after 23:30, the site is a day ahead
        connection.execute(update(clearing_dates).values(clearing_date=today, first_date=today))
    database.dispose()
    return site / "fep.toml"


def test_a_day_is_closed_once(run: Run, config: Path) -> None:
    """The date moves on; said again nothing more happens."""
    today = shanghai_now().date()
    tomorrow = today + timedelta(days=1)
    words = ("day", "close", "0102", "--date", today, "--config", config)
    for _ in range(2):
        done = run(*words)
        assert (done.exit_code, done.out) == (0, f"0102: {today} is closed; the clearing date is {tomorrow}\n"), done
    database = open_database(load(config))
    counted = stored(database, "SELECT bank_code, count(*) FROM closings GROUP BY bank_code")
    acts = stored(database, "SELECT operator, act, bank_code, subject FROM operator_acts")
    database.dispose()
    assert counted == [("0102", 1)]
    assert acts == [(pwd.getpwuid(os.getuid()).pw_name, "day_close", "0102", f"{today}")]


def test_a_day_that_has_not_begun(run: Run, config: Path) -> None:
    """Nothing is closed, and the present day is told."""
    today = shanghai_now().date()
    tomorrow = today + timedelta(days=1)
    refused = run("day", "close", "0102", "--date", f"{tomorrow:%Y%m%d}", "--config", config)
    assert (refused.exit_code, refused.err) == (
        2,
        f"0102: {tomorrow} has not begun; the clearing date is {today}\n",
    )
    told = run("--lang", "zh", "day", "close", "0102", "--date", tomorrow, "--config", config)
    assert "尚未开始" in told.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("9999", "--date", "2026-11-22"), "9999 is no bank of"),
        (("0102", "--date", "2026-02-30"), "2026-02-30: not a day as YYYY-MM-DD"),
        (("0102", "--date", "2026-W47-7"), "2026-W47-7: not a day as YYYY-MM-DD"),
        (("0102", "--date", "２０２６1122"), "not a day as YYYY-MM-DD"),
        (("0102",), "--date"),
        (("--date", "2026-11-22"), "which BANK?"),
        (("0102", "--bank", "0103", "--date", "2026-11-22"), "two banks"),
    ],
)
def test_what_cannot_be_meant(run: Run, config: Path, words: tuple[str, ...], why: str) -> None:
    """Bad input is refused with what is wrong."""
    refused = run("day", "close", *words, "--config", config)
    assert refused.exit_code == 2
    assert why in refused.err


def test_all_banks_are_closed(run: Run, config: Path) -> None:
    """One command for a holiday: a line for each bank, and each has its act."""
    today = shanghai_now().date()
    done = run("day", "close", "--bank", "all", "--date", today, "--config", config)
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["0102", "0103", "0104", "0105", "0403"]
    database = open_database(load(config))
    assert stored(database, "SELECT count(*) FROM closings") == [(5,)]
    assert stored(database, "SELECT count(*) FROM operator_acts") == [(5,)]
    database.dispose()


@pytest.fixture
def county(run: Run, config: Path) -> Iterator[Database]:
    """A second database of the site."""
    path = add_branches(config.parent, ["01"], {"county": (2, "sqlite:///county.db", ["02"])})
    assert run("db", "upgrade", "--config", path).exit_code == 0
    database = open_database(load(path), 1)
    yield database
    database.dispose()


def test_a_day_that_has_not_begun_everywhere(run: Run, config: Path, county: Database) -> None:
    """Of two databases the first could close the day and the second could not: neither does, and it is told."""
    today = shanghai_now().date()
    tomorrow = today + timedelta(days=1)
    first = open_database(load(config))
    with first.money_engine.begin() as connection:
        connection.execute(update(clearing_dates).values(clearing_date=tomorrow))
    refused = run("day", "close", "0102", "--date", tomorrow, "--config", config)
    assert (refused.exit_code, refused.err) == (2, f"0102: {tomorrow} has not begun; the clearing date is {today}\n")
    for database in (first, county):
        assert stored(database, "SELECT count(*) FROM closings") == [(0,)]
    assert stored(first, "SELECT count(*) FROM operator_acts") == [(0,)]
    first.dispose()


def test_a_day_that_is_over_in_one_database(run: Run, config: Path, county: Database) -> None:
    """What a command did not finish is finished when it is repeated; who did it stands in the first database."""
    today = shanghai_now().date()
    first = open_database(load(config))
    with first.money_engine.begin() as connection:
        connection.execute(update(clearing_dates).values(clearing_date=today + timedelta(days=1)))
    done = run("day", "close", "0102", "--date", today, "--config", config)
    assert (done.exit_code, done.err) == (0, "")
    assert stored(first, "SELECT count(*) FROM closings") == [(0,)]
    assert stored(county, "SELECT bank_code FROM closings") == [("0102",)]
    assert stored(first, "SELECT act FROM operator_acts") == [("day_close",)]
    first.dispose()


LISTED = ("day", "list", "--from", DAY_BEFORE, "--to", DAY)


def test_days_are_listed(run: Run, site: Path, books: Database) -> None:
    """A row for each bank and day, the open one marked; those jumped over are closed and empty; the totals of 3001."""
    with books.money_engine.begin() as connection:
        connection.execute(
            reconciliations.insert(), [_reconciliation(DAY_BEFORE, 10000000007), _reconciliation(date(2026, 11, 20), 8)]
        )
        connection.execute(
            differences.insert(), [_difference(number, state) for number, state in enumerate(DifferenceState)]
        )
        adjusted = row(50, 0, 900, mends_date=DAY_BEFORE, channel=10)
        connection.execute(payments.insert(), adjusted)
    done = run(*LISTED, "--config", site / "fep.toml")
    assert (done.exit_code, done.err) == (0, "")
    assert [line.split("\t") for line in done.out.splitlines()] == [
        [
            *("bank", "day", "state", "payments", "paid", "cancels", "cancelled", "reversals", "reversed", "net"),
            *("reconciled as batch", "open differences"),
        ],
        # open are those that nobody has looked at, and those that wait for a second operator
        ["0102", "2026-11-21", "closed", "1", "0.50", "0", "0.00", "0", "0.00", "0.50", "010000000007", "2"],
        ["0102", "2026-11-22", "open", "4", "24.00", "1", "7.00", "1", "9.00", "8.00", "", ""],
        ["0103", "2026-11-21", "closed", "0", "0.00", "0", "0.00", "0", "0.00", "0.00", "", ""],
        ["0103", "2026-11-22", "open", "1", "11.00", "0", "0.00", "0", "0.00", "11.00", "", ""],
        ["total", "", "", "6", "35.50", "1", "7.00", "1", "9.00", "19.50", "", "2"],
    ]
    one = run(*LISTED, "--bank", "0103", "--csv", site / "days.csv", "--config", site / "fep.toml")
    assert one.exit_code == 0
    assert len((site / "days.csv").read_text("utf-8-sig").splitlines()) == 1 + 2
    assert "no bank 9999" in run(*LISTED, "--bank", "9999", "--config", site / "fep.toml").err


def test_a_day_closed_by_command_is_listed_as_such(run: Run, config: Path) -> None:
    """The day after the present one by the calendar is shown too, for it is the open one then."""
    today = shanghai_now().date()
    run("day", "close", "0102", "--date", today, "--config", config)
    done = run("day", "list", "--bank", "0102", "--config", config, "--lang", "zh")
    assert [line.split("\t")[:3] for line in done.out.splitlines()[1:3]] == [
        ["0102", f"{today}", "命令日切"],
        ["0102", f"{today + timedelta(days=1)}", "未日切"],
    ]


def _reconciliation(day: date, batch_no: int) -> dict[str, object]:
    counts = ("matched", "amount_differs", "state_differs", "only_bank", "only_fep", "in_flight")
    return {
        "bank_code": "0102",
        "clearing_date": day,
        "batch_no": batch_no,
        "file_name": "DZ.txt",
        "file_digest": "",
        "bank_row_count": 1,
        "bank_total_fen": 50,
        "fep_row_count": 1,
        "fep_total_fen": 50,
        **{f"{name}_count": 0 for name in counts},
        "done_at": TEN,
    }


def _difference(number: int, state: DifferenceState) -> dict[str, object]:
    return {
        "difference_no": number,
        "bank_code": "0102",
        "clearing_date": DAY_BEFORE,
        "bank_date": DAY_BEFORE,
        "bank_serial": f"{number}",
        "matching": 4,
        "state": state,
    }
