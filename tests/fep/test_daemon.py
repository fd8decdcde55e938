"""The daemon's wiring on a reactor of the tests: what it opens, watches, tells and ends, in which order."""

import errno
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.suites import SUITES
from dbgate.books.audit_seals import AuditSeal
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from fep import daemon as module
from fep import process
from fep.audit.writer import AuditWriter
from fep.config.settings import Address, ControlSettings, ListenerSettings, Settings
from fep.control.roles import Peer
from fep.daemon import CLEARING_INTERVAL_S, Daemon
from fep.links.listener import CHECK_INTERVAL_S
from fep.process import run
from tests.support import raw_bank
from tests.support.raw_bank import AK, KEK
from tests.support.records import NOW, TODAY
from tests.support.rim import Rim, ScriptedGate, WiredBank, settings, settings_of, status_found
from tests.system.messages import STATUS, status

ACCOUNT = "0100000001"
STATUS_BODY = status(ACCOUNT, 7, TODAY)


class Port:
    """A listening port."""

    connected = True

    def __init__(self, reactor: "Reactor", host: str, port: int) -> None:
        self._reactor = reactor
        self._host = IPv4Address("TCP", host, port)

    def getHost(self) -> IPv4Address:
        return self._host

    def doRead(self) -> None:
        """Accept nobody: connections are made by hand."""

    def stopListening(self) -> None:
        self._reactor.done.append(f"stop {self._host.port}")


class Reactor(MemoryReactorClock):
    """A reactor whose one thread pool works at once, and which remembers what it was told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.asked: list[Callable[[], object]] = []
        self.refusals: dict[str, Exception] = {}
        self.factory: Any = None
        self.operators: Any = None
        self.listening: list[Port] = []

    def getReaders(self) -> list[Any]:
        return list(self.listening)

    def listenTCP(self, binding: Any, factory: Any, backlog: int, interface: str) -> Port:
        self.refuse("tcp")
        self.factory = factory
        self.done.append(f"listen {binding} {backlog} {interface}")
        port = Port(self, interface, binding._port or 40_000)
        self.listening.append(port)
        return port

    def listenUNIX(self, path: str, factory: Any, **options: Any) -> Port:
        self.refuse("unix")
        self.operators = factory
        self.done.append(f"listen {path} {options}")
        return Port(self, "unix", 1)

    def refuse(self, what: str) -> None:
        if what in self.refusals:
            raise self.refusals[what]

    def getThreadPool(self) -> "Reactor":
        return self

    def suggestThreadPoolSize(self, size: int) -> None:
        self.done.append(f"threads {size}")

    def callInThreadWithCallback(self, on_result: Callable[[bool, Any], None], function: Any, *args: Any) -> None:
        try:
            result = function(*args)
        except Exception:
            on_result(False, Failure())
        else:
            on_result(True, result)

    def callFromThread(self, function: Any, *args: Any) -> None:
        self.asked.append(lambda: function(*args))

    def settle(self) -> None:
        """End the loop's round, and do what other threads have asked for."""
        super().advance(0)
        while self.asked:
            self.asked.pop(0)()

    def advance(self, amount: float) -> None:
        super().advance(amount)
        self.settle()

    def run(self, **options: Any) -> None:
        self.done.append(f"run {options}")

    def stop(self) -> None:
        self.done.append("stop reactor")


class Gate(ScriptedGate):
    """A gate that holds its work, with the rest of what the daemon asks of one."""

    made: "Gate"

    def __init__(self, _database: Any, deliver: Any, **options: Any) -> None:
        super().__init__()
        Gate.made = self
        self.deliver = deliver
        self.options = options
        self.banks: list[str] = []
        self.rolls = 0
        self.failure: Exception | None = None
        self.closed_within_s: list[float] = []
        self.forgets = 0
        self.is_up = True
        self.hung: list[str] = []

    def ailments(self, _hung_s: float) -> list[str]:
        return self.hung

    def ensure_banks(self, bank_codes: Any) -> None:
        self.banks = sorted(bank_codes)

    def recount_daily_limits(self) -> None:
        self.forgets += 1

    def roll_clearing_dates(self) -> None:
        self.rolls += 1
        if self.failure is not None:
            raise self.failure

    def close(self, timeout_s: float) -> bool:
        self.closed_within_s.append(timeout_s)
        return True


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    """Return a site with five banks and their keys."""
    (tmp_path / "master.key").write_text(bytes(range(32)).hex(), encoding="ascii")
    (tmp_path / "master.key").chmod(0o600)
    store = KeyStore.create(tmp_path / "keys.store", Key("master key", bytes(range(32))))
    for code, suite in raw_bank.SUITES.items():
        store.add(code, Key("AK", AK), Key("KEK", KEK), SUITES[suite], NOW)
    store.save()
    banks = {code: settings_of(code, cut_off=time(22, int(code) % 60)) for code in raw_bank.SUITES}
    return replace(
        settings(banks, tmp_path),
        listener=ListenerSettings((Address("127.0.0.1", 9700), Address("::1", 0)), reuse_port=True),
        control=ControlSettings(tmp_path / "fep.sock"),
    )


