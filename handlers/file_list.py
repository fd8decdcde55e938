"""FILE_LIST 文件列表: which files a bank may read, those that it has sent and those that wait for it."""

from collections.abc import Iterable
from datetime import date

from protocol.files.names import FileName
from protocol.files.transfer import FileListReply, FileListRequest, FileRow


def row_of(name: FileName, file_name: str, size: int, changed: date) -> FileRow:
    """Return the row of a file; its day is that of its name, or where that has none the day it was changed."""
    day = name.period if isinstance(name.period, date) else changed
    return FileRow(file_name, size, name.kind, day)


def decide(body: FileListRequest, rows: Iterable[FileRow]) -> FileListReply:
    """Return the rows that are asked for, the newest day first and by name within a day."""
    fitting = [row for row in rows if body.kind in (None, row.kind) and body.date in (None, row.date)]
    fitting.sort(key=lambda row: (-row.date.toordinal(), row.file_name))
    return FileListReply(body.page, tuple(fitting))
