"""Tally 计数合计: which rows of a file count, how many they are and what they come to."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from protocol.files.columns import Columns
from protocol.files.errors import Fault, FileInvalid
from protocol.files.layout import FileLayout

R = TypeVar("R")


class Succession:
    """Gives out the first of rows that are one, however they are divided among blocks."""

    def __init__(self, layout: FileLayout[Any, Any]) -> None:
        self._key = attrgetter(*layout.one_by) if layout.one_by else None
        self._last: Any = None

    def first_of_each(self, rows: Columns[R], number: int) -> Columns[R]:
        """Return ``rows`` without those that say again what the one before says; the first has that line's number.

        Raises:
            FileInvalid: one says something else.
        """
        if self._key is None:
            return rows
        distinct = []
        for place, row in enumerate(rows):
            if self._last is None or self._key(row) != self._key(self._last):
                distinct.append(place)
            elif row != self._last:
                raise FileInvalid(Fault.REPEAT_DIFFERS, number + place)
            self._last = row
        return rows.at(distinct)


class Tally:
    """Counts rows and sums them up, and compares with what the head says."""

    def __init__(self, layout: FileLayout[Any, Any]) -> None:
        self._layout = layout
        totals = (layout.total,) if layout.total else ()
        self._sums = (*totals, *layout.sums)
        self._counted = [0] * len(self._sums)
        self.row_count = 0

    @property
    def total_fen(self) -> int:
        """Sum of the rows, 0 where they are not summed up."""
        return self._counted[0] if self._layout.total else 0

    def add(self, rows: Columns[Any] | Sequence[Any]) -> None:
        """Count ``rows``."""
        self.row_count += len(rows)
        for index, (_, attribute) in enumerate(self._sums):
            if isinstance(rows, Columns):
                self._counted[index] += rows.sum_of(attribute)
            else:
                self._counted[index] += sum(map(attrgetter(attribute), rows))

    def for_head(self) -> Mapping[str, int]:
        """Return the attributes of the head that the rows give; a sum has no sign there: below zero it is zero."""
        given = {self._layout.row_count: self.row_count} if self._layout.row_count else {}
        sums = zip(self._sums, self._counted, strict=True)
        return given | {attribute: max(0, counted) for (attribute, _), counted in sums if attribute}

    def check(self, head: object) -> None:
        """Raise FileInvalid, of the first line, when ``head`` says something else."""
        layout = self._layout
        if layout.row_count and getattr(head, layout.row_count) != self.row_count:
            raise FileInvalid(Fault.ROW_COUNT, 1, self.row_count, getattr(head, layout.row_count))
        for (attribute, _), counted in zip(self._sums, self._counted, strict=True):
            if attribute and getattr(head, attribute) != max(0, counted):
                is_total = layout.total is not None and attribute == layout.total[0]
                raise FileInvalid(Fault.TOTAL, 1, field=None if is_total else layout.head.sheet.places[attribute])
