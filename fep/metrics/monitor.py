"""Monitor 监控: wires the metrics of one daemon together; nothing of it runs while no address is configured."""

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from dbgate.branch import Branch
from fep.clock import shanghai_now
from fep.config.settings import Address
from fep.invocation import version
from fep.metrics.collector import DaemonCollector
from fep.metrics.pulse import Pulse
from fep.metrics.readiness import Readiness
from fep.metrics.readings import LoopReader, Parts
from fep.metrics.server import MetricsServer, Page, json_page
from fep.metrics.survey import Found, survey

_log = structlog.get_logger()


class Monitor:
    """The metrics of one daemon.

    Args:
        address: where they are served.
        parts: of the daemon, as the loop knows them.
        branches: its databases.
        ailments_of_ports: what is wrong with where it listens.
        is_draining: whether it ends.
        reactor: its loop.
        pulse: which the loop beats.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(
        self,
        address: Address,
        parts: Parts,
        branches: Sequence[Branch],
        ailments_of_ports: Callable[[], Iterable[str]],
        is_draining: Callable[[], bool],
        reactor: Any,
        pulse: Pulse,
    ) -> None:
        self._pulse = pulse
        self._parts = parts
        self._branches = branches
        self._reactor = reactor
        self._found = Found()
        self._ailments_of_ports = ailments_of_ports
        self._port_ailments: tuple[str, ...] = ()
        self._readiness = Readiness(self._pulse, branches, lambda: self._port_ailments, is_draining)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(
            DaemonCollector(
                version(),
                LoopReader(reactor, parts.take),
                branches,
                self._pulse,
                lambda: self._found,
                lambda: not self._readiness.unready(),
                is_draining,
            )
        )
        pages = {"/metrics": self._metrics, "/health": self._health, "/ready": self._ready}
        self._server = MetricsServer(address, pages)

    @property
    def address(self) -> Address:
        """Where the metrics are served."""
        return self._server.address

    def start(self) -> None:
        """Answer from now on."""
        self._server.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.close()

    def beat(self) -> None:
        """Note what only the loop may look at; it calls this every ``TICK_INTERVAL_S``."""
        self._port_ailments = tuple(self._ailments_of_ports())

    def look(self) -> "Deferred[None]":
        """Look at databases and folders, in a thread; the loop calls it every few minutes."""
        looking: Deferred[Found] = deferToThreadPool(
            self._reactor,
            self._reactor.getThreadPool(),
            survey,
            self._parts.services.settings,
            self._branches,
            shanghai_now(),
        )
        return looking.addCallback(self._looked).addErrback(_look_failed)

    def _looked(self, found: Found) -> None:
        self._found = found

    def _metrics(self, accept: str) -> Page:
        encode, content_type = choose_encoder(accept)
        return Page(HTTPStatus.OK, content_type, encode(self._registry))

    def _health(self, _accept: str) -> Page:
        reasons = self._readiness.ill()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        lag_s = round(self._pulse.lag_s, 3)
        return json_page(status, {"healthy": not reasons, "reasons": reasons, "reactor_lag_seconds": lag_s})

    def _ready(self, _accept: str) -> Page:
        reasons, closed = self._readiness.unready(), self._readiness.closed_databases
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return json_page(status, {"ready": not reasons, "reasons": reasons, "databases_closed": closed})


def _look_failed(failure: Failure) -> None:
    """A bug of ours; the next round may do better."""
    _log.error("survey_failed", error=failure.value)
