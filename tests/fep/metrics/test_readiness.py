"""Health and readiness: when a process should be started again, and when others should take the money."""

from types import SimpleNamespace
from typing import Any

import pytest

from fep.metrics.readiness import HEALTH_LAG_S, READY_LAG_S, Readiness


class Site:
    """A daemon that is well until a test says otherwise."""

    def __init__(self) -> None:
        self.pulse = SimpleNamespace(lag_s=0.0)
        self.branches = [SimpleNamespace(name=name, takes_money=True) for name in ("east", "west")]
        self.ailments: list[str] = []
        self.is_draining = False
        looked_at: Any = self.pulse, self.branches, lambda: self.ailments, lambda: self.is_draining
        self.readiness = Readiness(*looked_at)


@pytest.fixture
def site() -> Site:
    return Site()


def test_all_is_well(site):
    """Nothing ails: healthy and ready."""
    assert site.readiness.ill() == site.readiness.unready() == site.readiness.closed_databases == []


def test_a_loop_that_is_late_is_not_ready_long_before_it_is_ill(site):
    """Banks go elsewhere after two seconds; the process is started again only when it is surely stuck."""
    site.pulse.lag_s = READY_LAG_S + 0.1
    assert site.readiness.unready() == ["the event loop has stood still for 2.1 s"]
    assert site.readiness.ill() == []
    site.pulse.lag_s = HEALTH_LAG_S + 0.1
    assert site.readiness.ill() == ["the event loop has stood still for 10.1 s"]


def test_one_database_of_two_that_is_down_closes_its_own_accounts_only(site):
    """The others still pay here; with none left nobody does."""
    site.branches[0].takes_money = False
    assert site.readiness.unready() == []
    assert site.readiness.closed_databases == ["east"]
    site.branches[1].takes_money = False
    assert site.readiness.unready() == ["no database takes payments"]


def test_who_drains_or_does_not_listen_is_not_ready_but_healthy(site):
    """Every reason is told."""
    site.is_draining = True
    site.ailments = ["port 9700 accepts no connections"]
    assert site.readiness.unready() == ["draining", "port 9700 accepts no connections"]
    assert site.readiness.ill() == []
