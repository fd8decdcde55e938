"""Slopes 斜率: whether what was measured in a run grows, and how certain that is.

Samples of one process that follow each other closely are not independent: a straight line through thousands of them
looks far more certain than it is. So they are averaged in a few long blocks, whose means are as good as independent,
and a line is laid through these (least squares over batch means).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean

BLOCKS = 12
_STUDENT_T = 2.228
"""Two-sided 95 % quantile of Student's t with BLOCKS - 2 degrees of freedom."""


class Verdict(Enum):
    """What the interval of a slope says. 结论"""

    FLAT = "flat"
    GROWING = "NOT FLAT"
    UNTOLD = "too short to tell"


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through samples.

    Attributes:
        mean: of the samples.
        per_day: growth in a day of the run's clock.
        margin: half of the 95 % interval of that.
    """

    mean: float
    per_day: float
    margin: float

    def verdict(self, limit: float) -> Verdict:
        """Judge it: flat when all of the interval is below ``limit``, growing when all of it is above."""
        if self.per_day + self.margin < limit:
            return Verdict.FLAT
        return Verdict.GROWING if self.per_day - self.margin > limit else Verdict.UNTOLD


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """Return the slope of (day, value) pairs; of too few of them nothing is certain, and the margin infinite."""
    if len(samples) < BLOCKS:
        return Slope(fmean(value for _, value in samples) if samples else 0.0, 0.0, math.inf)
    days, values = zip(*_means(samples), strict=True)
    middle, mean = fmean(days), fmean(values)
    spread = sum((day - middle) ** 2 for day in days)
    per_day = sum((day - middle) * (value - mean) for day, value in zip(days, values, strict=True)) / spread
    residuals = [value - mean - per_day * (day - middle) for day, value in zip(days, values, strict=True)]
    error = math.sqrt(sum(residual**2 for residual in residuals) / (BLOCKS - 2) / spread)
    return Slope(fmean(value for _, value in samples), per_day, _STUDENT_T * error)


def _means(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    bounds = [len(samples) * number // BLOCKS for number in range(BLOCKS + 1)]
    blocks = [samples[start:end] for start, end in itertools.pairwise(bounds)]
    return [(fmean(day for day, _ in block), fmean(value for _, value in block)) for block in blocks]
