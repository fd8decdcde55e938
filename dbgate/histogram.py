"""Histogram 直方图: how many values fell below which bounds. One thread notes, any other copies.

Noting costs a fifth of a microsecond, for payments pass by here; so there is no lock, and each thread that notes has a
histogram of its own, which are added up by whoever looks.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

Bounds = tuple[float, ...]
"""Upper bounds in ascending order, included; what is above the last one is counted too."""


class Histogram:
    """Counts of values.

    Attributes:
        bounds: of the buckets.
        counts: of each bucket alone, one more than there are bounds.
        total: sum of all values.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Bounds, counts: Sequence[int] = (), total: float = 0.0) -> None:
        self.bounds = bounds
        self.counts = list(counts) or [0] * (len(bounds) + 1)
        self.total = total

    def note(self, value: float) -> None:
        """Count ``value``."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> "Histogram":
        """Return what has been noted so far; from any thread."""
        return Histogram(self.bounds, self.counts, self.total)


def added(histograms: Iterable[Histogram], bounds: Bounds) -> Histogram:
    """Return a histogram of all that ``histograms`` have noted, which have these bounds; from any thread."""
    result = Histogram(bounds)
    for each in histograms:
        result.counts = [ours + theirs for ours, theirs in zip(result.counts, tuple(each.counts), strict=True)]
        result.total += each.total
    return result
