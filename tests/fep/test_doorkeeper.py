"""The doorkeeper: a port accepts as ever; without descriptors who waits is closed, or the port rests for a second."""

from typing import Any

import pytest
from twisted.internet.task import Clock

from fep.descriptors import Descriptors
from fep.doorkeeper import PAUSE_S, Doorkeeper


class Port:
    """A listening port."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.socket = object()
        self.connected = True

    def doRead(self) -> None:
        self.done.append("accept")

    def stopReading(self) -> None:
        self.done.append("stop reading")

    def startReading(self) -> None:
        self.done.append("start reading")


@pytest.mark.parametrize(
    ("are_none", "is_emptied", "done", "later"),
    [
        (False, True, ["accept"], []),
        (True, True, ["turn away"], []),
        (True, False, ["turn away", "stop reading"], ["start reading"]),
    ],
)
def test_what_becomes_of_who_waits(
    monkeypatch: pytest.MonkeyPatch, are_none: bool, is_emptied: bool, done: list[str], later: list[str]
) -> None:
    """A queue that cannot even be emptied is left alone for a second: the loop has others to serve."""
    port: Any = Port()
    clock = Clock()

    def turn_away(_self: Descriptors, listening: object, now: float) -> bool:
        assert (listening, now) == (port.socket, 0.0)
        port.done.append("turn away")
        return is_emptied

    monkeypatch.setattr(Descriptors, "keep_spare", lambda _self: None)
    monkeypatch.setattr(Descriptors, "are_none", lambda _self: are_none)
    monkeypatch.setattr(Descriptors, "turn_away", turn_away)
    keeper = Doorkeeper(port, Descriptors(lambda _count: None), clock, clock)

    port.doRead()
    assert port.done == done
    assert keeper.is_paused is bool(later)
    clock.advance(PAUSE_S)
    assert port.done == done + later
    assert not keeper.is_paused


def test_a_port_that_was_closed_meanwhile_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that drains has stopped listening."""
    port: Any = Port()
    clock = Clock()
    monkeypatch.setattr(Descriptors, "keep_spare", lambda _self: None)
    monkeypatch.setattr(Descriptors, "are_none", lambda _self: True)
    monkeypatch.setattr(Descriptors, "turn_away", lambda *_: False)
    Doorkeeper(port, Descriptors(lambda _count: None), clock, clock)

    port.doRead()
    port.connected = False
    clock.advance(PAUSE_S)
    assert port.done == ["stop reading"]
