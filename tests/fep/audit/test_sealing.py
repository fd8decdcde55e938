"""Days are sealed when they are over, once, by whoever is there; and the database knows each seal."""

from datetime import date
from pathlib import Path

import pytest

from dbgate.books.audit_seals import AuditSeal
from dbgate.errors import DatabaseUnavailable
from fep.audit import sealing as module
from fep.audit.chain import Chain, Place, Sealed
from fep.audit.folders import place_of
from fep.audit.sealing import Sealer, Witness, seal_idle
from fep.audit.witnesses import Witnesses
from fep.audit.writer import SealOrder
from tests.fep.audit.chains import KEY, act, made, money, verified_by_hand

FIRST, SECOND, THIRD = (date(2026, 11, day) for day in (22, 23, 24))


class World:
    """Clearing dates and a clock, and the orders of a sealer."""

    def __init__(self) -> None:
        self.now, self.orders = 0.0, list[SealOrder]()
        self.dates: dict[str, date | None] = {"0102": None, "0103": FIRST}
        self.sealer = Sealer(
            KEY, self.orders.append, lambda: self.dates, lambda code: self.dates[code], 3600.0, lambda: self.now
        )

    def look(self) -> tuple[str, list[tuple[str, str]]] | None:
        """Look; return reason and days of what was ordered."""
        if not self.sealer.look():
            return None
        return self.orders[-1].reason, list(self.orders[-1].days)


def test_a_day_that_is_over() -> None:
    """It is sealed a round after the date has moved: what was committed before has been answered by then."""
    world = World()
    assert world.look() == ("cut_off", [])  # what a former process has left
    assert world.orders[-1].present == {"0103": "20261122"}
    world.dates = {"0102": FIRST, "0103": SECOND}
    assert world.look() is None
    assert world.sealer.present() == {"0102": "20261122", "0103": "20261122"}
    assert world.look() == ("cut_off", [("0103", "20261122")])
    assert world.orders[-1].present == {"0102": "20261122", "0103": "20261123"}
    assert world.look() is None


def test_days_that_are_jumped_over() -> None:
    """The day that was left is sealed; a date never goes back."""
    world = World()
    world.look()
    world.dates["0103"] = THIRD
    world.look()
    world.dates["0103"] = SECOND
    assert world.look() == ("cut_off", [("0103", "20261122")])
    assert world.look() is None


def test_every_hour() -> None:
    """A chain that grows is sealed although no day ends."""
    world = World()
    world.look()
    world.now = 3599.0
    assert world.look() is None
    world.now = 3600.0
    assert world.look() == ("interval", [])
    assert world.look() is None


def test_chains_that_nobody_writes(tmp_path: Path) -> None:
    """They are sealed once, with the days that are over; one that somebody writes is left alone."""
    commands = Chain.of_commands(tmp_path, 0.0)
    commands.append([act("x")])
    commands.close()
    job = Chain.of_slot(tmp_path, "job")
    job.append([money(1, 300)])
    job.close()
    held = Chain.of_slot(tmp_path, "daemon")
    held.append([act("y")])
    sealed = seal_idle(tmp_path, KEY, {"0102": "20261123"})
    assert [(each.folder.name, each.reason, list(each.days)) for each in sealed] == [
        ("commands-1", "idle", []),
        ("job-1", "idle", [("0102", "20261122")]),
    ]
    assert seal_idle(tmp_path, KEY, {"0102": "20261123"}) == []
    kinds = [line["kind"] for line in verified_by_hand(tmp_path / "job-1")]
    assert kinds == ["file", "money", "opened", "seal", "file"]  # the job had not said that it had ended
    held.close()


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    witness = Witness("database")  # type: ignore[arg-type]
    witness.stored, witness.is_away = [], False  # type: ignore[attr-defined]

    def record(database: object, seals: list[AuditSeal], _within_s: float) -> None:
        if witness.is_away:  # type: ignore[attr-defined]
            raise DatabaseUnavailable("away")
        witness.stored += seals  # type: ignore[attr-defined]

    monkeypatch.setattr(module, "record_seals", record)
    return witness


def test_the_database_knows_each_seal(witness, tmp_path, logs) -> None:
    """While it is away they wait; the log has them at once, and says once that they wait."""
    witness.is_away = True
    for line_no in (3, 9):
        witness.sealed(Sealed(Place("ab" * 8, line_no, b"c" * 64), tmp_path / "daemon-1", "interval"))
        witness.record()
    assert (witness.waiting_count, witness.stored) == (2, [])
    witness.is_away = False
    witness.record()
    witness.record()
    assert [(seal.chain, seal.line_no, seal.place) for seal in witness.stored] == [
        ("ab" * 8, 3, place_of(tmp_path / "daemon-1")),
        ("ab" * 8, 9, place_of(tmp_path / "daemon-1")),
    ]
    names = [event["event"] for event in logs]
    assert (names.count("audit_sealed"), names.count("audit_seals_not_recorded")) == (2, 1)


def test_a_chain_that_has_gone(tmp_path: Path) -> None:
    """The database knows a chain of this directory that is not there; those of other places are told of only."""
    folder = made(tmp_path)
    witnesses = Witnesses(
        [
            AuditSeal("aa" * 8, 5, "d" * 64, place_of(folder)),
            AuditSeal("bb" * 8, 7, "d" * 64, place_of(tmp_path / "daemon-2")),
            AuditSeal("cc" * 8, 7, "d" * 64, "elsewhere:/audit/daemon-1"),
        ]
    )
    [missing] = witnesses.missing(["aa" * 8], [tmp_path])
    assert (missing.fault.value, missing.path, missing.line_no) == ("chain_missing", tmp_path / "daemon-2", 7)
    assert witnesses.elsewhere(["aa" * 8], [tmp_path]) == ["elsewhere:/audit/daemon-1"]
    assert witnesses.missing(["aa" * 8, "bb" * 8], [tmp_path]) == []
