"""Log lines: JSON to a pipe, colours on a terminal, and nothing secret in a traceback."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from fep.log_setup import set_up_logging

ACCOUNT = "0102003004"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave structlog and the standard library's root logger as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def logged(stream: io.StringIO, format_: Any = "auto", level: str = "info") -> Any:
    set_up_logging(level, format_, stream)
    return structlog.get_logger()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail() -> None:
    """Raise what a bug of ours may raise: its message and its locals name a customer."""
    account_no = ACCOUNT
    try:
        {}[f"cause {account_no}"]
    except KeyError as error:
        raise ValueError(f"account {account_no}") from error


def caught() -> ValueError:
    try:
        fail()
    except ValueError as error:
        return error
    raise AssertionError


def test_a_pipe_gets_one_json_object_for_each_event():
    """Fields as given, level, event, and the moment in Asia/Shanghai with its offset; Chinese stays readable."""
    stream = io.StringIO()
    logged(stream).info("started", banks=5, name="工商银行")
    (line,) = lines(stream)

    moment = line.pop("timestamp")
    assert line == {"event": "started", "level": "info", "banks": 5, "name": "工商银行"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00", moment)
    assert "工商银行" in stream.getvalue()


def test_a_terminal_gets_colours():
    """Lines for people on a terminal, none of it JSON."""
    stream = Terminal()
    logged(stream).info("started", banks=5)
    assert "\x1b[" in stream.getvalue()
    assert "banks" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(("format_", "stream"), [("json", Terminal()), ("console", io.StringIO())])
def test_the_format_may_be_forced(format_, stream):
    """JSON on a terminal, and plain lines without colours in a file."""
    logged(stream, format_).info("started")
    assert stream.getvalue().startswith("{") == (format_ == "json")
    assert "\x1b[" not in stream.getvalue()


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level(level, expected):
    """Only events of the level and above are written."""
    stream = io.StringIO()
    log = logged(stream, level=level)
    for method in (log.debug, log.info, log.warning, log.error):
        method("event")
    assert len(lines(stream)) == expected


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_says_where_and_nothing_else(format_):
    """An error is printed as types and frames, cause after cause: no message, no locals, no account number."""
    stream = io.StringIO()
    logged(stream, format_).error("request_failed", error=caught())
    text = stream.getvalue()

    assert ACCOUNT not in text
    for word in ("ValueError", "KeyError", "test_log_setup.py", "fail"):
        assert word in text


def test_frames_are_in_the_order_of_the_calls():
    """The type, then its frames with file, line and function; then the same of its cause."""
    stream = io.StringIO()
    logged(stream).error("request_failed", error=caught())
    (line,) = lines(stream)

    assert line["error"] == "ValueError"
    assert [frame.split(" ")[-1] for frame in line["frames"]] == ["ValueError", "caught", "fail", "KeyError", "fail"]
    assert re.search(r"test_log_setup\.py:\d+ fail$", line["frames"][2])


def test_a_chain_of_causes_is_cut():
    """Of an endless chain of causes five are shown, and of each twelve frames."""

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        raise ValueError

    error: Exception | None = None
    for _ in range(10):
        try:
            try:
                deep(30)
            except ValueError as new:
                raise new from error
        except ValueError as final:
            error = final
    stream = io.StringIO()
    logged(stream).error("request_failed", error=error)
    (line,) = lines(stream)
    assert len(line["frames"]) == 5 * 13


def test_an_error_that_is_a_word_stays_one():
    """``error`` may be a plain value."""
    stream = io.StringIO()
    logged(stream).error("refused", error="no such key")
    (line,) = lines(stream)
    assert line["error"] == "no such key"
    assert "frames" not in line


def test_exception_of_a_lane_is_frames_too():
    """``exc_info`` of a layer below is shown as type and frames, like ``error``."""
    stream = io.StringIO()
    log = logged(stream)
    try:
        int("0100000001 is no number")
    except ValueError:
        log.error("lane_failed", exc_info=True)
    (line,) = lines(stream)
    assert line["error"] == "ValueError"
    assert "0100000001" not in stream.getvalue()
