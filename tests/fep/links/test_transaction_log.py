"""The canonical line of one answered frame, and the counters of the same."""

import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import structlog

from fep.links.transaction_log import TransactionLog
from fep.log_setup import set_up_logging
from protocol.canonical.business import StatusReply
from protocol.canonical.messages import Answer
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.support.rim import status_found

TRACE = {"bank_date": "20260102", "bank_serial": "000000000117", "channel": "03"}


def line(logs, *arguments):
    TransactionLog().answered(*arguments)
    return logs[-1]


def test_the_fields_of_a_line(logs):
    """Bank, serials, code, milliseconds and batch; the outlet's and teller's names are in the journal."""
    answer = Answer(ResponseCode.AMOUNT_DIFFERS, clearing_date=date(2026, 1, 2))
    assert line(logs, "0102", Transaction.PAY, TRACE, answer, 1.23456, 8) == {
        "event": "transaction",
        "log_level": "info",
        "bank_code": "0102",
        "transaction": "pay",
        "bank_date": "20260102",
        "bank_serial": "000000000117",
        "channel": "03",
        "response_code": "2003",
        "elapsed_ms": 1.23,
        "batch_size": 8,
    }


def test_a_frame_that_could_not_be_read(logs):
    """Without digits in its header and without a transaction the line says what is known."""
    assert line(logs, "unknown", None, {}, Answer(ResponseCode.MAC_INCORRECT), 0.0, 0) == {
        "event": "transaction",
        "log_level": "info",
        "bank_code": "unknown",
        "transaction": "unknown",
        "response_code": "1002",
        "elapsed_ms": 0.0,
        "batch_size": 0,
    }


def test_movements_have_their_number(logs):
    """fep_serial as it stands on the wire, and repeat only when it is one."""
    answer = Answer(ResponseCode.APPROVED, None, repeat=True, fep_serial=42)
    fields = line(logs, "0102", Transaction.PAY, TRACE, answer, 0.0, 1)
    assert (fields["fep_serial"], fields["repeat"]) == ("000000000042", True)


@pytest.mark.parametrize("code", ResponseCode)
def test_only_failures_of_ours_are_warnings(logs, code):
    """9001, 9002 and 9003 want an operator's eye; a refusal is everyday business."""
    fields = line(logs, "0102", Transaction.PAY, TRACE, Answer(code), 0.0, 1)
    assert (fields["log_level"] == "warning") == code.code.startswith("9")


def test_no_customer_in_a_line(logs):
    """Whatever the answer says about an account, its line does not."""
    answer = status_found("0102003004")
    assert isinstance(answer.body, StatusReply)
    line(logs, "0102", Transaction.STATUS, TRACE, answer, 0.0, 1)
    assert "0102003004" not in repr(logs)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The log as JSON, in memory."""
    stream = io.StringIO()
    set_up_logging("info", "json", stream)
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "answered",
    [
        ("0102", Transaction.PAY, TRACE, Answer(ResponseCode.APPROVED, None, True, 42), 12.345678, 32),
        ("0102", Transaction.QUERY, {"channel": "01"}, Answer(ResponseCode.ACCOUNT_NOT_FOUND), 0.5, 1),
        ("unknown", None, {}, Answer(ResponseCode.OUTCOME_UNKNOWN), 10_000.0, 0),
    ],
)
def test_the_short_way_writes_what_structlog_would(stream, answered):
    """A line that is put together without structlog has the same fields in the same order, and ends like the others."""
    short, long = TransactionLog(), TransactionLog()
    long._write = None
    short.answered(*answered)
    long.answered(*answered)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines(keepends=True))

    moments = [datetime.fromisoformat(fields.pop("timestamp")) for fields in (first, second)]
    assert list(first.items()) == list(second.items())
    assert timedelta() <= moments[1] - moments[0] < timedelta(seconds=5)
    assert short.counts == long.counts


def test_a_level_above_keeps_the_lines_out():
    """With warnings only, everyday transactions are not written and failures of ours are."""
    stream = io.StringIO()
    set_up_logging("warning", "json", stream)
    log = TransactionLog()
    for code in (ResponseCode.APPROVED, ResponseCode.OUTCOME_UNKNOWN):
        log.answered("0102", Transaction.PAY, TRACE, Answer(code), 0.0, 1)
    structlog.reset_defaults()

    assert [json.loads(line)["response_code"] for line in stream.getvalue().splitlines()] == ["9002"]


def test_counters(logs):
    """Frames are counted by bank, transaction and code."""
    log = TransactionLog()
    for code in (ResponseCode.APPROVED, ResponseCode.APPROVED, ResponseCode.BUSY):
        log.answered("0102", Transaction.PAY, TRACE, Answer(code), 0.0, 1)
    log.answered("unknown", None, {}, Answer(ResponseCode.UNKNOWN_BANK), 0.0, 0)
    assert log.counts == {
        ("0102", "pay", "0000"): 2,
        ("0102", "pay", "1011"): 1,
        ("unknown", "unknown", "1006"): 1,
    }
