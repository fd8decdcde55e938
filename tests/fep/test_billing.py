"""The databases of a daemon: what is opened at the start, what later, and where numbers come from."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dbgate.branches import Branches
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from dbgate.gate import Gate
from dbgate.work import Needs
from fep.billing import Billing
from fep.config.settings import BillingSettings, DatabaseSettings, Settings
from tests.support.databases import migrate
from tests.support.rim import settings, settings_of

NAMES = ("jincheng", "yangcheng", "gaoping")


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    """A configuration with three databases that have the schema."""
    tables = []
    for number, name in enumerate(NAMES, 1):
        url = f"sqlite:///{tmp_path}/{name}.db"
        migrate(url)
        tables.append(DatabaseSettings(name, number, url, prefixes=(f"0{number}",)))
    return replace(settings({"0102": settings_of("0102")}, tmp_path), billing=BillingSettings(tuple(tables)))


@pytest.fixture
def billing(site: Settings) -> Iterator[Billing]:
    billing = Billing(site, lambda results: None, nullcontext())
    yield billing
    billing.close(20)


def test_one_database_is_used_without_routing(site: Settings) -> None:
    """What has one database only does not pay for several."""
    [first, *_] = site.billing.databases
    billing = Billing(
        replace(site, billing=replace(site.billing, databases=(first,))), lambda results: None, nullcontext()
    )
    assert isinstance(billing.gate, Gate)
    billing.open()
    billing.close(20)


def test_several_databases_are_routed(billing: Billing) -> None:
    """As their prefixes say."""
    assert isinstance(billing.gate, Branches)
    assert billing.gate.home_of(Needs("0102", account_no="0200000001")) is billing.branches[1]
    assert [(branch.name, branch.number) for branch in billing.branches] == [
        (name, at) for at, name in enumerate(NAMES, 1)
    ]


def test_one_that_is_away_opens_later(billing: Billing, tmp_path: Path, logs: list[Any]) -> None:
    """The others are open meanwhile; both moments are in the log, by name."""
    path = tmp_path / "yangcheng.db"
    os.rename(path, tmp_path / "away")
    billing.open()
    assert [state["is_up"] for state in billing.state()] == [True, False, True]
    closed = logs[-1]
    assert (closed["event"], closed["database"], closed["number"]) == ("database_closed", "yangcheng", 2)
    assert "there is no database file" in closed["reason"]

    late = billing.branches[1]
    with pytest.raises((DatabaseUnavailable, SchemaMismatch)):
        billing.look_after(late)
    os.rename(tmp_path / "away", path)
    billing.look_after(late)

    assert late.is_open
    assert (logs[-1]["event"], logs[-1]["database"]) == ("database_opened", "yangcheng")
    count = len(logs)
    billing.look_after(late)
    assert len(logs) == count


def test_another_schema_is_refused(billing: Billing, tmp_path: Path) -> None:
    """By the database's name, with the remedy."""
    (tmp_path / "gaoping.db").write_bytes(b"")
    with pytest.raises(SchemaMismatch, match="gaoping"):
        billing.open()


def test_numbers_come_from_the_first_that_gives_some(billing: Billing, tmp_path: Path) -> None:
    """A branch that is closed or fails is passed over; without any there are none."""
    with pytest.raises(DatabaseUnavailable):
        billing.draw_fep_serials(2)
    billing.open()
    assert billing.draw_fep_serials(2) == [10_000_000_001, 10_000_000_002]
    billing.branches[0].is_open = False
    (tmp_path / "yangcheng.db").unlink()
    assert billing.draw_fep_serials(1) == [30_000_000_001]
    (tmp_path / "gaoping.db").unlink()
    with pytest.raises(DatabaseUnavailable, match="cannot connect"):
        billing.draw_fep_serials(1)
