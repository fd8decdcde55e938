"""``fep day close``: a bank's clearing date ends by command."""

from datetime import timedelta
from pathlib import Path

import pytest

from fep.clock import shanghai_now
from fep.config.configuration import load
from fep.databases import open_database
from tests.fep.commands.conftest import Run
from tests.support.databases import stored


@pytest.fixture
def config(site: Path) -> Path:
    """A site whose banks have their cut-off at midnight's last minute, so that no day rolls in the middle of a test."""
    for path in (site / "banks").glob("*.toml"):
        text = path.read_text("utf-8").replace('# cut_off = "23:30"', 'cut_off = "23:59"')
        path.write_text(text, encoding="utf-8")
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
    database.dispose()
    assert counted == [("0102", 1)]


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
        (("0102",), "--date"),
    ],
)
def test_what_cannot_be_meant(run: Run, config: Path, words: tuple[str, ...], why: str) -> None:
    """Bad input is refused with what is wrong."""
    refused = run("day", "close", *words, "--config", config)
    assert refused.exit_code == 2
    assert why in refused.err
