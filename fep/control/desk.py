"""Control desk 操作台: what operators do to the links and banks of a running daemon.

An act is done first and recorded then: whoever cuts off a bank that does harm must not wait for a database that is
down. It is in the log in any case, and the answer says whether it is in the record of operators too.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from dbgate.books.acts import Act
from dbgate.books.tables import REASON_CHARS
from fep.audit.lines import Kind
from fep.control.connection import Answer, Asked, Command, ControlRefused, Told
from fep.control.roles import Role
from fep.control.tail import SECONDS_MAX, TAILS_MAX, CallLater, FrameTail
from fep.links.bank import Bank
from fep.links.link import Link
from fep.links.services import Services

Records = Callable[[Act], "Deferred[None]"]
"""Stores an act; fires when that is done, with an error when it was not."""

_CLOSES_LINKS = frozenset({Role.OPERATOR, Role.SECURITY_OFFICER})
_SUSPENDS = frozenset({Role.OPERATOR})
_SEES_FRAMES = frozenset({Role.AUDITOR})

_log = structlog.get_logger()


class ControlDesk:
    """Does what operators ask.

    Args:
        services: of the daemon.
        links: all connections.
        status: what the daemon says of itself.
        records: stores acts.
        call_later: the reactor's.
        take_banks: lets whatever else knows banks see what has become of them.
    """

    def __init__(
        self,
        services: Services,
        links: Callable[[], Iterable[Link]],
        status: Callable[[], dict[str, Any]],
        records: Records,
        take_banks: Callable[[], None],
        call_later: CallLater,
    ) -> None:
        self._call_later = call_later
        self._services = services
        self._links = links
        self._status = status
        self._records = records
        self._take_banks = take_banks

    def commands(self) -> dict[str, Command]:
        """Return the commands by name."""
        return {
            "status": Command(lambda _: self._status()),
            "links": Command(self._list_links),
            "link_close": Command(self._close_link, _CLOSES_LINKS),
            "bank_suspend": Command(self._suspend, _SUSPENDS),
            "bank_resume": Command(self._resume, _SUSPENDS),
            "frames_tail": Command(self._tail, _SEES_FRAMES),
        }

    def _list_links(self, _asked: Asked) -> Answer:
        now = self._services.clock.seconds()
        return {"links": [_link_state(link, now) for link in sorted(self._links(), key=lambda link: link.number)]}

    def _close_link(self, asked: Asked) -> "Deferred[Answer]":
        """Let a link end: it takes no new business, what it has asked is answered, then it is closed."""
        number, reason = asked.number("link"), asked.text("reason", REASON_CHARS)
        link = next((link for link in self._links() if link.number == number), None)
        if link is None:
            raise ControlRefused("no_such_link")
        bank_code = link.bank.settings.bank_code if link.bank else ""
        link.drain()
        return self._acted(asked, Act(asked.operator, "link_close", bank_code, f"{number} {link.peer}", reason))

    def _suspend(self, asked: Asked) -> "Deferred[Answer]":
        bank, reason = self._bank(asked), asked.text("reason", REASON_CHARS)
        bank.suspend()
        self._take_banks()
        return self._acted(asked, Act(asked.operator, "bank_suspend", bank.settings.bank_code, "", reason))

    def _resume(self, asked: Asked) -> "Deferred[Answer]":
        bank, reason = self._bank(asked), asked.text("reason", REASON_CHARS)
        bank.resume()
        self._take_banks()
        told = self._acted(asked, Act(asked.operator, "bank_resume", bank.settings.bank_code, "", reason))
        is_suspended = bank.settings.terms.is_suspended  # by its file, which a reload reads again
        return told.addCallback(lambda answer: {**answer, "is_suspended": is_suspended})

    def _tail(self, asked: Asked) -> "Deferred[Told]":
        """Show the frames of a bank, after it is recorded who watches them."""
        bank, reason, seconds = self._bank(asked), asked.text("reason", REASON_CHARS), asked.number("seconds")
        if not 1 <= seconds <= SECONDS_MAX:
            raise ControlRefused("bad_arguments")
        tails, code = self._services.tails, bank.settings.bank_code
        if len(tails.watching) >= TAILS_MAX:
            raise ControlRefused("too_many")
        told = self._acted(asked, Act(asked.operator, "frames_tail", code, f"{seconds} s", reason))

        def begun(answer: Answer) -> Told:
            if len(tails.watching) >= TAILS_MAX:  # others were recorded meanwhile
                raise ControlRefused("too_many")
            return FrameTail(tails, code, seconds, self._call_later, is_recorded=answer["is_recorded"])

        return told.addCallback(begun)

    def _bank(self, asked: Asked) -> Bank:
        bank = self._services.banks.get(asked.text("bank", 4))
        if bank is None:
            raise ControlRefused("no_such_bank")
        return bank

    def _acted(self, asked: Asked, act: Act) -> "Deferred[Answer]":
        """Log what was done and store it; fires with the answer."""
        roles = sorted(role.value for role in asked.roles)
        about = {"bank_code": act.bank_code, "subject": act.subject}
        _log.warning("operator_act", operator=act.operator, roles=roles, act=act.act, **about)
        who = {"operator": act.operator, "uid": asked.uid, "roles": roles}
        self._services.audit.acted(Kind.OPERATOR_ACT, {**who, "act": act.act, **about, "result": "done"})
        recorded = self._records(act)
        done: Deferred[Answer] = recorded.addCallback(lambda _: {"done": True, "is_recorded": True})
        return done.addErrback(_not_recorded, act.act)


def _not_recorded(failure: Failure, act: str) -> Answer:
    """The act is done, and the log has it."""
    _log.error("act_not_recorded", act=act, reason=str(failure.value))
    return {"done": True, "is_recorded": False}


def _link_state(link: Link, now: float) -> dict[str, Any]:
    """Return what an operator sees of a link."""
    idle_s = link.idle_s(now)
    return {
        "link": link.number,
        "bank_code": link.bank.settings.bank_code if link.bank else "",
        "dialect": link.dialect.name,
        "peer": str(link.peer),
        "tls": link.route.tls_version,
        "balancer": str(link.route.balancer or ""),
        "state": link.machine.state.value,
        "connected_at": _text(link.connected_at),
        "idle_s": None if idle_s is None else round(idle_s, 1),
        "in_work": link.in_flight,
        "answered": link.answered_count,
    }


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
