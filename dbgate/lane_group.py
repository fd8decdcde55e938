"""Groups of lanes 通道组: one queue, the lanes that serve it, and what becomes of work when the database is down."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import structlog

from dbgate.breaker import Breaker
from dbgate.errors import DatabaseUnavailable, GateClosed, OutcomeUnknown, StatementFailed
from dbgate.lane import Lane
from dbgate.lane_meter import LaneMeter, LaneReading, reading
from dbgate.work import Work
from dbgate.work_queue import WorkQueue

Results = list[tuple[Work, object]]
Deliver = Callable[[Results], None]

log = structlog.get_logger(__name__)


class LaneGroup:
    """Serves one kind of work from the first call of ``start`` until ``close``.

    Args:
        name: of its threads.
        queue: what waits.
        breaker: asked before anything is taken.
        deliver: as the gate's.
        batch_max: of one batch.
        pause_s: what a lane leaves between two batches.
    """

    def __init__(
        self, name: str, queue: WorkQueue, breaker: Breaker, deliver: Deliver, *, batch_max: int, pause_s: float = 0.0
    ) -> None:
        self._name = name
        self._queue = queue
        self._breaker = breaker
        self._deliver = deliver
        self._batch_max = batch_max
        self._pause_s = pause_s
        self._lanes: Sequence[Lane] = ()
        self._meters: Sequence[LaneMeter] = ()
        self._threads: list[threading.Thread] = []
        self._busy_since: dict[Lane, float] = {}

    def start(self, lanes: Sequence[Lane]) -> None:
        """Let ``lanes`` serve the queue, each in a thread of its own."""
        self._lanes = lanes
        self._meters = [LaneMeter() for _ in lanes]
        for number, (lane, meter) in enumerate(zip(lanes, self._meters, strict=True)):
            thread = threading.Thread(
                target=self._serve, args=(lane, meter), name=f"{self._name}-lane-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def submit(self, work: Work) -> None:
        """Queue ``work``; raises as ``Gate.submit``."""
        if not self._breaker.is_up:
            raise DatabaseUnavailable("the database is down")
        self._queue.put(work)

    def refuse_waiting(self) -> None:
        """Answer all that waits: the database is down."""
        self._hand_over([(work, DatabaseUnavailable("the database is down")) for work in self._queue.abandon()])

    def ailments(self, hung_s: float) -> Iterator[str]:
        """Yield what is wrong with the lanes: one that has ended, or that has worked on one batch for ``hung_s``."""
        now = time.monotonic()
        for lane, thread in zip(self._lanes, self._threads, strict=True):
            since = self._busy_since.get(lane, now)
            if not thread.is_alive():
                yield f"{thread.name} has ended"
            elif now - since > hung_s:
                yield f"{thread.name} has not come back from the database"

    def reading(self) -> LaneReading:
        """Return what is to be seen of the group; from any thread, and nobody is held up."""
        waiting, waiting_max = len(self._queue), self._queue.size_max
        return reading(
            self._name,
            self._meters,
            waiting=waiting,
            waiting_max=waiting_max,
            lanes=len(self._lanes),
            busy=len(self._busy_since),
        )

    def close(self) -> None:
        """Take no more work; what waits is still done."""
        self._queue.close()

    def join(self, deadline: float) -> bool:
        """Wait for the lanes until ``deadline`` and tell whether all have ended."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def abandon(self) -> int:
        """Answer what waits, end what runs as if its time were up, and return how much had waited."""
        left = self._queue.abandon()
        self._hand_over([(work, GateClosed("the gate was closed before this was begun")) for work in left])
        for lane in self._lanes:
            lane.abandon()
        return len(left)

    def _serve(self, lane: Lane, meter: LaneMeter) -> None:
        """Run batches until the queue is closed and empty."""
        while works := self._queue.take(self._batch_max):
            self._busy_since[lane] = begun_s = time.monotonic()
            meter.begun(works, begun_s)
            results = self._run(lane, works)
            ended_s = time.monotonic()
            meter.durations.note(ended_s - begun_s)
            for work in works:
                if work.stages is not None:
                    work.stages += [("queue", work.queued_s, begun_s), ("batch", begun_s, ended_s), *lane.stages]
            del self._busy_since[lane]
            self._queue.release(works)
            self._hand_over(results)
            if self._pause_s:
                time.sleep(self._pause_s)
        lane.close()

    def _run(self, lane: Lane, works: list[Work]) -> Results:
        if not self._breaker.is_up:
            return [(work, DatabaseUnavailable("the database is down")) for work in works]
        for work in works:
            work.batch_size = len(works)
        try:
            return lane.run(works)
        except Exception as error:
            # Lanes answer everything themselves; whatever comes here is our bug, and money may have moved.
            log.exception("lane_failed", money=lane.money, batch_size=len(works), **lane.about)
            failure = OutcomeUnknown if lane.money else StatementFailed
            return [(work, failure(f"the lane failed: {type(error).__name__}")) for work in works]

    def _hand_over(self, results: Results) -> None:
        if not results:
            return
        try:
            self._deliver(results)
        except Exception:
            # The lane must go on: the others' money waits behind it.
            log.exception("delivery_failed", batch_size=len(results))
