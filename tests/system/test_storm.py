"""A storm of strangers, slow frames and bad sign-ins: signed-in banks are served, the daemon keeps its size. 连接风暴

The storm is the generator of ``scripts/bench storm``, a process of its own. No time is asserted here: what a storm
costs is the benchmark's to tell.
"""

import json
import os
import resource
import subprocess
import sys
import time

import pytest

from tests.support.daemon import ROOT, Daemon, environment
from tests.support.raw_bank import RawBank
from tests.system.conftest import Site
from tests.system.messages import DEPOSIT, PAY, pay

VISITORS = ROOT / "scripts" / "benchmarks" / "visitors.py"
CONNECTIONS = 2000
PLACES, OWNERS = 256, 3
"""Guests that one bank's addresses may have, and banks that have addresses of their own here."""

OTHER_FILES = 100
"""Descriptors beside connections: databases, log, sockets, and connections of this round of the loop."""

GROWTH_BYTES = 64 * 1024 * 1024
"""What connections and what they have sent may cost: places, links and backlog, some 50 kB each, and slack."""

STORM_S = 4.0
LINES_MAX = 1000
"""Twenty of each kind in two periods of ten seconds; there are some twenty kinds."""


def pay_on(bank: RawBank, account_no: str) -> str:
    """Pay one fen and return the response code."""
    return bank.request(PAY, pay(account_no, 1, DEPOSIT)).code


def descriptors(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def begin_storm(port: int, *kinds: str) -> "subprocess.Popen[str]":
    """Start visitors of these kinds, and return when they are about to come."""
    words = [str(port), *kinds, "--connections", str(CONNECTIONS), "--seconds", "60"]
    storm = subprocess.Popen(
        [sys.executable, str(VISITORS), *words], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert storm.stdout is not None
    assert storm.stdout.readline() == "ready\n"
    return storm


@pytest.fixture
def stormy(fresh_site: Site) -> Site:
    """A site whose bank 0102 has a network of its own, which the visitors come from."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < CONNECTIONS + OTHER_FILES:
        pytest.skip("this user may not open so many files")
    fresh_site.daemon.configure_bank("0102", addresses=["127.77.0.0/16"])
    fresh_site.daemon.configure_bank("0104", addresses=["127.88.0.0/16"])
    fresh_site.daemon.configure_bank("0102", "limits", rate_max=50)
    fresh_site.daemon.start()
    return fresh_site


def test_banks_are_served_in_a_storm(stormy: Site) -> None:
    """Every payment of signed-in banks is approved, memory and descriptors stay bounded, the log says little; and when
    it is over, a bank signs in as ever."""
    daemon, account = stormy.daemon, stormy.take("empty")
    banks = [stormy.bank(code) for code in ("0103", "0403")]
    before, mark = daemon.resident_bytes(), daemon.mark()
    storm = begin_storm(daemon.port, "all")
    try:
        codes, largest, most = [], 0, 0
        end = time.monotonic() + STORM_S
        while time.monotonic() < end:
            codes += [pay_on(bank, account.account_no) for bank in banks]
            largest, most = max(largest, daemon.resident_bytes()), max(most, descriptors(daemon))
    finally:
        storm.terminate()
        visits = json.loads(storm.communicate(timeout=30)[0].splitlines()[-1])
    codes.append(pay_on(stormy.bank("0105"), account.account_no))

    assert visits["connected"] > CONNECTIONS
    assert set(codes) == {"0000"}
    assert largest - before < GROWTH_BYTES
    assert most < OWNERS * PLACES + 2 * PLACES + OTHER_FILES  # guests of each, links of two that storm
    noise = [line for line in daemon.events(mark) if line["event"] not in ("transaction", "lines_left_out")]
    assert len(noise) < LINES_MAX, sorted({line["event"] for line in noise})
    print(f"{len(codes)} payments beside {visits['connected']} visits, {largest >> 20} MB, {most} descriptors")
