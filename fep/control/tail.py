"""Frame tail 报文跟踪: an auditor sees a bank's frames, decoded and masked, for a limited time."""

from collections.abc import Callable
from typing import Any

from fep.control.connection import Line, Stream
from fep.links.tails import Tails

SECONDS_MAX = 600
"""Ten minutes: who must watch for longer asks again, and stands in the record again."""

TAILS_MAX = 4
"""At a time: each costs the loop some 50 µs for each frame of its bank."""

CallLater = Callable[..., Any]
"""Has a function called after some seconds; what it returns can be cancelled."""


class FrameTail(Stream):
    """One who watches.

    Args:
        tails: of the daemon.
        bank_code: whose frames.
        seconds: for how long.
        is_recorded: whether the record of operators has it.
        call_later: the reactor's.
    """

    def __init__(self, tails: Tails, bank_code: str, seconds: int, call_later: CallLater, *, is_recorded: bool) -> None:
        self._tails = tails
        self._bank_code = bank_code
        self._seconds = seconds
        self._call_later = call_later
        self._is_recorded = is_recorded
        self._line: Line | None = None
        self._end: Any = None
        self._missed_count = 0
        self._sees_added = self._sees  # a bound method is another object each time

    def begin(self, line: Line) -> None:
        """Show frames from now on."""
        self._line = line
        line.write({"bank_code": self._bank_code, "seconds": self._seconds, "is_recorded": self._is_recorded})
        self._tails.add(self._bank_code, self._sees_added)
        self._end = self._call_later(self._seconds, line.close)

    def end(self) -> None:
        """Show no more."""
        self._tails.remove(self._sees_added)
        if self._end is not None and self._end.active():
            self._end.cancel()

    def _sees(self, shown: dict[str, Any]) -> None:
        """Write one frame; those that the operator did not take in time are counted, and told with the next one."""
        assert self._line is not None
        missed = {"missed_count": self._missed_count} if self._missed_count else {}
        if self._line.write({**shown, **missed}):
            self._missed_count = 0
        else:
            self._missed_count += 1
