"""History 历史: how far back PAYMENTS and CONSUMPTION look."""

from datetime import date

from dbgate.records import Account
from dbgate.working_set import WorkingSet
from handlers.errors import Refusal
from protocol.canonical.business import HistoryRequest
from protocol.response_codes import ResponseCode

_MONTHS_DEFAULT = 3
_MONTHS_MAX = 24
"""Bounds what one request loads: two years are what the standard link allows to be asked for."""


def first_day(on: date, months: int) -> date:
    """Return the first day of ``months`` calendar months, the month of ``on`` included as the last."""
    years, month = divmod(on.year * 12 + on.month - months, 12)
    return date(years, month + 1, 1)


def loaded_since(body: HistoryRequest, today: date) -> date:
    """Return from when to load: one month more than asked for, since the database's clock decides and not ours."""
    return first_day(today, min(body.months or _MONTHS_DEFAULT, _MONTHS_MAX) + 1)


def shown_since(body: HistoryRequest, today: date) -> date:
    """Return from when to show, by the database's clock.

    Raises:
        Refusal: FORMAT_ERROR when more months are asked for than may be.
    """
    if body.months > _MONTHS_MAX:
        raise Refusal(ResponseCode.FORMAT_ERROR)
    return first_day(today, body.months or _MONTHS_DEFAULT)


def account_of(body: HistoryRequest, records: WorkingSet) -> Account:
    """Return the account, whatever its state; refuse one that is missing."""
    account = records.account(body.account_no)
    if account is None:
        raise Refusal(ResponseCode.ACCOUNT_NOT_FOUND)
    return account


def month_of(day: date) -> int:
    """Return the month of ``day`` as YYYYMM."""
    return day.year * 100 + day.month
