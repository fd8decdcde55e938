"""A real daemon sends traces to a collector: each stage of a request, and nothing of a customer. 链路追踪"""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.daemon import fep, forms
from tests.support.raw_bank import ECHO, new_serial
from tests.support.trace_collector import TraceCollector, attributes_of
from tests.system.checks import ask
from tests.system.messages import DEPOSIT, PAY, QUERY, pay, query
from tests.system.test_reload import reload

BATCH = ["load", "decide", "store", "commit"]


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    collector = TraceCollector()
    yield collector
    collector.close()


@pytest.fixture
def traced(fresh_site, collector):
    """A site whose daemon traces every request, for a collector that wants a token."""
    token = fresh_site.directory / "collector.secret"
    token.touch(mode=0o600)
    token.write_text("Authorization: Bearer 5up3r-s3cret\n", encoding="ascii")
    traces = {"endpoint": collector.endpoint, "sample_ratio": 1.0, "headers": "file:collector.secret"}
    fresh_site.daemon.configure("traces", **traces).start()
    return fresh_site


def in_order(spans: list[Span]) -> list[str]:
    return [span.name for span in sorted(spans, key=lambda span: (span.start_time_unix_nano, span.end_time_unix_nano))]


def test_the_stages_of_a_payment(traced, collector, secrets):
    """One trace: verified, decoded, queued, its batch of four stages, replied; codes and serials only."""
    bank, account, serial = traced.bank(encrypted=True), traced.take("empty"), new_serial()
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT), serial=serial)
    whole, *stages = collector.wait_for("pay", bank_serial=f"{serial:012d}")
    batch = next(span for span in stages if span.name == "batch")
    inner = [span for span in stages if span.parent_span_id == batch.span_id]
    outer = [span for span in stages if span.parent_span_id == whole.span_id]
    assert in_order(outer) == ["verify", "decode", "queue", "batch", "reply"]
    assert in_order(inner) == BATCH
    assert len(outer) + len(inner) == len(stages)
    for span in outer:
        assert whole.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= whole.end_time_unix_nano
    assert abs(whole.start_time_unix_nano / 1e9 - time.time()) < 60
    told = attributes_of(whole)
    assert {name: told[name] for name in ("bank_code", "transaction", "response_code", "batch_size")} == {
        "bank_code": "0102",
        "transaction": "pay",
        "response_code": "0000",
        "batch_size": 1,
    }
    assert told["fep_serial"].isdigit()
    assert collector.headers["authorization"] == "Bearer 5up3r-s3cret"
    bank.request(QUERY, query(account.account_no))
    _, *stages = collector.wait_for("query")
    assert in_order([span for span in stages if span.name in BATCH]) == ["load", "decide"]
    sent = b"".join(collector.payloads).decode("latin-1").lower()
    assert [word for word in secrets | forms(account.account_no) if word in sent] == []
    assert traced.daemon.leaks(["5up3r-s3cret"]) == []


def test_a_collector_that_hangs_costs_no_bank_anything(traced, collector):
    """Requests are answered as ever, a new ratio is taken over, the daemon ends in time; what is lost is counted."""
    collector.hangs.set()
    bank = traced.bank()
    began = time.monotonic()
    bank.replies([bank.build(ECHO) for _ in range(200)])
    with collector.changed:
        assert collector.changed.wait_for(lambda: collector.payloads, 15)
    bank.replies([bank.build(ECHO) for _ in range(1500)])
    assert time.monotonic() - began < 15
    traced.daemon.configure("traces", sample_ratio=0.0)
    reload(traced.daemon)
    status = fep("status", "--json", "--config", traced.directory / "fep.toml").stdout
    assert '"trace_dropped"' in status
    traced.hang_up()
    began = time.monotonic()
    assert traced.daemon.stop() == 0
    assert time.monotonic() - began < 12


def test_what_is_wrong_with_the_table_is_told(fresh_site):
    """A user in the URL, or a ratio above the whole; neither is repeated."""
    fresh_site.daemon.configure("traces", endpoint="http://me:5up3r@127.0.0.1:4318/v1/traces", sample_ratio=1.5)
    ended = fep("--lang", "en", "check-config", "--config", fresh_site.directory / "fep.toml")
    assert ended.returncode == 2
    assert "traces.endpoint: expected a URL without a user" in ended.stderr
    assert "traces.sample_ratio: expected a number from 0 to 1" in ended.stderr
    assert "5up3r" not in ended.stderr
