"""A bank's lane 划拨通道: how many pushes may begin now, by rate, by what is unanswered, and by how the bank does."""

from fep.config.settings import BankSettings
from fep.pushes.ways import Way

PAUSE_S_MAX = 300.0
"""A bank that answers nothing is tried again after 2 s, 4 s, … and at last every five minutes."""

_FAILURES_MAX = 10


class BankLane:
    """Pushes to one bank, from this daemon.

    Attributes:
        settings: of the bank.
        way: how it is reached.
        in_work: bills that are being pushed, or about to be.
    """

    def __init__(self, settings: BankSettings, way: Way) -> None:
        self.settings = settings
        self.way = way
        self.in_work: set[str] = set()
        self._tokens = 0.0
        self._filled_s: float | None = None
        self._failures = 0
        self._paused_until_s = 0.0

    def room(self, now: float) -> int:
        """Return how many pushes may begin at ``now`` (monotonic seconds)."""
        self._fill(now)
        if now < self._paused_until_s or not self.way.is_open():
            return 0
        return max(0, min(int(self._tokens), self.way.in_flight_max - len(self.in_work)))

    def begin(self, bill_no: str) -> None:
        """One push begins."""
        self.in_work.add(bill_no)
        self._tokens -= 1

    def end(self, bill_no: str) -> None:
        """It is over, whatever has become of it."""
        self.in_work.discard(bill_no)

    def answered(self) -> None:
        """The bank does answer."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """The bank has not answered, or cannot be reached; those of one pause count once."""
        if now < self._paused_until_s:
            return
        self._failures = min(self._failures + 1, _FAILURES_MAX)
        self._paused_until_s = now + min(2.0**self._failures, PAUSE_S_MAX)

    def _fill(self, now: float) -> None:
        """Let the rate flow in; what is not used within two seconds is lost, so that no burst is saved up."""
        rate = self.settings.push_rate_max
        if self._filled_s is not None:
            self._tokens = min(self._tokens + rate * (now - self._filled_s), max(1.0, 2.0 * rate))
        self._filled_s = now
