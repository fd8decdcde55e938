"""The metrics of one daemon over HTTP: with a loop that turns, and with one that does not."""

import json
import urllib.error
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dbgate.lane_meter import reading
from fep.config.settings import Address
from fep.metrics import pulse as pulse_module
from fep.metrics import readings as readings_module
from fep.metrics.monitor import Monitor
from fep.metrics.pulse import Pulse
from fep.metrics.readings import Readings


class Loop:
    """A reactor that does at once what it is asked for, while it turns."""

    def __init__(self) -> None:
        self.turns = True
        self.asked: list[Any] = []

    def callFromThread(self, function: Any, *arguments: Any) -> None:
        if self.turns:
            function(*arguments)
        else:
            self.asked.append(function)


class Site:
    """A daemon in name only."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.readings = Readings(
            links={("0102", "standard", "signed_in"): 2, ("", "standard", "connected"): 1},
            requests={("0102", "pay", "0000"): 5},
            suspended={"0102": False, "0103": False},
        )
        gate = SimpleNamespace(readings=lambda: [reading("money", [], waiting=3, waiting_max=9, lanes=4, busy=1)])
        branch = SimpleNamespace(name="billing", is_up=True, takes_money=True, gate=gate)
        self.branches: Any = [branch]
        self.ailments: list[str] = []
        self.is_draining = False
        parts: Any = SimpleNamespace(take=lambda: self.readings)
        address = Address("127.0.0.1", 0)
        self.pulse = Pulse()
        self.monitor = Monitor(
            address, parts, self.branches, lambda: self.ailments, lambda: self.is_draining, self.loop, self.pulse
        )
        self.monitor.start()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.monitor.address}{path}", timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def samples(self) -> dict[tuple[str, ...], float]:
        """Return the samples by name and labels in order."""
        status, text = self.get("/metrics")
        assert status == 200
        families = text_string_to_metric_families(text)
        return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


@pytest.fixture
def site():
    site = Site()
    yield site
    site.monitor.close()


def test_what_is_so_is_told(site):
    """Links, requests and queues; a bank without a link is told as 0, or nobody could be warned of it."""
    samples = site.samples()
    assert samples["fep_links", "0102", "signed_in", "standard"] == 2
    assert samples["fep_bank_links", "0102"] == 2
    assert samples["fep_bank_links", "0103"] == 0
    assert samples["fep_requests_total", "0000", "0102", "pay"] == 5
    assert samples["fep_queue_waiting", "billing", "money"] == 3
    assert samples["fep_ready",] == 1
    assert samples["process_open_fds",] > 0


def test_buckets_of_a_histogram_add_up(site):
    """Each bucket has those below it too, as the format wants; the last one has all."""
    for _ in range(3):
        site.pulse.beat()
    samples = site.samples()
    buckets = [value for key, value in samples.items() if key[0] == "fep_reactor_tick_delay_seconds_bucket"]
    assert buckets == sorted(buckets)
    assert samples["fep_reactor_tick_delay_seconds_bucket", "+Inf"] == 3
    assert samples["fep_reactor_tick_delay_seconds_count",] == 3


def test_a_loop_that_stands_still_shows(site, monkeypatch):
    """The scrape is still answered, with the last readings and a lag that grows; /health and /ready say no."""
    before = site.samples()
    site.loop.turns = False
    site.readings = Readings(requests={("0102", "pay", "0000"): 6})
    monkeypatch.setattr(readings_module, "LOOP_WAIT_S", 0.05)
    now = pulse_module.monotonic()
    monkeypatch.setattr(pulse_module, "monotonic", lambda: now + 20)
    stuck = site.samples()
    assert stuck["fep_requests_total", "0000", "0102", "pay"] == before["fep_requests_total", "0000", "0102", "pay"]
    assert stuck["fep_reactor_lag_seconds",] > 19
    assert stuck["fep_ready",] == 0
    assert site.get("/health")[0] == 503
    assert site.get("/ready")[0] == 503
    site.samples()
    assert len(site.loop.asked) == 1, "a loop that stands still is asked once, however often a scraper comes"


def test_readings_that_fail_cost_nothing_else(site, logs):
    """A bug in what is only looked at is logged, and the rest of the scrape is there."""
    del site.readings
    assert site.samples()["fep_queue_waiting", "billing", "money"] == 3
    assert "readings_failed" in [event["event"] for event in logs]


def test_readiness_follows_the_daemon(site):
    """Ready until the databases take no payments, nobody listens or the daemon ends; healthy all the time."""
    site.monitor.beat()
    assert site.get("/ready") == (200, '{"ready": true, "reasons": [], "databases_closed": []}\n')
    site.branches[0].takes_money = False
    site.ailments = ["port 9700 accepts no connections"]
    site.is_draining = True
    site.monitor.beat()
    status, text = site.get("/ready")
    reasons = ["draining", "no database takes payments", "port 9700 accepts no connections"]
    assert (status, json.loads(text)["reasons"]) == (503, reasons)
    assert json.loads(text)["databases_closed"] == ["billing"]
    assert site.get("/health")[0] == 200
