"""Rows of lists as banks read them, in each format of batch files that there is."""

from dataclasses import replace

import pytest

from dbgate.books.records import Debit
from dbgate.books.states import DebitState
from fep.debits.file_rows import as_listed, file_row, fits
from protocol.files.formats import FILE_FORMATS
from protocol.files.names import FileKind

DEBIT = Debit(7, "N20261000011", "0200000001", None, "王建国", "6222000001", 202610, 1, 1000, 60, DebitState.LISTED)
PREFIXES = {"elec02": "123456789"}


@pytest.mark.parametrize("name", FILE_FORMATS)
def test_what_the_bank_reads(name: str) -> None:
    """The same money of the same bill; a name that is too long has been cut."""
    layout = FILE_FORMATS[name].of_bank("0102", PREFIXES.get(name, "")).layouts[FileKind.DEBIT_LIST]
    assert as_listed(layout, DEBIT, 3) == file_row(DEBIT, 3)
    long = as_listed(layout, replace(DEBIT, name="电" * 100), 3)
    assert 0 < len(long.name) < 100
    assert set(long.name) == {"电"}


@pytest.mark.parametrize("name", FILE_FORMATS)
def test_what_fits(name: str) -> None:
    """A row that the list cannot hold, or that the bank would read as something else, is not listed."""
    fitting = fits(FILE_FORMATS[name].of_bank("0102", PREFIXES.get(name, "")).layouts[FileKind.DEBIT_LIST])
    assert fitting(DEBIT)
    assert fitting(replace(DEBIT, name="电" * 100))
    assert not fitting(replace(DEBIT, bill_no="N" * 17))
    assert not fitting(replace(DEBIT, passbook=""))
    assert not fitting(replace(DEBIT, seq=100))
    assert not fitting(replace(DEBIT, principal_fen=10**16))
