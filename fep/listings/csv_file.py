"""CSV file 逗号分隔文件: RFC 4180 in UTF-8 with a byte order mark, by which Excel knows Chinese."""

import csv
import io
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fep.listings.listing import Kind, Listing, text_of
from fep.listings.private_output import private_output

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula when a text begins with it; an apostrophe in front keeps it text (OWASP, CSV
injection). Names and teller numbers are what others sent us."""


class CsvFile:
    """One listing in a file of its own. The total is left out: programs add up, and would count twice."""

    def __init__(self, path: Path, listing: Listing, files: ExitStack) -> None:
        # Put away in the order in which files end: the text first, then the file below it.
        binary = files.enter_context(private_output(path))
        text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
        files.callback(_detach, text)
        self._kinds = [column.kind for column in listing.columns]
        self._writer = csv.writer(text)
        self._writer.writerow([str(column.heading) for column in listing.columns])

    def row(self, values: Sequence[Any]) -> None:
        """Write one row."""
        self._writer.writerow([_cell(kind, value) for kind, value in zip(self._kinds, values, strict=True)])


def _cell(kind: Kind, value: Any) -> str:
    text = text_of(kind, value)
    return f"'{text}" if kind in {Kind.TEXT, Kind.ACCOUNT} and text.startswith(FORMULA_SIGNS) else text


def _detach(text: io.TextIOWrapper) -> None:
    text.flush()
    text.detach()  # what is below is closed by its own context