class World:
    """What stands in for databases, clocks and signals."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reactor: Reactor) -> None:
        self.signals: dict[int, Callable[..., None]] = {}
        self.database: Any = SimpleNamespace(
            read_engine="read engine",
            database_no=1,
            about={"database_no": 1, "database": "billing"},
            keep_open=lambda: None,
            let_go=lambda: None,
        )
        self.schema: Exception | None = None
        self.drawn: list[int] = []
        self.sealed: list[AuditSeal] = []
        monkeypatch.setattr("fep.billing.open_databases", lambda _settings: [self.database])
        monkeypatch.setattr("fep.billing.Gate", Gate)
        monkeypatch.setattr("dbgate.schema.check", self.check)
        monkeypatch.setattr("fep.audit.sealing.record_seals", self.record)
        monkeypatch.setattr("dbgate.drawing.draw_fep_serials", self.draw)
        monkeypatch.setattr(module, "SteadyClock", lambda: reactor)
        own = SimpleNamespace(
            SIGHUP=signal.SIGHUP,
            SIGTERM=signal.SIGTERM,
            SIGINT=signal.SIGINT,
            Signals=signal.Signals,
            signal=self.signals.__setitem__,
        )
        monkeypatch.setattr(module, "signal", own)
        monkeypatch.setattr(process, "SteadyClock", lambda: reactor)
        monkeypatch.setattr("fep.loop_watch.LoopWatch.start", lambda _self: None)  # this loop turns when a test says so
        monkeypatch.setattr(process, "set_up_logging", lambda *_: None)
        monkeypatch.setattr(process, "ReactorBase", Reactor)
        monkeypatch.setattr("twisted.internet.reactor", reactor, raising=False)

    def check(self, engine: object) -> None:
        assert engine == "read engine"
        if self.schema is not None:
            raise self.schema

    def record(self, database: object, seals: Sequence[AuditSeal], _within_s: float) -> None:
        assert database is self.database
        self.sealed += seals

    def draw(self, database: object, count: int) -> range:
        assert database is self.database
        self.drawn.append(count)
        return range(1, count + 1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, reactor: Reactor, logs: object) -> Iterator[World]:
    begun: list[AuditWriter] = []
    start = AuditWriter.start
    monkeypatch.setattr(AuditWriter, "start", lambda writer: begun.append(writer) or start(writer))
    yield World(monkeypatch, reactor)
    for writer in begun:
        writer.close()


@pytest.fixture
def daemon(world: World, site: Settings, reactor: Reactor) -> Iterator[Daemon]:
    daemon = Daemon(site, reactor)  # type: ignore[arg-type]
    daemon.start()
    return daemon


def connected(daemon: Daemon, reactor: Reactor, bank_code: str = "0102") -> WiredBank:
    """Return a connection to the daemon's listener; its clock is the machine's, so it is used without sign-in."""
    connection = reactor.factory.buildProtocol(IPv4Address("TCP", "10.1.2.3", 40_000))
    rim = Rim()
    daemon._services.wall_clock = lambda: rim.wall_now
    return WiredBank(rim, connection, bank_code, encrypted=False)


def events(logs: Any) -> list[str]:
    return [event["event"] for event in logs]


# --- starting


def test_what_is_opened(world, site, reactor, logs):
    """Keys, schema, gate, clearing dates, echo numbers, the operators' socket, and the banks' listeners last."""
    daemon = Daemon(site, reactor)
    daemon.start()

    assert Gate.made.options["cut_offs"] == {code: time(22, int(code) % 60) for code in raw_bank.SUITES}
    assert (Gate.made.options["batch_max"], Gate.made.options["queue_max"]) == (128, 4096)
    assert Gate.made.banks == sorted(raw_bank.SUITES)
    assert world.drawn == [1000]
    assert reactor.done == [
        "threads 13",
        f"listen {site.directory}/fep.sock {{'mode': 384, 'wantPID': True}}",
        "listen _Binding(_address='127.0.0.1', _port=9700, _reuseAddress=True, _reusePort=True) 1024 127.0.0.1",
        "listen _Binding(_address='::1', _port=0, _reuseAddress=True, _reusePort=True) 1024 ::1",
    ]
    assert set(world.signals) == {signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
    started = logs[-1]
    assert (started["event"], started["banks"]) == ("started", 5)
    assert started["addresses"] == ["127.0.0.1:9700", "[::1]:40000"]


def test_weak_suites_are_said_at_start(daemon, logs):
    """A bank whose suite protects against line errors only is warned about."""
    weak = [(event["bank_code"], event["suite"]) for event in logs if event["event"] == "weak_suite"]
    assert weak == [("0105", "cups"), ("0403", "des")]


def test_a_suite_on_3des_is_said_at_start(daemon, logs):
    """It still protects a link, and its time is over: the operator is told each time."""
    legacy = [(event["bank_code"], event["suite"]) for event in logs if event["event"] == "legacy_suite"]
    assert legacy == [("0102", "3des")]


@pytest.mark.parametrize("error", [SchemaMismatch("old\nrun fep db upgrade"), DatabaseUnavailable("no file")])
def test_a_database_that_cannot_be_used(world, site, reactor, logs, error):
    """Nothing is listened on; the reason is said, exit code 3."""
    world.schema = error
    assert run(site) == 3
    assert reactor.done == ["threads 13"]
    assert (logs[-1]["event"], logs[-1]["reason"]) == ("start_failed", str(error))


def test_a_key_store_that_cannot_be_used(world, site, reactor, logs):
    """A key store that is not there is named, exit code 3."""
    (site.directory / "keys.store").unlink()
    assert run(site) == 3
    assert "keys.store" in logs[-1]["reason"]


@pytest.mark.parametrize(("interface", "shown"), [("127.0.0.1", "127.0.0.1:9700"), ("", "*:9700")])
def test_a_port_that_is_taken(world, site, reactor, logs, interface, shown):
    """The error names address and port; what was open already is closed, exit code 3."""
    reactor.refusals["tcp"] = CannotListenError(interface, 9700, OSError("Address already in use"))
    assert run(site) == 3
    [failed] = [event for event in logs if event["event"] == "start_failed"]
    assert failed["reason"] == f"cannot listen on {shown}: Address already in use"
    assert Gate.made.closed_within_s == [1.0]


def test_it_runs_until_it_is_stopped(world, site, reactor):
    """The reactor runs without handlers of its own for signals; afterwards the exit code is 0."""
    assert run(site) == 0
    assert reactor.done[-1] == "run {'installSignalHandlers': False}"


def test_an_operators_socket_that_is_taken(world, site, reactor, logs):
    """A second daemon of the same directory runs without one."""
    reactor.refusals["unix"] = CannotListenError("", "fep.sock", OSError("taken"))
    Daemon(site, reactor).start()
    assert "control_socket_taken" in events(logs)
    assert events(logs)[-1] == "started"


# --- running


def test_limits_are_looked_at(daemon, reactor):
    """A connection that does not sign in is closed by the daemon's own loop."""
    bank = connected(daemon, reactor)
    for _ in range(40):
        assert bank.ends == "open"
        reactor.advance(CHECK_INTERVAL_S)
    assert bank.ends == "closed"


