"""The watch 值守: strikes when it is time, tells how far the run has come, and sees what heals."""

import threading
import time
from collections.abc import Callable

from fep.language import say
from tests.chaos.journal import Journal, Sending
from tests.chaos.site import Site
from tests.chaos.wrecker import Struck, Wrecker

HEAL_LIMIT_S = 60.0
"""From the moment that a part is up again until money moves through every daemon that needed it, on a busy machine."""
EXIT_CANNOT_RUN = 3
_LINE_EVERY_S = 5.0
_LOOK_S = 0.05


class Watch:
    """Watches one run from the main thread."""

    def __init__(self, site: Site, journal: Journal, wrecker: Wrecker, started_s: float, calm: threading.Event) -> None:
        self._site, self._journal, self._wrecker = site, journal, wrecker
        self._started_s, self._calm = started_s, calm
        self._seen = 0  # of the sendings that have ended
        self._approved = self._uncertain = 0

    def keep(self, seconds: float, tell: Callable[[str], None]) -> None:
        """Return when the time is up and everything that was struck has healed, or should have long ago.

        Behind the last strike it lets the tellers be calm, too.
        """
        next_line_s, end_s = self._started_s + _LINE_EVERY_S, self._started_s + seconds
        pause = threading.Event()
        while True:
            busy = self._wrecker.work()
            if not busy:
                self._calm.set()
            self._look_after_daemons()
            self._look_at_sendings()
            now_s = time.monotonic()
            if now_s >= next_line_s:
                next_line_s += _LINE_EVERY_S
                tell(self._line(now_s - self._started_s))
            if now_s >= end_s and not busy and all(_is_over(struck, now_s) for struck in self._wrecker.struck):
                return
            pause.wait(max(0.001, min(_LOOK_S, self._wrecker.next_s() - now_s)))

    def _look_after_daemons(self) -> None:
        """Start a daemon again that ended by itself, as its service manager does.

        Exit code 3, "cannot run", is allowed while the database is down or has not been seen to be back.
        """
        for number, daemon in enumerate(self._site.daemons):
            if daemon.process is None or (code := daemon.process.poll()) is None:
                continue
            if code != EXIT_CANNOT_RUN or all(s.healed_s is not None or s.of_daemon for s in self._wrecker.struck):
                self._journal.complain(f"daemon {number} ended by itself, exit code {code}: {daemon.output[-3:]}")
            daemon.wait()
            daemon.start(wait=False)

    def _look_at_sendings(self) -> None:
        """Count what has ended since the last look, and note when money first moved again through a daemon."""
        ended = self._journal.ended[self._seen :]
        self._seen += len(ended)
        self._approved += sum(sending.approved for sending in ended)
        self._uncertain += sum(sending.uncertain for sending in ended)
        for struck in self._wrecker.struck:
            if struck.healed_s is None:
                for sending in ended:
                    if _shows_life(sending, struck):
                        assert sending.answered_s is not None
                        struck.alive_s.setdefault(sending.daemon, sending.answered_s)

    def _line(self, seconds: float) -> str:
        count = len(self._wrecker.struck)
        seen, approved, uncertain = f"{self._seen:6,}", f"{self._approved:6,}", f"{self._uncertain:5,}"
        return say(
            en=f"{seconds:4.0f} s  requests {seen}  approved {approved}  unknown {uncertain}  strikes {count}",
            zh=f"{seconds:4.0f} 秒  请求 {seen}  成功 {approved}  结果未知 {uncertain}  故障 {count}",
        )


def _shows_life(sending: Sending, struck: Struck) -> bool:
    return sending.approved and sending.daemon in struck.daemons and sending.sent_s > struck.at_s


def _is_over(struck: Struck, now_s: float) -> bool:
    if struck.healed_s is not None:
        return True
    return struck.righted_s is not None and now_s > struck.righted_s + HEAL_LIMIT_S
