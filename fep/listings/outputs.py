"""Outputs 输出: sends each listing of a report to the screen and to the files that were asked for."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from fep.listings.csv_file import CsvFile
from fep.listings.listing import Listing
from fep.listings.screen import Sink, screen
from fep.progress import ProgressBar

if TYPE_CHECKING:
    from fep.listings.xlsx_file import XlsxFile


class Outputs:
    """Where a report goes; a context manager, at whose good end the files take their places.

    Args:
        csv_path: file of the first listing; the others stand beside it, with their names.
        xlsx_path: workbook of all listings.
        is_masked: account numbers are masked on the screen; in the files, which are their owner's alone, they are not.
    """

    def __init__(self, csv_path: Path | None = None, xlsx_path: Path | None = None, *, is_masked: bool = True) -> None:
        self.csv_path, self.xlsx_path, self._is_masked = csv_path, xlsx_path, is_masked
        self._files = ExitStack()
        self._book: XlsxFile | None = None
        self._is_first = True
        self._csv_count = 0

    def __enter__(self) -> Self:
        if self.xlsx_path is not None:
            from fep.listings.xlsx_file import XlsxFile

            self._book = XlsxFile(self.xlsx_path, self._files)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._files.__exit__(kind, error, traceback)

    @property
    def has_files(self) -> bool:
        """Whether anything goes to a file."""
        return self.csv_path is not None or self.xlsx_path is not None

    def show(self, listing: Listing) -> int:
        """Send all rows of ``listing`` where they go, and return how many there were."""
        count = 0
        with ExitStack() as ends:
            if isinstance(listing.rows, Generator):  # however it ends, nothing is read of a database that is closed
                ends.callback(listing.rows.close)
            sinks: list[Sink] = []
            if not (listing.is_list and self.has_files):
                sinks.append(ends.enter_context(screen(listing, is_first=self._is_first, is_masked=self._is_masked)))
                self._is_first = False
            sheet = self._book.sheet(listing) if self._book is not None else None
            if sheet is not None:
                sinks.append(sheet)
            if self.csv_path is not None:
                sinks.append(CsvFile(self._next_csv(self.csv_path, listing), listing, self._files))
            bar = ends.enter_context(ProgressBar(str(listing.title), listing.row_count)) if listing.row_count else None
            for count, values in enumerate(listing.rows, 1):
                for sink in sinks:
                    sink.row(values)
                if bar is not None and count % 256 == 0:
                    bar.at(count)
            if sheet is not None and listing.total is not None:
                sheet.row(listing.total)
        return count

    def _next_csv(self, path: Path, listing: Listing) -> Path:
        """Return the file of the next listing: ``day.csv``, then ``day-detail.csv``."""
        self._csv_count += 1
        return path if self._csv_count == 1 else path.with_name(f"{path.stem}-{listing.name}{path.suffix}")


def is_beside(csv_path: Path, path: Path) -> bool:
    """Tell whether a further listing of a report may take ``path`` as the name of its CSV file.

    >>> is_beside(Path("day.csv"), Path("day-detail.csv")), is_beside(Path("day.csv"), Path("day-detail.xlsx"))
    (True, False)
    """
    same_place = (path.parent, path.suffix) == (csv_path.parent, csv_path.suffix)
    return same_place and path.stem.startswith(f"{csv_path.stem}-")
