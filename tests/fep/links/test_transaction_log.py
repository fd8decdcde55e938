"""The canonical line of one answered frame, and the counters of the same."""

from datetime import date

import pytest

from fep.links.transaction_log import TransactionLog
from protocol.canonical import Answer, StatusReply
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
