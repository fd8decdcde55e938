"""A daemon in which something of ours breaks, with what a customer sent in the exception's words. 有缺陷的守护进程

``python -m tests.system.canary.faulty WORDS…`` runs the command WORDS, which is a Python of its own, in this one. Which
account breaks what is told by the environment.
"""

import json
import os
import runpy
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

ENVIRONMENT = "FEP_TEST_FAULTS"
"""JSON: what breaks, by account number."""


class Breakage(Exception):
    """A bug, as bugs are: its words quote what was worked on."""


def _breaks(what: str, value: Any) -> None:
    """Raise when ``value`` is of an account that breaks this."""
    body = getattr(value, "body", value)
    account_no = getattr(body, "account_no", "") or getattr(body, "key", "")
    if json.loads(os.environ[ENVIRONMENT]).get(account_no) == what:
        quoted = {name: getattr(body, name) for name in type(body).__slots__}
        try:
            int(f"cannot read {quoted}")
        except ValueError as cause:
            raise Breakage(f"{account_no}: {body!r}, {quoted}") from cause


def _break_elsewhere(error: Breakage) -> None:
    """Break in a thread of its own, in the loop, in a Deferred that nobody looks after, and where nothing is raised."""
    from twisted.internet import defer, reactor

    def broken(*_: object) -> NoReturn:
        raise error

    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    reactor.callLater(0, broken)  # type: ignore[attr-defined]
    defer.fail(error)
    type("Unfinished", (), {"__del__": broken})()


def _install() -> None:
    from fep.links import business, tails
    from fep.links.exchange import Exchange
    from protocol.described import DescribedDialect

    decide, reply_frame, request = business._decide, Exchange.reply_frame, DescribedDialect.request
    told: set[int] = set()

    def decided(handler: Any, asked: Any, *others: Any) -> Any:
        decision = decide(handler, asked, *others)
        _breaks("deciding", asked)
        return decision

    def framed(self: Any, dialect: Any, answer: Any) -> Any:
        if self.request is not None and id(self) not in told:
            told.add(id(self))
            _breaks("replying", self.request)
        return reply_frame(self, dialect, answer)

    def read(self: Any, envelope: Any, body: Any) -> Any:
        asked = request(self, envelope, body)
        try:
            _breaks("elsewhere", asked)
        except Breakage as error:
            _break_elsewhere(error)
        _breaks("reading", asked)
        return asked

    def shown(masked: Callable[[Any], Any], message: Any) -> Any:
        _breaks("showing", message)
        return masked(message)

    masked = tails.masked
    business._decide = decided
    Exchange.reply_frame = framed  # type: ignore[method-assign]
    DescribedDialect.request = read  # type: ignore[method-assign]
    tails.masked = lambda message: shown(masked, message)


if __name__ == "__main__":
    _install()
    at = sys.argv.index("-m", 1)
    sys.argv = sys.argv[at + 1 :]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
