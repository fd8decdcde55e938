"""The wrecker 故障注入: carries out the strikes of a plan and puts things right again, in the main thread.

The server's processes die with the thread that started them, so nobody else may do this.
"""

import heapq
import itertools
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos.plan import Blow, Strike
from tests.chaos.site import DATABASE, Site
from tests.support.daemon import Daemon
from tests.support.postgresql_server import PostgresServer


@dataclass(slots=True)
class Struck:
    """A strike that was carried out.

    Attributes:
        at_s: when, on the journal's clock.
        righted_s: when it had been put right; at once where the part recovers by itself.
        daemons: which daemons had to find back to work.
        alive_s: when each of them first approved money that was sent after the blow.
    """

    strike: Strike
    at_s: float
    righted_s: float | None
    daemons: tuple[int, ...]
    alive_s: dict[int, float] = field(default_factory=dict)

    @property
    def of_daemon(self) -> bool:
        """Whether a daemon was struck, not the database or the way to it."""
        return self.strike.blow in (Blow.DAEMON_KILLED, Blow.DAEMON_FROZEN)

    @property
    def healed_s(self) -> float | None:
        """When money moved again through every daemon that needed it; None: not yet."""
        return max(self.alive_s.values()) if set(self.daemons) <= self.alive_s.keys() else None


START_DEADLINE_S = 60.0
"""A daemon that does not listen by then is not waited for: that the site does not heal is found by the watch."""
_COMMITS_LOST_AT_ONCE = 3


class Wrecker:
    """Strikes a site; a part that is down already when its turn comes is struck once it is up again."""

    def __init__(self, site: Site, strikes: Sequence[Strike], started_s: float) -> None:
        self.struck: list[Struck] = []
        self._site, self._order = site, itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._down: set[object] = set()
        for strike in strikes:
            self._at(started_s + strike.moment_s, self._blow(strike))

    def work(self) -> bool:
        """Do what is due; False when nothing is left to do."""
        while self._agenda and self._agenda[0][0] <= time.monotonic():
            heapq.heappop(self._agenda)[2]()
        return bool(self._agenda)

    def next_s(self) -> float:
        """Return the moment of what comes next, on the journal's clock."""
        return self._agenda[0][0] if self._agenda else float("inf")

    def _at(self, moment_s: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment_s, next(self._order), deed))

    # -- blows

    def _blow(self, strike: Strike) -> Callable[[], None]:
        deeds = {
            Blow.DAEMON_KILLED: self._kill_daemon,
            Blow.DAEMON_FROZEN: self._freeze_daemon,
            Blow.BACKEND_KILLED: self._kill_backend,
            Blow.BACKEND_ENDED: self._end_backend,
            Blow.SERVER_KILLED: self._kill_server,
            Blow.SERVER_RESTARTED: self._stop_server,
            Blow.COMMITS_LOST: self._lose_commits,
            Blow.LINE_CUT: self._cut_line,
            Blow.LINE_SILENT: self._silence_line,
        }
        return lambda: deeds[strike.blow](strike)

    def _note(self, strike: Strike, *daemons: int, righted: bool = False) -> Struck:
        """Write down a blow that has just fallen; what is approved of later sendings is approved in spite of it."""
        at_s = time.monotonic()
        self.struck.append(
            Struck(strike, at_s, at_s if righted else None, daemons or (*range(len(self._site.daemons)),))
        )
        return self.struck[-1]

    def _put_right(self, struck: Struck, deed: Callable[[], None]) -> None:
        def put_right() -> None:
            deed()
            struck.righted_s = time.monotonic()

        self._at(struck.at_s + struck.strike.outage_s, put_right)

    def _is_down(self, part: object, strike: Strike) -> bool:
        if part not in self._down:
            return False
        self._at(time.monotonic() + 0.05, self._blow(strike))
        return True

    def _kill_daemon(self, strike: Strike) -> None:
        number, daemon = self._daemon(strike)
        if self._is_down(daemon, strike):
            return
        daemon.kill()
        struck = self._note(strike, number)
        self._down.add(daemon)
        self._put_right(struck, lambda: self._start_daemon(daemon))

    def _start_daemon(self, daemon: Daemon) -> None:
        daemon.start(wait=False)
        deadline_s = time.monotonic() + START_DEADLINE_S

        def look() -> None:
            if daemon.accepts() or time.monotonic() > deadline_s:
                self._down.discard(daemon)
            else:
                self._at(time.monotonic() + 0.05, look)

        look()

    def _freeze_daemon(self, strike: Strike) -> None:
        number, daemon = self._daemon(strike)
        if self._is_down(daemon, strike):
            return
        daemon.signal(signal.SIGSTOP)
        struck = self._note(strike, number)
        self._down.add(daemon)
        self._put_right(struck, lambda: self._thaw(daemon))

    def _thaw(self, daemon: Daemon) -> None:
        daemon.signal(signal.SIGCONT)
        self._down.discard(daemon)

    def _daemon(self, strike: Strike) -> tuple[int, Daemon]:
        number = int(strike.victim * len(self._site.daemons))
        return number, self._site.daemons[number]

    def _kill_backend(self, strike: Strike) -> None:
        self._strike_backend(strike, PostgresServer.kill_backend)

    def _end_backend(self, strike: Strike) -> None:
        def end(server: PostgresServer, pid: int) -> None:
            with server.connect() as connection:
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))

        self._strike_backend(strike, end)

    def _strike_backend(self, strike: Strike, blow: Callable[[PostgresServer, int], None]) -> None:
        """Strike one of the daemons' backends, one at work where there is one; where there is none, try again soon."""
        server = self._site.server
        if self._is_down(server, strike):
            return None
        assert server is not None
        backends = [backend for backend in server.backends() if backend.database == DATABASE]
        at_work = [backend for backend in backends if backend.state != "idle"] or backends
        try:
            blow(server, at_work[int(strike.victim * len(at_work))].pid)
        except (IndexError, AssertionError, ProcessLookupError):  # nobody there, or gone in the meantime
            return self._at(time.monotonic() + 0.05, self._blow(strike))
        self._note(strike, righted=True)
        return server.wait_until_ready()

    def _kill_server(self, strike: Strike) -> None:
        self._server_down(strike, kill=True)

    def _stop_server(self, strike: Strike) -> None:
        self._server_down(strike, kill=False)

    def _server_down(self, strike: Strike, *, kill: bool) -> None:
        server = self._site.server
        if self._is_down(server, strike):
            return
        assert server is not None
        if kill:
            server.kill()
        else:
            server.stop()
        struck = self._note(strike)
        self._down.add(server)

        def start() -> None:
            server.start()
            self._down.discard(server)

        self._put_right(struck, start)

    def _lose_commits(self, strike: Strike) -> None:
        # A daemon commits when it starts, too, and gives up when that is lost: here the loss of payments is meant.
        if any(self._is_down(self._site.daemons[number], strike) for number in self._site.lines):
            return
        self._note(strike, *self._site.lines, righted=True)
        for line in self._site.lines.values():
            line.lose_answers(_COMMITS_LOST_AT_ONCE)

    def _cut_line(self, strike: Strike) -> None:
        for line in self._site.lines.values():
            line.cut()
        self._note(strike, *self._site.lines, righted=True)

    def _silence_line(self, strike: Strike) -> None:
        struck = self._note(strike, *self._site.lines)
        for line in self._site.lines.values():
            line.silence()
            self._put_right(struck, line.forward)
