"""Query references: known again for their bank and account, for half an hour, by whoever has the key."""

from datetime import datetime, timedelta

import pytest

from handlers.query_references import QueryReferences

NOW = datetime(2026, 11, 22, 23, 50)  # noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract
REFERENCES = QueryReferences(b"secret of the site")


def test_a_reference_has_at_most_twelve_digits() -> None:
    """The narrowest field that must hold it has twelve."""
    assert all(REFERENCES.issue("0102", str(number), NOW) < 10**12 for number in range(1000))


@pytest.mark.parametrize(
    ("minutes", "is_current"), [(0, True), (29, True), (30, True), (31, False), (24 * 60, False), (-5, False)]
)
def test_how_long_it_holds(minutes: int, is_current: bool) -> None:
    """Across midnight too; one from the future was never given out."""
    reference = REFERENCES.issue("0102", "0900000001", NOW)

    assert REFERENCES.is_current(reference, "0102", "0900000001", NOW + timedelta(minutes=minutes)) is is_current


def test_whose_it_is() -> None:
    """No other bank's, no other account's, no other site's; and none that was made up."""
    reference = REFERENCES.issue("0102", "0900000001", NOW)

    assert not REFERENCES.is_current(reference, "0103", "0900000001", NOW)
    assert not REFERENCES.is_current(reference, "0102", "0900000002", NOW)
    assert not QueryReferences(b"another").is_current(reference, "0102", "0900000001", NOW)
    assert not any(REFERENCES.is_current(number, "0102", "0900000001", NOW) for number in (0, 10**12, reference + 1))


def test_when_the_clock_in_it_begins_again() -> None:
    """Every 69 days: a reference from just before is as current as any."""
    wrap = datetime(2020, 1, 1) + timedelta(minutes=100_000 * 37)  # noqa: DTZ001
    reference = REFERENCES.issue("0102", "1", wrap - timedelta(minutes=10))

    assert REFERENCES.is_current(reference, "0102", "1", wrap + timedelta(minutes=10))
    assert not REFERENCES.is_current(reference, "0102", "1", wrap + timedelta(minutes=25))


def test_the_key_is_not_shown() -> None:
    """In no log and no traceback."""
    assert "secret" not in repr(REFERENCES)
