"""Samples 采样: memory, descriptors and threads of each daemon, once a second, into a CSV file."""

import csv
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from fep.language import say
from tests.soak.books import Books
from tests.soak.site import WatchedDaemon
from tests.soak.slope import Slope, Verdict, slope

INTERVAL_S = 1.0
WARM_UP_SHARE = 0.2
"""Of a run: until then caches fill, allocators settle, and each lane has made its connection."""
RSS_LIMIT_SHARE = 0.01
"""Of the resident memory in a day: with it a daemon doubles in a hundred days. Below it a slope is called flat."""
WARM_UP_MIN_S = 600.0
"""At least, where a run is long enough for it: what settles does so by the clock, not by a run's length."""
TOLD_MIN_S = 600.0
"""Behind the warm-up; from less nothing is concluded, for an interpreter's memory settles for many minutes."""
COUNT_LIMIT = 0.5
"""Descriptors, or threads, in a day: one that is left behind each day is found."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What /proc says of one daemon in one moment."""

    day: float
    rss_kib: int
    descriptors: int
    threads: int


def look_at(pid: int, day: float) -> Sample:
    """Return what /proc says of a process now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    rss, threads = (int(re.search(rf"^{key}:\s+(\d+)", status, re.MULTILINE)[1]) for key in ("VmRSS", "Threads"))  # type: ignore[index]
    return Sample(day, rss, len(list(Path(f"/proc/{pid}/fd").iterdir())), threads)


class Sampler(threading.Thread):
    """Samples until it is told to end; a week of seconds is a few MB."""

    def __init__(self, daemons: list[WatchedDaemon], books: Books, path: Path, day_s: float) -> None:
        super().__init__(name="sampler", daemon=True)
        self.samples: list[list[Sample]] = [[] for _ in daemons]
        self._daemons, self._books, self._path, self._day_s = daemons, books, path, day_s
        self._over = threading.Event()

    def end(self) -> None:
        """Take the last sample."""
        self._over.set()
        self.join()

    def run(self) -> None:
        started_s = time.monotonic()
        interval_s = min(INTERVAL_S, self._day_s / 40)
        with self._path.open("w", encoding="ascii", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["seconds", "day", "daemon", "rss_kib", "descriptors", "threads", "answered"])
            while not self._over.wait(interval_s):
                seconds = time.monotonic() - started_s
                for number, daemon in enumerate(self._daemons):
                    sample = look_at(daemon.pid, seconds / self._day_s)
                    self.samples[number].append(sample)
                    counted = sample.rss_kib, sample.descriptors, sample.threads, self._books.answered
                    writer.writerow([f"{seconds:.1f}", f"{sample.day:.4f}", number + 1, *counted])
                file.flush()


@dataclass(frozen=True)
class Growth:
    """What became of one figure of one daemon."""

    daemon: int
    name: str
    slope: Slope
    limit: float
    first: float
    last: float
    is_long_enough: bool

    @property
    def verdict(self) -> Verdict:
        return self.slope.verdict(self.limit) if self.is_long_enough else Verdict.UNTOLD

    def line(self) -> str:
        """Return the line of the summary."""
        from_to = f"{self.first:,.0f} -> {self.last:,.0f}"
        told = f"{self.slope.per_day:+,.2f} ± {self.slope.margin:,.2f}"
        return say(
            en=f"daemon {self.daemon} {self.name}: {from_to}, slope {told} a day (limit {self.limit:,.2f}): "
            f"{self.verdict.value}",
            zh=f"守护进程 {self.daemon} {self.name}: {from_to}, 每日斜率 {told} (上限 {self.limit:,.2f}): "
            f"{self.verdict.value}",
        )


def growths(samples: list[list[Sample]], seconds: float) -> list[Growth]:
    """Return the growth of every figure of every daemon behind the warm-up of a run of so many seconds."""
    is_long_enough = seconds >= WARM_UP_MIN_S + TOLD_MIN_S
    share = max(WARM_UP_SHARE, WARM_UP_MIN_S / seconds) if is_long_enough else WARM_UP_SHARE
    found = []
    for number, all_of_one in enumerate(samples, 1):
        warm = all_of_one[int(len(all_of_one) * share) :]
        for name in ("rss_kib", "descriptors", "threads"):
            line = slope([(sample.day, getattr(sample, name)) for sample in warm])
            limit = line.mean * RSS_LIMIT_SHARE if name == "rss_kib" else COUNT_LIMIT
            ends = [float(getattr(warm[at], name)) for at in (0, -1)] if warm else [0.0, 0.0]
            found.append(Growth(number, name, line, limit, *ends, is_long_enough))
    return found
