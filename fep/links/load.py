"""Load 负荷: what one bank asks of this daemon over all its links, held to the limits of its file.

What is too much is told "busy" (1011) before the database hears of it, so that one bank's storm is its own. A bank that
goes on all the same is told so at a bounded rate: its links are not read for a while.
"""

from fep.config.settings import BankSettings

REFUSALS_MAX = 100
"""A second, of each bank: who asks a little more than it may hears of each request at once."""


class Bucket:
    """A rate that flows in; a second of it may be saved up, so that a burst after a pause is no offence."""

    __slots__ = ("_filled_s", "_tokens")

    def __init__(self) -> None:
        self._tokens = 0.0
        self._filled_s: float | None = None

    def takes(self, rate_max: int, now: float) -> bool:
        """Tell whether one more is within the rate at ``now`` (monotonic seconds), and count it if so."""
        if self._filled_s is None:
            self._tokens = float(rate_max)
        else:
            self._tokens = min(self._tokens + rate_max * (now - self._filled_s), float(rate_max))
        self._filled_s = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Load:
    """Requests in work and their rate, of one bank."""

    __slots__ = ("_asked", "_refused", "in_flight", "links")

    def __init__(self) -> None:
        self.links = 0
        self.in_flight = 0
        self._asked = Bucket()
        self._refused = Bucket()

    def refusal(self, settings: BankSettings, now: float) -> str | None:
        """Return which limit keeps one more request out at ``now`` (monotonic seconds); None takes and counts it."""
        if self.in_flight >= settings.in_flight_max:
            return "in_flight_max"
        if settings.rate_max and not self._asked.takes(settings.rate_max, now):
            return "rate_max"
        return None

    def is_insistent(self, now: float) -> bool:
        """Count a request that was refused at ``now``; True when there were too many of them."""
        return not self._refused.takes(REFUSALS_MAX, now)
