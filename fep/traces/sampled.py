"""A sampled request 采样请求: when each of its stages began and ended. Nothing of it is a customer's."""

from time import monotonic, time
from typing import Any, Protocol

Stage = tuple[str, float, float]
"""Name, begin and end in ``time.monotonic()`` seconds."""

INSIDE_BATCH = frozenset({"load", "decide", "store", "commit"})
"""Stages that are parts of the stage ``batch``."""


class SampledRequest:
    """One request whose trace will be told; of the loop's thread until it is finished.

    Attributes:
        stages: what has ended so far; a lane adds its own before it hands the result over.
        attributes: what is told of the whole; codes and serials.
        began_s, ended_s: of the whole.
        clock_offset_s: what makes a moment of ``time.monotonic`` one since 1970.
    """

    __slots__ = ("_last_s", "attributes", "began_s", "clock_offset_s", "ended_s", "is_own", "name", "stages")

    def __init__(self, *, is_own: bool = False) -> None:
        self.began_s = self._last_s = self.ended_s = monotonic()
        self.clock_offset_s = time() - self.began_s
        self.stages: list[Stage] = []
        self.attributes: dict[str, Any] = {}
        self.name = "unknown"
        self.is_own = is_own

    def ends(self, name: str) -> None:
        """Note that a stage ends now which began with the end of the one before."""
        now = monotonic()
        self.stages.append((name, self._last_s, now))
        self._last_s = now

    def goes_on(self) -> None:
        """Note that the next stage begins now: what was between is told by others."""
        self._last_s = monotonic()

    def finish(self, name: str, **attributes: Any) -> None:
        """Note the end of the whole, and what it was; an attribute that is None is left out."""
        self.name = name
        self.attributes |= {key: value for key, value in attributes.items() if value is not None}
        self.ended_s = monotonic()


class TakesSamples(Protocol):
    """What decides which requests are traced, and tells of them.

    Attributes:
        sample_ratio: of all requests, 0 to 1; may be changed at any time.
    """

    sample_ratio: float

    def sample(self, *, is_own: bool = False) -> SampledRequest | None:
        """Return what a new request notes its stages in, None for one that is not sampled."""
        ...

    def tell(self, request: SampledRequest) -> None:
        """Tell of a finished request, sooner or later; never waits."""
        ...
