"""Log lines 日志行: how an event becomes one line of JSON, and a short way for the one event that is frequent."""

import json
import logging
from datetime import datetime
from functools import lru_cache
from time import time_ns
from typing import Any, Protocol

import structlog

from fep.clock import SHANGHAI


class TakesLines(Protocol):
    """What lines are written to; its ``write`` never raises, for a line is never worth a transaction."""

    def write(self, text: str, /) -> object:
        """Take one line."""
        ...


class JsonLines:
    """The last of structlog's processors when the log is JSON; whoever has finished a line may write it here.

    Args:
        stream: where all lines go.
    """

    def __init__(self, stream: TakesLines) -> None:
        self.write = stream.write
        self._encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode

    def __call__(self, _logger: object, _method: str, event: Any) -> str:
        """Return the line of ``event``, without its end."""
        return self._encode(event)


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Threshold:
    """The first of structlog's processors: drops what is below ``level``, which may be another at any time.

    Attributes:
        level: the least level that is written, as structlog counts them.
    """

    def __init__(self, level: int) -> None:
        self.level = level

    def __call__(self, _logger: object, method: str, event: Any) -> Any:
        """Return ``event`` if it is to be written."""
        if _LEVELS.get(method, logging.CRITICAL) < self.level:
            raise structlog.DropEvent
        return event


def threshold() -> Threshold | None:
    """Return what the log is configured with, None before it is."""
    first = structlog.get_config()["processors"][0]
    return first if isinstance(first, Threshold) else None


def json_lines() -> JsonLines | None:
    """Return what the log is configured with, None when it is not JSON."""
    last = structlog.get_config()["processors"][-1]
    return last if isinstance(last, JsonLines) else None


_last = (0, "")
"""The last moment that was wanted, in milliseconds, and its text; one tuple, so that threads never mix two."""


def timestamp() -> str:
    """Return the moment, Asia/Shanghai with its offset and milliseconds, as everything else on the link is."""
    global _last  # noqa: PLW0603 - a cache of one
    now_ms = time_ns() // 1_000_000
    last_ms, last_text = _last
    if now_ms == last_ms:  # the log and the audit log tell of the same answer
        return last_text
    second, ms = divmod(now_ms, 1000)
    moment, offset = _texts_of(second)
    text = f"{moment}.{ms:03d}{offset}"
    _last = now_ms, text
    return text


@lru_cache(2)
def _texts_of(second: int) -> tuple[str, str]:
    """Return date and time of a second since 1970, and the offset: thousands of lines share them."""
    text = datetime.fromtimestamp(second, SHANGHAI).isoformat()
    return text[:19], text[19:]
