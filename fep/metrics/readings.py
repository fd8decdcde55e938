"""Readings 读数: what the event loop knows, copied in the loop for a thread that may take its time over it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from dbgate.histogram import Histogram
from fep.links.bank import Bank
from fep.links.link import Link
from fep.links.refusals import LIMITS
from fep.links.services import Services
from fep.partners.partners import Partners
from fep.pushes.pusher import Pusher

LOOP_WAIT_S = 1.0
"""How long a scrape waits for the loop: a turn takes milliseconds, and Prometheus itself waits for ten seconds."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Readings:
    """What the loop knew at one moment.

    Attributes:
        links: by (bank, dialect, state); the bank is empty while nobody is signed in.
        connections, connections_max: open, and how many may be.
        refused_connections, refused_sign_ins, refused_requests: as of ``Refusals``.
        suites: by (bank, suite, strength); 1 each.
        in_work: requests that wait for a database.
        file_requests: requests for files that wait.
        requests: by (bank, transaction, response code).
        durations: by transaction.
        events: counters of what is no transaction.
        mac_failures, clock_skews: as of ``Services``, by bank.
        pushes: by bank, the number of pushes by what became of them.
        partners: by bank that the FEP asks: whether its day is open.
        suspended: by bank, whether no business of it is taken.
        key_ages_s: by bank and key version, how long it has been accepted.
        certificate_ends_s: by listening address, seconds since the epoch.
        audit: what ``AuditKeeping`` tells of the audit log.
    """

    links: dict[tuple[str, str, str], int] = field(default_factory=dict)
    connections: int = 0
    connections_max: int = 0
    refused_connections: dict[str, int] = field(default_factory=dict)
    refused_sign_ins: dict[tuple[str, str], int] = field(default_factory=dict)
    refused_requests: dict[tuple[str, str], int] = field(default_factory=dict)
    suites: dict[tuple[str, str, str], int] = field(default_factory=dict)
    in_work: int = 0
    file_requests: int = 0
    requests: dict[tuple[str, str, str], int] = field(default_factory=dict)
    durations: dict[str, Histogram] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    mac_failures: dict[str, int] = field(default_factory=dict)
    clock_skews: dict[str, float] = field(default_factory=dict)
    pushes: dict[str, dict[str, int]] = field(default_factory=dict)
    partners: dict[str, bool] = field(default_factory=dict)
    suspended: dict[str, bool] = field(default_factory=dict)
    key_ages_s: dict[tuple[str, str], float] = field(default_factory=dict)
    certificate_ends_s: dict[str, float] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a daemon that readings are taken of; all belong to the loop's thread.

    Attributes:
        links: all connections, signed in or not.
        file_requests: how many wait.
        audit: of the audit log.
    """

    services: Services
    links: Callable[[], Iterable[Link]]
    partners: Partners
    pusher: Pusher
    file_requests: Callable[[], int]
    audit: Callable[[], dict[str, Any]]

    def take(self) -> Readings:
        """Return the readings of this moment; in the loop's thread."""
        services = self.services
        log = services.transaction_log
        pushes = {code: self.pusher.state(code).get("pushes") for code in services.banks}
        return Readings(
            links=Counter(map(_link_key, self.links())),
            connections=services.admission.count,
            connections_max=services.settings.listener.connections_max,
            refused_connections=dict(services.refusals.connections),
            refused_sign_ins=dict(services.refusals.sign_ins),
            refused_requests=_of_every_bank(services),
            suites={_suite_key(bank): 1 for bank in services.banks.values()},
            in_work=len(services.in_work),
            file_requests=self.file_requests(),
            requests=dict(log.counts),
            durations={label: durations.copy() for label, durations in log.durations.items()},
            events=dict(services.events),
            mac_failures=dict(services.mac_failures),
            clock_skews=dict(services.clock_skews),
            pushes={code: counts for code, counts in pushes.items() if counts is not None},
            partners={code: self.partners.is_open(code) for code in self.partners.by_bank},
            certificate_ends_s={
                str(address): endpoint.certificate.not_after.timestamp() for address, endpoint in services.tls.items()
            },
            audit=self.audit(),
            key_ages_s=_key_ages_s(services.banks.values(), services.wall_clock()),
            suspended={code: bank.settings.terms.is_suspended for code, bank in services.banks.items()},
        )


class LoopReader:
    """Has the loop take readings, from another thread, and waits a bounded time for them.

    Args:
        reactor: the loop.
        take: called in it.
    """

    def __init__(self, reactor: Any, take: Callable[[], Readings]) -> None:
        self._reactor = reactor
        self._take = take
        self._asked: threading.Event | None = None
        self._lock = threading.Lock()
        self._last = Readings()

    def read(self) -> Readings:
        """Return the readings of this moment, the last ones when the loop does not answer within ``LOOP_WAIT_S``.

        A loop that stands still is asked once, however often a scraper comes.
        """
        with self._lock:
            is_first = self._asked is None
            asked = self._asked = self._asked or threading.Event()
        if is_first:
            self._reactor.callFromThread(self._taken, asked)
        asked.wait(LOOP_WAIT_S)
        return self._last

    def _taken(self, asked: threading.Event) -> None:
        try:
            self._last = self._take()
        except Exception as error:  # noqa: BLE001 - a bug in what is only looked at must not cost anybody's payment
            _log.error("readings_failed", error=error)
        with self._lock:
            self._asked = None
        asked.set()


def _key_ages_s(banks: Iterable[Bank], now: datetime) -> dict[tuple[str, str], float]:
    versions = [(bank.settings.bank_code, keys.version) for bank in banks for keys in bank.keys]
    return {
        (code, str(version.number)): (now - version.valid_from).total_seconds()
        for code, version in versions
        if version.valid_from is not None and version.is_accepted(now)
    }


def _of_every_bank(services: Services) -> dict[tuple[str, str], int]:
    """Return the requests that were refused, 0 for the others: a rise from nothing is one that Prometheus misses."""
    refused = services.refusals.requests
    return {(code, limit): refused[code, limit] for code in services.banks for limit in LIMITS}


def _suite_key(bank: Bank) -> tuple[str, str, str]:
    """Return bank, suite and how strong it is, as the daemon warns of it when it starts."""
    settings = bank.settings
    if not settings.session.has_mac:
        return settings.bank_code, "none", "no_mac"
    suite = settings.suite
    return settings.bank_code, suite.name, "weak" if suite.weak else "legacy" if suite.legacy else "current"


def _link_key(link: Link) -> tuple[str, str, str]:
    bank_code = link.bank.settings.bank_code if link.bank else ""
    return bank_code, link.dialect.name, link.machine.state.value


def by_bank(values: Mapping[str, float]) -> list[tuple[list[str], float]]:
    """Return the samples of a metric whose one label is the bank."""
    return [([code], value) for code, value in sorted(values.items())]
