"""Timers 时限: when the time limits of one link are due. Nothing runs here: whoever has the time asks what is due."""

from collections.abc import Iterator

from fep.config.settings import LinkSettings
from protocol.link import LinkEvent


class Timers:
    """Three limits in monotonic seconds; None is not running.

    Args:
        sign_in_due_s: when a bank must have signed in.
    """

    __slots__ = ("_echo_due_s", "_idle_due_s", "_sign_in_due_s")

    def __init__(self, sign_in_due_s: float) -> None:
        self._sign_in_due_s: float | None = sign_in_due_s
        self._idle_due_s: float | None = None
        self._echo_due_s: float | None = None

    def stop_sign_in(self) -> None:
        """A bank has signed in."""
        self._sign_in_due_s = None

    def restart_idle(self, limits: LinkSettings, now: float) -> None:
        """A verified frame has come at ``now``."""
        self._idle_due_s = now + limits.idle_timeout
        self._echo_due_s = None

    def start_echo(self, limits: LinkSettings, now: float) -> None:
        """From ``now`` on an ECHO is to be answered."""
        self._idle_due_s = None
        self._echo_due_s = now + limits.echo_timeout

    def stop(self) -> None:
        """The link has ended."""
        self._sign_in_due_s = self._idle_due_s = self._echo_due_s = None

    def due(self, now: float) -> Iterator[LinkEvent]:
        """Yield the limits that are due at ``now``; what is done about one may stop those behind it."""
        for due_s, event in (
            (self._sign_in_due_s, LinkEvent.SIGN_IN_TIMED_OUT),
            (self._echo_due_s, LinkEvent.ECHO_TIMED_OUT),
            (self._idle_due_s, LinkEvent.IDLE_TIMED_OUT),
        ):
            if due_s is not None and now >= due_s:
                yield event

    def idle_s(self, limits: LinkSettings, now: float) -> float | None:
        """Return how many seconds ago the last verified frame came, None before the first and after the end."""
        if self._idle_due_s is not None:
            return max(0.0, now - self._idle_due_s + limits.idle_timeout)
        if self._echo_due_s is not None:
            return max(0.0, now - self._echo_due_s + limits.echo_timeout + limits.idle_timeout)
        return None
