"""When a bank's day is opened and closed, as a table of what comes and what is asked then."""

from datetime import date, timedelta

import pytest

from fep.partners.errors import Reason
from fep.partners.partner_day import SIGN_OUTS_UNANSWERED_MAX, DayRequest, PartnerDay, Trouble
from protocol.transactions import Transaction

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)
SIGN_IN, SIGN_OUT = Transaction.SIGN_IN, Transaction.SIGN_OUT


@pytest.fixture
def day() -> PartnerDay:
    return PartnerDay()


@pytest.fixture
def open_day(day: PartnerDay) -> PartnerDay:
    """Monday, signed in."""
    day.next_request(MONDAY, 0.0)
    day.succeeded(0.0)
    return day


def waits(day: PartnerDay, today: date, since_s: float, count: int) -> list[float]:
    """Fail ``count`` times and return how long each time is waited for the next request."""
    found: list[float] = []
    now = since_s
    while len(found) < count:
        if day.next_request(today, now) is None:
            now += 1.0
            continue
        found.append(now - since_s)
        since_s = now
        day.failed(Reason.NOT_CONNECTED, "", now)
    return found


def test_a_day_is_opened_once(day: PartnerDay) -> None:
    """At the start the day is asked for; while that is under way, and when it is done, nothing more is."""
    assert day.next_request(MONDAY, 0.0) == DayRequest(SIGN_IN, MONDAY)
    assert day.next_request(MONDAY, 100.0) is None
    assert day.signed_in is None
    day.succeeded(100.0)
    assert day.signed_in == MONDAY
    assert day.next_request(MONDAY, 80_000.0) is None


def test_the_old_day_is_closed_before_the_new_one_opens(open_day: PartnerDay) -> None:
    """First 91 for the day that is over, then 90 for the one that has come, at once."""
    assert open_day.next_request(TUESDAY, 10.0) == DayRequest(SIGN_OUT, MONDAY)
    open_day.succeeded(11.0)
    assert open_day.signed_in is None
    assert open_day.next_request(TUESDAY, 11.0) == DayRequest(SIGN_IN, TUESDAY)
    open_day.succeeded(12.0)
    assert open_day.signed_in == TUESDAY
    assert open_day.next_request(TUESDAY, 13.0) is None


def test_days_only_go_forward(open_day: PartnerDay) -> None:
    """A date from before the cut-off, read late, closes nothing."""
    assert open_day.next_request(MONDAY - timedelta(days=1), 10.0) is None
    assert open_day.signed_in == MONDAY


def test_a_day_that_is_not_open_yet_is_not_forgotten(day: PartnerDay) -> None:
    """The same holds while the bank is away: the later day is the one to be opened."""
    waits(day, TUESDAY, 0.0, 1)
    assert day.next_request(MONDAY, 10.0) == DayRequest(SIGN_IN, TUESDAY)


def test_a_sign_in_is_repeated_ever_more_rarely(day: PartnerDay) -> None:
    """After 5 s, 10 s and so on, at last every five minutes."""
    assert waits(day, MONDAY, 0.0, 9) == [0, 5, 10, 20, 40, 80, 160, 300, 300]
    day.next_request(MONDAY, 10_000.0)
    day.succeeded(10_000.0)
    assert day.trouble is None
    assert waits(day, TUESDAY, 10_000.0, 3) == [0, 5, 10]


def test_after_the_sign_out_the_bank_is_there(open_day: PartnerDay) -> None:
    """Once the old day is closed at last, the new one is not kept waiting for what went before."""
    waits(open_day, TUESDAY, 0.0, 9)
    assert open_day.next_request(TUESDAY, 1000.0 + 300.0) == DayRequest(SIGN_OUT, MONDAY)
    open_day.succeeded(1300.0)
    assert open_day.next_request(TUESDAY, 1300.0) == DayRequest(SIGN_IN, TUESDAY)
    open_day.failed(Reason.CUT_OFF, "", 1300.0)
    assert open_day.next_request(TUESDAY, 1305.0) == DayRequest(SIGN_IN, TUESDAY)


def test_a_new_day_is_tried_at_once(day: PartnerDay) -> None:
    """However long the wait for the old one; and that one, never opened, is not closed either."""
    waits(day, MONDAY, 0.0, 9)
    assert day.next_request(MONDAY, 1000.0) is None
    assert day.next_request(TUESDAY, 1000.0) == DayRequest(SIGN_IN, TUESDAY)
    day.failed(Reason.NOT_CONNECTED, "", 1000.0)
    assert day.next_request(TUESDAY, 1004.9) is None
    assert day.next_request(TUESDAY, 1005.0) == DayRequest(SIGN_IN, TUESDAY)


def test_a_day_that_changes_while_it_is_opened(day: PartnerDay) -> None:
    """The answer is for the day that was asked for; then that one is closed."""
    day.next_request(MONDAY, 0.0)
    assert day.next_request(TUESDAY, 1.0) is None
    day.succeeded(2.0)
    assert day.signed_in == MONDAY
    assert day.next_request(TUESDAY, 2.0) == DayRequest(SIGN_OUT, MONDAY)


def test_a_sign_out_that_is_refused_holds_nothing_up(open_day: PartnerDay) -> None:
    """The bank has the last word at the sign-in of the new day."""
    open_day.next_request(TUESDAY, 10.0)
    assert open_day.failed(Reason.REFUSED, "26", 10.0)
    assert open_day.trouble == Trouble(SIGN_OUT, Reason.REFUSED, "26")
    assert open_day.next_request(TUESDAY, 10.0) == DayRequest(SIGN_IN, TUESDAY)


def test_a_sign_out_that_is_never_answered_is_left_at_last(open_day: PartnerDay) -> None:
    """A bank that takes it and says nothing, some times over, is signed in at all the same."""
    now = 10.0
    for _ in range(SIGN_OUTS_UNANSWERED_MAX):
        assert open_day.next_request(TUESDAY, now) == DayRequest(SIGN_OUT, MONDAY)
        open_day.failed(Reason.REPLY_TIMED_OUT, "", now)
        now += 300.0
    assert open_day.next_request(TUESDAY, now) == DayRequest(SIGN_IN, TUESDAY)
    open_day.succeeded(now)

    wednesday = TUESDAY + timedelta(days=1)
    assert open_day.next_request(wednesday, now) == DayRequest(SIGN_OUT, TUESDAY)
    open_day.failed(Reason.REPLY_TIMED_OUT, "", now)
    assert open_day.next_request(wednesday, now + 300.0) == DayRequest(SIGN_OUT, TUESDAY)


def test_a_bank_that_is_away_is_still_to_be_signed_out_at(open_day: PartnerDay) -> None:
    """What was not sent does not count: the old day is closed when the bank is back."""
    waits(open_day, TUESDAY, 10.0, 20)
    assert open_day.signed_in == MONDAY
    assert open_day.next_request(TUESDAY, 100_000.0) == DayRequest(SIGN_OUT, MONDAY)


def test_what_is_news(day: PartnerDay) -> None:
    """The first failure, one for another reason or with another code; and the same one after a success."""
    told = []
    for reason, code in [("BUSY", ""), ("BUSY", ""), ("REFUSED", "51"), ("REFUSED", "51"), ("REFUSED", "0e")]:
        day.next_request(MONDAY, 1e9)
        day._not_before_s = 0.0
        told.append(day.failed(Reason[reason], code, 0.0))
        day._not_before_s = 0.0
    assert told == [True, False, True, False, True]
