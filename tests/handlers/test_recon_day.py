"""Reconciled day 对账日: which clearing dates exist, and which are over."""

from datetime import date, timedelta

import pytest

from dbgate.records import ClearingDay
from dbgate.working_set import WorkingSet
from handlers.errors import Refusal
from handlers.recon_day import is_closed
from protocol.response_codes import ResponseCode
from tests.support.records import BANK, TODAY

ONE_DAY = timedelta(days=1)


@pytest.fixture
def records() -> WorkingSet:
    """A bank that has had three days, today is the last."""
    records = WorkingSet()
    records.add_days([ClearingDay(BANK, TODAY, TODAY - 2 * ONE_DAY)])
    return records


def test_days_that_are_over(records: WorkingSet) -> None:
    """All from the first one to the day before the present one."""
    days = [TODAY - 2 * ONE_DAY, TODAY - ONE_DAY, TODAY]
    assert [is_closed(day, BANK, records) for day in days] == [True, True, False]


@pytest.mark.parametrize("day", [date.min, TODAY - 3 * ONE_DAY, TODAY + ONE_DAY, date.max])
def test_no_such_day(records: WorkingSet, day: date) -> None:
    """A day before the first or after the present one does not exist."""
    with pytest.raises(Refusal) as refused:
        is_closed(day, BANK, records)
    assert refused.value.response_code is ResponseCode.NO_SUCH_DATE


def test_a_bank_without_a_day(records: WorkingSet) -> None:
    """Whose clearing date nobody has made has none at all."""
    with pytest.raises(Refusal):
        is_closed(TODAY, "0103", records)
