"""Push log 划拨日志: tells what becomes of pushes, one line and one count for each, without a customer's data."""

from collections import Counter
from typing import Any

import structlog

from dbgate.books.states import PushReason, PushState
from dbgate.errors import GateError
from fep.log_fields import loggable_code
from handlers.bill_push import Claimed, Ended
from handlers.push_reply import Answered
from protocol.canonical.push import PushReply

_log = structlog.get_logger()


class PushLog:
    """Writes the lines; ``events`` are the daemon's counters."""

    def __init__(self, events: Counter[str]) -> None:
        self._events = events

    def unanswered(self, claimed: Claimed, **about: Any) -> None:
        """A push was sent, or could not be, and nothing is known of it yet."""
        push = claimed.push
        self._events["push_unanswered"] += 1
        serial = f"{push.fep_serial:012d}"
        _log.info("push_unanswered", bank_code=push.bank_code, fep_serial=serial, tries=push.tries, **about)

    def not_sendable(self, claimed: Claimed, reason: str) -> None:
        """The bank's format has no room for it."""
        push = claimed.push
        _log.error("push_not_sendable", bank_code=push.bank_code, fep_serial=push.fep_serial, reason=reason)

    def failed(self, bank_code: str, error: BaseException) -> None:
        """The gate has not done it: it is due again by itself; all else is a bug of ours."""
        if isinstance(error, GateError):
            self._events["push_put_off"] += 1
            _log.warning("push_put_off", bank_code=bank_code, reason=str(error))
        else:
            _log.error("push_failed", bank_code=bank_code, error=error)

    def ended(self, ended: Ended) -> None:
        """A push is not pushed any more."""
        push = ended.push
        event = f"push_{push.state.value}"
        self._events[event] += 1
        if push.state is PushState.SETTLED:
            return
        # One that the bank may know of, and has not answered, may have been debited: reconciliation will tell.
        is_grave = push.tries > 0
        about = {"bank_code": push.bank_code, "tries": push.tries, "reason": _reason(push.reason)}
        if push.fep_serial is not None:
            about["fep_serial"] = f"{push.fep_serial:012d}"
        tell = _log.error if push.state is PushState.DEAD else _log.warning if is_grave else _log.info
        tell(event, **about)

    def answered(self, answered: Answered, reply: PushReply) -> None:
        """The bank has answered, and this has become of it."""
        push = answered.push
        event = f"push_{push.state.value}"
        self._events[event] += 1
        about: dict[str, Any] = {"bank_code": push.bank_code, "fep_serial": f"{push.fep_serial:012d}"}
        if reply.debit_date is not None:  # without a debit the date is absent, and the serial zeros
            about |= {"debit_date": f"{reply.debit_date:%Y%m%d}", "debit_serial": loggable_code(reply.debit_serial)}
        if push.refusal:
            about["refusal"] = loggable_code(push.refusal)
        if push.is_reported and push.state is PushState.DEBITED:
            about["is_reported"] = True
        if not answered.is_news:
            about["is_repeat"] = True
        if push.state is PushState.DEAD:
            _log.error(event, **about, reason=_reason(push.reason))
        else:
            _log.info(event, **about)


def _reason(reason: PushReason | None) -> str:
    return "" if reason is None else reason.value
