"""The layers hold, and the documents say what is so."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("fep", "protocol", "handlers", "dbgate", "crypto")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def lint_imports(root: Path) -> "subprocess.CompletedProcess[str]":
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--config", str(root / "setup.cfg"), "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_layers_hold() -> None:
    """No package imports one above it, and each outside library has one package that imports it."""
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


def test_no_module_imports_what_imports_it() -> None:
    """Not by way of others either, and however late: each can be read, and tested, after those that it builds on."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    order = TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules})
    try:
        order.prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is(path: Path) -> None:
    """Every module begins with a docstring; an ``__init__`` holds nothing else."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.name == "__init__.py":
        assert len(tree.body) == 1


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "THREATS.md"])
def test_documents_name_files_that_exist(name: str) -> None:
    """A path that a document names is there."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"\]\(([^)#:]+)\)", text))
    named |= set(re.findall(r"`((?:fep|protocol|handlers|dbgate|crypto|conf|scripts|docs|tests)/[\w./-]+)`", text))
    missing = sorted(path for path in named if not (ROOT / path).exists())
    assert missing == []
