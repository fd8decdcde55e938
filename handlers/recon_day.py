"""Reconciled day 对账日: which clearing dates a bank may ask for."""

from datetime import date

from dbgate.working_set import WorkingSet
from handlers.errors import Refusal
from protocol.response_codes import ResponseCode


def is_closed(clearing_date: date, bank_code: str, records: WorkingSet) -> bool:
    """Tell whether one of the bank's clearing dates is over.

    Raises:
        Refusal: NO_SUCH_DATE when it lies before the first one or after the present one.
    """
    day = records.day(bank_code)
    if day is None or not day.first_date <= clearing_date <= day.clearing_date:
        raise Refusal(ResponseCode.NO_SUCH_DATE)
    return clearing_date < day.clearing_date
