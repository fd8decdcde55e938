"""Screen 屏幕: a listing as a table on a terminal, as tab-separated lines in a pipe."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from fep.language import say
from fep.listings.listing import AccountNumber, Kind, Listing, text_of
from protocol.masking import masked_account

TERMINAL_ROWS_MAX = 200
"""Rows that a terminal is given: nobody scrolls further, and a table must be gathered whole before it is drawn."""

_FRAME_WIDTH = 3
"""Columns of a terminal that stand between two of a table: a blank, a line, a blank."""

CONTROLS = dict.fromkeys((*range(32), *range(127, 160)))
"""Characters that would break a line, or speak to the terminal."""


class Sink(Protocol):
    """Where the rows of a listing go."""

    def row(self, values: Sequence[Any]) -> None:
        """Take one row, a value for each column."""


def _shown(kind: Kind, value: Any, *, is_masked: bool) -> str:
    """Return a value as it may be read by whoever stands behind the clerk, or reads what a job has printed."""
    text = text_of(kind, value)
    if is_masked and isinstance(value, str) and (kind is Kind.ACCOUNT or isinstance(value, AccountNumber)):
        text = masked_account(text)
    return text.translate(CONTROLS)


class _Pipe:
    """Lines in a pipe: nothing is shortened, so that a script reads what a person does."""

    def __init__(self, listing: Listing, *, is_masked: bool) -> None:
        self._kinds = [column.kind for column in listing.columns]
        self._is_masked = is_masked
        self._print([str(column.heading) for column in listing.columns])

    def row(self, values: Sequence[Any]) -> None:
        cells = zip(self._kinds, values, strict=True)
        self._print([_shown(kind, value, is_masked=self._is_masked) for kind, value in cells])

    def _print(self, cells: list[str]) -> None:
        print("\t".join(cells))


class _Terminal:
    """A table on a terminal, up to a number of rows."""

    def __init__(self, listing: Listing, *, is_masked: bool) -> None:
        self._listing = listing
        self._is_masked = is_masked
        self._rows: list[Sequence[Any]] = []
        self._left_out = 0

    def row(self, values: Sequence[Any]) -> None:
        if len(self._rows) < TERMINAL_ROWS_MAX:
            self._rows.append(values)
        else:
            self._left_out += 1

    def draw(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        listing = self._listing
        console = Console(highlight=False)
        table = Table(title=escape(str(listing.title)), title_justify="left")
        widths = self._widths(console.width)
        console.width = max(console.width, sum(widths) + _FRAME_WIDTH * len(widths) + 1)
        for column, width in zip(listing.columns, widths, strict=True):
            justify: Literal["left", "right"] = "right" if column.kind.is_number else "left"
            table.add_column(escape(str(column.heading)), justify=justify, width=width, overflow="fold")
        for values in self._rows:
            table.add_row(*self._cells(values))
        if listing.total is not None:
            table.add_section()
            table.add_row(*self._cells(listing.total))
        console.print(table if self._rows else f"{escape(str(listing.title))}: {say(en='nothing', zh='无记录')}")
        if self._left_out:
            more = self._left_out
            console.print(say(en=f"and {more} more: --csv or --xlsx", zh=f"另有 {more} 行: 请用 --csv 或 --xlsx"))

    def _widths(self, width: int) -> list[int]:
        """Return how wide each column is for a terminal of ``width``.

        What has no blank in it is never broken: half an amount is a wrong one, and half a serial cannot be copied. A
        terminal too narrow for that wraps the lines.
        """
        from rich.cells import cell_len

        total = [] if self._listing.total is None else [self._listing.total]
        lines = [[str(column.heading) for column in self._listing.columns]]
        lines += [self._texts(values) for values in (*self._rows, *total)]
        columns = list(zip(*lines, strict=True))
        widest = [max(map(cell_len, texts)) for texts in columns]
        least = [max(cell_len(word) for text in texts for word in text.split() or [""]) for texts in columns]
        spare = [most - few for most, few in zip(widest, least, strict=True)]
        excess = sum(widest) + _FRAME_WIDTH * len(widest) + 1 - width
        if excess <= 0:
            return widest
        if excess >= sum(spare):
            return least
        return [most - -(-excess * room // sum(spare)) for most, room in zip(widest, spare, strict=True)]

    def _texts(self, values: Sequence[Any]) -> list[str]:
        pairs = zip(self._listing.columns, values, strict=True)
        return [_shown(column.kind, value, is_masked=self._is_masked) for column, value in pairs]

    def _cells(self, values: Sequence[Any]) -> list[str]:
        from rich.markup import escape

        return [escape(text) for text in self._texts(values)]


@contextmanager
def screen(listing: Listing, *, is_first: bool, is_masked: bool) -> Iterator[Sink]:
    """Yield where the rows of ``listing`` go; its total follows them. In a pipe an empty line parts two tables."""
    if sys.stdout.isatty():
        terminal = _Terminal(listing, is_masked=is_masked)
        yield terminal
        terminal.draw()
        return
    if not is_first:
        print()
    pipe = _Pipe(listing, is_masked=is_masked)
    yield pipe
    if listing.total is not None:
        pipe.row(listing.total)
