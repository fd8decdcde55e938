"""Unlisted refusals 未列明的拒绝: what strangers send fills no disk; beyond a number it is counted in one line."""

from fep.log_lines import timestamp

WINDOW_S = 60.0
LISTED_MAX = 600
"""Refusals of what nothing authenticated, in a minute: ten a second is nobody's mistake any more."""


class Unlisted:
    """Decides which refusals of strangers have a line of their own."""

    def __init__(self) -> None:
        self._until_s = 0.0
        self._listed = 0
        self._count = 0
        self._since = ""

    def takes(self, now: float) -> bool:
        """Count a refusal at ``now`` (monotonic seconds) and tell whether it is left to this counter."""
        if now >= self._until_s:
            self._until_s, self._listed = now + WINDOW_S, 0
        self._listed += 1
        if self._listed <= LISTED_MAX:
            return False
        self._count += 1
        self._since = self._since or timestamp()
        return True

    def told(self, now: float) -> dict[str, object] | None:
        """Return what is to be told of those that were counted, once their minute is over."""
        if not self._count or now < self._until_s:
            return None
        count, since = self._count, self._since
        self._count, self._since = 0, ""
        return {"count": count, "since": since, "until": timestamp()}