def test_work_that_is_overdue_is_answered(daemon, reactor):
    """The same loop answers what the gate does not."""
    bank = connected(daemon, reactor).sign_in()
    bank.send(bank.build(STATUS, STATUS_BODY))
    for _ in range(42):
        reactor.advance(CHECK_INTERVAL_S)
    assert [frame.code for frame in bank.frames()] == ["9001"]


def test_results_come_from_the_gates_thread(daemon, reactor, logs):
    """A batch is handed over as one; one result that fails does not cost the others their replies."""
    bank = connected(daemon, reactor).sign_in()
    bank.send(*(bank.build(STATUS, STATUS_BODY) for _ in range(3)))
    reactor.settle()
    works = Gate.made.works
    works[1].done = lambda _result: 1 / 0
    Gate.made.deliver([(work, status_found()) for work in works])
    assert bank.frames() == []
    reactor.settle()

    assert [frame.code for frame in bank.frames()] == ["0000", "0000"]
    assert events(logs).count("reply_failed") == 1


def test_a_round_goes_to_the_gate_together(daemon, reactor):
    """What is read in one round of the loop is submitted when it ends, so that one transaction can hold all of it."""
    banks = [connected(daemon, reactor, code).sign_in() for code in ("0102", "0103")]
    for bank in banks:
        bank.send(bank.build(STATUS, STATUS_BODY))
    assert Gate.made.works == []
    reactor.settle()
    assert [work.needs.bank_code for work in Gate.made.works] == ["0102", "0103"]


