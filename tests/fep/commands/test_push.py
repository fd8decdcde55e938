"""``fep push list``: how many bills are pushed to each bank, and those that a person must look at."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dbgate.books.states import PushReason, PushState
from dbgate.books.tables import operator_acts, pushes
from fep.config.configuration import load
from fep.databases import open_database, open_databases
from tests.fep.commands.conftest import Outcome, Run
from tests.support.branch_tables import add_branches

AT = datetime(2026, 11, 21, 9, 30)  # noqa: DTZ001 - the database clock is naive by contract
PASSBOOK = "6222000099998888"


@pytest.fixture
def push(run: Run, site: Path) -> Callable[..., Outcome]:
    """Run ``fep push`` on a site with a dead push, a refused one and one that waits."""
    dead = {
        "state": PushState.DEAD,
        "reason": PushReason.IDENTITY_TAKEN,
        "fep_serial": 10_000_000_042,
        "pushed_at": AT,
        "tries": 2,
        "debit_date": AT.date(),
        "debit_serial": "000000000077",
        "debited_fen": 12_345,
        "is_reported": True,
    }
    found: list[dict[str, Any]] = [
        dead,
        {"state": PushState.REFUSED, "refusal": "0062", "tries": 1, "is_reported": False},
        {"state": PushState.WAITING, "bank_code": "0103", "tries": 0, "is_reported": False},
    ]
    plain = {"account_no": "0100000001", "bank_code": "0102", "created_at": AT, "due_at": AT}
    database = open_database(load(site / "fep.toml"))
    with database.money_engine.begin() as connection:
        for number, row in enumerate(found):
            about = {"bill_no": f"TB{number}", "name": "王建国", "passbook": PASSBOOK}
            connection.execute(pushes.insert(), plain | about | row)
    database.dispose()
    return lambda *words: run("push", *words, "--config", site / "fep.toml")


def rows_of(outcome: Outcome) -> list[list[str]]:
    return [line.split("\t") for line in outcome.out.splitlines() if "\t" in line]


def test_counts_and_what_is_dead(push: Callable[..., Outcome]) -> None:
    """Every state is counted, the dead are listed with all that the bank said, and no name or bank account."""
    outcome = push("list")
    assert outcome.exit_code == 0
    counts = [row for row in rows_of(outcome) if len(row) == 3]
    assert counts[1:] == [["0102", "refused", "1"], ["0102", "dead", "1"], ["0103", "waiting", "1"]]
    [listed] = [row for row in rows_of(outcome) if "TB0" in row]
    assert listed[:7] == ["0102", "******0001", "TB0", "dead", "bank serial is another payment's", "010000000042", "2"]
    assert listed[-7:] == ["", "2026-11-21", "000000000077", "123.45", "", "yes", ""]
    assert "TB1" not in outcome.out
    assert "王建国" not in outcome.out
    assert PASSBOOK not in outcome.out


def test_other_states(push: Callable[..., Outcome]) -> None:
    """By state, by bank, or all; in Chinese too."""
    assert "TB1" in push("list", "--state", "refused").out
    assert [bill in push("list", "--state", "all").out for bill in ("TB0", "TB1", "TB2")] == [True] * 3
    other = push("list", "--state", "all", "--bank", "0103").out
    assert ("TB2" in other, "TB1" in other) == (True, False)
    assert push("list", "--bank", "0999").exit_code == 2
    assert push("list", "--state", "lost").exit_code == 2


def test_as_a_file(push: Callable[..., Outcome], tmp_path: Path) -> None:
    """The long list goes to the file, the counts stay on the screen."""
    assert push("list", "--csv", tmp_path / "pushes.csv").exit_code == 0
    assert "TB0" in (tmp_path / "pushes-list.csv").read_text(encoding="utf-8-sig")


# --- working the dead


@pytest.fixture
def desk(push: Callable[..., Outcome], site: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run ``fep push`` as the operator who is named first."""

    def work(operator: str, *words: object) -> Outcome:
        monkeypatch.setattr("fep.commands.pushes.desk.present_operator", lambda: operator)
        return push(*words)

    return work


NUMBER = 10_000_000_042
REASON = ("--reason", "bank's letter of today")


