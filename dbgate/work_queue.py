"""Work queue 作业队列: bounded, handed out in batches; no account is in two running batches, no bank fills them all."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable

from dbgate.errors import GateBusy, GateClosed
from dbgate.work import Work


class WorkQueue:
    """What waits for the lanes of one kind.

    One lane is woken for what is put, and not another before it has looked: it takes all that waits, and lanes that are
    woken for nothing cost more than the work. It wakes the next one when it leaves something that could run. Of several
    that wait, the last to have worked is woken: what it needs is still in the caches, here and at the server.

    Work goes in order of arrival while all that waits fits into one batch. When it does not, each bank has the same
    part of a batch, and what it does not need is the others': a bank that keeps thousands of requests waiting waits
    alone.

    Args:
        size_max: how much may wait.
        has_exclusive_accounts: work whose account is in a running batch stays in the queue until that batch is
            released, and so does whatever comes after it for the same account.
    """

    def __init__(self, size_max: int, *, has_exclusive_accounts: bool) -> None:
        self.size_max = size_max
        self._has_exclusive_accounts = has_exclusive_accounts
        self._works: deque[Work] = deque()
        self._count_of_bank: Counter[str] = Counter()
        self._busy_accounts: set[str] = set()
        self._is_closed = False
        self._is_waking = False  # a lane has been woken and has not looked yet
        self._lock = threading.Lock()
        self._waiting: list[threading.Condition] = []

    def __len__(self) -> int:
        return len(self._works)

    def put(self, work: Work) -> None:
        """Append ``work``; GateBusy when the queue is full, GateClosed after ``close``."""
        with self._lock:
            if self._is_closed:
                raise GateClosed("the gate is draining")
            if len(self._works) >= self.size_max:
                raise GateBusy(f"{self.size_max} requests wait already")
            work.queued_s = time.monotonic()
            self._works.append(work)
            self._count_of_bank[work.needs.bank_code] += 1
            self._wake()

    def take(self, batch_max: int) -> list[Work]:
        """Wait for work and return all that may run now, at most ``batch_max``; empty when closed and drained."""
        with self._lock:
            while True:
                self._is_waking = False
                works = self._pick(batch_max)
                if self._works and len(works) == batch_max:
                    self._wake()
                if works or (self._is_closed and not self._works):
                    return works
                self._wait()

    def release(self, works: Iterable[Work]) -> None:
        """Give the accounts of a batch free for the next one."""
        if not self._has_exclusive_accounts:
            return
        with self._lock:
            self._busy_accounts.difference_update(_accounts_of(works))
            if self._is_closed:
                self._wake_all()  # whether there is more to do or all may end
            elif self._works:
                self._wake()

    def close(self) -> None:
        """Take no more work; what waits is still handed out."""
        with self._lock:
            self._is_closed = True
            self._wake_all()

    def abandon(self) -> list[Work]:
        """Remove and return whatever still waits."""
        with self._lock:
            left = list(self._works)
            self._works.clear()
            self._count_of_bank.clear()
            self._wake_all()
            return left

    def _wait(self) -> None:
        woken = threading.Condition(self._lock)
        self._waiting.append(woken)
        woken.wait()

    def _wake(self) -> None:
        if self._waiting and not self._is_waking:
            self._is_waking = True
            self._waiting.pop().notify()

    def _wake_all(self) -> None:
        while self._waiting:
            self._waiting.pop().notify()

    def _pick(self, batch_max: int) -> list[Work]:
        picked: list[Work] = []
        passed_over: list[Work] = []
        places = self._places(batch_max) if len(self._works) > batch_max else None
        while self._works and len(picked) < batch_max:
            work = self._works.popleft()
            bank_code = work.needs.bank_code
            if work.needs.account_no in self._busy_accounts or (places is not None and not places[bank_code]):
                passed_over.append(work)
                continue
            picked.append(work)
            if places is not None:
                places[bank_code] -= 1
        self._works.extendleft(reversed(passed_over))
        self._count(picked)
        if self._has_exclusive_accounts:
            self._busy_accounts.update(_accounts_of(picked))
        return picked

    def _places(self, batch_max: int) -> dict[str, int]:
        """Return how many places each bank has in a batch that is too small for all."""
        places, left = {}, batch_max
        banks = sorted(self._count_of_bank.items(), key=lambda bank: bank[1])
        for at, (bank_code, count) in enumerate(banks):
            places[bank_code] = min(count, -(-left // (len(banks) - at)))
            left -= places[bank_code]
        return places

    def _count(self, picked: Iterable[Work]) -> None:
        """Count what is picked no more; a bank without work is forgotten."""
        for work in picked:
            bank_code = work.needs.bank_code
            self._count_of_bank[bank_code] -= 1
            if not self._count_of_bank[bank_code]:
                del self._count_of_bank[bank_code]


def _accounts_of(works: Iterable[Work]) -> set[str]:
    return {work.needs.account_no for work in works if work.needs.account_no is not None}
