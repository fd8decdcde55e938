"""The daemon 守护进程: wires configuration, keys, database, gate and listeners together, runs, drains and ends."""

import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from crypto.errors import CryptoError
from dbgate.books.acts import Act, record_alone
from dbgate.branch import Branch
from dbgate.branches import Branches
from dbgate.errors import GateError
from dbgate.work import Work
from fep.billing import Billing
from fep.clock import SteadyClock, shanghai_now
from fep.config.dialect_tables import spoken
from fep.config.settings import Settings
from fep.control.connection import ControlFactory
from fep.control.desk import ControlDesk
from fep.control.roles import Roles, open_to_roles
from fep.files.service import FileService
from fep.links.echo_serials import EchoSerials
from fep.links.link import Link
from fep.links.listener import CHECK_INTERVAL_S
from fep.links.services import Services
from fep.log_setup import set_up_logging
from fep.log_writer import LogWriter
from fep.partners.partners import Partners
from fep.ports import Ports
from fep.pushes.lane import BankLane
from fep.pushes.lanes import push_lanes
from fep.pushes.pusher import AGED_INTERVAL_S, LOOK_INTERVAL_S, Pusher
from fep.reloader import Reloader
from fep.reloading import with_keys
from fep.service_manager import ALONE, ServiceManager
from fep.watchdog import Watchdog

if TYPE_CHECKING:
    from fep.metrics.monitor import Monitor

CLEARING_INTERVAL_S = 5.0
"""How often each database is looked after without any payment: a bank without traffic rolls within seconds, and a
database that was away at the start is served within seconds when it is back."""

FILES_INTERVAL_S = 3600.0
"""How often parts that nobody goes on with are looked for: they are a week old."""

RECORD_S = 3.0
"""How long an operator waits for the record of what he did; his command waits for five seconds in all."""

_THREADS = 10
"""Twisted's own number of threads, beside those that look after the databases."""

COLLECTED_OBJECTS = 50_000
"""New objects between two rounds of the garbage collector. Answered requests leave it nothing, so at full load it only
looks at the requests in work, some twenty-five objects each; this many are in all that may wait. What cycles there are,
of connections that were closed, are a few MB by then."""

EXIT_DONE = 0
EXIT_CANNOT_RUN = 3

_log = structlog.get_logger()


def run(settings: Settings, manager: ServiceManager = ALONE) -> int:
    """Run the daemon in the foreground until SIGTERM or SIGINT; return the exit code."""
    writer = LogWriter(sys.stdout or open(os.devnull, "w"))  # noqa: SIM115 - for the life of the process
    _raise_file_limit()
    set_up_logging(settings.log.level, settings.log.format, writer)
    try:
        return _run(settings, manager)
    finally:
        writer.close()


def _run(settings: Settings, manager: ServiceManager) -> int:
    from twisted.internet import reactor

    assert isinstance(reactor, ReactorBase)
    daemon = Daemon(settings, reactor, manager)
    try:
        daemon.start()
    except (CryptoError, GateError, CannotListenError, OSError) as error:
        _log.error("start_failed", reason=_reason(error))
        daemon.release()
        return EXIT_CANNOT_RUN
    _settle_memory()
    reactor.callWhenRunning(manager.ready)
    reactor.run(installSignalHandlers=False)
    return daemon.exit_code


def _raise_file_limit() -> None:
    """Use all the file descriptors that the system grants: each connection takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _settle_memory() -> None:
    """Take what start-up has made out of the garbage collector's rounds: each of them would look at all of it again,
    for a tenth of a second in which no bank is answered. And let rounds be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_OBJECTS)


def _reason(error: Exception) -> str:
    if isinstance(error, CannotListenError):
        return f"cannot listen on {error.interface or '*'}:{error.port}: {error.socketError}"
    return str(error)


