"""Screen 屏幕: a listing as a table on a terminal, as tab-separated lines in a pipe."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from fep.language import say
from fep.listings.listing import Listing, text_of

TERMINAL_ROWS_MAX = 200
"""Rows that a terminal is given: nobody scrolls further, and a table must be gathered whole before it is drawn."""

WIDTH_MAX = 1000
"""Columns of a terminal that a table may ask for."""

CONTROLS = dict.fromkeys((*range(32), *range(127, 160)))
"""Characters that would break a line, or speak to the terminal."""


class Sink(Protocol):
    """Where the rows of a listing go."""

    def row(self, values: Sequence[Any]) -> None:
        """Take one row, a value for each column."""


class _Pipe:
    """Lines in a pipe: nothing is shortened, so that a script reads what a person does."""

    def __init__(self, listing: Listing) -> None:
        self._kinds = [column.kind for column in listing.columns]
        self._print([str(column.heading) for column in listing.columns])

    def row(self, values: Sequence[Any]) -> None:
        self._print([text_of(kind, value).translate(CONTROLS) for kind, value in zip(self._kinds, values, strict=True)])

    def _print(self, cells: list[str]) -> None:
        print("\t".join(cells))


class _Terminal:
    """A table on a terminal, up to a number of rows."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
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
        from rich.measure import Measurement
        from rich.table import Table

        listing = self._listing
        table = Table(title=escape(str(listing.title)), title_justify="left")
        for column in listing.columns:
            if column.kind.is_number:
                table.add_column(escape(str(column.heading)), justify="right")
            else:
                table.add_column(escape(str(column.heading)), overflow="fold")
        for values in self._rows:
            table.add_row(*self._cells(values))
        if listing.total is not None:
            table.add_section()
            table.add_row(*self._cells(listing.total))
        console = Console(highlight=False)
        # What has no blank in it is never broken: half an amount is a wrong one. A terminal too narrow wraps the lines.
        least = Measurement.get(console, console.options.update(max_width=WIDTH_MAX), table).minimum
        console.width = max(console.width, least)
        console.print(table if self._rows else f"{escape(str(listing.title))}: {say(en='nothing', zh='无记录')}")
        if self._left_out:
            more = self._left_out
            console.print(say(en=f"and {more} more: --csv or --xlsx", zh=f"另有 {more} 行: 请用 --csv 或 --xlsx"))

    def _cells(self, values: Sequence[Any]) -> list[str]:
        from rich.markup import escape

        pairs = zip(self._listing.columns, values, strict=True)
        return [escape(text_of(column.kind, value).translate(CONTROLS)) for column, value in pairs]


@contextmanager
def screen(listing: Listing, *, is_first: bool) -> Iterator[Sink]:
    """Yield where the rows of ``listing`` go; its total follows them. In a pipe an empty line parts two tables."""
    if sys.stdout.isatty():
        terminal = _Terminal(listing)
        yield terminal
        terminal.draw()
        return
    if not is_first:
        print()
    pipe = _Pipe(listing)
    yield pipe
    if listing.total is not None:
        pipe.row(listing.total)
