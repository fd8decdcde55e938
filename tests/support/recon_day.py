"""A day to be reconciled 对账日: a bank's file put together by hand, and the journal rows to hold it against."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import delete, insert

from dbgate.books.tables import metadata
from dbgate.database import Database
from dbgate.tables import clearing_dates, payments
from tests.dbgate.fixtures import account_no
from tests.support.report_ledger import row, undo

BANK = "0102"
DAY = date(2026, 11, 20)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
FIRST = DAY - timedelta(days=3)
PRESENT = DAY + timedelta(days=3)


class Line(NamedTuple):
    """A row of a bank's file: 2002 PAY, 2003 CANCEL, 2004 REVERSE; state as STATUS tells it."""

    serial: int
    account: int
    amount_fen: int
    txn: int = 2002
    state: int = 1
    bank_date: date = DAY

    def __bytes__(self) -> bytes:
        number = account_no(self.account).encode()
        parts = (self.bank_date.strftime("%Y%m%d").encode(), self.serial, number, self.txn, self.amount_fen, self.state)
        return b"D%s%012d%-16s%d%016d%d" % parts

    @property
    def counted_fen(self) -> int:
        """What it adds to the total of the file."""
        if self.txn == 2002:
            return self.amount_fen
        return -self.amount_fen if self.txn == 2003 or self.state == 1 else 0


def file_of(lines: Sequence[Line], day: date = DAY, bank: str = BANK) -> bytes:
    """A whole file, head and tail."""
    total = sum(line.counted_fen for line in lines)
    head = b"H%s%s%08d%016d" % (bank.encode(), day.strftime("%Y%m%d").encode(), len(lines), total)
    body = b"".join(line + b"\r\n" for line in (head, *map(bytes, lines)))
    return body + b"T%08X\r\n" % crc32(body)


def send(site: Path, lines: Sequence[Line], day: date = DAY, bank: str = BANK) -> Path:
    """Put a file where the bank's files arrive."""
    path = site / "files" / bank / "in" / f"DZ{bank}{day:%Y%m%d}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_of(lines, day, bank))
    return path


def result(site: Path, day: date = DAY, bank: str = BANK) -> Path:
    """Where the bank gets the result."""
    return site / "files" / bank / "out" / f"DZR{bank}{day:%Y%m%d}.txt"


def classes(path: Path) -> list[tuple[int, int]]:
    """Serial and class of each row of a result file; its tail is checked."""
    *lines, tail, empty = path.read_bytes().split(b"\r\n")
    assert (tail, empty) == (b"T%08X" % crc32(b"".join(line + b"\r\n" for line in lines)), b"")
    assert int(lines[0][13:21]) == len(lines) - 1
    return [(int(line[9:21]), int(line[58:])) for line in lines[1:]]


def paid(serial: int, account: int, amount_fen: int, day: date = DAY, **changed: Any) -> dict[str, Any]:
    """A PAY of the journal on a clearing date, which is its bank date too unless ``changed`` says otherwise."""
    about = {"bank_date": day, "clearing_date": day, "fep_serial": serial + 100_000 * day.day}
    return row(serial, account, amount_fen, **about | changed)


def undone(
    serial: int, original: int, account: int, amount_fen: int, day: date = DAY, **changed: Any
) -> dict[str, Any]:
    """What undid a PAY of the same day: a REVERSE, unless ``changed`` says otherwise."""
    about = {
        "bank_date": day,
        "clearing_date": day,
        "fep_serial": serial + 100_000 * day.day,
        "original_bank_date": day,
    }
    return undo(serial, original, account, amount_fen, **about | changed)


def clear(database: Database, present: date = PRESENT, banks: Iterable[str] = (BANK,)) -> None:
    """Empty a database and let the present clearing date of the banks be that."""
    with database.money_engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name != "number_blocks":
                connection.execute(delete(table))
        days = [{"bank_code": bank, "clearing_date": present, "first_date": FIRST} for bank in banks]
        connection.execute(insert(clearing_dates), days)


def keep(database: Database, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows to the journal."""
    with database.money_engine.begin() as connection:
        for each in rows:
            connection.execute(insert(payments), each)
