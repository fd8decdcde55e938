"""Loop watch 事件循环监视: a thread that says where the event loop stands still, while it does.

The service manager kills a process whose loop gives no sign of life (``fep.watchdog``); what it stood in would be lost
with it. Of a process that was itself stopped, as by a snapshot of its virtual machine, that is told apart.
"""

import sys
import threading
import traceback
from time import monotonic, process_time

import structlog

from fep.metrics.pulse import Pulse

STALL_S = 5.0
"""No bank waits for so long without notice, and ``db_timeout`` is twice as long."""

FRAMES_MAX = 12

_log = structlog.get_logger()


class LoopWatch:
    """Watches the loop from ``start`` to ``close``.

    Args:
        pulse: which the loop beats.
        watchdog_s: how long the service manager waits, None when it does not: before it kills, it is said why.
    """

    def __init__(self, pulse: Pulse, watchdog_s: float | None = None) -> None:
        self._pulse = pulse
        self._stall_s = STALL_S if watchdog_s is None else min(STALL_S, watchdog_s / 2)
        self._loop_thread_id = threading.get_ident()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop-watch", daemon=True)
        self._stalled_since_s: float | None = None

    def start(self) -> None:
        """Watch from now on; in the loop's thread."""
        self._pulse.beat()
        self._thread.start()

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()

    def _run(self) -> None:
        interval_s = self._stall_s / 4
        looked_s, used_s = monotonic(), process_time()
        while not self._closed.wait(interval_s):
            now, used_now_s = monotonic(), process_time()
            paused_s, cpu_s = now - looked_s - interval_s, used_now_s - used_s
            looked_s, used_s = now, used_now_s
            if paused_s > self._stall_s:
                # We stood still ourselves. With much CPU: one of our threads has kept the interpreter to itself.
                _log.error("process_paused", paused_s=round(paused_s, 3), cpu_s=round(cpu_s, 3))
            else:
                self._look(now)

    def _look(self, now: float) -> None:
        lag_s = self._pulse.lag_s
        if lag_s > self._stall_s:
            if self._stalled_since_s is None:
                self._stalled_since_s = now - lag_s
                _log.error("loop_stalled", lag_s=round(lag_s, 3), frames=self._frames())
        elif self._stalled_since_s is not None:
            stalled_s, self._stalled_since_s = now - lag_s - self._stalled_since_s, None
            _log.warning("loop_resumed", stalled_s=round(stalled_s, 3))

    def _frames(self) -> list[str]:
        """Return where the loop's thread stands, the innermost call last: places in the program, no values."""
        frame = sys._current_frames().get(self._loop_thread_id)
        stack = traceback.extract_stack(frame)[-FRAMES_MAX:] if frame is not None else ()
        return [f"{each.filename}:{each.lineno} {each.name}" for each in stack]
