"""Traces 追踪: samples requests, and has a thread of its own send them to a collector by OTLP over HTTP.

The loop only notes moments and puts what it has noted into a bounded queue. A collector that is down or hangs costs
traces, which are counted, and no bank anything.
"""

import logging
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from random import random
from threading import Event, Thread
from time import sleep

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult

from fep.traces.sampled import SampledRequest
from fep.traces.spans import spans_of

WAITING_MAX = 1024
"""Sampled requests that wait for the collector: some 2 MB, and seconds of full load where one of ten is sampled."""

BATCH_MAX = 64
"""Requests that are sent together: some 600 spans, which is what collectors expect."""

GATHER_S = 1.0
"""How long the thread lets requests gather: traces are looked at minutes later."""

EXPORT_TIMEOUT_S = 5.0
"""How long a collector may take, all tries together."""

CLOSE_LIMIT_S = 2.0
"""How long the end of the process waits for a collector that takes nothing."""

_LOUD = ("opentelemetry", "urllib3")
"""Libraries that would print what we tell by our own log."""

_log = structlog.get_logger()

Count = Callable[[str, int], None]
"""Counts events by name; from any thread."""


class Traces:
    """Samples from ``start`` until ``close``.

    Args:
        endpoint: URL that takes OTLP, as ``http://127.0.0.1:4318/v1/traces``.
        sample_ratio: of all requests, 0 to 1.
        service_name: what collectors know this daemon by.
        headers: that the collector wants, as a token; secret.
        count: is told what was lost.
    """

    def __init__(
        self, endpoint: str, sample_ratio: float, service_name: str, headers: Mapping[str, str], count: Count
    ) -> None:
        self.sample_ratio = sample_ratio
        self._count = count
        self._resource = Resource({"service.name": service_name})
        self._exporter = OTLPSpanExporter(endpoint, headers=dict(headers), timeout=EXPORT_TIMEOUT_S)
        self._queue: Queue[SampledRequest] = Queue(WAITING_MAX)
        self._closing = Event()
        self._is_lost = False
        self._thread = Thread(target=self._run, name="traces", daemon=True)

    def start(self) -> None:
        """Send what is finished from now on."""
        for name in _LOUD:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._thread.start()

    def sample(self, *, is_own: bool = False) -> SampledRequest | None:
        """Return what a new request notes its stages in, None for one that is not sampled."""
        return SampledRequest(is_own=is_own) if random() < self.sample_ratio else None  # noqa: S311 - no secret

    def tell(self, request: SampledRequest) -> None:
        """Queue a finished request; never waits."""
        try:
            self._queue.put_nowait(request)
        except Full:
            self._count("trace_dropped", 1)

    def close(self) -> None:
        """Send what waits, for ``CLOSE_LIMIT_S`` at most."""
        self._closing.set()
        self._thread.join(CLOSE_LIMIT_S)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _run(self) -> None:
        while not self._closing.is_set() or not self._queue.empty():
            requests = self._gathered()
            if requests:
                self._export(requests)

    def _gathered(self) -> list[SampledRequest]:
        try:
            requests = [self._queue.get(timeout=GATHER_S)]
        except Empty:
            return []
        if not self._closing.is_set():
            sleep(GATHER_S / 2)
        while len(requests) < BATCH_MAX:
            try:
                requests.append(self._queue.get_nowait())
            except Empty:
                break
        return requests

    def _export(self, requests: list[SampledRequest]) -> None:
        try:
            spans = [span for request in requests for span in spans_of(request, self._resource)]
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - traces are for people who look: nothing else depends on them
            _log.error("traces_failed", error=error)
            result = SpanExportResult.FAILURE
        is_lost = result is not SpanExportResult.SUCCESS
        if is_lost:
            self._count("trace_not_exported", len(requests))
        if is_lost != self._is_lost:
            self._is_lost = is_lost
            (_log.warning if is_lost else _log.info)("traces_lost" if is_lost else "traces_exported")
