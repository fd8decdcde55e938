"""The reloader: one reading at a time, nothing taken over of what is refused, and the service manager told of both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from crypto.errors import KeyUnavailable
from fep.audit.seals import SealKey
from fep.config.findings import ConfigInvalid, Finding
from fep.config.settings import Settings
from fep.language import Text
from fep.links.bank import UNSIGNED, Bank
from fep.reloader import Reloader
from fep.reloading import Configuration
from tests.support.rim import Rim

OTHER = "0103"


class World:
    """What a reloader changes, and the threads in which it reads, which end when the test says so."""

    def __init__(self) -> None:
        self.rim = Rim(banks={"0102": {}, OTHER: {}})
        self.services = self.rim.services
        self.done: list[str] = []
        self.reading: list[Deferred[Any]] = []
        factory = SimpleNamespace(
            take_banks=lambda: self.done.append("factory"),
            close_strangers=lambda leaving: self.done.append(
                f"leaving {[bank.settings.bank_code for bank in leaving]}"
            ),
        )
        self.listener = SimpleNamespace(
            factories=[factory], listen_for=lambda _, dialects: self.done.append(f"listen {len(dialects)}")
        )
        billing = SimpleNamespace(take_banks=lambda _: self.done.append("billing"), ensure_banks=lambda: None)
        self.manager = SimpleNamespace(
            reloading=lambda: self.done.append("reloading"), ready=lambda: self.done.append("ready")
        )
        self.reloader = Reloader(
            self.services,
            cast("Any", billing),
            cast("Any", self.listener),
            lambda: self.done.append("partners"),
            cast("Any", self.manager),
            self.in_thread,
        )

    def in_thread(self, function: Callable[..., Any], *_: Any) -> "Deferred[Any]":
        done: Deferred[Any] = Deferred()
        self.reading.append(done)
        return done

    def configuration(self, **changes: Any) -> Configuration:
        """Return the present configuration with other settings of a bank."""
        banks = dict(self.services.settings.banks)
        banks["0102"] = replace(banks["0102"], **changes)
        return self.of(banks)

    def of(self, banks: dict[str, Any]) -> Configuration:
        settings = replace(self.services.settings, banks=banks)
        return Configuration(settings, {code: Bank(bank, UNSIGNED, None) for code, bank in banks.items()}, SealKey(b""))


@pytest.fixture
def world() -> World:
    return World()


def test_a_change_is_taken_over(world: World) -> None:
    """Settings and banks are the new ones, the objects of the banks the same; everybody who knows banks is told."""
    bank = world.services.banks["0102"]
    world.reloader.begin()
    read = world.configuration(name="new name")
    with capture_logs() as logs:
        world.reading[0].callback(read)

    assert world.services.settings is read.settings
    assert world.services.banks["0102"] is bank
    assert bank.settings.name == "new name"
    assert world.done == ["reloading", "listen 1", "factory", "leaving []", "billing", "partners", "ready"]
    assert [(line["event"], line["changed"]) for line in logs] == [("reloaded", ["0102"])]


def test_banks_that_go_leave(world: World) -> None:
    """The connections of a bank that has gone, or that frames call otherwise, end; new banks get their dates."""
    banks = dict(world.services.settings.banks)
    banks["0999"] = replace(banks.pop(OTHER), bank_code="0999", node="0999")
    banks["0102"] = replace(banks["0102"], node="ICBC")
    world.reloader.begin()
    world.reading[0].callback(world.of(banks))

    assert sorted(world.services.banks) == sorted(banks)
    assert f"leaving ['{OTHER}', '0102']" in world.done
    assert len(world.reading) == 2  # the dates of new banks are made beside the loop


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ConfigInvalid([Finding(Path("fep.toml"), "log.level", Text("is wrong", ""))]),
            "fep.toml: log.level: is wrong",
        ),
        (KeyUnavailable("0102"), None),
        (OSError("no such folder"), "no such folder"),
        (ZeroDivisionError("a bug"), "unexpected error"),
    ],
)
def test_what_is_refused_changes_nothing(world: World, error: Exception, reason: str | None) -> None:
    """It is said why, a bug of ours without its text; the manager is told that the daemon serves on."""
    settings: Settings = world.services.settings
    world.reloader.begin()
    with capture_logs() as logs:
        world.reading[0].errback(Failure(error))

    assert world.services.settings is settings
    assert world.done == ["reloading", "ready"]
    assert [line["event"] for line in logs] == ["reload_refused"]
    assert reason is None or logs[0]["reason"] == reason


def test_an_address_that_cannot_be_listened_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new format whose port is taken refuses the whole configuration: no bank has changed by then."""
    settings = world.services.settings

    def taken(*_: object) -> None:
        raise OSError("address in use")

    monkeypatch.setattr(world.listener, "listen_for", taken)
    world.reloader.begin()
    world.reading[0].callback(world.configuration(name="new name"))

    assert world.services.settings is settings
    assert world.services.banks["0102"].settings.name != "new name"


def test_asked_again_while_it_reads(world: World) -> None:
    """However often it is asked meanwhile, it reads once more when it is done: the last change is not missed."""
    for _ in range(3):
        world.reloader.begin()
    assert len(world.reading) == 1

    world.reading[0].callback(world.configuration())
    assert len(world.reading) == 2
    world.reading[1].callback(world.configuration())
    assert len(world.reading) == 2
