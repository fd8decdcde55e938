"""The breaker 断路器: knows that the database is down, so that nobody waits in vain, and finds out when it is up again.

```
      trip: a batch has failed, a new connection too
  up ------------------------------------------------------> down
     <------------------------------------------------------
      a thread of the breaker's has proved the contrary, trying again and again with growing pauses

  suspect: a batch was not answered in time; only when the database cannot prove the contrary either is that a trip
```
"""

import threading
import time
from collections.abc import Callable
from functools import partial

import structlog

from dbgate.attempts import Alarm
from dbgate.faults import Fault, fault_of
from dbgate.lane import Lane

log = structlog.get_logger(__name__)

PAUSE_S_MIN = 0.1
"""Before the first try: a server that restarts is seldom back sooner, and a blip has been tried again already."""

PAUSE_S_MAX = 1.0
"""Between two tries: a bank that asks again after a second finds the database as it is."""

STEADY_S = 10.0
"""Up for so long, the next failure is a new one; before that the pauses go on growing, so that a database that answers
the probe and nothing else does not fill the log."""

PROVE_S = 2.0
"""How long one try may take, connecting apart."""


class Breaker(Alarm):
    """Whether the database takes one kind of work.

    Args:
        probe: a lane of the breaker's own; ``prove`` is called in a thread of the breaker's.
        on_down: called in the thread that trips it, once each time.
        about: what a log line says of whom it is about.
    """

    def __init__(self, probe: Lane, on_down: Callable[[], None], **about: object) -> None:
        self._probe = probe
        self._on_down = on_down
        self._about = about
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_probing = False
        self._pause_s = PAUSE_S_MIN
        self._up_since = -STEADY_S
        self.is_up = True

    def trip(self, reason: str) -> None:
        """Note that the database cannot be had; from any thread, as often as anybody notices."""
        with self._lock:
            if not self.is_up or self._closed.is_set():
                return
            if time.monotonic() - self._up_since > STEADY_S:
                self._pause_s = PAUSE_S_MIN
            if not self._is_probing and not self._start(self._await_database):
                return  # who would find out that it is up again? So the next batch does
            self.is_up = False
            log.error("database_down", reason=reason, **self._about)
        self._on_down()

    def suspect(self, reason: str) -> None:
        """Note that the database did not answer in time, which may have been too little; from any thread."""
        with self._lock:
            if self.is_up and not self._is_probing and not self._closed.is_set():
                self._start(partial(self._examine, reason))

    def close(self) -> None:
        """Try no more."""
        self._closed.set()

    def join(self, deadline: float) -> bool:
        """Wait until ``deadline`` for the end of what is being tried, and tell whether it has come."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
        return thread is None or not thread.is_alive()

    def _start(self, target: Callable[[], None]) -> bool:
        """Begin to probe, unless the system has no thread left; what is begun waits for the lock, which we hold."""
        thread = threading.Thread(target=target, name="probe", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.warning("probe_not_started", reason=str(error), **self._about)
            return False
        self._thread = thread
        self._is_probing = True
        return True

    def _examine(self, reason: str) -> None:
        if not self._answers():
            self.trip(reason)
        self._await_database()

    def _await_database(self) -> None:
        """Try until the database is up, or nobody wants to know any more."""
        down_since = time.monotonic()
        while not self._has_ended() and not self._closed.wait(self._pause_s):
            self._pause_s = min(2 * self._pause_s, PAUSE_S_MAX)
            if self._answers():
                with self._lock:
                    self._up_since = time.monotonic()
                    self.is_up = True
                log.info("database_up", down_s=round(self._up_since - down_since, 3), **self._about)

    def _has_ended(self) -> bool:
        with self._lock:
            if self.is_up:
                self._is_probing = False
            return self.is_up

    def _answers(self) -> bool:
        try:
            self._probe.prove(time.monotonic() + PROVE_S)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises
            # Somebody's lock, or a bug of ours, is an answer.
            return fault_of(error) is not Fault.UNAVAILABLE
        finally:
            self._probe.close()
        return True
