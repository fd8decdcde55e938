"""Adjustments in the reports that an auditor calls: apart from all totals, and marked in the detail."""

from collections.abc import Callable

import pytest

from dbgate.database import Database
from tests.dbgate.reports.test_adjustments import adjust
from tests.fep.commands.conftest import Outcome
from tests.support.report_ledger import DAY

Report = Callable[..., Outcome]
HEADINGS = ["bank", "clearing date", "mends", "posted payments", "posted", "undone payments", "undone", "net"]
LINE = ["0102", "2026-11-22", "2026-11-21", "1", "0.80", "1", "0.50", "0.30"]


@pytest.mark.parametrize(
    "words", [("day", "--date", DAY), ("month", "--date", "2026-11"), ("statistics", "--date", DAY)], ids=lambda w: w[0]
)
def test_a_table_of_their_own(report: Report, books: Database, words: tuple[object, ...]) -> None:
    """It stands beside totals that are what they were; where there are no adjustments it is left out."""
    before = report(*words)
    adjust(books)
    after = report(*words)
    assert after.exit_code == before.exit_code == 0, after
    blocks, old_blocks = after.out.split("\n\n"), before.out.split("\n\n")
    assert blocks[0].rstrip() == old_blocks[0].rstrip()
    assert [line.split("\t") for line in blocks[1].splitlines()[:2]] == [HEADINGS, LINE]
    assert not any("mends" in block.splitlines()[0].split("\t") for block in old_blocks)


def test_marked_in_the_detail(report: Report, books: Database) -> None:
    """Each names the day that it mends; others name none."""
    adjust(books)
    detail = [line.split("\t") for line in report("day", "--date", DAY).out.split("\n\n")[-1].splitlines()]
    mends = detail[0].index("adjustment mends")
    assert {line[5]: line[mends] for line in detail[1:] if line[mends]} == {
        "000000000030": "2026-11-21",
        "000000000031": "2026-11-21",
    }
    assert "调账所调日期" in report("day", "--date", DAY, "--lang", "zh").out
