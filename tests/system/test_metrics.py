"""A real daemon is scraped over HTTP: counters, health, readiness, and the files for Prometheus and Grafana. 监控"""

import json
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.daemon import ROOT, forms
from tests.support.raw_bank import SIGN_IN
from tests.system.checks import ask
from tests.system.database import write_lock
from tests.system.messages import DEPOSIT, PAY, QUERY, pay, query

MONITORING = ROOT / "conf" / "monitoring"
WORDS = re.compile(r"\b(?:fep|process)_[a-z_]+\b")


class Scraped:
    """The metrics of a daemon."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def samples(self) -> dict[tuple[str, ...], float]:
        """Return the values by name and labels in order of the labels' names."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return {
            (s.name, *(value for _, value in sorted(s.labels.items()))): s.value
            for family in families
            for s in family.samples
        }


@pytest.fixture
def metrics(fresh_site) -> Scraped:
    return served(fresh_site.daemon.configure("metrics", address="127.0.0.1:0").start())


def served(daemon) -> Scraped:
    """Return the metrics of a daemon that chose its port itself: one that a test chose may be taken by then."""
    event = daemon.wait_for_event(lambda event: event.get("event") == "metrics_served")
    return Scraped(int(event["address"].rpartition(":")[2]))


def test_money_is_counted_by_bank_transaction_and_code(fresh_site, metrics):
    """Each answered frame once; its duration, its wait for the database and its batch once each."""
    bank, account = fresh_site.bank(), fresh_site.take("empty")
    for _ in range(3):
        ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    bank.request(QUERY, query("0199999999"))
    samples = metrics.samples()
    assert samples["fep_requests_total", "0102", "0000", "pay"] == 3
    assert samples["fep_request_duration_seconds_count", "pay"] == 3
    assert samples["fep_queue_wait_seconds_count", "billing", "money"] == 3
    assert samples["fep_batch_size_sum", "billing", "money"] == 3
    assert samples["fep_batch_duration_seconds_count", "billing", "money"] == 3
    assert samples["fep_links", "0102", "standard", "signed_in"] == 1
    assert samples["fep_bank_links", "0103"] == 0
    assert abs(samples["fep_bank_clock_skew_seconds", "0102"]) < 60
    assert (samples["fep_ready",], samples["fep_draining",]) == (1, 0)


def test_wrong_macs_are_counted_by_bank(fresh_site, metrics):
    """So that an operator sees whose keys differ."""
    bank = fresh_site.bank("0103")
    frame = bank.build(QUERY, query("0199700001"))
    bank.send(frame[:-1] + bytes([frame[-1] ^ 1]))
    assert bank.reply(frame).code == "1002"
    assert metrics.samples()["fep_mac_failures_total", "0103"] == 1


PROMISED = {
    "links by state": ("fep_links", "0102", "standard", "signed_in"),
    "requests by bank, transaction and code": ("fep_requests_total", "0102", "0000", "pay"),
    "latency of the whole": ("fep_request_duration_seconds_count", "pay"),
    "latency of the queue, which is the wait for a pooled connection": (
        "fep_queue_wait_seconds_count",
        "billing",
        "money",
    ),
    "latency of the batch": ("fep_batch_duration_seconds_count", "billing", "money"),
    "batch sizes": ("fep_batch_size_count", "billing", "money"),
    "queue depths": ("fep_queue_waiting", "billing", "money"),
    "database up": ("fep_database_up", "billing"),
    "clock skew": ("fep_bank_clock_skew_seconds", "0102"),
    "key age": ("fep_key_age_seconds", "0102", "1"),
    "reactor tick": ("fep_reactor_tick_delay_seconds_count",),
    "reactor lag": ("fep_reactor_lag_seconds",),
    "connections": ("fep_connections",),
    "cap of connections": ("fep_links_max",),
    "connections refused: no bank's": ("fep_connections_refused_total", "address"),
    "connections refused: cap in all": ("fep_connections_refused_total", "connections_max"),
    "connections refused: cap of an address": ("fep_connections_refused_total", "connections_per_address_max"),
    "connections refused: after failures": ("fep_connections_refused_total", "sign_in_failures"),
    "refused by a bank's limit: in flight": ("fep_requests_refused_total", "0102", "in_flight_max"),
    "refused by a bank's limit: rate": ("fep_requests_refused_total", "0102", "rate_max"),
    "a bank of suite des": ("fep_bank_suite_info", "0403", "weak", "des"),
    "a bank of suite 3des": ("fep_bank_suite_info", "0102", "legacy", "3des"),
    "a bank of suite sm4": ("fep_bank_suite_info", "0104", "current", "sm4"),
}
"""What an operator is promised to see, by what he calls it: a sample, its labels' values in order of their names."""


