"""What check-config says of who may look at a running daemon."""

import grp

import pytest

from fep.config.settings import Address, ControlSettings, MetricsSettings
from fep.config.watcher_check import check_watchers

NOBODY = ControlSettings()


def said(metrics: MetricsSettings, control: ControlSettings = NOBODY) -> list[tuple[bool, str]]:
    return [(is_good, text.en) for is_good, _, text in check_watchers(metrics, control)]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_metrics_on_the_loopback_are_good(host):
    """Only programs of this machine can ask."""
    address = Address(host, 9701)
    assert said(MetricsSettings(address)) == [(True, f"served on {address}")]


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "monitor.example"])
def test_metrics_elsewhere_are_warned_about(host):
    """There is no login."""
    ((is_good, text),) = said(MetricsSettings(Address(host, 9701)))
    assert not is_good
    assert "without a login" in text


def test_nothing_is_said_of_what_is_not_configured():
    """No metrics and no groups: nothing to look at."""
    assert said(MetricsSettings()) == []


def test_a_group_that_the_system_does_not_know_is_warned_about_once():
    """A mistyped name would lock everybody out, and nobody would know why."""
    known = grp.getgrall()[0].gr_name
    control = ControlSettings(operators="no-such-group", auditors="no-such-group", security_officers=known)
    assert said(MetricsSettings(), control) == [(False, "the system has no group no-such-group: nobody gets its role")]
