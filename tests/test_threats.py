"""THREATS.md 威胁对策表: each threat names what stops it and the tests that show it, and they are all there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "THREATS.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| threat ")
]


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_threat_names_what_there_is(row: list[str]) -> None:
    """Files that stop it, and at least one test that would fail if they did not."""
    threat, _, places, shown = row
    for place in re.findall(r"`([^`]+)`", places):
        assert (ROOT / place).exists(), (threat, place)
    tests = re.findall(r"`([^`]+)`", shown)
    assert tests, threat
    for test in tests:
        file, _, name = test.partition("::")
        assert name in _functions(ROOT / file), (threat, test)
