"""The daemon 守护进程: wires configuration, keys, database, gate and listeners together, runs, drains and ends."""

import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred, fail, gatherResults, inlineCallbacks, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from dbgate.books.acts import Act, record_alone
from dbgate.branch import Branch
from dbgate.branches import Branches
from dbgate.work import Work
from fep.audit.keeping import AUDIT_INTERVAL_S, AuditKeeping
from fep.billing import Billing
from fep.clock import SteadyClock, shanghai_now
from fep.clock_watch import ClockWatch
from fep.config.dialect_tables import spoken
from fep.config.settings import Settings
from fep.control.daemon_status import DaemonStatus
from fep.control.desk import ControlDesk
from fep.control.port import listen_for_operators
from fep.ending import Ending, gate_limit_s, limit_s, pushes_limit_s
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE
from fep.files.service import FileService
from fep.links.certificate_notices import tell_certificates
from fep.links.echo_serials import EchoSerials
from fep.links.guests import Guests
from fep.links.link import Link
from fep.links.listener import CHECK_INTERVAL_S
from fep.links.services import Services
from fep.loop_watch import LoopWatch
from fep.metrics.pulse import TICK_INTERVAL_S, Pulse
from fep.partners.partners import Partners
from fep.ports import Ports
from fep.pushes.lane import BankLane
from fep.pushes.lanes import push_lanes
from fep.pushes.pusher import AGED_INTERVAL_S, LOOK_INTERVAL_S, Pusher
from fep.reloader import Reloader
from fep.reloading import with_keys
from fep.rounds import Rounds
from fep.service_manager import ALONE, ServiceManager
from fep.system_reasons import os_reason_text
from fep.watchdog import Watchdog

if TYPE_CHECKING:
    from fep.metrics.monitor import Monitor
    from fep.traces.traces import Traces

CLEARING_INTERVAL_S = 5.0
"""How often each database is looked after without any payment: a bank without traffic rolls within seconds, and a
database that was away at the start is served within seconds when it is back."""

FILES_INTERVAL_S = 3600.0
"""How often parts that nobody goes on with are looked for: they are a week old."""

RECORD_S = 3.0
"""How long an operator waits for the record of what he did; his command waits for five seconds in all."""

_THREADS = 10
"""Twisted's own number of threads, beside those that look after the databases."""

_log = structlog.get_logger()