class Daemon:
    """One running daemon."""

    def __init__(self, settings: Settings, reactor: ReactorBase, manager: ServiceManager = ALONE) -> None:
        self.exit_code = EXIT_DONE
        self._settings = settings
        self._reactor: Any = reactor
        self._manager = manager
        self._ports = Ports(reactor, settings.listener, manager.sockets)
        self._started_at = shanghai_now()
        self._control_ports: list[IListeningPort] = []
        self._loops: list[LoopingCall] = []
        self._billing: Billing | None = None
        self._services: Services | None = None
        self._partners: Partners | None = None
        self._files: FileService | None = None
        self._pusher: Pusher | None = None
        self._monitor: Monitor | None = None
        self._turn = Lock()
        self._is_stopping = False

    def start(self) -> None:
        """Open everything and listen; what is opened is released by ``release`` when this raises."""
        configured = with_keys(self._settings)
        banks = configured.banks
        self._warn_of_weakness()
        self._billing = billing = Billing(self._settings, self._deliver, self._turn)
        billing.open()
        clock = SteadyClock()
        self._files = files = FileService(self._settings.files, banks, self._turn, self._reactor, clock.seconds)
        serials = EchoSerials(billing.draw_fep_serials, self._reactor)
        self._services = Services(
            configured.settings,
            banks,
            billing.gate,
            clock,
            shanghai_now,
            serials.draw,
            files,
            self._turn,
            after_round=partial(self._reactor.callLater, 0),
        )
        if isinstance(billing.gate, Branches):
            self._services.branch_of = billing.gate.home_of
        self._partners = Partners(self._services, self._reactor)
        files.start()
        self._listen(self._services)
        self._listen_for_operators()
        self._repeat(CHECK_INTERVAL_S, self._check_limits)
        # One that hangs keeps a thread of the pool busy; drawing numbers and ending need some too.
        self._reactor.suggestThreadPoolSize(_THREADS + 3 * len(billing.branches))
        for branch in billing.branches:
            self._repeat(CLEARING_INTERVAL_S, partial(self._look_after, branch))
        self._repeat(FILES_INTERVAL_S, files.look_after)
        self._push(billing.branches)
        self._tell_metrics(billing.branches)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        reloader = Reloader(self._services, billing, self._ports, self._take_banks, self._manager, self._in_thread)
        signal.signal(signal.SIGHUP, partial(self._reload, reloader))
        _log.info("started", pid=os.getpid(), banks=len(banks), addresses=self._addresses())
        watchdog = Watchdog(self._manager, (self._ports.ailments, billing.ailments))
        if watchdog.interval_s is not None:
            watchdog.beat()
            self._repeat(watchdog.interval_s, watchdog.beat)

    def release(self) -> None:
        """Close what ``start`` had opened."""
        if self._monitor is not None:
            self._monitor.close()
        if self._billing is not None:
            self._billing.close(1.0)

    def _warn_of_weakness(self) -> None:
        for bank in self._settings.banks.values():
            if not bank.session.has_mac:
                _log.warning("no_mac", bank_code=bank.bank_code, dialect=bank.dialect.name)
            elif bank.suite.weak:
                _log.warning("weak_suite", bank_code=bank.bank_code, suite=bank.suite.name)
            elif bank.suite.legacy:
                _log.warning("legacy_suite", bank_code=bank.bank_code, suite=bank.suite.name)

    # --- listening

    def _listen(self, services: Services) -> None:
        """Listen for the banks of each dialect; the default one is listened for whether a bank speaks it or not."""
        dialects = spoken(self._settings.banks.values())
        self._ports.require_wanted(dialects)
        self._ports.listen_for(services, dialects)

    def _addresses(self) -> list[str]:
        return [str(address) for address in self._ports.addresses()]

    def _listen_for_operators(self) -> None:
        assert self._services is not None
        path, roles = self._settings.control.socket, Roles(self._settings.control)
        desk = ControlDesk(
            self._services, self._links, self._status, self._record, self._take_banks, self._reactor.callLater
        )
        factory = ControlFactory(desk.commands(), roles)
        try:
            port = self._reactor.listenUNIX(str(path), factory, mode=0o600, wantPID=True)
        except CannotListenError:
            # Another daemon of the same directory serves it; a second one is not asked by operators.
            _log.warning("control_socket_taken", path=str(path))
            return
        self._control_ports.append(port)
        open_to_roles(path, roles)

    def _record(self, act: Act) -> "Deferred[None]":
        """Record an operator's act where the books of banks are."""
        assert self._billing is not None
        return self._in_thread(record_alone, self._billing.branches[0].database, act, RECORD_S)

    # --- running

    def _deliver(self, results: list[tuple[Work, object]]) -> None:
        """Hand a batch's results from the gate's thread to the reactor's."""
        self._reactor.callFromThread(self._delivered, results)

    def _delivered(self, results: list[tuple[Work, object]]) -> None:
        assert self._services is not None
        self._services.submissions.flush()  # so that the lanes work on while replies are made
        for work, result in results:
            try:
                with self._turn:
                    work.done(result)
            except Exception as error:  # noqa: BLE001 - one reply that cannot be built must not cost the others
                _log.error("reply_failed", error=error)

    def _repeat(self, interval_s: float, function: Callable[[], object]) -> None:
        loop = LoopingCall(function)
        loop.clock = self._reactor
        self._loops.append(loop)
        loop.start(interval_s, now=False).addErrback(self._loop_failed)

    def _loop_failed(self, failure: Failure) -> None:
        """A loop that ends is a bug of ours; a daemon without its limits must not go on."""
        _log.error("loop_failed", error=failure.value)
        self.exit_code = EXIT_CANNOT_RUN
        self._signalled(signal.SIGTERM)

    def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *arguments)

    def _reload(self, reloader: Reloader, _number: int, _frame: object) -> None:
        """Read the configuration again, from a signal; who drains does not begin anything new."""
        if not self._is_stopping:
            self._reactor.callFromThread(reloader.begin)

    def _push(self, branches: Sequence[Branch]) -> None:
        """Push bills to the banks that take them; a push of a bank that is not pushed to any more still ages."""
        assert self._services is not None
        assert self._partners is not None
        self._pusher = Pusher(
            self._services, self._push_lanes(), self._in_thread, f"{socket.gethostname()[:48]}:{os.getpid()}"
        )
        for branch in branches:
            self._repeat(LOOK_INTERVAL_S, partial(self._pusher.look, branch))
            self._repeat(AGED_INTERVAL_S, partial(self._pusher.look_at_aged, branch))

    def _push_lanes(self) -> dict[str, BankLane]:
        assert self._services is not None
        assert self._partners is not None
        return push_lanes(self._services, self._partners, self._links)

    def _take_banks(self) -> None:
        """Ask the banks of a new configuration, and no others, over connections and pushes of our own."""
        assert self._partners is not None
        assert self._pusher is not None
        self._partners.take_banks()
        self._pusher.take_lanes(self._push_lanes())

    def _tell_metrics(self, branches: Sequence[Branch]) -> None:
        """Serve metrics, health and readiness, where an address for them is configured."""
        address = self._settings.metrics.address
        if address is None:
            return
        from fep.metrics.monitor import Monitor  # a daemon without metrics does without their library
        from fep.metrics.pulse import TICK_INTERVAL_S
        from fep.metrics.readings import Parts
        from fep.metrics.survey import SURVEY_INTERVAL_S

        assert self._services is not None
        assert self._partners is not None
        assert self._pusher is not None
        files = self._files
        assert files is not None
        parts = Parts(self._services, self._links, self._partners, self._pusher, lambda: files.waiting)
        is_draining = partial(getattr, self, "_is_stopping")
        self._monitor = Monitor(address, parts, branches, self._ports.ailments, is_draining, self._reactor)
        self._monitor.start()
        self._repeat(TICK_INTERVAL_S, self._monitor.beat)
        self._repeat(SURVEY_INTERVAL_S, self._monitor.look)
        self._reactor.callWhenRunning(self._monitor.look)
        _log.info("metrics_served", address=str(self._monitor.address))

    def _links(self) -> list[Link]:
        return [connection.link for factory in self._ports.factories for connection in factory.connections]

    def _check_limits(self) -> None:
        assert self._services is not None
        assert self._partners is not None
        assert self._files is not None
        assert self._pusher is not None
        now = self._services.clock.seconds()
        for factory in self._ports.factories:
            factory.check(now)
        self._partners.check(now)
        self._files.check(now)
        self._pusher.check(now)
        self._services.in_work.check(now)

    def _look_after(self, branch: Branch) -> "Deferred[None]":
        assert self._billing is not None
        done: Deferred[None] = self._in_thread(self._billing.look_after, branch)
        return done.addErrback(self._look_failed, branch)

    def _look_failed(self, failure: Failure, branch: Branch) -> None:
        """A bug of ours, for a database that fails is no news here; the next round may do better."""
        _log.error("look_failed", **branch.database.about, error=failure.value)

    def _status(self) -> dict[str, Any]:
        assert self._services is not None
        assert self._partners is not None
        assert self._billing is not None
        services = self._services
        connections = [connection for factory in self._ports.factories for connection in factory.connections]
        signed_in = [connection.link.bank for connection in connections if connection.link.bank]
        assert self._pusher is not None
        return {
            "pid": os.getpid(),
            "started_at": f"{self._started_at:%Y-%m-%d %H:%M:%S}",
            "addresses": self._addresses(),
            "connections": len(connections),
            "in_work": len(services.in_work),
            "is_draining": self._is_stopping,
            "banks": {
                code: {
                    "name": bank.settings.name,
                    "links": sum(other is bank for other in signed_in),
                    "is_suspended": bank.settings.terms.is_suspended,
                    "clearing_date": str(services.gate.clearing_date(code) or ""),
                    "keys": bank.key_state(services.wall_clock()),
                    **self._partners.state(code),
                    **self._pusher.state(code),
                }
                for code, bank in services.banks.items()
            },
            "databases": self._billing.state(),
            "transactions": [
                {"bank_code": bank, "transaction": transaction, "response_code": code, "count": count}
                for (bank, transaction, code), count in sorted(services.transaction_log.counts.items())
            ],
            "events": dict(services.events),
        }

    # --- ending

    def _signalled(self, number: int, _frame: object = None) -> None:
        self._reactor.callFromThread(self._stop, signal.Signals(number).name)

    def _stop(self, reason: str) -> None:
        if self._is_stopping:
            return
        self._is_stopping = True
        _log.info("draining", reason=reason)
        self._manager.stopping()
        self._drain().addErrback(lambda failure: _log.error("drain_failed", error=failure.value)).addBoth(
            lambda _: self._reactor.stop()
        )

    @inlineCallbacks
    def _drain(self) -> "Any":
        """Finish what has begun, answer, close; the limits of the links and of the gate bound every step."""
        assert self._partners is not None
        yield from (*self._ports.stop(), *(port.stopListening() for port in self._control_ports))
        if self._pusher is not None:
            yield self._pusher.drain()
        partners_drained = self._partners.drain()
        for factory in self._ports.factories:
            yield factory.drain()
        yield partners_drained
        for loop in self._loops:
            if loop.running:
                loop.stop()
        assert self._files is not None
        assert self._billing is not None
        self._files.close()
        yield self._in_thread(self._billing.close, 15.0)
        if self._monitor is not None:
            self._monitor.close()
        _log.info("stopped")
