"""The statements of reports as Oracle has them; on the other engines they are run."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import oracle

from dbgate.records import UserClass
from dbgate.reports import account_statements, adjustments, arrears, collected, details, doubtful
from dbgate.reports.criteria import OF_BILLS, OF_PAYMENTS, Criteria, Period

PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30))
ON = PERIOD.last
EVERYTHING = Criteria(("0102",), ("0001",), ("T1",), (1,), ("0101",), (UserClass.OTHER,))
BANKS = ("0102",)
LIMITS = doubtful.Limits(harmless_codes=("2002",))
STATEMENTS = {
    "turnovers": account_statements.turnovers_statement(ON, account_statements.Entries.COUNTED),
    "adjusting": account_statements.turnovers_statement(ON, account_statements.Entries.ADJUSTING),
    "entries": account_statements.entries_statement("0102", ON, account_statements.Entries.COUNTED),
    "collected": collected.collected_statement(PERIOD, EVERYTHING, tuple(OF_PAYMENTS)),
    "taken back": collected.taken_back_statement(PERIOD, EVERYTHING, tuple(OF_PAYMENTS)),
    "adjustments": adjustments.adjustments_statement(PERIOD, EVERYTHING),
    "undone": collected.undone_statement(PERIOD, EVERYTHING),
    "details": details.details_statement(PERIOD, EVERYTHING),
    "arrears": arrears.arrears_statement(ON, PERIOD, EVERYTHING, tuple(OF_BILLS)),
    "overdue": arrears.overdue_statement(ON, PERIOD, EVERYTHING, tuple(OF_BILLS)),
    "list": arrears.list_statement(PERIOD, EVERYTHING),
    "refused": doubtful.refused_statement(PERIOD, LIMITS, BANKS),
    "unarrived": doubtful.unarrived_statement(PERIOD, BANKS),
    "undone payments": doubtful.undone_statement(PERIOD, BANKS),
    "cash": doubtful.cash_statement(PERIOD, LIMITS, BANKS),
    "repeated": doubtful.repeated_statement(PERIOD, BANKS),
    "tellers": doubtful.tellers_statement(PERIOD, BANKS),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_nothing_that_oracle_lacks(name: str) -> None:
    """No booleans, no LIMIT, no operator for the remainder, and names of at most 30 characters."""
    statement: Select[Any] = STATEMENTS[name]
    text = str(statement.compile(dialect=oracle.dialect()))
    words = {word.strip("(),") for word in text.split()}
    assert not words & {"true", "false", "LIMIT", "%", "%%", "FILTER"}
    assert max(len(part) for word in words if ":" not in word and "[" not in word for part in word.split(".")) <= 30


@pytest.mark.parametrize("name", ["collected", "taken back", "arrears", "overdue"])
def test_groups_have_no_parameters(name: str) -> None:
    """PostgreSQL takes two parameters for two values: an expression grouped by must be the column of a subquery."""
    text = str(STATEMENTS[name].compile(dialect=oracle.dialect()))
    assert "GROUP BY" in text
    assert ":" not in text.rpartition("GROUP BY")[2]
