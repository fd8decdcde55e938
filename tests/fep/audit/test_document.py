"""What docs/audit-log.md gives to auditors works as it stands there, in both languages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fep.audit.faults import Fault
from fep.audit.lines import Kind
from fep.audit.movement_check import Disagreement
from tests.fep.audit.chains import made

DOCS = Path(__file__).parents[3] / "docs"
PAGES = [DOCS / "audit-log.md", DOCS / "audit-log.zh-CN.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_verifier(page: Path, tmp_path: Path) -> None:
    """It says that a chain holds, also one whose beginning is elsewhere, and finds a line that was changed."""
    script = tmp_path / "verify.py"
    script.write_text(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[0], "utf-8")
    folder = made(tmp_path)

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, script, folder], capture_output=True, text=True, check=False)

    assert run().stdout.startswith("15 ")
    first, second = sorted(folder.glob("*.jsonl"))
    kept = first.read_text()
    first.write_text(kept.replace('"amount_fen": 100', '"amount_fen": 900', 1))
    assert run().returncode == 1
    assert str(first) in run().stderr
    first.unlink()
    assert run().stdout.startswith("15 ")
    second.write_text(second.read_text().replace('"kind": "seal"', '"kind": "seel"'))
    assert run().returncode == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_is_explained(page: Path) -> None:
    """Each finding and each kind of line."""
    text = page.read_text("utf-8")
    assert [each.value for each in (*Fault, *Disagreement, *Kind) if f"`{each.value}`" not in text] == []
    assert all(each.text.en and each.text.zh for each in Fault)
