"""Journal read ahead 流水预读: the databases work out a day's keys while the bank's file is being checked.

A thread of its own asks them. It waits for a database most of the time, and so takes little from the reading of the
file; nothing comes of what it has fetched when the file is found not to be good.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self

from dbgate.books.day_keys import JournalDay, day_keys, day_sums
from dbgate.reports.snapshots import Snapshot

PORTIONS_MAX = 100
"""Portions of 10,000 keys that may wait: the day of a large bank, some 50 MB; of a larger one the rest stays in the
database until there is room."""

_SEPARATOR = "\n"
"""No key holds one; keys that are one text take half the memory."""


class JournalAhead:
    """What counts in a day, of each database in turn; a context manager, in whose block it is asked for.

    Until the keys of a database have all been taken, nothing else may be asked of its snapshot.

    Args:
        snapshots: of the databases.
        day: what counts.
    """

    def __init__(self, snapshots: Sequence[Snapshot], day: JournalDay) -> None:
        self._snapshots = snapshots
        self._day = day
        self._portions: Queue[Any] = Queue(PORTIONS_MAX)
        self._is_over = False
        self._thread = Thread(target=self._run, name="journal-ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until the thread has left the snapshots alone: it may be about to add one portion, and no other."""
        self._is_over = True
        try:
            while True:
                self._portions.get_nowait()
        except Empty:
            self._thread.join()

    def sums(self) -> list[tuple[int, int]]:
        """Return for each database how many rows count in the day, and their sum in fen; asked for once, before keys.

        Raises:
            sqlalchemy.exc.DBAPIError: a database is away.
        """
        found: list[tuple[int, int]] = self._next()
        return found

    def portions(self) -> Iterator[Sequence[str]]:
        """Yield the keys of the next database, some thousand at a time, in any order; raises as ``sums``."""
        while (portion := self._next()) is not None:
            yield portion.split(_SEPARATOR)

    def _next(self) -> Any:
        portion = self._portions.get()
        if isinstance(portion, Exception):
            raise portion
        return portion

    def _run(self) -> None:
        try:
            for portion in self._asked():
                self._portions.put(portion)
                if self._is_over:
                    break
        except Exception as error:  # noqa: BLE001 - it belongs to the thread that waits for the portion
            self._portions.put(error)

    def _asked(self) -> Iterator[list[tuple[int, int]] | str | None]:
        """Yield the sums, then the portions of each database, with None behind them."""
        yield [day_sums(each, self._day) for each in self._snapshots]
        for each in self._snapshots:
            with closing(day_keys(each, self._day)) as portions:
                for keys in portions:
                    yield _SEPARATOR.join(keys)
            yield None
