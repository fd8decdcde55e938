"""Lines of the audit log 审计日志行: a JSON object each, with its number first and its hash last.

    {"seq": 17, "at": "2026-11-22T23:30:04.120+08:00", "kind": "money", …, "hash": "64 hex digits"}

The hash is the SHA-256 of the hash of the line before, as its 64 digits, and of this line's own bytes up to the comma
before ``"hash"``. The first line of a chain follows 64 zeros. docs/audit-log.md has the same for auditors.
"""

import json
import re
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from fep.log_lines import timestamp

__all__ = [
    "NO_HASH",
    "TAIL_BYTES",
    "Counted",
    "Entry",
    "Kind",
    "begins_as_line",
    "chained",
    "counted_of",
    "entry",
    "fields_of",
    "is_configuration",
    "is_seal",
    "quoted",
    "stated_hash",
]

NO_HASH = b"0" * 64
"""What the first line of a chain follows."""

_HASH = b', "hash": "'
_END = b'"}\n'
TAIL_BYTES = len(_HASH) + len(NO_HASH) + len(_END)
"""What stands behind the bytes that the hash is of."""

_TAIL = re.compile(_HASH + b"([0-9a-f]{64})" + _END)
_BEGINNING = re.compile(
    rb'\{"seq": \d+, "at": "\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}[+-]\d\d:\d\d", "kind": "[a-z_]+"[,}]'
)
_COUNTED = re.compile(
    rb'"kind": "money", "counted": "(pay|cancel|reverse)", "clearing_date": "(\d{8})", "amount_fen": (\d+), '
    rb'"bank_code": "([0-9A-Za-z]+)"'
)


class Kind(Enum):
    """What a line tells; the value stands in the line."""

    FILE = "file"  # the first line of each file
    OPENED = "opened"  # somebody writes from here on
    CONFIGURATION = "configuration"
    LINK = "link"  # sign-in, sign-out, key exchange
    MONEY = "money"
    REFUSAL = "refusal"
    OPERATOR_ACT = "operator_act"  # at a running daemon
    KEY_ACT = "key_act"
    COMMAND = "command"
    LOST = "lost"  # lines that could not be written
    SEAL = "seal"


class Counted(NamedTuple):
    """A movement as the seals count it.

    Attributes:
        transaction: ``pay``, ``cancel`` or ``reverse``.
        clearing_date: YYYYMMDD.
    """

    bank_code: str
    clearing_date: str
    transaction: str
    amount_fen: int


Entry = tuple[str, Counted | None]
"""What becomes a line: its fields as JSON without braces, from ``at`` on, and the movement that it tells of."""


def entry(kind: Kind, fields: Mapping[str, Any]) -> Entry:
    """Return the entry of something that happened now; fields without a value are left out."""
    said = json.dumps({name: value for name, value in fields.items() if value not in (None, "")}, ensure_ascii=True)
    return f'"at": "{timestamp()}", "kind": "{kind.value}"{", " if said != "{}" else ""}{said[1:-1]}', None


def chained(before: bytes, head: bytes) -> tuple[bytes, bytes]:
    """Return the hash of a line behind the hash ``before``, and the whole line; ``head`` is what the hash is of."""
    digest = sha256(before + head).hexdigest().encode()
    return digest, head + _HASH + digest + _END


def stated_hash(line: bytes) -> bytes | None:
    """Return the hash that stands at the end of a whole line, None when none does."""
    found = _TAIL.fullmatch(line, max(0, len(line) - TAIL_BYTES))
    return None if found is None else found[1]


def fields_of(line: bytes) -> dict[str, Any] | None:
    """Return what a whole line says, None for what is no line."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or type(said.get("seq")) is not int or stated_hash(line) is None:
        return None
    return said if begins_as_line(line) else None


def begins_as_line(line: bytes) -> bool:
    """Tell whether a line begins as every one does: with its number, its moment and its kind."""
    return _BEGINNING.match(line) is not None


def is_seal(line: bytes) -> bool:
    """Tell whether a whole line is a seal, or says that it is."""
    return b'"kind": "seal"' in line[:100]


def is_configuration(line: bytes) -> bool:
    """Tell whether a whole line tells of the configuration, or says so."""
    return b'"kind": "configuration"' in line[:100]


def counted_of(line: bytes) -> Counted | None:
    """Return the movement that a line tells of, None when it is none that counts."""
    found = _COUNTED.search(line, 0, 200)  # it stands at the beginning
    if found is None:
        return None
    transaction, day, amount_fen, bank_code = found.groups()
    return Counted(bank_code.decode(), day.decode(), transaction.decode(), int(amount_fen))
