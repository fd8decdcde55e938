"""What a run says of memory, descriptors and threads: flat, growing, or not to be told."""

import math
from random import Random

import pytest

from tests.soak.samples import Growth, Sample, growths
from tests.soak.slope import Slope, Verdict, slope

DAYS, A_DAY = 7, 300


def walk(per_day: float, noise: float, jumps_at: float = math.inf, jump: float = 0.0) -> list[tuple[float, float]]:
    """Return samples of a week that grow by so much a day, with noise that is alike for a while, and one jump."""
    dice, drift, samples = Random(7), 0.0, []
    for number in range(DAYS * A_DAY):
        day = number / A_DAY
        drift = 0.9 * drift + dice.gauss(0, noise)
        samples.append((day, 100_000 + per_day * day + drift + (jump if day >= jumps_at else 0.0)))
    return samples


@pytest.mark.parametrize(
    ("per_day", "verdict"), [(0.0, Verdict.FLAT), (-5_000.0, Verdict.FLAT), (3_000.0, Verdict.GROWING)]
)
def test_a_leak_is_told_from_noise(per_day: float, verdict: Verdict) -> None:
    """What stays or shrinks is flat; what grows beyond the limit with certainty is not; the slope is the true one."""
    found = slope(walk(per_day, noise=150.0))
    assert found.verdict(limit=1_000.0) is verdict
    assert abs(found.per_day - per_day) < 2 * found.margin < 1_000


def test_what_is_not_certain_is_not_told() -> None:
    """A slope near the limit under noise that hides it is neither."""
    assert slope(walk(1_000.0, noise=150.0)).verdict(limit=1_000.0) is Verdict.UNTOLD


def test_of_too_few_samples_nothing_is_said() -> None:
    """Neither of none nor of a few."""
    for samples in ([], [(0.1, 5.0)] * 3):
        assert slope(samples).verdict(limit=1.0) is Verdict.UNTOLD


def test_steady_figures_are_certain() -> None:
    """A count that never changes is flat without a doubt."""
    assert slope([(number / 10, 14.0) for number in range(100)]) == Slope(14.0, 0.0, 0.0)


def test_one_descriptor_a_day_is_found() -> None:
    """A descriptor that is left behind each day is a leak, whatever comes and goes besides."""
    dice = Random(3)
    samples = [
        [Sample(number / A_DAY, 100_000, 20 + number // A_DAY + dice.randrange(6), 14) for number in range(2_100)]
    ]
    assert verdicts(growths(samples, 3_600.0)) == {
        "rss_kib": Verdict.FLAT,
        "descriptors": Verdict.GROWING,
        "threads": Verdict.FLAT,
    }


def test_a_short_run_tells_nothing() -> None:
    """The same figures from a minute are no verdict."""
    samples = [[Sample(number / 100, 100_000 + 50 * number, 20, 14) for number in range(100)]]
    assert set(verdicts(growths(samples, 60.0)).values()) == {Verdict.UNTOLD}


def verdicts(found: list[Growth]) -> dict[str, Verdict]:
    """Return the verdict of each figure."""
    return {growth.name: growth.verdict for growth in found}
