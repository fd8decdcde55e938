"""Records: values that nobody changes, at the price of plain objects."""

from dataclasses import field, replace

import pytest
from mypy import api

from dbgate.record import record

CHANGED = """
from dbgate.record import record

@record
class Reply:
    amount_fen: int

reply = Reply(1)
reply.amount_fen = 2
"""


@record
class Reply:
    account_no: str = field(repr=False)
    amount_fen: int = 0


def test_records_are_values() -> None:
    """Records of equal content are equal; what names a customer stays out of its text."""
    reply = Reply("0100000001", 12504)

    assert reply == replace(Reply("0100000001"), amount_fen=12504)
    assert {reply: "found"}[Reply("0100000001", 12504)] == "found"
    assert repr(reply) == "Reply(amount_fen=12504)"


def test_a_record_has_its_fields_only() -> None:
    """A misspelt name is an error, not a new attribute."""
    with pytest.raises(AttributeError):
        Reply("0100000001").amount = 1  # type: ignore[attr-defined]


def test_the_type_checker_refuses_a_change() -> None:
    """Nothing that passes the project's checks changes a record after it was made."""
    report, _, exit_code = api.run(["--config-file=", "--no-incremental", "-c", CHANGED])

    assert exit_code == 1
    assert '<string>:9: error: Property "amount_fen" defined in "Reply" is read-only' in report
