"""Every check 全部核查: in the order in which they are made; one after the other, in constant memory."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select

from dbgate.audits import days, debits, movements, settlements, undos
from dbgate.audits.checks import Check, Finding
from dbgate.audits.identities import IDENTITY_TWICE, identities_twice

_OF_EACH: Sequence[Check] = (
    *movements.CHECKS,
    *settlements.CHECKS,
    *undos.CHECKS,
    *days.CHECKS,
    *debits.CHECKS,
)
_OF_ALL = (*days.WHOLE_CHECKS, *debits.WHOLE_CHECKS)

NAMES: Sequence[str] = (
    *(check.name for check in _OF_EACH),
    *(name for check in _OF_ALL for name in check.names),
    IDENTITY_TWICE,
)
"""Of all checks."""

Step = Callable[[], Iterator[Finding]]


def statements() -> dict[str, Select[Any]]:
    """Return the statement of each check that is one, by name."""
    return {check.name: check.statement() for check in _OF_EACH}


def findings(connections: Sequence[Connection], identities_since: date) -> Iterator[Finding]:
    """Yield all that does not agree, in a snapshot of each database.

    Args:
        connections: the first database first.
        identities_since: identities of earlier bank dates are not compared between databases.
    """
    steps: list[Step] = [partial(check.findings, connection) for check in _OF_EACH for connection in connections]
    steps += [partial(check.findings, connections) for check in _OF_ALL]
    steps.append(partial(identities_twice, connections, identities_since))
    for step in steps:
        yield from step()
