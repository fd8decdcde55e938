"""Readiness 就绪检查: whether the process lives, and whether money can be taken here; told from any thread."""

from collections.abc import Callable, Iterable, Sequence

from dbgate.branch import Branch
from fep.metrics.pulse import Pulse

HEALTH_LAG_S = 10.0
"""A loop that has not turned for so long answers nobody: ``db_timeout`` is as long."""

READY_LAG_S = 2.0
"""And after this other daemons are the better choice."""


class Readiness:
    """Looks at a daemon.

    Args:
        pulse: of its loop.
        branches: its databases.
        ailments_of_ports: what is wrong with where it listens.
        is_draining: whether it ends.
    """

    def __init__(
        self,
        pulse: Pulse,
        branches: Sequence[Branch],
        ailments_of_ports: Callable[[], Iterable[str]],
        is_draining: Callable[[], bool],
    ) -> None:
        self._pulse = pulse
        self._branches = branches
        self._ailments_of_ports = ailments_of_ports
        self._is_draining = is_draining

    def ill(self) -> list[str]:
        """Return why the process should be started again; nothing while it lives and its loop turns."""
        lag_s = self._pulse.lag_s
        return [f"the event loop has stood still for {lag_s:.1f} s"] if lag_s > HEALTH_LAG_S else []

    def unready(self) -> list[str]:
        """Return why no money can be taken here.

        With several databases one that is down is no reason: it affects its own accounts only.
        """
        reasons = []
        lag_s = self._pulse.lag_s
        if self._is_draining():
            reasons.append("draining")
        if lag_s > READY_LAG_S:
            reasons.append(f"the event loop has stood still for {lag_s:.1f} s")
        if not any(branch.takes_money for branch in self._branches):
            reasons.append("no database takes payments")
        reasons.extend(self._ailments_of_ports())
        return reasons

    @property
    def closed_databases(self) -> list[str]:
        """The names of databases that take no payments now."""
        return [branch.name for branch in self._branches if not branch.takes_money]
