"""Checks 核查项: statements whose every row is a finding, and the findings."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select

from dbgate.reports.snapshots import tuples


class Finding(NamedTuple):
    """Something that does not agree.

    Attributes:
        check: name of the check.
        subject: what it is about: the number of an account, a movement, a bill or a batch, or a bank and its day.
        stored: what is stored; None: it is missing, or no number tells.
        expected: what the other rows say; None likewise.
    """

    check: str
    subject: str
    stored: int | None
    expected: int | None


class Check(NamedTuple):
    """A check of one database by itself.

    Attributes:
        name: of the check, for people and programs.
        statement: selects (subject, stored, expected) of what does not agree, and nothing where all does.
    """

    name: str
    statement: Callable[[], Select[Any]]

    def findings(self, connection: Connection) -> Iterator[Finding]:
        """Yield what does not agree in one database."""
        for row in tuples(connection, self.statement()):
            subject, *numbers = row
            yield Finding(self.name, str(subject), *map(number_of, numbers))


class WholeCheck(NamedTuple):
    """A check over all databases together, or several that read the same.

    Attributes:
        names: of the checks.
        findings: is given a snapshot of each database, the first one first.
    """

    names: Sequence[str]
    findings: Callable[[Sequence[Connection]], Iterator[Finding]]


def number_of(value: Any) -> int | None:
    """Return what a server may give as a decimal number."""
    return None if value is None else int(value)
