"""Time share 时间份额: what some work may take of the loop's time, with a little of it saved up."""

from collections.abc import Callable


class TimeShare:
    """Counts what work costs, and says for how long to rest until that was its share.

    Args:
        part: of the loop's time, as 0.1.
        credit_s: time that may be saved up.
        seconds: a clock.
    """

    def __init__(self, part: float, credit_s: float, seconds: Callable[[], float]) -> None:
        self.seconds = seconds
        self._part = part
        self._credit_s = credit_s
        self._rests_until_s = 0.0

    @property
    def rest_s(self) -> float:
        """For how many seconds to rest; zero or less: go on."""
        return self._rests_until_s - self.seconds()

    def spent(self, elapsed_s: float) -> None:
        """Work has taken so long, until now."""
        self._rests_until_s = max(self._rests_until_s, self.seconds() - self._credit_s) + elapsed_s / self._part
