"""The registry: dialects are known by name, and by nobody above the protocol."""

import re
from pathlib import Path

import pytest

from protocol.dialects.registry import DEFAULT, DIALECTS

ROOT = Path(__file__).parents[3]


def test_names_and_ports() -> None:
    """Each dialect is found under its own name and has a port of its own; the default one has the listener's."""
    assert all(dialect.name == name for name, dialect in DIALECTS.items())
    assert len({dialect.port_offset for dialect in DIALECTS.values()}) == len(DIALECTS)
    assert DEFAULT.port_offset == 0


@pytest.mark.parametrize("package", ["fep", "handlers", "dbgate", "crypto"])
def test_nobody_above_knows_which_dialect_a_bank_speaks(package: str) -> None:
    """No line there names one: what differs stands in the description."""
    names = "|".join([name for name in DIALECTS if name != DEFAULT.name] + [rf"[\"']{DEFAULT.name}[\"']"])
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in {".py", ".toml", ".sql"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(names, line, re.IGNORECASE)
    ]
    assert named == []
