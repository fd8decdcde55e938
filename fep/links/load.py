"""Load 负荷: what one bank asks of this daemon over all its links, held to the limits of its file.

What is too much is told "busy" (1011) before the database hears of it, so that one bank's storm is its own.
"""

from fep.config.settings import BankSettings


class Load:
    """Requests in work and their rate, of one bank."""

    __slots__ = ("_filled_s", "_tokens", "in_flight", "links")

    def __init__(self) -> None:
        self.links = 0
        self.in_flight = 0
        self._tokens = 0.0
        self._filled_s: float | None = None

    def refusal(self, settings: BankSettings, now: float) -> str | None:
        """Return which limit keeps one more request out at ``now`` (monotonic seconds); None takes and counts it."""
        if self.in_flight >= settings.in_flight_max:
            return "in_flight_max"
        rate_max = settings.rate_max
        if not rate_max:
            return None
        self._fill(rate_max, now)
        if self._tokens < 1.0:
            return "rate_max"
        self._tokens -= 1.0
        return None

    def _fill(self, rate_max: int, now: float) -> None:
        """Let the rate flow in; a second of it may be saved up, so that a burst after a pause is no offence."""
        if self._filled_s is None:
            self._tokens = float(rate_max)
        else:
            self._tokens = min(self._tokens + rate_max * (now - self._filled_s), float(rate_max))
        self._filled_s = now
