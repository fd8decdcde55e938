"""The watchdog: fed while all is well, and not when something ails."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from fep.service_manager import ServiceManager
from fep.watchdog import Watchdog


class Manager(ServiceManager):
    """Counts the signs of life."""

    __slots__ = ()
    beats: list[str] = []  # noqa: RUF012 - of the class, which one test uses at a time

    def alive(self) -> None:
        self.beats.append("alive")


@pytest.fixture
def manager() -> Iterator[Manager]:
    """A manager that waits for half a minute."""
    Manager.beats.clear()
    yield Manager(watchdog_s=30.0)
    Manager.beats.clear()


def test_fed_while_all_is_well(manager: Manager) -> None:
    """Three beats fit into the time that the manager waits."""
    watchdog = Watchdog(manager, [tuple])
    watchdog.beat()

    assert (watchdog.interval_s, manager.beats) == (10.0, ["alive"])
    assert Watchdog(ServiceManager(), []).interval_s is None


def test_not_fed_while_something_ails(manager: Manager) -> None:
    """What ails is logged once, and that it is over too."""
    ailments = ["a lane has ended"]
    watchdog = Watchdog(manager, [tuple, lambda: list(ailments)])

    with capture_logs() as logs:
        watchdog.beat()
        watchdog.beat()
        assert manager.beats == []
        ailments.clear()
        watchdog.beat()
        watchdog.beat()

    assert manager.beats == ["alive", "alive"]
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("watchdog_not_fed", "a lane has ended"),
        ("watchdog_fed_again", None),
    ]
