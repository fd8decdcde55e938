"""A partner's day 对端营业日: the FEP opens it by a sign-in 签到 and closes it by a sign-out 签退, one of each a day.

Rule 1: a day is opened once it has come, and before a later one is opened it is closed.
Rule 2: days only go forward: a date that is earlier than the last is one that was read before a cut-off.
Rule 3: what is refused, or not answered, is asked again, a little later each time.
Rule 4: but whether the old day could be closed does not decide whether the new one opens: a sign-out that the bank
has refused, or has not answered for some times, is left. The bank has the last word at the sign-in.

    signed out --sign-in approved--> signed in --a later day: sign-out approved, refused, or given up--> signed out
"""

from dataclasses import dataclass
from datetime import date

from fep.partners.errors import Certainty, Reason
from protocol.transactions import Transaction

FIRST_WAIT_S = 5.0
"""A bank's program that is being restarted is back after a few of these."""

LONGEST_WAIT_S = 300.0
"""A bank that opens in the morning is signed in at within five minutes, and one that is away costs nothing."""

SIGN_OUTS_UNANSWERED_MAX = 3
"""A bank that does not know the sign-out would else never be signed in at again."""


@dataclass(frozen=True, slots=True)
class DayRequest:
    """What the bank is to be asked, and for which day."""

    transaction: Transaction
    day: date


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last request has not done what it should; ``code`` is the bank's own when it has refused."""

    transaction: Transaction
    reason: Reason
    code: str = ""


class PartnerDay:
    """The state of one partner's day, without I/O and clock.

    Attributes:
        signed_in: the day that is open at the bank, None when none is.
        trouble: None when the last request succeeded.
    """

    def __init__(self) -> None:
        self.signed_in: date | None = None
        self.trouble: Trouble | None = None
        self._day: date | None = None  # the latest that has come
        self._asked: DayRequest | None = None
        self._not_before_s = 0.0
        self._wait_s = FIRST_WAIT_S
        self._sign_outs_unanswered = 0

    def next_request(self, today: date, now: float) -> DayRequest | None:
        """Return what is to be asked at ``now`` (monotonic seconds), None when nothing is; it counts as asked then."""
        self._move_to(today, now)
        if self._asked is None and now >= self._not_before_s:
            self._asked = self._due()
            return self._asked
        return None

    def _move_to(self, today: date, now: float) -> None:
        if self._day is None or today > self._day:
            self._day = today
            self._be_prompt(now)

    def _due(self) -> DayRequest | None:
        assert self._day is not None
        if self.signed_in is None:
            return DayRequest(Transaction.SIGN_IN, self._day)
        if self.signed_in < self._day:
            return DayRequest(Transaction.SIGN_OUT, self.signed_in)
        return None

    def succeeded(self, now: float) -> None:
        """The bank has approved what it was asked."""
        self._change_day(now)
        self.trouble = None

    def failed(self, reason: Reason, code: str, now: float) -> bool:
        """The bank has not done what it was asked; return whether this is news: it differs from the time before."""
        assert self._asked is not None
        trouble = Trouble(self._asked.transaction, reason, code)
        is_news = trouble != self.trouble
        self.trouble = trouble
        if self._is_given_up(trouble):
            self._change_day(now)
        else:
            self._asked = None
            self._not_before_s = now + self._wait_s
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        return is_news

    def _is_given_up(self, trouble: Trouble) -> bool:
        if trouble.transaction is not Transaction.SIGN_OUT:
            return False
        self._sign_outs_unanswered += trouble.reason.certainty is Certainty.UNKNOWN
        return trouble.reason is Reason.REFUSED or self._sign_outs_unanswered >= SIGN_OUTS_UNANSWERED_MAX

    def _change_day(self, now: float) -> None:
        """Take it as done."""
        assert self._asked is not None
        self.signed_in = self._asked.day if self._asked.transaction is Transaction.SIGN_IN else None
        self._asked = None
        self._sign_outs_unanswered = 0
        self._be_prompt(now)

    def _be_prompt(self, now: float) -> None:
        self._not_before_s = now
        self._wait_s = FIRST_WAIT_S
