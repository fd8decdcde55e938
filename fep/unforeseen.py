"""Unforeseen errors 未预见的错误: bugs of ours that nothing has caught are told by their frames, never by their words.

The interpreter and Twisted would print the exception's message, which may quote what a customer sent, on stderr.
"""

import sys
import threading
from types import TracebackType
from typing import Any

import structlog
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner
from zope.interface import provider

_log = structlog.get_logger()


def log_unforeseen() -> None:
    """Send what nothing has caught to the log, from every thread and from Twisted; for the life of the process."""
    sys.excepthook = _raised
    threading.excepthook = _raised_in_thread
    sys.unraisablehook = _unraisable
    globalLogBeginner.beginLoggingTo([_twisted_said], discardBuffer=True, redirectStandardIO=False)


def _raised(_kind: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    _log.error("unforeseen", error=error)


def _raised_in_thread(told: threading.ExceptHookArgs) -> None:
    thread = "" if told.thread is None else told.thread.name
    if told.exc_value is not None:
        _log.error("unforeseen", thread=thread, error=told.exc_value)


def _unraisable(told: Any) -> None:
    _log.error("unforeseen", error=told.exc_value)


@provider(ILogObserver)
def _twisted_said(event: LogEvent) -> None:
    """Log Twisted's own errors: those of its Deferreds and protocols, which are ours."""
    failure = event.get("log_failure")
    if failure is not None:
        _log.error("unforeseen", error=failure.value)
    elif event.get("log_level") in {LogLevel.error, LogLevel.critical}:
        _log.error("unforeseen", namespace=str(event.get("log_namespace", "")))
