"""Terms 规则参数: daily hours and pay windows."""

from datetime import datetime, time

import pytest

from handlers.terms import Hours, PayWindow
from tests.support.records import TODAY


def _at(clock: str) -> datetime:
    return datetime.combine(TODAY, time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("opens", "closes", "clock", "inside"),
    [
        ("08:00", "20:00", "07:59:59", False),
        ("08:00", "20:00", "08:00:00", True),
        ("08:00", "20:00", "19:59:59", True),
        ("08:00", "20:00", "20:00:00", False),
        ("22:00", "06:00", "21:59:59", False),
        ("22:00", "06:00", "22:00:00", True),
        ("22:00", "06:00", "05:59:59", True),
        ("22:00", "06:00", "06:00:00", False),
        ("00:00", "00:00", "03:00:00", True),
    ],
)
def test_hours(opens: str, closes: str, clock: str, inside: bool) -> None:
    """Hours include their beginning and not their end, may run over midnight, and are always when both are equal."""
    assert inside is Hours(time.fromisoformat(opens), time.fromisoformat(closes)).contains(_at(clock))


def test_pay_window() -> None:
    """A pay window needs the right day and the right hour; without days it is every day."""
    morning = Hours(time(8), time(12))
    assert PayWindow(frozenset({20, 21}), morning).contains(_at("08:00"))
    assert not PayWindow(frozenset({20, 21}), morning).contains(_at("12:00"))
    assert not PayWindow(frozenset({20}), morning).contains(_at("08:00"))
    assert PayWindow(frozenset(), morning).contains(_at("08:00"))
