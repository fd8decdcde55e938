"""Frames of ELEC02 as a bank's program writes them: plain struct, offsets of the sheet, nothing of the product."""

import struct

REQUEST_HEAD = struct.Struct("3s12s12s20s8s14s1s10s32s1s")
REPLY_HEAD = struct.Struct("3s2s60s12s12s20s8s14s1s10s32s1s")
QUERY = struct.Struct("12s12s8s16s12s3s32s6s1s8s")
QUERY_REPLY = struct.Struct("12s8s16s8s3s12s16s32s64s255s12s1s32s")
QUERY_ROW = struct.Struct("2s255s80s5s16s8s8s10s10s16s16s8s12s2s6s12s12s8s")
PAY = struct.Struct("12s12s8s16s8s12s8s12s12s3s32s12s32s3s12s4s1s1s40s2s1s32s")
PAY_ROW = struct.Struct("2s12s6s5s16s12s2s12s")
PAY_REPLY = struct.Struct("12s16s8s12s8s16s3s12s255s")
UNDO = struct.Struct("12s12s8s16s8s12s8s16s8s3s32s12s32s3s12s12s12s64s40s")
UNDO_REPLY = struct.Struct("12s8s16s12s8s16s")

SERIAL = "00002026112200000117"


def packed(layout: struct.Struct, *values: str) -> bytes:
    """Return the values in GBK, each filled with spaces on its right."""
    sizes = [int(size) for size in layout.format.rstrip("s").split("s")]
    return b"".join(value.encode("gbk").ljust(size) for value, size in zip(values, sizes, strict=True))


def unpacked(layout: struct.Struct, data: bytes) -> list[str]:
    """Return the values of ``data`` without the spaces around them."""
    return [raw.decode("gbk").strip(" ") for raw in layout.unpack(data)]


def head(code: str, *, node: str = "301", sent: str = "20261122100000") -> bytes:
    """Return a request's header."""
    return packed(REQUEST_HEAD, code, node, "", SERIAL, "20261122", sent, "9", "0", "", "0")


def framed(content: bytes) -> bytes:
    """Return ``content`` behind its length, left-justified as the sheet's bank sends it."""
    return str(len(content)).encode("ascii").ljust(10) + content


def query(*, node: str = "301", key: str = "0900000001", serial: str = "2026112200000117") -> bytes:
    """Return the content of a 10."""
    body = packed(QUERY, node, "3010017", "20261122", serial, "", "", key, "", "", "T0000042")
    return head("10") + body


def pay(reference: str, amount: str, rows: list[tuple[str, str]], *, serial: str = "2026112200000118") -> bytes:
    """Return the content of an 11; rows of bill number and amount."""
    fields = ("301", "3010017", "T0000042", serial, "20261122", "", "20261122", reference, "", "", "0900000001", "301")
    body = packed(PAY, *fields, "6222021234567890", "RMB", amount, "", "0", "", "", "01", "0", SERIAL)
    listed = [
        packed(PAY_ROW, str(n % 100), due, "202610", "", bill, due, "1", "0") for n, (bill, due) in enumerate(rows, 1)
    ]
    return head("11") + body + b"".join(listed)


def undo(original: str, amount: str, *, serial: str = "2026112200000119", cancelled: str | None = None) -> bytes:
    """Return the content of a 12."""
    fields = ("301", "3010017", "T0000042", serial, "20261122", "301", "20261122", original, "20261122", "")
    rest = ("0900000001", "301", "6222021234567890", "RMB", amount, amount if cancelled is None else cancelled)
    return head("12") + packed(UNDO, *fields, *rest, "", "误交", "")