def test_the_gate_has_new_work_before_replies_are_made(daemon, reactor):
    """Results that come first in the next round do not keep its lanes waiting."""
    bank = connected(daemon, reactor).sign_in()
    bank.send(bank.build(STATUS, STATUS_BODY))
    daemon._delivered([])
    assert len(Gate.made.works) == 1
    reactor.settle()
    assert len(Gate.made.works) == 1


def test_echo_numbers_come_from_the_database(daemon, reactor):
    """A link that is idle is asked under the first number that was drawn."""
    bank = connected(daemon, reactor).sign_in()
    for _ in range(240):
        reactor.advance(CHECK_INTERVAL_S)
    assert bank.read_frame().fep_serial == "000000000001"


def test_clearing_dates_roll_without_traffic(daemon, reactor, logs):
    """Every few seconds, also after the database has failed."""
    Gate.made.failure = DatabaseUnavailable("down")
    reactor.advance(CLEARING_INTERVAL_S)
    assert (Gate.made.rolls, events(logs)[-1], logs[-1]["reason"]) == (1, "clearing_roll_failed", "down")
    assert (logs[-1]["database_no"], logs[-1]["database"], "error" in logs[-1]) == (1, "billing", False)
    Gate.made.failure = None
    reactor.advance(CLEARING_INTERVAL_S)
    assert (Gate.made.rolls, events(logs)[-1]) == (2, "clearing_rolls_resumed")


def test_a_bug_in_a_roll_keeps_its_traceback(daemon, reactor, logs):
    """What is no failure of the database is told each time with what finds it, and the rolls go on."""
    Gate.made.failure = failure = ZeroDivisionError()
    for _ in range(2):
        reactor.advance(CLEARING_INTERVAL_S)
    lines = [line for line in logs if line["event"] == "look_failed"]
    assert [(line["error"], line["database_no"], line["database"]) for line in lines] == [(failure, 1, "billing")] * 2


def test_a_loop_that_fails_ends_the_daemon(daemon, reactor, logs, monkeypatch):
    """Without its limits the daemon does not go on: it drains and exits with 3."""
    monkeypatch.setattr(type(reactor.factory.listener), "check", lambda *_: 1 / 0)
    reactor.advance(CHECK_INTERVAL_S)
    reactor.settle()
    assert daemon.has_failed
    assert reactor.done[-1] == "stop reactor"
    assert "loop_failed" in events(logs)


