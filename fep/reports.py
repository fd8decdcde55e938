"""Reports 表格: rows of text for an operator: a table on a terminal, tab-separated lines in a pipe."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fep.language import say

if TYPE_CHECKING:
    from rich.table import Table


class Report:
    """A table under construction.

    Args:
        columns: the headings.
        title: what it shows.
    """

    def __init__(self, *columns: str, title: str = "") -> None:
        self._columns = columns
        self._title = title
        self._rows: list[tuple[str, ...]] = []

    def row(self, *cells: object) -> None:
        """Add a row, one cell for each column."""
        self._rows.append(tuple(map(str, cells)))

    def rows(self, rows: Iterable[Iterable[object]]) -> None:
        """Add rows."""
        for cells in rows:
            self.row(*cells)

    def __len__(self) -> int:
        return len(self._rows)

    def show(self) -> None:
        """Print it; in a pipe nothing is shortened, so that a script reads what a person does."""
        if not sys.stdout.isatty():
            for cells in (self._columns, *self._rows):
                print("\t".join(cells))
            return
        from rich.console import Console

        Console().print(self.table() if self._rows else say(en="nothing to show", zh="无记录"))

    def table(self) -> "Table":
        """Return it as rich shows it."""
        from rich.markup import escape
        from rich.table import Table

        table = Table(title=escape(self._title) or None, title_justify="left")
        for heading in self._columns:
            table.add_column(escape(heading), overflow="fold")  # Chinese has no blanks to break at
        for cells in self._rows:
            table.add_row(*map(escape, cells))
        return table
