"""Collector 指标采集: turns readings into metric families while a scrape waits; nothing is counted twice.

Names follow Prometheus: ``fep_`` in front, base units behind, ``_total`` for counters. No label holds what a customer
or a stranger wrote: banks are those of the configuration or ``unknown``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from dbgate.branch import Branch
from dbgate.histogram import Histogram
from dbgate.lane_meter import LaneReading
from fep.metrics.pulse import Pulse
from fep.metrics.readings import LoopReader, Readings, by_bank
from fep.metrics.survey import Found

Samples = Iterable[tuple[Sequence[str], float]]
Histograms = Mapping[tuple[str, ...], Histogram]


class DaemonCollector(Collector):
    """What one daemon tells; asked in a thread of the metrics server.

    Args:
        version: of the program.
        reader: what the loop knows.
        branches: the databases.
        pulse: of the loop.
        found: what the last survey found.
        is_ready: whether money can be taken.
        is_draining: whether the daemon ends.
    """

    def __init__(
        self,
        version: str,
        reader: LoopReader,
        branches: Sequence[Branch],
        pulse: Pulse,
        found: Callable[[], Found],
        is_ready: Callable[[], bool],
        is_draining: Callable[[], bool],
    ) -> None:
        self._version = version
        self._reader = reader
        self._branches = branches
        self._pulse = pulse
        self._found = found
        self._is_ready = is_ready
        self._is_draining = is_draining

    def collect(self) -> Iterator[Metric]:
        """Yield every family; the readings are taken once."""
        readings = self._reader.read()
        yield from self._of_daemon()
        yield from _of_links(readings)
        yield from _of_refusals(readings)
        yield from _of_requests(readings)
        yield from _of_databases(self._branches)
        yield from _of_pushes(readings)
        yield from _of_audit(readings)
        yield from _of_survey(self._found())

    def describe(self) -> Iterable[Metric]:
        """Describe nothing: the readings are not to be taken before anybody asks."""
        return ()

    def _of_daemon(self) -> Iterator[Metric]:
        yield _gauge("fep_build_info", "The version that runs; always 1.", ["version"], [([self._version], 1)])
        ready, draining = float(self._is_ready()), float(self._is_draining())
        yield _gauge("fep_ready", "1 while money can be taken, as /ready says.", [], [([], ready)])
        yield _gauge("fep_draining", "1 while the daemon ends and takes no new business.", [], [([], draining)])
        lag = "How late the event loop is by now; it grows while the loop stands still."
        yield _gauge("fep_reactor_lag_seconds", lag, [], [([], self._pulse.lag_s)])
        late = "How late each beat of the event loop came."
        yield _histogram("fep_reactor_tick_delay_seconds", late, [], {(): self._pulse.lateness})


def _of_links(readings: Readings) -> Iterator[Metric]:
    labels = ["bank", "dialect", "state"]
    text = "Connections of banks by state; without a bank while nobody is signed in."
    yield _gauge("fep_links", text, labels, sorted(readings.links.items()))
    text = "Connections that are open, signed in or not."
    yield _gauge("fep_connections", text, [], [([], readings.connections)])
    text = "Connections that may be open at a time."
    yield _gauge("fep_links_max", text, [], [([], readings.connections_max)])
    text = "Signed-in links of each bank of the configuration, 0 while it has none."
    yield _gauge("fep_bank_links", text, ["bank"], by_bank(_signed_in(readings)))
    text = "1 while no business of the bank is taken."
    yield _gauge("fep_bank_suspended", text, ["bank"], by_bank(readings.suspended))
    text = "By how much the bank's clock was ahead of ours when it last asked for keys; negative: behind."
    yield _gauge("fep_bank_clock_skew_seconds", text, ["bank"], by_bank(readings.clock_skews))
    text = "1 while the day is signed in at a bank that the FEP asks."
    yield _gauge("fep_partner_open", text, ["bank"], by_bank(readings.partners))
    text = "How long ago each key version that is accepted began to be."
    yield _gauge("fep_key_age_seconds", text, ["bank", "version"], sorted(readings.key_ages_s.items()))
    text = "When the certificate ends that is shown on an address with TLS."
    ends = [([address], end) for address, end in sorted(readings.certificate_ends_s.items())]
    yield _gauge("fep_certificate_not_after_timestamp_seconds", text, ["address"], ends)
    text = "Frames whose MAC was wrong, or was another's."
    yield _counter("fep_mac_failures", text, ["bank"], by_bank(readings.mac_failures))
    text = "What happened that is no transaction, as fep status lists it."
    yield _counter("fep_events", text, ["event"], [([name], count) for name, count in sorted(readings.events.items())])


def _of_refusals(readings: Readings) -> Iterator[Metric]:
    text = "Connections that were closed unread: a stranger's, over a cap, or of a peer that waits after failures."
    refused = [([reason], float(count)) for reason, count in sorted(readings.refused_connections.items())]
    yield _counter("fep_connections_refused", text, ["reason"], refused)
    text = "Sign-ins that were refused, and frames before a sign-in that were not believed."
    yield _counter("fep_sign_ins_refused", text, ["bank", "reason"], sorted(readings.refused_sign_ins.items()))
    text = "Requests that were answered 1011 for a limit of the bank's file."
    yield _counter("fep_requests_refused", text, ["bank", "limit"], sorted(readings.refused_requests.items()))
    text = "What protects the bank's link; always 1. weak: des, cups; legacy: 3des; no_mac: a format without a MAC."
    yield _gauge("fep_bank_suite_info", text, ["bank", "suite", "strength"], sorted(readings.suites.items()))


def _of_requests(readings: Readings) -> Iterator[Metric]:
    labels = ["bank", "transaction", "response_code"]
    yield _counter("fep_requests", "Answered frames.", labels, sorted(readings.requests.items()))
    text = "From a whole frame to its answer."
    durations: Histograms = {(label,): each for label, each in sorted(readings.durations.items())}
    yield _histogram("fep_request_duration_seconds", text, ["transaction"], durations)
    text = "Requests that wait for a database or are in a batch."
    yield _gauge("fep_requests_in_work", text, [], [([], readings.in_work)])
    yield _gauge("fep_file_requests_waiting", "Requests for batch files.", [], [([], readings.file_requests)])


def _of_databases(branches: Sequence[Branch]) -> Iterator[Metric]:
    up = [([branch.name], float(branch.is_up)) for branch in branches]
    yield _gauge("fep_database_up", "1 while the database takes work of every kind.", ["database"], up)
    money = [([branch.name], float(branch.takes_money)) for branch in branches]
    yield _gauge("fep_database_takes_money", "1 while the database takes payments.", ["database"], money)
    lanes = {(branch.name, each.kind): each for branch in branches for each in branch.gate.readings()}
    for name, text, value in _LANE_GAUGES:
        yield _gauge(name, text, ["database", "lane"], [(key, value(each)) for key, each in lanes.items()])
    for name, text, histogram in _LANE_HISTOGRAMS:
        yield _histogram(name, text, ["database", "lane"], {key: histogram(each) for key, each in lanes.items()})


_LANE_GAUGES: tuple[tuple[str, str, Callable[[LaneReading], float]], ...] = (
    ("fep_queue_waiting", "Requests in the queue of a kind of lane.", lambda lane: lane.waiting),
    ("fep_queue_max", "Requests that may wait; above it 1011 is answered.", lambda lane: lane.waiting_max),
    ("fep_lanes", "Connections to the database of this kind.", lambda lane: lane.lanes),
    ("fep_lanes_busy", "Connections that are in a batch; when all are, requests wait.", lambda lane: lane.busy),
)

_LANE_HISTOGRAMS: tuple[tuple[str, str, Callable[[LaneReading], Histogram]], ...] = (
    (
        "fep_queue_wait_seconds",
        "How long a request waited for a connection to the database.",
        lambda lane: lane.waits,
    ),
    ("fep_batch_duration_seconds", "How long a batch took, COMMIT included.", lambda lane: lane.durations),
    ("fep_batch_size", "Requests of a batch, which are one transaction.", lambda lane: lane.sizes),
)


def _of_pushes(readings: Readings) -> Iterator[Metric]:
    samples = [
        ([code, state], float(count)) for code, counts in readings.pushes.items() for state, count in counts.items()
    ]
    text = "Bills on their way to banks; dead ones wait for a person."
    yield _gauge("fep_pushes", text, ["bank", "state"], samples)


def _of_audit(readings: Readings) -> Iterator[Metric]:
    told = readings.audit
    if not told:
        return
    text = "Lines that this daemon has written into its audit log."
    yield _counter("fep_audit_lines", text, [], [([], told["lines"])])
    text = "Lines of the audit log that found no room while it could not be written."
    yield _counter("fep_audit_lines_lost", text, [], [([], told["lost"])])
    yield _gauge("fep_audit_lines_waiting", "Lines that wait for the disk.", [], [([], told["waiting"])])
    writable = float(not told["failure"])
    yield _gauge("fep_audit_writable", "1 while the audit log can be written.", [], [([], writable)])
    text = "Seals of audit logs that the database does not have yet."
    yield _gauge("fep_audit_seals_waiting", text, [], [([], told["seals_not_recorded"])])


def _of_survey(found: Found) -> Iterator[Metric]:
    books, files = sorted(found.books.items()), sorted(found.files.items())
    days = [([code], float(len(each.days))) for code, each in books]
    yield _gauge("fep_days_unreconciled", "Closed days with payments that are not reconciled.", ["bank"], days)
    differences = [([code], float(each.difference_count)) for code, each in books]
    yield _gauge("fep_differences_open", "Differences that nobody has settled.", ["bank"], differences)
    received = [([code], float(each.count)) for code, each in files]
    yield _gauge("fep_files_received", "Files of the bank that nobody has moved away.", ["bank"], received)
    sizes = [([code], float(each.size_bytes)) for code, each in files]
    yield _gauge("fep_files_received_bytes", "Their bytes.", ["bank"], sizes)
    parts = [([code], float(each.part_count)) for code, each in files]
    yield _gauge("fep_file_parts", "Files of the bank that are begun and not complete.", ["bank"], parts)
    changed: Samples = [] if found.key_store_changed_s is None else [([], found.key_store_changed_s)]
    text = "When the key store was last changed."
    yield _gauge("fep_key_store_changed_timestamp_seconds", text, [], changed)


def _signed_in(readings: Readings) -> dict[str, float]:
    counts = dict.fromkeys(readings.suspended, 0.0)
    for (bank, _, state), count in readings.links.items():
        if bank in counts and state == "signed_in":
            counts[bank] += count
    return counts


def _gauge(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _histogram(name: str, text: str, labels: Sequence[str], histograms: Mapping[tuple[str, ...], Histogram]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    for values, each in histograms.items():
        buckets, below = [], 0
        for bound, count in zip((*each.bounds, float("inf")), tuple(each.counts), strict=True):
            below += count
            buckets.append(("+Inf" if bound == float("inf") else repr(float(bound)), float(below)))
        family.add_metric(values, buckets, each.total)
    return family