def test_the_status(daemon, reactor, site):
    """What an operator is told: addresses, links and clearing date of each bank, counters; nothing of a customer."""
    bank = connected(daemon, reactor).sign_in()
    connected(daemon, reactor)
    bank.send(bank.build(STATUS, STATUS_BODY), bank.build(STATUS, STATUS_BODY))
    reactor.settle()
    Gate.made.finish(status_found())
    Gate.made.clearing_dates["0102"] = date(2026, 11, 21)
    bank.exchange(bank.build(STATUS, STATUS_BODY, mac=b"\1" * 8))

    transport = StringTransport()
    operator = reactor.operators.buildProtocol(None)
    transport.socket = None
    reactor.operators.peer_of = lambda _socket: Peer(os.geteuid(), frozenset())
    operator.makeConnection(transport)
    operator.dataReceived(b"status\n")
    told = json.loads(transport.value())

    assert told["addresses"] == ["127.0.0.1:9700", "[::1]:40000"]
    assert told["ailments"] == []
    assert (told["connections"], told["in_work"], told["is_draining"]) == (2, 1, False)
    keys = {"keys": [{"version": 1, "state": "active", "valid_from": f"{NOW}", "valid_until": ""}]}
    own = {"is_suspended": False, **keys}
    assert told["banks"]["0102"] == {"name": "银行0102", "links": 1, "clearing_date": "2026-11-21", **own}
    assert told["databases"] == [{"name": "billing", "number": 1, "is_up": True}]
    assert told["banks"]["0103"] == {"name": "银行0103", "links": 0, "clearing_date": "", **own}
    assert {"bank_code": "0102", "transaction": "status", "response_code": "0000", "count": 1} in told["transactions"]
    assert told["events"] == {"mac_failure": 1}
    assert isinstance(told["pid"], int)
    assert ACCOUNT not in transport.value().decode()


# --- ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(daemon, world, reactor, logs, number):
    """Listeners stop, what has begun is answered, links close, the gate is closed, and only then the reactor stops."""
    bank = connected(daemon, reactor).sign_in()
    request = bank.build(STATUS, STATUS_BODY)
    bank.send(request)
    world.signals[number](number, None)
    world.signals[number](number, None)
    assert "draining" not in events(logs)
    reactor.settle()

    assert reactor.done[-3:] == ["stop 9700", "stop 40000", "stop 1"]
    assert events(logs).count("draining") == 1
    assert bank.request(STATUS, STATUS_BODY).code == "1011"
    Gate.made.finish(status_found())
    assert bank.reply(request).code == "0000"
    assert Gate.made.closed_within_s == []
    bank.hang_up()
    reactor.settle()

    assert Gate.made.closed_within_s == [15.0]
    assert reactor.done[-1] == "stop reactor"
    assert events(logs)[-1] == "stopped"
    assert not daemon.has_failed
    assert reactor.getDelayedCalls() == []


def test_limits_hold_while_it_drains(daemon, world, reactor):
    """A bank that does not close after our half-close is cut off, so that the drain comes to its end."""
    bank = connected(daemon, reactor).sign_in()
    world.signals[signal.SIGTERM](signal.SIGTERM)
    reactor.settle()
    assert bank.ends == "half-closed"
    for _ in range(20):
        reactor.advance(CHECK_INTERVAL_S)
    assert bank.ends == "aborted"
    bank.hang_up()
    reactor.settle()
    assert reactor.done[-1] == "stop reactor"


def test_an_operators_socket_that_cannot_be_removed(daemon, world, reactor, logs, monkeypatch):
    """On a disk that has become read-only the drain goes on: what has begun is answered all the same."""
    bank = connected(daemon, reactor).sign_in()
    bank.send(bank.build(STATUS, STATUS_BODY))
    reactor.settle()
    stop = Port.stopListening

    def stop_listening(port: Port) -> None:
        if port.getHost().host == "unix":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), "fep.sock")
        stop(port)

    monkeypatch.setattr(Port, "stopListening", stop_listening)
    world.signals[signal.SIGTERM](signal.SIGTERM)
    reactor.settle()
    left = [line for line in logs if line["event"] == "control_socket_left"]
    assert [line["reason"] for line in left] == ["fep.sock: Read-only file system"]
    assert "drain_failed" not in events(logs)
    assert len(daemon._services.in_work) == 1  # and is waited for


def test_a_drain_that_fails_ends_all_the_same(daemon, world, reactor, logs, monkeypatch):
    """Whatever goes wrong while draining: it is said, and the daemon stops."""

    def failing() -> "Deferred[None]":
        raise OSError("no")

    monkeypatch.setattr(reactor.factory.listener, "drain", failing)
    world.signals[signal.SIGTERM](signal.SIGTERM)
    reactor.settle()
    assert "drain_failed" in events(logs)
    assert reactor.done[-1] == "stop reactor"
