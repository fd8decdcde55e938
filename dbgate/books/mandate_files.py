"""Mandate files in SQL 代扣协议文件: which were taken, by their content; they stand in the first database."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, insert, select, update

from dbgate.books.acts import Act, record_act
from dbgate.books.tables import mandate_files
from dbgate.books.transactions import transaction
from dbgate.database import Database


class MandateFile(NamedTuple):
    """A mandate file; ``loaded_at`` None while it has only been begun."""

    bank_code: str
    file_date: date
    file_digest: str
    row_count: int
    loaded_at: datetime | None


def mandate_file(connection: Connection, bank_code: str, file_date: date) -> MandateFile | None:
    """Return the bank's file of that day, None when none was begun."""
    found = connection.execute(select(*mandate_files.c).where(*_key(bank_code, file_date))).one_or_none()
    return None if found is None else MandateFile(*found)


def begin(database: Database, bank_code: str, file_date: date, file_digest: str, row_count: int) -> None:
    """Take down that a file is gone through: another one of that day is refused from now on.

    Raises:
        DatabaseUnavailable, OutcomeUnknown: as ``transaction``.
    """
    values = {"bank_code": bank_code, "file_date": file_date, "file_digest": file_digest, "row_count": row_count}
    with transaction(database) as connection:
        connection.execute(insert(mandate_files).values(values))


def end(database: Database, bank_code: str, file_date: date, act: Act) -> None:
    """Take down that all rows of a file have been gone through, and who did it. Raises as ``begin``."""
    with transaction(database) as connection:
        now = database.now(connection)
        connection.execute(update(mandate_files).where(*_key(bank_code, file_date)).values(loaded_at=now))
        record_act(connection, act, now)


def _key(bank_code: str, file_date: date) -> tuple[ColumnElement[bool], ...]:
    return mandate_files.c.bank_code == bank_code, mandate_files.c.file_date == file_date
