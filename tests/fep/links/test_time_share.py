"""A share of the time: work rests for as long as makes what it took its part, and a little may be saved up."""

import pytest
from twisted.internet.task import Clock

from fep.links.time_share import TimeShare


def test_work_rests_until_it_has_had_its_part() -> None:
    """A tenth of the time: what took 30 ms, 20 of them saved up, rests for a hundred."""
    clock = Clock()
    clock.advance(1000)
    share = TimeShare(0.1, 0.2, clock.seconds)
    share.spent(0.02)
    assert share.rest_s == pytest.approx(0)
    share.spent(0.01)
    assert share.rest_s == pytest.approx(0.1)
    clock.advance(0.1)
    assert share.rest_s == pytest.approx(0)


def test_no_more_is_saved_up_than_the_credit() -> None:
    """An hour without work is worth no more than a moment."""
    clock = Clock()
    share = TimeShare(0.1, 0.2, clock.seconds)
    share.spent(1.0)
    clock.advance(3600)
    share.spent(0.05)
    assert share.rest_s == pytest.approx(0.3)
