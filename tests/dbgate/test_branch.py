"""A branch opens when its database is there and has the schema, at the start or later, and takes work only then."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import os
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from dbgate.branch import Branch, at_once, open_all
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from dbgate.gate import Gate
from tests.dbgate.fixtures import BANK, DAY, Clock, deposit
from tests.dbgate.three_branches import WAIT_S, Loop, Utility
from tests.support.databases import stored

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def branch(empty: Database) -> Iterator[Branch]:
    """A branch that has not been opened."""
    branch = Branch("jincheng", empty, Gate(empty, Loop().deliver))
    yield branch
    branch.gate.close(WAIT_S)


def path_of(branch: Branch) -> Path:
    return Path(str(branch.database.money_engine.url.database))


def test_a_closed_branch_takes_no_work(branch: Branch) -> None:
    """Its schema has not been checked, so nothing is done in it."""
    assert not branch.is_open
    with pytest.raises(DatabaseUnavailable, match="jincheng"):
        branch.submit(deposit(1, 1, 5))


def test_opening_makes_the_clearing_dates(branch: Branch) -> None:
    """Of all banks; daily limits are counted anew."""
    branch.gate.ensure_banks(["0103"])
    with branch.database.money_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO limit_uses VALUES ('0102', 1, 20261122, 5)")

    branch.open([BANK, "0103"])

    assert branch.is_open
    assert branch.is_up
    assert stored(branch.database, "SELECT bank_code FROM clearing_dates ORDER BY bank_code") == [(BANK,), ("0103",)]
    assert stored(branch.database, "SELECT used_fen FROM limit_uses") == [(0,)]


def test_an_open_branch_is_opened_once(branch: Branch) -> None:
    """Counters are not forgotten again while payments move them."""
    branch.open([BANK])
    with branch.database.money_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO limit_uses VALUES ('0102', 1, 20261122, 5)")
    branch.open([BANK])
    assert stored(branch.database, "SELECT count(*) FROM limit_uses") == [(1,)]


def test_an_open_branch_is_looked_after(branch: Branch, clock: Clock) -> None:
    """Its clearing dates roll when they are due."""
    branch.open([BANK])
    clock.moment = datetime(2026, 11, 22, 23, 30)
    branch.look_after([BANK])
    assert branch.gate.clearing_date(BANK) == date(2026, 11, 23)


def test_a_branch_opens_when_its_database_is_back(branch: Branch) -> None:
    """Without a restart."""
    path = path_of(branch)
    os.rename(path, path.with_suffix(".away"))
    with pytest.raises((DatabaseUnavailable, SchemaMismatch)):
        branch.look_after([BANK])
    assert not branch.is_open
    os.rename(path.with_suffix(".away"), path)
    branch.look_after([BANK])
    assert branch.is_open
    assert branch.gate.clearing_date(BANK) == DAY


# --- the start of several


@pytest.fixture
def closed(utility: Utility) -> Utility:
    """Three branches that have not been opened."""
    for index in range(3):
        utility.take_away(index)
    return utility


def test_all_open(closed: Utility) -> None:
    """Then nothing is said of any."""
    assert open_all(closed.branches, [BANK]) == []
    assert [branch.is_open for branch in closed.branches] == [True] * 3


def test_one_is_away(closed: Utility) -> None:
    """The others open; which one did not, and why, is returned."""
    os.unlink(path_of(closed.branches[1]))
    [(branch, error)] = open_all(closed.branches, [BANK])
    assert branch is closed.branches[1]
    assert "there is no database file" in str(error)
    assert [branch.is_open for branch in closed.branches] == [True, False, True]


def test_all_are_away(closed: Utility) -> None:
    """There is nothing to run on."""
    for branch in closed.branches:
        path_of(branch).unlink()
    with pytest.raises(SchemaMismatch, match="run fep db upgrade"):
        open_all(closed.branches, [BANK])


@pytest.mark.parametrize("count", [1, 3])
def test_one_has_another_schema(closed: Utility, count: int) -> None:
    """That is not a failure that passes: it is refused by name, with the remedy."""
    branches = closed.branches[:count]
    with branches[0].database.money_engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    with pytest.raises(SchemaMismatch) as raised:
        open_all(branches, [BANK])
    assert "run fep db upgrade" in str(raised.value).splitlines()
    assert ("database jincheng" in str(raised.value)) == (count > 1)


def test_one_fails_as_nobody_expected(closed: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not said to hang, and nothing that the error quotes is repeated."""
    odd = closed.branches[1]

    def fail(codes: list[str]) -> None:
        raise TypeError("a customer's name")

    monkeypatch.setattr(odd.gate, "ensure_banks", fail)
    [(branch, error)] = open_all(closed.branches, [BANK])
    assert (branch, str(error)) == (odd, "unexpected error: TypeError")


def test_one_hangs(closed: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start does not wait for it any longer than it may, and it opens when it comes round."""
    go, late = threading.Event(), closed.branches[1]
    ensure_banks = late.gate.ensure_banks

    def hang(codes: list[str]) -> None:
        assert go.wait(WAIT_S)
        ensure_banks(codes)

    monkeypatch.setattr(late.gate, "ensure_banks", hang)
    began = time.monotonic()
    [(branch, error)] = open_all(closed.branches, [BANK], wait_s=1.0)
    assert (branch, str(error)) == (late, "no answer within 1 s")
    assert time.monotonic() - began < WAIT_S
    assert [branch.is_open for branch in closed.branches] == [True, False, True]
    go.set()
    late.look_after([BANK])
    assert late.is_open


def test_errors_by_branch(closed: Utility) -> None:
    """What has gone well is not listed."""

    def fail() -> None:
        raise DatabaseUnavailable("down")

    first, second, _ = closed.branches
    [(branch, error)] = at_once({first: fail, second: lambda: None}, WAIT_S)
    assert (branch, str(error)) == (first, "down")


def test_the_number_of_a_branch(utility: Utility) -> None:
    """It is that of its database, with which its serials begin."""
    assert [branch.number for branch in utility.branches] == [11, 12, 13]
