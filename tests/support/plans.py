"""Plans 执行计划: by which index an engine finds the rows of a statement that it has run."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.databases import driver_connection
from tests.support.statements import Sent

_STEP = re.compile(
    r"(SCAN|SEARCH) (\w+)(?: AS \w+)?(?:.* USING (?:(COVERING) )?(?:INDEX (\w+)|(?:INTEGER )?PRIMARY KEY))?"
)


@dataclass(frozen=True, slots=True)
class Access:
    """How a plan comes to the rows of a table.

    Attributes:
        index: None: by reading the table from its beginning to its end.
        is_index_only: the rows themselves are not read.
    """

    table: str
    index: str | None
    is_index_only: bool = False


class Planner:
    """Asks an engine for its plans; needs the names of the tables that it is to tell of."""

    def __init__(self, url: str, tables: Sequence[str]) -> None:
        self._url = url
        self._tables = tables

    def accesses(self, sent: Sent) -> list[Access]:
        """Return how each table of the statement is read, in each plan that the engine may make for it."""
        with driver_connection(self._url) as connection:
            found = _sqlite if self._url.startswith("sqlite") else _postgresql
            return [access for access in found(connection, sent) if access.table in self._tables]


def _sqlite(connection: Any, sent: Sent) -> Iterator[Access]:
    for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sent}"):
        if match := _STEP.match(step):
            kind, table, covering, index = match.groups()
            if kind == "SEARCH" or index is not None:
                # A table clustered by its key, and the key of one that is not.
                name = f"pk_{table}" if index is None or index.startswith("sqlite_autoindex") else index
                yield Access(table, None if kind == "SCAN" else name, covering is not None)
            else:
                yield Access(table, None)


def _postgresql(connection: Any, sent: Sent) -> Iterator[Access]:
    table_of = dict(connection.execute("SELECT indexname::text, tablename::text FROM pg_indexes").fetchall())
    arguments = f"({', '.join(sent.parameters)})" if sent.parameters else ""
    # One made for these parameters, and one made for any: the server takes whichever it finds cheaper.
    for mode in ("force_custom_plan", "force_generic_plan"):
        connection.execute(f"SET plan_cache_mode = {mode}")
        connection.execute(f"PREPARE planned AS {sent}")
        (plan,) = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE planned{arguments}").fetchone()
        connection.execute("DEALLOCATE planned")
        for node in _nodes(plan[0]["Plan"] if isinstance(plan, list) else json.loads(plan)[0]["Plan"]):
            if node["Node Type"] == "Seq Scan":
                yield Access(node["Relation Name"], None)
            elif "Index Name" in node:
                index = node["Index Name"]
                yield Access(table_of[index], index, node["Node Type"] == "Index Only Scan")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