def push_of(site: Path) -> tuple[Any, ...]:
    database = open_database(load(site / "fep.toml"))
    with database.money_engine.begin() as connection:
        columns = pushes.c
        found = connection.execute(
            select(columns.state, columns.owner, columns.fep_serial, columns.debit_serial).where(
                columns.bill_no == "TB0"
            )
        ).one()
    database.dispose()
    return tuple(found)


def acts_of(site: Path) -> list[tuple[Any, ...]]:
    database = open_database(load(site / "fep.toml"))
    with database.money_engine.begin() as connection:
        columns = operator_acts.c
        found = connection.execute(select(columns.operator, columns.act, columns.subject, columns.reason)).all()
    database.dispose()
    return [tuple(row) for row in found]


def test_two_operators_drop_a_push(site: Path, desk: Callable[..., Outcome]) -> None:
    """One proposes, is refused his own approval, and another approves; each act is recorded with the debit named."""
    proposed = desk("li", "drop", NUMBER, *REASON)
    assert (proposed.exit_code, push_of(site)[:2]) == (0, (PushState.DEAD, "li"))
    assert "another operator approves it: fep push approve 010000000042" in proposed.out
    assert "li" in rows_of(desk("li", "list"))[-1]
    own = desk("li", "approve", NUMBER)
    assert own.exit_code == 2
    assert "you have proposed to drop it yourself" in own.err
    assert "须由另一操作员复核" in desk("li", "--lang", "zh", "approve", NUMBER).err
    assert desk("wang", "approve", NUMBER).exit_code == 0
    assert push_of(site) == (PushState.DROPPED, "", NUMBER, "000000000077")
    subject = "010000000042 20261121 000000000077"
    assert acts_of(site) == [
        ("li", "push_drop_propose", subject, REASON[1]),
        ("wang", "push_drop", subject, "proposed by li"),
    ]
    assert desk("wang", "approve", NUMBER).exit_code == 2


def test_a_proposal_to_drop_is_rejected(site: Path, desk: Callable[..., Outcome]) -> None:
    """The push stays dead, and is shown as before."""
    desk("li", "drop", NUMBER, *REASON)
    assert desk("wang", "reject", NUMBER, "--reason", "ask the bank first").exit_code == 0
    assert push_of(site)[:2] == (PushState.DEAD, "")
    again = desk("wang", "approve", NUMBER)
    assert again.exit_code == 2
    assert "nobody has proposed to drop it: fep push drop first" in again.err


def test_what_cannot_be_asked_again_is_said(site: Path, desk: Callable[..., Outcome]) -> None:
    """Its bill is gone: there is nothing to debit; a number of nobody's is told, and a reason must be given."""
    refused = desk("li", "retry", NUMBER, *REASON)
    assert refused.exit_code == 2
    assert "its bill is settled: there is nothing to debit" in refused.err
    assert "no dead push has the FEP serial 010000000043" in desk("li", "retry", NUMBER + 1, *REASON).err
    assert "no dead push has the FEP serial 990000000001" in desk("li", "drop", 990_000_000_001, *REASON).err
    assert desk("li", "retry", NUMBER).exit_code == 2
    assert push_of(site)[0] is PushState.DEAD
    assert acts_of(site) == []


def test_a_push_of_another_branch(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by its number in the database of its account; who acted stands in the first one, for auditors."""
    config = add_branches(site, ["01"], {"county": (2, "sqlite:///county.db", ["02"])})
    assert run("db", "upgrade", "--config", config).exit_code == 0
    serial = 20_000_000_042
    databases = open_databases(load(config))
    with databases[1].money_engine.begin() as connection:
        about = {"bill_no": "TB0", "account_no": "0200000001", "bank_code": "0102", "created_at": AT, "due_at": AT}
        told = {"state": PushState.DEAD, "reason": PushReason.NOT_SENDABLE, "fep_serial": serial, "tries": 1}
        connection.execute(pushes.insert(), {**about, **told, "is_reported": False})
    monkeypatch.setattr("fep.commands.pushes.desk.present_operator", lambda: "li")
    done = run("push", "drop", serial, *REASON, "--config", config)
    assert (done.exit_code, done.out) == (0, "push 020000000042 is dropped\n"), done.err
    with databases[1].money_engine.begin() as connection:
        assert connection.execute(select(pushes.c.state)).scalars().all() == [PushState.DROPPED]
        assert connection.execute(select(operator_acts.c.act)).all() == []
    for database in databases:
        database.dispose()
    assert acts_of(site) == [("li", "push_drop", "020000000042", REASON[1])]
