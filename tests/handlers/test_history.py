"""History 历史: which months PAYMENTS and CONSUMPTION load and show."""

from datetime import date

import pytest

from handlers.errors import Refusal
from handlers.history import first_day, loaded_since, month_of, shown_since
from protocol.canonical.business import HistoryRequest
from tests.support.records import ACCOUNT


@pytest.mark.parametrize(
    ("on", "months", "first"),
    [
        (date(2026, 11, 21), 1, date(2026, 11, 1)),
        (date(2026, 11, 21), 3, date(2026, 9, 1)),
        (date(2026, 11, 21), 11, date(2026, 1, 1)),
        (date(2026, 11, 21), 12, date(2025, 12, 1)),
        (date(2026, 1, 31), 2, date(2025, 12, 1)),
        (date(2026, 12, 1), 24, date(2025, 1, 1)),
        (date(2026, 11, 21), 24, date(2024, 12, 1)),
    ],
)
def test_first_day(on: date, months: int, first: date) -> None:
    """Months count back over the year's end, the current one included."""
    assert first == first_day(on, months)


@pytest.mark.parametrize(
    ("months", "shown", "loaded"),
    [
        (0, date(2026, 9, 1), date(2026, 8, 1)),
        (1, date(2026, 11, 1), date(2026, 10, 1)),
        (24, date(2024, 12, 1), date(2024, 11, 1)),
    ],
)
def test_default_and_margin(months: int, shown: date, loaded: date) -> None:
    """0 means three months, and one month more than is shown is loaded."""
    body = HistoryRequest(ACCOUNT, months, 1)
    assert (shown_since(body, date(2026, 11, 21)), loaded_since(body, date(2026, 11, 21))) == (shown, loaded)


def test_too_many() -> None:
    """More than 24 months are refused, and do not make the load larger."""
    body = HistoryRequest(ACCOUNT, 25, 1)
    assert loaded_since(body, date(2026, 11, 21)) == date(2024, 11, 1)
    with pytest.raises(Refusal, match="1003"):
        shown_since(body, date(2026, 11, 21))


def test_month_of() -> None:
    """A month is YYYYMM."""
    assert month_of(date(2026, 2, 28)) == 202602
