"""FILE_LIST: which files are listed, and in which order."""

from datetime import date

import pytest

from handlers.file_list import decide, row_of
from protocol.files.names import FileKind, file_name
from protocol.files.transfer import FileListRequest, FileRow

MADE = date(2026, 11, 3)
NAMES = ["WT010220261120.txt", "DZ010220261121.txt", "DK010220261101.txt", "DZR010220261121.txt", "DZ010220261120.txt"]
ROWS = {name: row_of(file_name(name), name, 7, MADE) for name in NAMES}


def test_the_day_of_a_file():
    """That of its name; a monthly file has the day on which it was made."""
    assert ROWS["DZ010220261121.txt"] == FileRow("DZ010220261121.txt", 7, FileKind.RECONCILE_DETAIL, date(2026, 11, 21))
    assert ROWS["DK010220261101.txt"].date == MADE


@pytest.mark.parametrize(
    ("kind", "day", "shown"),
    [
        (None, None, [1, 3, 4, 0, 2]),
        (FileKind.RECONCILE_DETAIL, None, [1, 4]),
        (None, date(2026, 11, 20), [4, 0]),
        (None, MADE, [2]),
        (FileKind.MANDATES, date(2026, 11, 20), [0]),
        (FileKind.MANDATES, date(2026, 11, 21), []),
    ],
)
def test_what_is_listed(kind, day, shown):
    """By kind and day, the newest day first, by name within a day; the page is left to the format."""
    reply = decide(FileListRequest(kind, day, 3), ROWS.values())
    assert [row.file_name for row in reply.rows] == [NAMES[index] for index in shown]
    assert reply.page == 3
