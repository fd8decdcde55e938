"""Audit logs as an auditor reads them, with nothing of the product: each chain verified by hand. 审计日志旁观"""

import hashlib
import json
from pathlib import Path
from typing import Any

ZEROS = "0" * 64


def verified_by_hand(folder: Path) -> list[dict[str, Any]]:
    """Verify a chain as docs/audit-log.md tells an auditor to; return its lines."""
    before, found = ZEROS, []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="ascii").splitlines():
            text, _, tail = line.rpartition(', "hash": "')
            assert tail == hashlib.sha256((before + text).encode()).hexdigest() + '"}', f"{path}: {line[:60]}"
            before = tail[:64]
            found.append(json.loads(line))
    assert [line["seq"] for line in found] == list(range(1, len(found) + 1)), folder
    return found


def lines_of_site(directory: Path) -> list[dict[str, Any]]:
    """Return the lines of all chains of a site, each chain verified."""
    folders = sorted((directory / "audit").glob("*-*"))
    return [line for folder in folders for line in verified_by_hand(folder)]


def movements_told(directory: Path) -> set[int]:
    """Return the numbers of all movements that the chains of a site tell of."""
    lines = lines_of_site(directory)
    return {int(line["fep_serial"]) for line in lines if line["kind"] == "money" and "fep_serial" in line}
