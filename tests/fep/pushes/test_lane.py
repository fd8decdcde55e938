"""How many pushes to a bank may begin: by its rate, by what is unanswered, and by how it answers."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fep.pushes.lane import BankLane
from tests.fep.pushes.conftest import SETTINGS


@dataclass
class OneWay:
    """A way that is open as the test says."""

    in_flight_max: int = 3
    is_up: bool = True
    asked: list[Any] = field(default_factory=list)

    def is_open(self) -> bool:
        return self.is_up


def lane_of(rate: int = 10, **way: Any) -> BankLane:
    """Return a lane that has been looked at once, at 0 s."""
    lane = BankLane(replace(SETTINGS, push_rate_max=rate), OneWay(**way))  # type: ignore[arg-type]
    assert lane.room(0.0) == 0
    return lane


@pytest.mark.parametrize(
    ("rate", "now", "room"), [(10, 0.1, 1), (10, 1.0, 10), (10, 60.0, 20), (1, 0.5, 0), (1, 9.0, 2)]
)
def test_the_rate(rate: int, now: float, room: int) -> None:
    """So many a second; of what was not used, two seconds' worth is kept."""
    assert lane_of(rate, in_flight_max=100).room(now) == room


def test_what_has_begun_takes_room_until_it_is_over() -> None:
    """Each push takes its part of the rate, and a place until it has ended."""
    lane = lane_of()
    assert lane.room(2.0) == 3
    for number in range(3):
        lane.begin(f"B{number}")
    assert lane.room(9.0) == 0
    lane.end("B1")
    assert (lane.room(9.0), lane.in_work) == (1, {"B0", "B2"})
    slow = lane_of(1)
    assert slow.room(1.0) == 1
    slow.begin("B1")
    slow.end("B1")
    assert slow.room(1.0) == 0


def test_a_way_that_is_closed_has_no_room() -> None:
    """No link, or no open day."""
    assert lane_of(is_up=False).room(5.0) == 0


def test_a_bank_that_does_not_answer_is_left_alone() -> None:
    """For 2 s, then 4 s, at last five minutes; failures of one pause count once, and one answer ends it all."""
    lane, now = lane_of(), 10.0
    for pause_s in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        lane.failed(now)
        lane.failed(now)
        assert lane.room(now + pause_s - 0.01) == 0
        now += pause_s
        assert lane.room(now) == 3
    lane.answered()
    lane.failed(now)
    assert (lane.room(now + 1.9), lane.room(now + 2)) == (0, 3)
