"""Differences as an operator looks at them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.books.tables import differences
from dbgate.database import Database
from tests.fep.commands.conftest import Outcome, Run
from tests.support.report_ledger import DAY, DAY_BEFORE

Recon = Callable[..., Outcome]


@pytest.fixture
def recon(run: Run, site: Path, books: Database) -> Recon:
    """Run ``fep recon`` on a site with three differences: open, done and carried."""
    one_side = {"bank_account_no": "0100000001", "bank_txn": 2002, "bank_amount_fen": 500, "bank_state": 1}
    other_side = {"fep_account_no": "0100000001", "fep_txn": 2002, "fep_amount_fen": 499, "fep_state": 2}
    done = {
        "act": DifferenceAct.REFUND,
        "amount_fen": 1,
        "reason": "客户要求",
        "proposed_by": "wang",
        "proposed_at": datetime(2026, 11, 23, 9, 0),  # noqa: DTZ001 - the database clock is naive by contract
        "approved_by": "li",
        "approved_at": datetime(2026, 11, 23, 9, 30),  # noqa: DTZ001
    }
    is_done = {"state": DifferenceState.DONE, **done}
    is_carried = {"state": DifferenceState.CARRIED, "other_date": DAY}
    found: list[dict[str, Any]] = [
        {"difference_no": 10_000_000_001, "matching": 4, "state": DifferenceState.OPEN, **one_side},
        {"difference_no": 10_000_000_002, "matching": 2, **one_side, **other_side, **is_done},
        {"difference_no": 10_000_000_003, "matching": 6, **other_side, **is_carried},
    ]
    with books.money_engine.begin() as connection:
        for number, row in enumerate(found):
            day = DAY_BEFORE if "other_date" in row else DAY
            about = {"bank_code": "0102", "clearing_date": day, "bank_date": DAY, "bank_serial": f"{number:012d}"}
            connection.execute(differences.insert(), about | row)
    return lambda *words: run("recon", *words, "--config", site / "fep.toml")


def test_list_shows_what_is_still_to_be_settled(recon: Recon) -> None:
    """Open and carried ones; those that are done are shown when asked for."""
    shown = recon("list")
    assert shown.exit_code == 0
    assert [line.split("\t")[:5] for line in shown.out.splitlines()[1:]] == [
        ["10000000003", "0102", "2026-11-21", "in flight", "carried"],
        ["10000000001", "0102", "2026-11-22", "only bank", "open"],
    ]
    done = recon("list", "--state", "done", "--lang", "zh")
    assert done.out.splitlines()[1].split("\t") == [
        *("10000000002", "0102", "2026-11-22", "金额不符", "已处理", "2026-11-22", "000000000001"),
        *("******0001", "交费", "5.00", "有效", "******0001", "交费", "4.99", "已撤销", "", "", "退款", "wang", "li"),
    ]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (("--state", "all"), [3, 1, 2]),
        (("--state", "all", "--date", "2026-11-21"), [3]),
        (("--from", "2026-11-22", "--to", "2026-11-30"), [1]),
        (("--bank", "0103"), []),
        (("--state", "open", "--state", "done"), [1, 2]),
    ],
)
def test_list_is_narrowed(recon: Recon, words: tuple[str, ...], numbers: list[int]) -> None:
    """By bank, day, period and state."""
    found = [int(line.split("\t")[0]) % 10 for line in recon("list", *words).out.splitlines()[1:]]
    assert found == numbers


def test_show(recon: Recon) -> None:
    """Both sides, and who did what about it."""
    shown = recon("show", 10_000_000_002)
    assert shown.exit_code == 0
    lines = [line.split("\t") for line in shown.out.splitlines()]
    assert ["amount", "5.00", "4.99"] in lines
    assert ["state", "posted", "cancelled"] in lines
    assert ["proposed by", "wang", "2026-11-23 09:00:00"] in lines
    assert ["approved by", "li", "2026-11-23 09:30:00"] in lines


def test_a_difference_that_is_none(recon: Recon) -> None:
    """Exit code 2, in the user's language."""
    assert recon("show", 7).err == "there is no difference 7\n"
    missing = recon("show", 7, "--lang", "zh")
    assert (missing.exit_code, missing.err) == (2, "没有差异 7\n")
