"""Masking 脱敏: what may be shown of a message to people who only watch.

Which field holds what stands with the field (``protocol.record``); nothing is masked by guessing at a name. A field
that is kept out of texts and says nothing of what it holds is not shown at all.
"""

from dataclasses import fields, is_dataclass
from datetime import date, time
from enum import Enum
from typing import Any

from protocol.record import HOLDS, Holds

HIDDEN = "***"
ROWS_SHOWN = 5
"""Of a list: enough to see what it is of."""

_WIDE = 14
_NARROW = 8


def masked_account(value: str) -> str:
    """Return a number with its first six and last four characters.

    One of fewer than 14 characters would be shown almost whole: it keeps the last four, and of fewer than 8 none.
    """
    if len(value) >= _WIDE:
        return f"{value[:6]}{'*' * (len(value) - 10)}{value[-4:]}"
    return "*" * (len(value) - 4) + value[-4:] if len(value) >= _NARROW else "*" * len(value)


def masked_name(value: str) -> str:
    """Return the first character of a name; how long it is, is not told."""
    return f"{value[:1]}**" if value else ""


_MASKS = {Holds.ACCOUNT: masked_account, Holds.NAME: masked_name}


def masked(message: Any) -> Any:
    """Return a message as plain values that JSON has, with what names a customer masked and secrets left out."""
    if is_dataclass(message) and not isinstance(message, type):
        return {each.name: _shown(getattr(message, each.name), each) for each in fields(message)}
    return _plain(message)


def _shown(value: Any, described: Any) -> Any:
    if described.repr:
        return masked(value)
    if value in (None, ""):
        return value
    mask = _MASKS.get(described.metadata.get(HOLDS))
    return HIDDEN if mask is None or not isinstance(value, str) else mask(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: masked(each) for name, each in value._asdict().items()}
    if isinstance(value, tuple | list):
        shown = [masked(each) for each in value[:ROWS_SHOWN]]
        return [*shown, f"{len(value)} rows"] if len(value) > ROWS_SHOWN else shown
    return HIDDEN
