"""Late fee 违约金: what one bill costs more because it is paid after its due date."""

from datetime import date

from dbgate.records import UserClass
from handlers.terms import LateFeeRates

_BASIS_POINTS = 10_000
_PERCENT = 100


def late_fee(principal_fen: int, user_class: UserClass, due_date: date, on: date, rates: LateFeeRates) -> int:
    """Return the late fee in fen of one bill, if it is paid on the day ``on``.

    Days count from the day after ``due_date`` to ``on`` inclusive. The sum over the days is rounded half up to fen
    first; what is 0 then stays 0; what is less than the floor becomes the floor; and nothing exceeds the cap.

    >>> late_fee(12_000, UserClass.RESIDENTIAL, date(2026, 9, 25), date(2026, 11, 21), LateFeeRates())
    684

    Source: 供电营业规则 (rules of power supply business), late fees; rates as configured.
    """
    days = on.toordinal() - due_date.toordinal()
    if days <= 0:
        return 0
    rate_sum = _rate_sum(user_class, due_date, days, rates)
    fee = (principal_fen * rate_sum + _BASIS_POINTS // 2) // _BASIS_POINTS
    if fee == 0:
        return 0
    return min(max(fee, rates.floor_fen), principal_fen * rates.cap_percent // _PERCENT)


def _rate_sum(user_class: UserClass, due_date: date, days: int, rates: LateFeeRates) -> int:
    """Return the daily rates of ``days`` days added up, in 1/10,000: others pay more after the due date's year."""
    if user_class is UserClass.RESIDENTIAL:
        return rates.residential_bp * days
    days_left_in_year = date(due_date.year, 12, 31).toordinal() - due_date.toordinal()
    same_year = min(days, days_left_in_year)
    return rates.other_bp * same_year + rates.other_next_years_bp * (days - same_year)
