"""An auditor watches a bank's frames at a real daemon: decoded, masked, for a limited time, and on record. 查看报文"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import ROOT, environment, fep, forms
from tests.system.checks import ask
from tests.system.messages import DEPOSIT, PAY, QUERY, pay, query
from tests.system.test_operating import acts_of


class Watching:
    """One ``fep tail``."""

    def __init__(self, config: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fep", "--lang", "en", "tail", "--config", str(config), *words],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self.process.stderr is not None
        self.begun = self.process.stderr.readline()

    def end(self, lines: int) -> str:
        """Wait for so many lines, end it with Ctrl-C and return what it has printed."""
        assert self.process.stdout is not None
        printed = [self.process.stdout.readline() for _ in range(lines)]
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        return "".join(printed) + rest


@contextmanager
def watching(config: Path, *words: str) -> Iterator[Watching]:
    each = Watching(config, *words)
    try:
        yield each
    finally:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def config(fresh_site) -> Path:
    fresh_site.daemon.start()
    return fresh_site.directory / "fep.toml"


def frames(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("encrypted", [False, True])
def test_frames_are_seen_and_nobody_is_recognised(fresh_site, config, secrets, encrypted):
    """Requests and replies of this bank and of no other; no name, no whole number; encrypted ones too."""
    bank, other = fresh_site.bank(encrypted=encrypted), fresh_site.bank("0103")
    account = fresh_site.take("empty")
    with watching(config, "--bank", "0102", "--json") as tail:
        assert tail.begun == "watching for 60 s; Ctrl-C ends\n"
        other.request(QUERY, query(account.account_no))
        ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
        bank.request(QUERY, query(account.account_no))
        printed = tail.end(4)
    asked, answered, *_ = seen = frames(printed)
    assert [(each["direction"], each["transaction"]) for each in seen] == [
        ("in", "pay"),
        ("out", "pay"),
        ("in", "query"),
        ("out", "query"),
    ]
    assert {each["bank_code"] for each in seen} == {"0102"}
    assert asked["body"]["amount_fen"] == 700
    assert asked["body"]["account_no"].endswith(account.account_no[-4:])
    assert asked["body"]["account_no"].startswith("*")
    assert answered["head"]["response_code"] == "0000"
    assert answered["head"]["bank_serial"] == asked["head"]["bank_serial"]
    assert [word for word in secrets | forms(account.account_no) if word in printed.lower()] == []
    assert acts_of(config) == [("frames watched", "0102")]


def test_a_line_for_each_frame(fresh_site, config):
    """For people: an arrow, the transaction, and what has a value."""
    bank = fresh_site.bank()
    account = fresh_site.take("empty")
    with watching(config, "--bank", "0102", "--for", "600") as tail:
        ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
        asked, answered = tail.end(2).splitlines()
    assert " -> pay bank_code=0102 " in asked
    assert " amount_fen=700 " in asked
    assert " <- pay response_code=0000 " in answered


def test_it_ends_by_itself(fresh_site, config):
    """The daemon closes when the time is over, exit code 0; nothing is shown then any more."""
    bank = fresh_site.bank()
    started = time.monotonic()
    result = fep("--lang", "en", "tail", "--bank", "0102", "--for", "1", "--config", config)
    assert (result.returncode, result.stdout) == (0, "")
    assert time.monotonic() - started >= 1
    ask(bank, PAY, pay(fresh_site.take("empty").account_no, 700, DEPOSIT))


def test_what_cannot_be_watched_is_told(fresh_site, config):
    """Exit code 2 for a bank that there is not, for longer than ten minutes, and 3 without a daemon."""
    no_bank = fep("--lang", "en", "tail", "--bank", "9999", "--config", config)
    assert (no_bank.returncode, no_bank.stderr) == (2, "the daemon serves no such bank\n")
    assert fep("tail", "--bank", "0102", "--for", "601", "--config", config).returncode == 2
    fresh_site.daemon.stop()
    silent = fep("--lang", "en", "tail", "--bank", "0102", "--config", config)
    assert silent.returncode == 3
    assert "no daemon answers at" in silent.stderr
    fresh_site.daemon.start()


def test_an_operator_may_not_and_a_drain_ends_it(fresh_site, config):
    """Who watches does not keep the daemon from ending."""
    with watching(config, "--bank", "0102") as tail:
        assert fresh_site.daemon.stop() == 0
        assert tail.process.wait(20) in (0, 3)
    fresh_site.daemon.start()
