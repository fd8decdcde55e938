"""Files of debits, by hand from the tables of docs/files.md: nothing here is the product's own encoder. 代扣文件"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32


def text(value: str, size: int) -> bytes:
    """A name in GB18030, filled with spaces."""
    return value.encode("gb18030").ljust(size)


def file_of(*lines: bytes) -> bytes:
    """Lines with their ends and the tail."""
    body = b"".join(line + b"\r\n" for line in lines)
    return body + b"T%08X\r\n" % crc32(body)


def mandate_file(bank: str, day: int, rows: Sequence[tuple[str, str, str, int]]) -> bytes:
    """A WT file of rows (account_no, name, passbook, action)."""
    head = f"H{bank}{day:08d}{len(rows):08d}".encode()
    lines = [
        b"D" + account_no.encode().ljust(16) + text(name, 64) + passbook.encode().ljust(32) + b"%d" % action
        for account_no, name, passbook, action in rows
    ]
    return file_of(head, *lines)


@dataclass(frozen=True)
class ListRow:
    """A row of a debit list as its bytes say, and the bytes."""

    row_no: int
    account_no: str
    name: str
    passbook: str
    month: int
    seq: int
    bill_no: str
    principal_fen: int
    late_fee_fen: int
    raw: bytes

    @property
    def due_fen(self) -> int:
        return self.principal_fen + self.late_fee_fen

    @property
    def said(self) -> tuple[object, ...]:
        """Account, bill, principal and late fee."""
        return self.account_no, self.bill_no, self.principal_fen, self.late_fee_fen


@dataclass(frozen=True)
class DebitList:
    """A debit list taken to pieces by offsets."""

    head: bytes
    rows: tuple[ListRow, ...]

    @property
    def batch_no(self) -> int:
        return int(self.head[5:17])


def debit_list(data: bytes) -> DebitList:
    """Take a DK file to pieces; its counts, total and tail must be right."""
    *lines, end = data.split(b"\r\n")
    head, *rows, tail = lines
    assert end == b""
    assert tail == b"T%08X" % crc32(data[: -len(tail) - 2])
    read = tuple(map(_row, rows))
    assert [row.row_no for row in read] == list(range(1, len(read) + 1))
    assert (int(head[23:31]), int(head[31:47])) == (len(read), sum(row.due_fen for row in read))
    assert (len(head), {len(row) for row in rows}) == (47, {177})
    return DebitList(head, read)


def _row(raw: bytes) -> ListRow:
    def cut(begin: int, size: int) -> bytes:
        return raw[begin : begin + size].rstrip()

    return ListRow(
        row_no=int(raw[1:9]),
        account_no=cut(9, 16).decode(),
        name=cut(25, 64).decode("gb18030"),
        passbook=cut(89, 32).decode(),
        month=int(raw[121:127]),
        seq=int(raw[127:129]),
        bill_no=cut(129, 16).decode(),
        principal_fen=int(raw[145:161]),
        late_fee_fen=int(raw[161:177]),
        raw=raw,
    )


@dataclass(frozen=True)
class Answer:
    """What a bank says of one row."""

    result: str
    debited_fen: int = 0
    debit_date: int = 0
    debit_serial: int = 0


def debited(row: ListRow, day: int, serial: int, amount_fen: int | None = None) -> Answer:
    """The row was debited, by what was listed unless an amount is given."""
    return Answer("00", row.due_fen if amount_fen is None else amount_fen, day, serial)


def result_file(listed: DebitList, answers: Sequence[Answer], order: Sequence[int] | None = None) -> bytes:
    """A DKR file: one answer for each row of the list, in the order of the list or of these indexes."""
    lines = [
        row.raw + f"{said.result}{said.debited_fen:016d}{said.debit_date:08d}{said.debit_serial:012d}".encode()
        for row, said in zip(listed.rows, answers, strict=True)
    ]
    return file_of(listed.head, *(lines if order is None else [lines[index] for index in order]))


def with_row(listed: DebitList, index: int, begin: int, changed: bytes) -> DebitList:
    """The list with other bytes from ``begin`` on in one row."""
    row = listed.rows[index]
    raw = row.raw[:begin] + changed + row.raw[begin + len(changed) :]
    return replace(listed, rows=(*listed.rows[:index], replace(row, raw=raw), *listed.rows[index + 1 :]))
