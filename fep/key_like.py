"""Key-like text 疑似密钥: a key that somebody has written where none belongs is not repeated to whoever reads along."""

import re

from protocol.masking import HIDDEN

_KEY_LIKE = re.compile(r"(?<![\w/-])[0-9A-Fa-f]{32,}(?![\w/.-])", re.ASCII)
"""Hex digits of 16 bytes and more that are no part of a path; no name of a setting or a bank looks so."""


def is_key_like(text: str) -> bool:
    """Tell whether a key may stand in ``text``."""
    return _KEY_LIKE.search(text) is not None


def without_keys(text: str) -> str:
    """Return ``text`` with whatever may be a key left out.

    >>> without_keys("unknown key 404142434445464748494A4B4C4D4E4F")
    'unknown key ***'
    """
    return _KEY_LIKE.sub(HIDDEN, text)
