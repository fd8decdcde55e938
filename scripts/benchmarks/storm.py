"""What strangers, slow frames and bad sign-ins without end cost the banks that are signed in.

The real daemon on embedded SQLite and the payers (links of one bank, one payment in flight on each) share core 0; the
visitors have core 1 to themselves. Rounds alternate: in the yardstick the same process burns core 1 and opens nothing.
A bank from an address of its own signs in anew all the time. Medians over the rounds are printed, maxima where it says
so.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from daemon import Daemon, free_port
from driver import PAY, Link, Serials, connect, drive, frame, pay
from visitor_kinds import ACCOUNT, BANK, BUSY, BUSY_BANK, INSIDE, KINDS

PAYING_BANK, PAYING_SUITE = "0103", "aes"
DAEMON_CORE, VISITORS_CORE = 0, 1
RATE_MAX = 200
"""Requests a second that the bank of the visitors may ask: what lies above it is the flood."""


def site(directory: Path, port: int, metrics_port: int) -> Path:
    """Make a demo site; the visitors' bank has a network of its own."""
    command = [sys.executable, "-m", "fep", "init", str(directory), "--demo", "--accounts", "100", "--port", str(port)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    configuration = directory / "fep.toml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace("# address =", f'address = "127.0.0.1:{metrics_port}"\n#'), encoding="utf-8")
    for code, network in ((BANK, INSIDE), (BUSY_BANK, BUSY)):
        (bank,) = (directory / "banks").glob(f"{code.decode()}*.toml")
        text = bank.read_text(encoding="utf-8").replace("127.0.0.1/32", f"{network}.0.0/16")
        if code == BANK:
            text = text.replace("# rate_max = 0", f"rate_max = {RATE_MAX}")
        bank.write_text(text, encoding="utf-8")
    return directory


@dataclass(slots=True)
class Watch:
    """What is looked at while a round runs: the daemon's memory and descriptors, and how soon a bank signs in."""

    daemon: Daemon
    port: int
    rss_mb: float = 0.0
    descriptors: int = 0
    sign_ins_ms: list[float] = field(default_factory=list)
    sign_ins_failed: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Watch":
        self._threads = [threading.Thread(target=each) for each in (self._look, self._sign_in)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.rss_mb = max(self.rss_mb, self.daemon.rss_mb())
            self.descriptors = max(self.descriptors, len(os.listdir(f"/proc/{self.daemon.process.pid}/fd")))

    def _sign_in(self) -> None:
        serials = Serials()
        while not self._over.wait(0.2):
            begun = time.perf_counter()
            try:
                link = connect(("127.0.0.1", self.port), PAYING_BANK, PAYING_SUITE, serials, timeout_s=5)
            except (OSError, SystemExit):
                self.sign_ins_failed += 1
                continue
            self.sign_ins_ms.append((time.perf_counter() - begun) * 1000)
            link.socket.close()


@dataclass(slots=True)
class Round:
    """What one round gave."""

    per_second: float
    p99_ms: float
    cpu_us: float
    bad: int
    watch: Watch
    refused: Counter[str]
    visits: dict[str, int]


def payments(link: Link, serials: Serials, end: float) -> Iterator[bytes]:
    """Yield deposits until the round is over, each signed when it is sent."""
    body = pay(ACCOUNT, 100, mode=2)
    while time.perf_counter() < end:
        yield frame(link.security, PAY, link.bank_code, serials.next(), body, 1)


def refusals(metrics_port: int) -> Counter[str]:
    """Return what /metrics says was refused or happened, by reason."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=15) as reply:
        text = reply.read().decode()
    found = re.findall(
        r'^fep_(?:events|connections_refused)_total\{(?:event|reason)="(\w+)"\} (\S+)', text, re.MULTILINE
    )
    return Counter({name: int(float(value)) for name, value in found})


class Bench:
    """One daemon, its payers, and rounds of storms."""

    def __init__(self, arguments: argparse.Namespace, directory: Path) -> None:
        self._arguments = arguments
        self._port, self._metrics_port = free_port(), free_port()
        os.sched_setaffinity(0, {DAEMON_CORE})  # the daemon inherits it
        self.daemon = Daemon(site(directory / "site", self._port, self._metrics_port), self._port)
        self._serials = Serials()
        self._links = [
            connect(("127.0.0.1", self._port), PAYING_BANK, PAYING_SUITE, self._serials) for _ in range(arguments.links)
        ]

    def round(self, kind: str, seconds: float) -> Round:
        """Pay beside visitors of one kind."""
        visitors = self._visitors(kind)
        before, cpu_s = refusals(self._metrics_port), self.daemon.cpu_s()
        with Watch(self.daemon, self._port) as watch:
            end = time.perf_counter() + seconds
            result = drive(self._links, [payments(link, self._serials, end) for link in self._links])
            cpu_s = self.daemon.cpu_s() - cpu_s
        visitors.terminate()
        visits = json.loads(visitors.communicate(timeout=30)[0].splitlines()[-1])
        return Round(
            result.per_second, result.percentile(0.99), cpu_s / len(result.latencies_ms) * 1e6,
            sum(count for code, count in result.codes.items() if code != b"0000"), watch,
            refusals(self._metrics_port) - before, visits,
        )  # fmt: skip

    def _visitors(self, kind: str) -> "subprocess.Popen[str]":
        words = [self._port, kind, "--connections", self._arguments.connections, "--seconds", 600]
        program = Path(__file__).with_name("visitors.py")
        started = subprocess.Popen(
            [sys.executable, str(program), *map(str, words), "--core", str(VISITORS_CORE)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert started.stdout is not None
        started.stdout.readline()  # ready
        time.sleep(self._arguments.warm_up)
        return started


def report(kind: str, idle: list[Round], storm: list[Round]) -> dict[str, object]:
    """Print one kind's figures and return them."""

    def median(rounds: list[Round], name: str) -> float:
        return statistics.median(getattr(each, name) for each in rounds)

    sign_ins = sorted(ms for each in storm for ms in each.watch.sign_ins_ms)
    visits = Counter[str]()
    refused = Counter[str]()
    for each in storm:
        visits.update(each.visits)
        refused.update(each.refused)
    row: dict[str, object] = {
        "kind": kind,
        "idle_per_s": round(median(idle, "per_second")), "per_s": round(median(storm, "per_second")),
        "ratio": round(median(storm, "per_second") / median(idle, "per_second"), 2),
        "idle_cpu_us": round(median(idle, "cpu_us")), "cpu_us": round(median(storm, "cpu_us")),
        "idle_p99_ms": round(median(idle, "p99_ms"), 1), "p99_ms": round(median(storm, "p99_ms"), 1),
        "rss_mb": round(max(each.watch.rss_mb for each in storm)),
        "descriptors": max(each.watch.descriptors for each in storm),
        "sign_in_p50_ms": round(statistics.median(sign_ins), 1) if sign_ins else None,
        "sign_in_max_ms": round(sign_ins[-1], 1) if sign_ins else None,
        "sign_ins": len(sign_ins), "sign_ins_failed": sum(each.watch.sign_ins_failed for each in storm),
        "not_approved": sum(each.bad for each in (*idle, *storm)),
        "connections": visits["connected"], "refused": dict(refused),
    }  # fmt: skip
    print(
        f"{kind:13}{row['idle_per_s']:>7}{row['per_s']:>7}{row['ratio']:>7}{row['idle_cpu_us']:>7}{row['cpu_us']:>7}"
        f"{row['idle_p99_ms']:>8}{row['p99_ms']:>8}{row['rss_mb']:>6}{row['descriptors']:>6}"
        f"{row['sign_in_p50_ms'] or '-':>8}{row['sign_in_max_ms'] or '-':>9}{row['sign_ins_failed']:>4}"
        f"{row['connections']:>9}  {' '.join(f'{name}={count}' for name, count in refused.most_common())}",
        flush=True,
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}, all; every one alone, then all together")
    parser.add_argument("--connections", type=int, default=10_000, help="that the visitors keep open or opening")
    parser.add_argument("--links", type=int, default=32, help="of the bank that pays")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds of the storm before a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    kinds = arguments.kinds or [*KINDS, "all"]
    if unknown := set(kinds) - {*KINDS, "all"}:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("two cores are needed")
    directory = Path(tempfile.mkdtemp(prefix="fep-bench-"))
    bench = None
    try:
        bench = Bench(arguments, directory)
        bench.round("idle", 1.0)
        print(f"{'':13}{'idle/s':>7}{'pay/s':>7}{'ratio':>7}{'CPU us':>14}{'p99 ms':>16}{'MB':>6}{'fds':>6}"
              f"{'sign-in p50, max, failed':>21}{'visits':>9}", flush=True)  # fmt: skip
        rows = []
        for kind in kinds:
            rounds = [
                (bench.round("idle", arguments.seconds), bench.round(kind, arguments.seconds))
                for _ in range(arguments.rounds)
            ]
            rows.append(report(kind, [idle for idle, _ in rounds], [storm for _, storm in rounds]))
        if arguments.json:
            print(json.dumps(rows))
    finally:
        if bench is not None:
            bench.daemon.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