def test_each_number_that_is_promised_is_there(fresh_site, metrics):
    """Of a daemon that has taken one payment; days and pushes too, which are looked at in a thread."""
    bank, account = fresh_site.bank(), fresh_site.take("empty")
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    deadline = time.monotonic() + 20
    while ("fep_files_received", "0102") not in (samples := metrics.samples()):  # the first survey is taken by now
        assert time.monotonic() < deadline, "no survey was taken"
        time.sleep(0.1)
    assert [what for what, sample in PROMISED.items() if sample not in samples] == []
    families = {line.split()[2] for line in metrics.get("/metrics")[1].splitlines() if line.startswith("# TYPE")}
    assert families >= {"fep_pushes", "fep_days_unreconciled", "fep_mac_failures_total", "fep_sign_ins_refused_total"}


def test_what_is_turned_away_is_counted_by_its_reason(fresh_site):
    """Requests above a bank's rate, one link too many, a sign-in under another key, one connection too many."""
    daemon = fresh_site.daemon.configure("metrics", address="127.0.0.1:0")
    daemon.configure("listener", connections_per_address_max=3)
    daemon.configure_bank("0102", "limits", rate_max=1, links_max=1).start()
    metrics = served(daemon)
    bank = fresh_site.bank()
    asked = bank.replies([bank.build(QUERY, query("0199999999")) for _ in range(20)])
    assert fresh_site.connect("0102").exchange_keys(SIGN_IN).code == "1011"
    wrong = fresh_site.connect("0103")
    frame = wrong.build(SIGN_IN, bytes(32))[:-8] + b"wrongmac"
    wrong.send(frame)
    assert wrong.reply(frame).code == "1002"
    assert fresh_site.connect().until_closed() == []

    samples = metrics.samples()
    assert samples["fep_requests_refused_total", "0102", "rate_max"] == [each.code for each in asked].count("1011") > 0
    assert samples["fep_requests_refused_total", "0102", "in_flight_max"] == 0
    assert samples["fep_sign_ins_refused_total", "0102", "links_max"] == 1
    assert samples["fep_sign_ins_refused_total", "0103", "mac_incorrect"] == 1
    assert samples["fep_connections_refused_total", "connections_per_address_max"] == 1
    assert samples["fep_connections_refused_total", "address"] == 0
    assert (samples["fep_connections",], samples["fep_links_max",]) == (3, 1024)


def test_no_customer_is_in_a_scrape(fresh_site, metrics, secrets):
    """Neither a name nor a number nor a key, whatever was asked and refused."""
    bank, account = fresh_site.bank(encrypted=True), fresh_site.take("empty")
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    bank.request(QUERY, query(account.account_no))
    text = metrics.get("/metrics")[1].lower()
    assert [word for word in secrets | forms(account.account_no) if word in text] == []


def test_readiness_ends_with_the_drain_and_health_does_not(fresh_site, metrics):
    """A load balancer learns that the daemon ends while what has begun is still answered."""
    bank, account = fresh_site.bank(), fresh_site.take("empty")
    assert metrics.get("/ready")[0] == 200
    assert metrics.get("/health")[0] == 200
    payment = bank.build(PAY, pay(account.account_no, 700, DEPOSIT))
    with write_lock(fresh_site.directory):
        bank.send(payment)
        fresh_site.daemon.signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        while metrics.get("/ready")[0] == 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert json.loads(metrics.get("/ready")[1])["reasons"][0] == "draining"
        assert metrics.get("/health")[0] == 200
    assert bank.reply(payment).code == "0000"
    fresh_site.hang_up()
    assert fresh_site.daemon.wait() == 0


