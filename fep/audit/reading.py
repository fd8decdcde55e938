"""Reading of the audit log 审计日志查询: its lines in order of time, over all chains; nothing is verified here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import merge
from pathlib import Path
from typing import Any

from fep.audit.folders import chain_files, open_to_read
from fep.audit.lines import fields_of


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which lines are wanted; what is empty narrows nothing.

    Attributes:
        first, last: days of the calendar, both included.
        kinds: as they stand in the lines.
        banks: codes.
        who: an operator's or a teller's name.
    """

    first: date
    last: date
    kinds: frozenset[str] = frozenset()
    banks: frozenset[str] = frozenset()
    who: str = ""

    def wants(self, said: dict[str, Any]) -> bool:
        """Tell whether a line is wanted."""
        if not self.first.isoformat() <= str(said["at"])[:10] <= self.last.isoformat():
            return False
        if self.kinds and said["kind"] not in self.kinds:
            return False
        if self.banks and not self.banks & banks_of(said):
            return False
        return not self.who or self.who in {said.get("operator"), said.get("teller_id")}


def banks_of(said: dict[str, Any]) -> set[str]:
    """Return the banks that a line is about."""
    arguments, days = said.get("arguments"), said.get("days")
    if not isinstance(arguments, dict):
        arguments = {}
    named = [said.get("bank_code"), arguments.get("bank_code"), *_list_of(arguments.get("banks"))]
    sealed = [day.get("bank_code") for day in _list_of(days) if isinstance(day, dict)]
    return {str(code) for code in [*named, *sealed] if code}


def _list_of(value: Any) -> list[Any]:
    """Return a list that stands in a line; an empty one for anything else: nothing is verified here."""
    return value if isinstance(value, list) else []


def lines_of(folders: Sequence[Path], criteria: Criteria) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folder and the fields of each line that is wanted, in order of time; OSError when one is not read."""
    chains = [_lines_of_chain(folder, criteria) for folder in folders]
    for _, folder, said in merge(*chains, key=lambda each: each[0]):
        yield folder, said


def _lines_of_chain(folder: Path, criteria: Criteria) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    files = chain_files(folder)
    for path, following in zip(files, [*files[1:], None], strict=True):
        if following is not None and _first_day(following) < criteria.first.isoformat():
            continue  # all of it is older
        if _first_day(path) > criteria.last.isoformat():
            return
        with open_to_read(path) as file:
            for line in file:
                said = fields_of(line)
                if said is not None and criteria.wants(said):
                    yield str(said["at"]), folder, said


def _first_day(path: Path) -> str:
    with open_to_read(path) as file:
        return str((fields_of(file.readline()) or {}).get("at", ""))[:10]