class Daemon:
    """One running daemon.

    Args:
        settings: of its configuration.
        reactor: in whose loop it runs.
        manager: which is told when it is ready, and for how long it is well.
        ending: bounds its end; without one, that has no bound but those of its steps.

    Attributes:
        has_failed: whether it ended, or ends, by itself.

    Raises:
        CryptoError: a key cannot be used.
        ConfigInvalid, DatabaseUnavailable: a database cannot even be named.
    """

    def __init__(
        self, settings: Settings, reactor: ReactorBase, manager: ServiceManager = ALONE, ending: Ending | None = None
    ) -> None:
        self.has_failed = False
        self._ending = ending
        self._reactor: Any = reactor
        self._manager = manager
        self._is_stopping = False
        self._step = ""  # of the end
        self._turn = Lock()
        configured = with_keys(settings)
        self._settings = configured.settings
        self._rounds = Rounds(reactor, self._round_failed)
        self._ports = Ports(reactor, settings.listener, manager.sockets)
        self._billing = Billing(settings, self._deliver, self._turn)
        clock = SteadyClock()
        first = self._billing.branches[0].database
        self._audit = AuditKeeping(
            self._settings, configured.files, configured.seal_key, first, self._in_thread, clock.seconds
        )
        self._files = FileService(settings.files, configured.banks, self._turn, reactor, clock.seconds)
        self._serials = EchoSerials(self._billing.draw_fep_serials, reactor)
        self._services = Services(
            configured.settings,
            configured.banks,
            self._billing.gate,
            clock,
            shanghai_now,
            self._serials.draw,
            self._files,
            self._turn,
            audit=self._audit.log,
            after_round=partial(self._reactor.callLater, 0),
            guests=Guests(self._reactor.callLater, perf_counter),
            tls=configured.tls,
        )
        if isinstance(self._billing.gate, Branches):
            self._services.branch_of = self._billing.gate.home_of
        self._partners = Partners(self._services, reactor)
        owner = f"{socket.gethostname()[:48]}:{os.getpid()}"
        self._pusher = Pusher(self._services, self._push_lanes(), self._in_thread, owner)
        self._pulse = Pulse()
        self._loop_watch = LoopWatch(self._pulse, manager.watchdog_s)
        self._monitor: Monitor | None = None
        self._traces: Traces | None = None
        self._control_ports: list[IListeningPort] = []

    def start(self) -> None:
        """Open everything, then listen; what is opened is released by ``release`` when this raises.

        Banks are listened for last: whoever reaches this daemon finds all of it.
        """
        self._warn_of_weakness()
        # One that hangs keeps a thread of the pool busy; drawing numbers and ending need some too.
        self._reactor.suggestThreadPoolSize(_THREADS + 3 * len(self._billing.branches))
        self._billing.open()
        self._audit.start(self._services.banks.keys, self._services.gate.clearing_date)
        self._serials.begin()
        self._files.start()
        self._tell_metrics()
        self._trace()
        self._take_signals()
        self._control_ports = self._listen_for_operators()
        self._listen()
        self._begin_rounds()
        self._watch_itself()
        _log.info("started", pid=os.getpid(), banks=len(self._services.banks), addresses=self._addresses())
        self._feed_watchdog()

    def release(self) -> None:
        """Close what ``start`` had opened."""
        self._loop_watch.close()
        if self._monitor is not None:
            self._monitor.close()
        if self._control_ports:  # the loop, which would close it, never runs
            self._settings.control.socket.unlink(missing_ok=True)
        self._billing.close(1.0)
        self._audit.close()
        if self._traces is not None:
            self._traces.close()

    def _warn_of_weakness(self) -> None:
        for bank in self._settings.banks.values():
            if not bank.session.has_mac:
                _log.warning("no_mac", bank_code=bank.bank_code, dialect=bank.dialect.name)
            elif bank.suite.weak:
                _log.warning("weak_suite", bank_code=bank.bank_code, suite=bank.suite.name)
            elif bank.suite.legacy:
                _log.warning("legacy_suite", bank_code=bank.bank_code, suite=bank.suite.name)
        tell_certificates(self._services.tls, shanghai_now())

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        reloader = Reloader(
            self._services, self._billing, self._ports, self._take_banks, self._manager, self._in_thread, self._audit
        )
        signal.signal(signal.SIGHUP, partial(self._reload, reloader))

    def _listen(self) -> None:
        """Listen for the banks of each dialect; the default one is listened for whether a bank speaks it or not."""
        dialects = spoken(self._settings.banks.values())
        self._ports.require_wanted(dialects)
        self._ports.listen_for(self._services, dialects)

    def _addresses(self) -> list[str]:
        return [str(address) for address in self._ports.addresses()]

    def _listen_for_operators(self) -> list[IListeningPort]:
        status = DaemonStatus(
            shanghai_now(),
            self._services,
            self._billing,
            self._ports,
            self._partners,
            self._pusher,
            self._audit,
            self._links,
            self._is_draining,
        )
        desk = ControlDesk(
            self._services, self._links, status.take, self._record, self._take_banks, self._reactor.callLater
        )
        return listen_for_operators(self._reactor, self._settings.control, desk.commands(), self._audit.log)

    def _record(self, act: Act) -> "Deferred[None]":
        """Record an operator's act where the books of banks are."""
        return self._in_thread(record_alone, self._billing.branches[0].database, act, RECORD_S)

    def _trace(self) -> None:
        """Sample requests and send their traces, where a collector is configured."""
        wanted = self._settings.traces
        if not wanted.endpoint:
            return
        from fep.traces.collector import traces_of  # a daemon without traces does without their libraries

        def count(name: str, number: int) -> None:
            self._reactor.callFromThread(self._services.events.update, {name: number})

        self._traces = traces_of(self._settings, count)
        self._traces.start()
        self._services.traces = self._traces

    def _begin_rounds(self) -> None:
        every = self._rounds.every
        every(CHECK_INTERVAL_S, self._check_limits)
        every(FILES_INTERVAL_S, self._files.look_after)
        every(AUDIT_INTERVAL_S, self._audit.look)
        for branch in self._billing.branches:
            every(CLEARING_INTERVAL_S, partial(self._look_after, branch))
            every(LOOK_INTERVAL_S, partial(self._pusher.look, branch))
            # A push of a bank that is not pushed to any more still ages.
            every(AGED_INTERVAL_S, partial(self._pusher.look_at_aged, branch))

    def _watch_itself(self) -> None:
        """Say so when the loop stands still, and when the clock is set."""
        self._loop_watch.start()
        self._rounds.every(TICK_INTERVAL_S, self._pulse.beat)
        self._rounds.every(TICK_INTERVAL_S, ClockWatch(self._services.events).check)

    def _feed_watchdog(self) -> None:
        watchdog = Watchdog(self._manager, (self._ports.ailments, self._billing.ailments))
        if watchdog.interval_s is not None:
            watchdog.beat()
            self._rounds.every(watchdog.interval_s, watchdog.beat)

    def _tell_metrics(self) -> None:
        """Serve metrics, health and readiness, where an address for them is configured."""
        address = self._settings.metrics.address
        if address is None:
            return
        from fep.metrics.monitor import Monitor  # a daemon without metrics does without their library
        from fep.metrics.readings import Parts
        from fep.metrics.survey import SURVEY_INTERVAL_S

        parts = Parts(
            self._services, self._links, self._partners, self._pusher, lambda: self._files.waiting, self._audit.told
        )
        branches, ailments = self._billing.branches, self._ports.ailments
        self._monitor = Monitor(address, parts, branches, ailments, self._is_draining, self._reactor, self._pulse)
        self._monitor.start()
        self._rounds.every(TICK_INTERVAL_S, self._monitor.beat)
        self._rounds.every(SURVEY_INTERVAL_S, self._monitor.look)
        self._reactor.callWhenRunning(self._monitor.look)
        _log.info("metrics_served", address=str(self._monitor.address))

    # --- running

    def _deliver(self, results: list[tuple[Work, object]]) -> None:
        """Hand a batch's results from the gate's thread to the reactor's."""
        self._reactor.callFromThread(self._delivered, results)

    def _delivered(self, results: list[tuple[Work, object]]) -> None:
        self._services.submissions.flush()  # so that the lanes work on while replies are made
        for work, result in results:
            try:
                with self._turn:
                    work.done(result)
            except Exception as error:  # noqa: BLE001 - one reply that cannot be built must not cost the others
                _log.error("reply_failed", error=error)

    def _round_failed(self, failure: Failure) -> None:
        """A round that ends is a bug of ours; a daemon without its limits must not go on."""
        _log.error("loop_failed", error=failure.value)
        self.has_failed = True
        self._signalled(signal.SIGTERM)

    def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> "Deferred[Any]":
        try:
            return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *arguments)
        except RuntimeError as error:  # the system has no thread left: who asked is told, and the rounds go on
            return fail(error)

    def _reload(self, reloader: Reloader, _number: int, _frame: object) -> None:
        """Read the configuration again, from a signal; who drains does not begin anything new."""
        if not self._is_stopping:
            self._reactor.callFromThread(reloader.begin)

    def _take_banks(self) -> None:
        """Ask the banks of a new configuration, and no others, over connections and pushes of our own."""
        self._partners.take_banks()
        self._pusher.take_lanes(self._push_lanes())

    def _push_lanes(self) -> dict[str, BankLane]:
        return push_lanes(self._services, self._partners, self._links)

    def _links(self) -> list[Link]:
        return [connection.link for factory in self._ports.factories for connection in factory.connections]

    def _check_limits(self) -> None:
        now = self._services.clock.seconds()
        for factory in self._ports.factories:
            factory.check(now)
        self._partners.check(now)
        self._files.check(now)
        self._pusher.check(now)
        self._services.in_work.check(now)
        self._services.descriptors.check(now)

    def _look_after(self, branch: Branch) -> "Deferred[None]":
        done: Deferred[None] = self._in_thread(self._billing.look_after, branch)
        return done.addErrback(self._look_failed, branch)

    def _look_failed(self, failure: Failure, branch: Branch) -> None:
        """A bug of ours, for a database that fails is no news here; the next round may do better."""
        _log.error("look_failed", **branch.database.about, error=failure.value)

    # --- ending

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return EXIT_CANNOT_RUN if self.has_failed else EXIT_DONE

    def _is_draining(self) -> bool:
        return self._is_stopping

    def _signalled(self, number: int, _frame: object = None) -> None:
        if self._ending is not None:  # from here on, for the loop may not come round to it
            self._ending.begin(limit_s(self._services.settings))
        self._reactor.callFromThread(self._stop, signal.Signals(number).name)

    def _stop(self, reason: str) -> None:
        if self._is_stopping:
            _log.info("still_draining", reason=reason, step=self._step)
            return
        self._is_stopping = True
        within_s = limit_s(self._services.settings)
        _log.info("draining", reason=reason, within_s=within_s)
        self._manager.stopping(within_s)
        self._drain().addErrback(lambda failure: _log.error("drain_failed", error=failure.value)).addBoth(
            lambda _: self._reactor.stop()
        )

    def _begin_step(self, name: str) -> None:
        self._step = name
        if self._ending is not None:
            self._ending.step(name)

    def _control_not_closed(self, failure: Failure) -> None:
        """Go on: on a disk that has become read-only the socket's file stays, and what has begun is answered."""
        error = failure.value
        reason = os_reason_text(error) if isinstance(error, OSError) else type(error).__name__
        _log.warning("control_socket_left", reason=reason)

    @inlineCallbacks
    def _drain(self) -> "Any":
        """Finish what has begun, answer, close; every step has a bound (see ``fep.ending``)."""
        settings = self._services.settings
        self._begin_step("ports")
        yield from self._ports.stop()
        for port in self._control_ports:
            yield maybeDeferred(port.stopListening).addErrback(self._control_not_closed)
        self._begin_step("pushes")
        yield self._pusher.drain(pushes_limit_s(settings))
        self._begin_step("links")
        # All at the same time, so that their limits are not added up.
        yield gatherResults([self._partners.drain(), *(factory.drain() for factory in self._ports.factories)])
        self._rounds.end()
        self._loop_watch.close()
        self._files.close()
        self._begin_step("databases")
        yield self._in_thread(self._billing.close, gate_limit_s(settings))
        self._begin_step("audit")
        yield self._in_thread(self._audit.close)
        if self._traces is not None:
            yield self._in_thread(self._traces.close)
        if self._monitor is not None:
            self._monitor.close()
        _log.info("stopped")
        if self._ending is not None:
            self._ending.drained(self.exit_code)
