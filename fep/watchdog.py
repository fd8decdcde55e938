"""Watchdog 看门狗: a sign of life for the service manager, given only while everything that banks need is well.

It beats in the event loop, so a loop that stands still gives none. A database that is down is not an ailment of this
process: starting it again would mend nothing, and cut off the links.
"""

from collections.abc import Callable, Iterable

import structlog

from fep.service_manager import ServiceManager

_log = structlog.get_logger()

Check = Callable[[], Iterable[str]]
"""Returns what ails a part of the daemon, nothing while it is well."""


class Watchdog:
    """Feeds the service manager's watchdog.

    Args:
        manager: which is told.
        checks: of all the parts.
    """

    def __init__(self, manager: ServiceManager, checks: Iterable[Check]) -> None:
        self._manager = manager
        self._checks = tuple(checks)
        self._ailments: frozenset[str] = frozenset()

    @property
    def interval_s(self) -> float | None:
        """How often to beat: thrice in the time that the manager waits; None when it does not."""
        watchdog_s = self._manager.watchdog_s
        return None if watchdog_s is None else watchdog_s / 3

    def beat(self) -> None:
        """Give the sign of life unless something ails; what does is logged once, and once more when it is over."""
        ailments = frozenset(ailment for check in self._checks for ailment in check())
        for ailment in sorted(ailments - self._ailments):
            _log.error("watchdog_not_fed", reason=ailment)
        if self._ailments and not ailments:
            _log.info("watchdog_fed_again")
        self._ailments = ailments
        if not ailments:
            self._manager.alive()
