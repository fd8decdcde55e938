"""The daemon over Oracle, by an emulation of its driver: a teller's day over TCP."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from fep.commands.demo import _teller_day
from tests.support.daemon import ROOT, environment
from tests.support.oracle_emulation import PREFIX
from tests.support.ports import free_port

START_LINES_MAX = 50


def fep_on_oracle(*words: object) -> "subprocess.Popen[str]":
    """Start ``fep`` whose Oracle is an emulation."""
    command = [sys.executable, "-m", "tests.support.fep_on_oracle", *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def events(lines: list[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.timeout(120)
def test_a_teller_s_day(tmp_path: Path) -> None:
    """Sign-in, queries, payments, a cancel, a reversal, status, invoice and totals; nothing is logged as a fault."""
    port = free_port()
    made = fep_on_oracle(
        "init",
        tmp_path / "site",
        "--demo",
        "--accounts",
        50,
        "--port",
        port,
        "--database",
        f"{PREFIX}{tmp_path}/fep.db",
    )
    said, _ = made.communicate(timeout=60)
    assert made.returncode == 0, said
    daemon = fep_on_oracle("run", "--config", tmp_path / "site/fep.toml")
    assert daemon.stdout is not None
    lines: list[str] = []
    try:
        while '"started"' not in (line := daemon.stdout.readline()):
            lines.append(line)
            assert line, lines
            assert len(lines) < START_LINES_MAX, lines
        shown = io.StringIO()
        assert _teller_day(Console(file=shown), port) == 0, shown.getvalue()
        daemon.send_signal(signal.SIGTERM)
        rest, _ = daemon.communicate(timeout=30)
    finally:
        daemon.kill()
        daemon.wait()
    assert daemon.returncode == 0
    logged = events([*lines, *rest.splitlines()])
    assert len([event for event in logged if event["event"] == "transaction"]) >= 17
    assert [event for event in logged if event["level"] == "error"] == []
