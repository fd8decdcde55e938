"""Logging 日志: JSON lines to a pipe, coloured lines to a terminal, nothing secret in either.

Rule 1: an event is a past-tense name with key=value pairs; values are codes, counts and durations, never what names a
customer (account, name, address, card) and never a key. Rule 2: a traceback is printed as frames and the type of the
exception, without its message and without local variables, because a message may quote what a customer sent.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, Protocol

import structlog

from fep.frames import frames_of
from fep.log_lines import JsonLines, TakesLines, Threshold, threshold, timestamp

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class LogStream(TakesLines, Protocol):
    """What the log is written to."""

    def flush(self) -> None:
        """Write what waits."""
        ...

    def isatty(self) -> bool:
        """Tell whether a person reads along."""
        ...


def set_up_logging(level: str, format_: Literal["auto", "json", "console"], stream: LogStream) -> None:
    """Send all log events to ``stream``; ``auto`` takes colours on a terminal and JSON else."""
    console = format_ == "console" or (format_ == "auto" and stream.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if console
        else JsonLines(stream)
    )
    structlog.configure(
        processors=[
            Threshold(LEVELS[level]),
            structlog.processors.add_log_level,
            _stamp,
            _frames_only,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS["debug"]),
        logger_factory=structlog.WriteLoggerFactory(stream),  # type: ignore[arg-type]  # all it calls
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def set_up_command_logging() -> None:
    """Send what jobs log, warnings and worse, to stderr: a command's stdout is its result, which others read."""
    if not structlog.is_configured():
        set_up_logging("warning", "auto", sys.stderr)


def set_log_level(level: str) -> None:
    """Write events of ``level`` and above from now on."""
    first = threshold()
    if first is not None:
        first.level = LEVELS[level]


def _stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = timestamp()
    return event


def _frames_only(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace ``error`` or ``exc_info`` by type and frames, cause after cause, without messages."""
    error = event.pop("error", None)
    if event.pop("exc_info", None):
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["frames"] = frames_of(error)
    elif error is not None:
        event["error"] = error
    return event
