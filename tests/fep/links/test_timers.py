"""Time limits of one link: when each is due, and for how long the bank has been silent."""

import pytest

from fep.config.settings import LinkSettings
from fep.links.timers import Timers
from protocol.link import LinkEvent

LIMITS = LinkSettings(idle_timeout=60.0, echo_timeout=10.0)


def test_a_sign_in_is_due_until_it_has_come() -> None:
    """At its moment, not before; never when it has come."""
    timers = Timers(110.0)
    assert list(timers.due(109.9)) == []
    assert list(timers.due(110.0)) == [LinkEvent.SIGN_IN_TIMED_OUT]
    timers.stop_sign_in()
    assert list(timers.due(1000.0)) == []


def test_silence_is_counted_from_the_last_verified_frame() -> None:
    """Through the wait for the reply to an ECHO too; a frame ends that wait."""
    timers = Timers(110.0)
    timers.stop_sign_in()
    assert timers.idle_s(LIMITS, 105.0) is None
    timers.restart_idle(LIMITS, 105.0)
    assert timers.idle_s(LIMITS, 125.0) == pytest.approx(20.0)
    assert list(timers.due(165.0)) == [LinkEvent.IDLE_TIMED_OUT]
    timers.start_echo(LIMITS, 165.0)
    assert timers.idle_s(LIMITS, 170.0) == pytest.approx(65.0)
    assert list(timers.due(174.9)) == []
    assert list(timers.due(175.0)) == [LinkEvent.ECHO_TIMED_OUT]
    timers.restart_idle(LIMITS, 175.0)
    assert list(timers.due(175.0)) == []


def test_nothing_is_due_after_the_end() -> None:
    """Whatever ran before."""
    timers = Timers(110.0)
    timers.restart_idle(LIMITS, 100.0)
    timers.stop()
    assert list(timers.due(1000.0)) == []
    assert timers.idle_s(LIMITS, 1000.0) is None