def test_readiness_ends_with_the_database(fresh_site, metrics):
    """Who cannot take money says so, and says so no more when the database is back."""
    (file,) = fresh_site.directory.glob("*.db")
    aside = file.with_suffix(".aside")
    bank, account = fresh_site.bank(), fresh_site.take("empty")
    file.rename(aside)
    try:
        bank.request(PAY, pay(account.account_no, 700, DEPOSIT))
        await_status(metrics, 503)
        assert json.loads(metrics.get("/ready")[1])["reasons"] == ["no database takes payments"]
        assert metrics.samples()["fep_database_takes_money", "billing"] == 0
    finally:
        aside.rename(file)
    await_status(metrics, 200)


def await_status(metrics: Scraped, status: int) -> None:
    deadline = time.monotonic() + 20
    while metrics.get("/ready")[0] != status:
        assert time.monotonic() < deadline, metrics.get("/ready")
        time.sleep(0.05)


def test_an_address_that_is_taken_ends_the_start(fresh_site):
    """The reason names it, exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        fresh_site.daemon.configure("metrics", address=f"127.0.0.1:{taken}").start(wait=False)
        assert fresh_site.daemon.wait() == 3
    reasons = [event["reason"] for event in fresh_site.daemon.events() if event["event"] == "start_failed"]
    assert reasons == [f"metrics cannot be served on 127.0.0.1:{taken}: Address already in use"]


# --- the files for Prometheus and Grafana


def expressions() -> list[str]:
    """Return every PromQL expression of the rules and the dashboard."""
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    dashboard: Any = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    told = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return told + [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def names_of(expression: str) -> set[str]:
    """Return the names of metrics in an expression: not what stands in quotes."""
    return set(WORDS.findall(re.sub(r'"[^"]*"', '""', expression)))


def test_dashboard_and_rules_name_metrics_that_exist(fresh_site, metrics):
    """Every name is a sample of a real scrape, or one of a family that has no sample yet."""
    bank, account = fresh_site.bank(), fresh_site.take("empty")
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    text = metrics.get("/metrics")[1]
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    samples = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    unknown = {name for each in expressions() for name in names_of(each)} - samples - families
    assert unknown == set()


def test_expressions_are_whole():
    """Brackets and quotes close, and every label that is matched or grouped by is one that some metric has."""
    for each in expressions():
        bare = re.sub(r'"[^"]*"', '""', each)
        assert bare.count('"') % 2 == 0, each
        for opened, closed in ("()", "{}", "[]"):
            assert bare.count(opened) == bare.count(closed), each
        labels = {label.strip() for inner in re.findall(r"(?:by|on) \(([^)]*)\)", bare) for label in inner.split(",")}
        labels |= set(re.findall(r"(\w+)(?:=~|!=|=)\"\"", bare))
        assert labels <= LABELS, each


LABELS = {
    *("instance", "job", "le"),
    *("bank", "dialect", "state", "transaction", "response_code", "event", "database", "lane"),
    *("reason", "limit", "suite", "strength"),
}


def test_rules_are_as_prometheus_reads_them():
    """Groups of alerts, each with a severity, a summary in both languages and a duration that Prometheus knows."""
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    assert list(rules) == ["groups"]
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert re.fullmatch(r"Fep[A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert re.fullmatch(r".+ / .*[\u4e00-\u9fff].*", rule["annotations"]["summary"])
    scrape = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    assert [Path(name).name for name in scrape["rule_files"]] == ["alerts.yml"]


@pytest.mark.parametrize("name", ["monitoring.md", "monitoring.zh-CN.md"])
def test_the_guide_names_every_metric_and_every_alert(fresh_site, metrics, name):
    """And none that does not exist."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    scrape = metrics.get("/metrics")[1]
    families = {line.split()[2] for line in scrape.splitlines() if line.startswith("# TYPE fep_")}
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert families - set(re.findall(r"`(fep_[a-z_]+)", text)) == set()
    assert alerts == set(re.findall(r"`(Fep[A-Za-z]+)`", text))
