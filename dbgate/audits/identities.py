"""Identities 交易标识核查: over several databases each stands once.

Each database keeps its own identities unique, and nothing keeps two of them from taking the same one: a bank that pays
for two accounts under one serial is answered by both.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from heapq import merge
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, select

from dbgate.audits.checks import Finding
from dbgate.records import NO_BANK_CODE, Identity
from dbgate.reports.snapshots import tuples
from dbgate.tables import payments

IDENTITY_TWICE = "identity_twice"


def identities_statement(engine: str, since: date) -> Select[Any]:
    """Return the statement of all identities of bank dates from ``since`` on, ordered by the codes of characters.

    Those of the utility's own movements are left out: openings go by the account, which stands in one database.

    Args:
        engine: SQLAlchemy's name of it: PostgreSQL sorts by the rules of a language unless it is told otherwise.
        since: the first day.
    """
    columns = payments.c
    by_code = "C" if engine == "postgresql" else None
    order = [column.collate(by_code) if by_code else column for column in (columns.bank_code, columns.bank_serial)]
    return (
        select(columns.bank_code, columns.bank_date, columns.bank_serial, columns.fep_serial)
        .where(columns.bank_code != NO_BANK_CODE, columns.bank_date >= since)
        .order_by(order[0], columns.bank_date, order[1])
    )


def identities_twice(connections: Sequence[Connection], since: date) -> Iterator[Finding]:
    """Yield the identities that stand in more than one database; each database is read once, side by side."""
    if len(connections) < 2:
        return
    streams = [_identities(connection, since) for connection in connections]
    for (first, serial), (second, other) in pairwise(merge(*streams, key=lambda found: found[0])):
        if first == second:
            bank_code, bank_date, bank_serial = first
            yield Finding(IDENTITY_TWICE, f"{bank_code} {bank_date} {bank_serial}", serial, other)


def _identities(connection: Connection, since: date) -> Iterator[tuple[Identity, int | None]]:
    for row in tuples(connection, identities_statement(connection.dialect.name, since)):
        *identity, fep_serial = row
        yield Identity(*identity), fep_serial
