"""Load: what one bank may ask for in all, at once and a second."""

from fep.config.settings import BankSettings
from fep.links.load import REFUSALS_MAX, Load
from tests.support.rim import settings_of


def bank(in_flight_max: int = 100, rate_max: int = 0) -> BankSettings:
    return settings_of("0102", in_flight_max=in_flight_max, rate_max=rate_max)


def test_requests_in_work() -> None:
    """So many at once; when one is answered there is room again."""
    load = Load()
    load.in_flight = 2
    assert load.refusal(bank(in_flight_max=2), 0.0) == "in_flight_max"
    load.in_flight -= 1
    assert load.refusal(bank(in_flight_max=2), 0.0) is None


def test_without_a_rate_there_is_none() -> None:
    """A bank without a limit is never counted."""
    load = Load()
    assert all(load.refusal(bank(), 0.0) is None for _ in range(10_000))


def test_a_rate() -> None:
    """So many a second; what a pause saves up is a second's worth and no more."""
    load, limited = Load(), bank(rate_max=10)
    assert [load.refusal(limited, 0.0) for _ in range(11)] == [None] * 10 + ["rate_max"]
    assert load.refusal(limited, 0.1) is None
    assert load.refusal(limited, 0.1) == "rate_max"
    assert sum(load.refusal(limited, 3600.0) is None for _ in range(50)) == 10


def test_who_goes_on_asking_too_much() -> None:
    """A bank hears of so many refusals a second; after that its links are not read for a moment."""
    load = Load()
    assert [load.is_insistent(0.0) for _ in range(REFUSALS_MAX + 1)] == [False] * REFUSALS_MAX + [True]
    assert not load.is_insistent(1.0)
