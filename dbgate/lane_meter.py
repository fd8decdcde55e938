"""Lane meters 通道计量: how long work waits for a lane, how much of it is done together, and how long that takes."""

from collections.abc import Sequence
from typing import NamedTuple

from dbgate.histogram import Histogram, added
from dbgate.work import Work

DURATION_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From an embedded database's lone payment to ``db_timeout``."""

SIZE_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1000.0)
"""Powers of two up to the largest batch that may be configured."""


class LaneMeter:
    """What one lane has done; written by its thread alone.

    Attributes:
        waits: seconds that each work had waited for this lane when its batch began.
        sizes: works of each batch.
        durations: seconds of each batch, COMMIT included.
    """

    def __init__(self) -> None:
        self.waits = Histogram(DURATION_BOUNDS_S)
        self.sizes = Histogram(SIZE_BOUNDS)
        self.durations = Histogram(DURATION_BOUNDS_S)

    def begun(self, works: Sequence[Work], now: float) -> None:
        """Note that a batch of ``works`` begins."""
        self.sizes.note(len(works))
        note = self.waits.note
        for work in works:
            note(now - work.queued_s)


class LaneReading(NamedTuple):
    """What is to be seen of a group of lanes from outside.

    Attributes:
        kind: ``money``, ``read`` or ``history``.
        waiting: works in the queue.
        waiting_max: above it they are refused.
        lanes: connections of the group.
        busy: those that are at work.
        waits, sizes, durations: as of ``LaneMeter``, of all lanes together.
    """

    kind: str
    waiting: int
    waiting_max: int
    lanes: int
    busy: int
    waits: Histogram
    sizes: Histogram
    durations: Histogram


def reading(
    kind: str, meters: Sequence[LaneMeter], *, waiting: int, waiting_max: int, lanes: int, busy: int
) -> LaneReading:
    """Return the reading of a group whose lanes have these meters."""
    return LaneReading(
        kind,
        waiting,
        waiting_max,
        lanes,
        busy,
        added((meter.waits for meter in meters), DURATION_BOUNDS_S),
        added((meter.sizes for meter in meters), SIZE_BOUNDS),
        added((meter.durations for meter in meters), DURATION_BOUNDS_S),
    )
