"""Signing in for the day 日签到: asks a partner to open and close its days, as ``PartnerDay`` says, and tells the log.

Payments do not wait for it: the bank's requests are served whether its day is open or not.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import structlog
from twisted.python.failure import Failure

from fep.links.services import Clock
from fep.log_fields import loggable_code
from fep.partners.errors import PartnerError, Reason
from fep.partners.partner import Partner
from fep.partners.partner_day import DayRequest, PartnerDay
from protocol.canonical.link import WorkDay
from protocol.dialect import OwnReply
from protocol.transactions import Transaction

_DONE = {Transaction.SIGN_IN: "partner_signed_in", Transaction.SIGN_OUT: "partner_signed_out"}
_FAILED = {Transaction.SIGN_IN: "partner_sign_in_failed", Transaction.SIGN_OUT: "partner_sign_out_failed"}

_log = structlog.get_logger()


class DaySignIn:
    """Keeps one partner's day open.

    Args:
        bank_code: for the log.
        draw_serial: the number of a request; None while the database gives none.
        today: the bank's clearing date, or the calendar's while that is not known.
        clock: monotonic seconds.
        events: counts what is logged, and repetitions that are not.
    """

    def __init__(
        self,
        bank_code: str,
        partner: Partner,
        draw_serial: Callable[[], int | None],
        today: Callable[[], date],
        clock: Clock,
        events: Counter[str],
    ) -> None:
        self._bank_code = bank_code
        self._partner = partner
        self._draw_serial = draw_serial
        self._today = today
        self._clock = clock
        self._events = events
        self.day = PartnerDay()

    def check(self, now: float) -> None:
        """Ask what is due at ``now``."""
        request = self.day.next_request(self._today(), now)
        if request is None:
            return
        serial = self._draw_serial()
        if serial is None:
            self._failed(request, Reason.NO_SERIAL)
            return
        answered = self._partner.ask(request.transaction, WorkDay(request.day), serial)
        answered.addCallbacks(self._answered, self._not_answered, (request,), errbackArgs=(request,))
        answered.addErrback(lambda failure: _log.error("partner_day_failed", error=failure.value))

    def _answered(self, reply: OwnReply, request: DayRequest) -> None:
        if not reply.is_approved:
            self._failed(request, Reason.REFUSED, code=loggable_code(reply.code))
            return
        self.day.succeeded(self._clock.seconds())
        self._events[_DONE[request.transaction]] += 1
        _log.info(_DONE[request.transaction], bank_code=self._bank_code, day=str(request.day))

    def _not_answered(self, failure: Failure, request: DayRequest) -> None:
        error = failure.value
        if isinstance(error, PartnerError):
            if error.reason is Reason.DRAINING:
                return  # no trouble of the bank's; it stays as asked, for nothing can be asked any more
            self._failed(request, error.reason, detail=error.detail)
        else:  # it cannot be said in the bank's format, which is a bug of ours
            self._failed(request, Reason.NOT_SENDABLE, error=error)

    def _failed(self, request: DayRequest, reason: Reason, code: str = "", **about: Any) -> None:
        event = _FAILED[request.transaction]
        self._events[event] += 1
        if self.day.failed(reason, code, self._clock.seconds()):
            told = {"code": code, **about}
            told = {key: value for key, value in told.items() if value}
            _log.warning(event, bank_code=self._bank_code, day=str(request.day), reason=reason.value, **told)
