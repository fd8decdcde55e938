"""XLSX file 电子表格: a workbook with a sheet for each listing, written row by row in constant memory."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from fep.language import say
from fep.listings.listing import Kind, Listing, text_of
from fep.listings.private_output import private_output

SHEET_ROWS_MAX = 1_048_576
"""Rows of a sheet, headings included: Excel's limit."""

_FORMATS = {
    Kind.COUNT: "0",
    Kind.YUAN: "#,##0.00",
    Kind.DAY: "yyyy-mm-dd",
    Kind.MOMENT: "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {
    Kind.TEXT: 18,
    Kind.COUNT: 10,
    Kind.YUAN: 16,
    Kind.DAY: 12,
    Kind.MOMENT: 20,
    Kind.MONTH: 10,
    Kind.ACCOUNT: 18,
}
_CALENDAR_BEGINS = date(1900, 3, 1)  # before it Excel's count of days is wrong, and before 1900 there is none


class XlsxFile:
    """A workbook under construction; it takes its place when ``files`` ends well."""

    def __init__(self, path: Path, files: ExitStack) -> None:
        binary = files.enter_context(private_output(path))
        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),  # rows wait there: not among everybody's temporary files
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self._book = xlsxwriter.Workbook(binary, options)
        files.push(self._end)
        self._formats = {kind: self._book.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
        self._bold = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})

    def sheet(self, listing: Listing) -> "Sheet":
        """Begin the sheet of ``listing``."""
        return Sheet(listing, self._book, self._formats, self._bold)

    def _end(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._book.worksheets():  # a sheet without a cell would leave its temporary file behind
            self._book.add_worksheet().write_string(0, 0, say(en="nothing", zh="无记录"))
        try:
            self._book.close()
        except (OSError, XlsxWriterException):
            if kind is None:
                raise


class Sheet:
    """One listing in the workbook; what does not fit one sheet goes on in the next."""

    def __init__(self, listing: Listing, book: Any, formats: dict[Kind, Any], bold: Any) -> None:
        self._listing, self._book, self._formats, self._bold = listing, book, formats, bold
        self._sheet_count = 0
        self._begin()

    def row(self, values: Sequence[Any]) -> None:
        """Write one row."""
        if self._next == SHEET_ROWS_MAX:
            self._begin()
        for place, (column, value) in enumerate(zip(self._listing.columns, values, strict=True)):
            self._write(place, column.kind, value)
        self._next += 1

    def _begin(self) -> None:
        self._sheet_count += 1
        suffix = "" if self._sheet_count == 1 else f" {self._sheet_count}"
        self._sheet = self._book.add_worksheet(f"{self._listing.tab}{suffix}")
        self._sheet.set_header(f"&L{str(self._listing.title).replace('&', '&&')}")
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._listing.columns):
            self._sheet.set_column(place, place, _WIDTHS[column.kind])
            self._sheet.write_string(0, place, str(column.heading), self._bold)
        self._next = 1

    def _write(self, place: int, kind: Kind, value: Any) -> None:
        """Write a value as what it is. A number in a workbook is a binary one: two decimals are exact to 10^13 yuan."""
        style = self._formats.get(kind)
        if value is None:
            return
        if kind is Kind.YUAN:
            self._sheet.write_number(self._next, place, Decimal(value) / 100, style)
        elif kind is Kind.COUNT:
            self._sheet.write_number(self._next, place, value, style)
        elif isinstance(value, date) and _as_date(value) >= _CALENDAR_BEGINS:
            self._sheet.write_datetime(self._next, place, value, style)
        else:
            self._sheet.write_string(self._next, place, text_of(kind, value))


def _as_date(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
