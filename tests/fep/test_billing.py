"""The databases of a daemon: what is opened at the start, what later, and where numbers come from."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
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
    """The others are open meanwhile; both moments are in the log, once each, by name and number."""
    path = tmp_path / "yangcheng.db"
    os.rename(path, tmp_path / "away")
    billing.open()
    assert [state["is_up"] for state in billing.state()] == [True, False, True]
    closed = logs[-1]
    assert (closed["event"], closed["database"], closed["database_no"]) == ("database_closed", "yangcheng", 2)
    assert "there is no database file" in closed["reason"]

    late = billing.branches[1]
    count = len(logs)
    billing.look_after(late)
    billing.look_after(late)
    assert len(logs) == count
    os.rename(tmp_path / "away", path)
    billing.look_after(late)

    assert late.is_open
    opened = logs[-1]
    assert (opened["event"], opened["database"], opened["database_no"]) == ("database_opened", "yangcheng", 2)
    count = len(logs)
    billing.look_after(late)
    assert len(logs) == count


def test_an_outage_is_told_once_for_each_reason(
    billing: Billing, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rolls that fail every few seconds do not fill the log, nor do frames; it is said when they go on."""
    billing.open()
    branch = billing.branches[1]
    failing = ["cannot connect: refused", "cannot connect: refused", "the database is down", "", ""]

    def _roll() -> None:
        if reason := failing.pop(0):
            raise DatabaseUnavailable(reason)

    monkeypatch.setattr(branch.gate, "roll_clearing_dates", _roll)
    for _ in range(5):
        billing.look_after(branch)

    about = {"database_no": 2, "database": "yangcheng"}
    assert logs == [
        {"event": "clearing_roll_failed", "reason": "cannot connect: refused", "log_level": "warning"} | about,
        {"event": "clearing_roll_failed", "reason": "the database is down", "log_level": "warning"} | about,
        {"event": "clearing_rolls_resumed", "log_level": "info"} | about,
    ]


def test_its_gate_calls_a_database_alike(billing: Billing, tmp_path: Path, logs: list[Any]) -> None:
    """Lines of a database's gate carry the same name and number as those of the daemon."""
    billing.open()
    (tmp_path / "yangcheng.db").unlink()
    billing.look_after(billing.branches[1])
    deadline = monotonic() + 10
    while len(logs) < 2:
        assert monotonic() < deadline
        sleep(0.01)

    assert {line["event"] for line in logs} == {"clearing_roll_failed", "database_down"}
    assert [(line["database"], line["database_no"]) for line in logs] == [("yangcheng", 2)] * 2


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


@pytest.mark.parametrize(("db_timeout_s", "hung_s"), [(1.0, 30.0), (10.0, 30.0), (20.0, 60.0)])
def test_when_a_lane_is_hung(site: Settings, db_timeout_s: float, hung_s: float) -> None:
    """After three timeouts, and never sooner than it takes to find out twice that a server says nothing."""
    billing = Billing(
        replace(site, billing=replace(site.billing, db_timeout=db_timeout_s)), lambda results: None, nullcontext()
    )
    assert billing._hung_s == hung_s
    billing.close(20)
