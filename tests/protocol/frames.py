"""Bytes of the standard link made by hand with struct, for tests; nothing here uses the product's encoder."""

import json
import struct
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "standard.json").read_text("utf-8"))

HEADER_DEFAULTS: dict[str, Any] = {
    "version": 1,
    "flags": 0,
    "txn_code": 2002,
    "response_code": b"    ",
    "bank_code": b"0102",
    "branch_code": b"01020000117 ",
    "teller_id": b"T0000042",
    "bank_date": b"20261121",
    "bank_time": b"101530",
    "channel": b"01",
    "bank_serial": b"000000000117",
    "clearing_date": b"00000000",
    "fep_serial": b"000000000000",
    "nonce": bytes(8),
    "key_version": 3,
    "reserved": bytes(4),
}


def header(**changed: Any) -> bytes:
    """Return the 96 header bytes of a bank's PAY request, with some fields changed."""
    return struct.pack(">BBH4s4s12s8s8s6s2s12s8s12s8sI4s", *(HEADER_DEFAULTS | changed).values())


def pay_body(**changed: Any) -> bytes:
    """Return the 80 body bytes of a PAY request, with some fields changed."""
    fields = {
        "account_no": b"0102003004      ",
        "amount": 12504,
        "mode": 1,
        "instrument": 2,
        "print_invoice": 1,
        "rsv5": bytes(5),
        "payer_account": b"6222020200011122233".ljust(32),
        "expected_payable": -1,
        "rsv8": bytes(8),
    }
    return struct.pack(">16sqBBB5s32sq8s", *(fields | changed).values())


def frame(head: bytes, body: bytes = b"", mac: bytes = b"12345678") -> bytes:
    """Return a frame as the reader hands it over, without its length field."""
    return head + body + mac


def an(value: str, size: int) -> bytes:
    """Return ``value`` as an ``an`` field."""
    return value.encode("ascii").ljust(size)


def text(value: str, size: int) -> bytes:
    """Return ``value`` as a ``text`` field; it must fit."""
    return value.encode("gb18030").ljust(size)
