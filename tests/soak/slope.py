"""Slopes 斜率: whether what was measured in a run grows, and how certain that is.

Samples of one process that follow each other closely are not independent: a straight line through thousands of them
looks far more certain than it is. So they are averaged in blocks, a line is laid through the means (least squares), and
what is still alike between neighbours is taken off the number of blocks (lag-1 autocorrelation of the residuals).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean

BLOCKS = 40
_BLOCKS_MIN = 8
# Two-sided 95 % quantiles of Student's t by degrees of freedom; between them the one of fewer degrees is taken.
_STUDENT_T = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 8: 2.31, 10: 2.23, 15: 2.13, 20: 2.09, 30: 2.04}


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
    if len(samples) < _BLOCKS_MIN:
        return Slope(fmean(value for _, value in samples) if samples else 0.0, 0.0, math.inf)
    days, values = zip(*_means(samples), strict=True)
    middle, mean = fmean(days), fmean(values)
    spread = sum((day - middle) ** 2 for day in days)
    per_day = sum((day - middle) * (value - mean) for day, value in zip(days, values, strict=True)) / spread
    residuals = [value - mean - per_day * (day - middle) for day, value in zip(days, values, strict=True)]
    freedom = max(1.0, _effective(residuals) - 2)
    error = math.sqrt(sum(residual**2 for residual in residuals) / freedom / spread)
    return Slope(fmean(value for _, value in samples), per_day, _student_t(freedom) * error)


def _means(samples: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    count = min(BLOCKS, len(samples))
    bounds = [len(samples) * number // count for number in range(count + 1)]
    blocks = [samples[start:end] for start, end in itertools.pairwise(bounds)]
    return [(fmean(day for day, _ in block), fmean(value for _, value in block)) for block in blocks]


def _effective(residuals: Sequence[float]) -> float:
    """Return how many independent values the residuals are worth."""
    total = sum(residual**2 for residual in residuals)
    if not total:
        return float(len(residuals))
    alike = sum(one * next_ for one, next_ in itertools.pairwise(residuals)) / total
    alike = min(0.95, max(0.0, alike))
    return len(residuals) * (1 - alike) / (1 + alike)


def _student_t(freedom: float) -> float:
    return _STUDENT_T[max(degrees for degrees in _STUDENT_T if degrees <= freedom)]
