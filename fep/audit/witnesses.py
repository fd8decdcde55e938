"""Witnesses 封存见证: what the database knows of the seals of chains, against the chains that are there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from dbgate.books.audit_seals import AuditSeal
from fep.audit.faults import Break, Fault
from fep.audit.folders import place_of


class Witnesses:
    """The seals that the database knows."""

    def __init__(self, seals: Iterable[AuditSeal]) -> None:
        self._lines: dict[str, dict[int, str]] = defaultdict(dict)
        self._places: dict[str, str] = {}
        for seal in seals:
            self._lines[seal.chain][seal.line_no] = seal.line_hash
            self._places[seal.chain] = seal.place

    def lines(self) -> dict[str, dict[int, str]]:
        """Return the hash of each line, by its number, by chain."""
        return dict(self._lines)

    def missing(self, chains: Iterable[str], directories: Sequence[Path]) -> list[Break]:
        """Return the chains that should stand in these directories of this machine and are not among ``chains``."""
        found = set(chains)
        here = [f"{place_of(directory)}/" for directory in directories]
        return [
            Break(Fault.CHAIN_MISSING, Path(self._places[chain].partition(":")[2]), 0, max(self._lines[chain]))
            for chain in sorted(self._lines)
            if chain not in found and self._places[chain].startswith(tuple(here))
        ]

    def elsewhere(self, chains: Iterable[str], directories: Sequence[Path]) -> list[str]:
        """Return where the chains stand that are neither among ``chains`` nor in these directories."""
        found = set(chains)
        here = tuple(f"{place_of(directory)}/" for directory in directories)
        places = (self._places[chain] for chain in self._lines if chain not in found)
        return sorted({place for place in places if not place.startswith(here)})
