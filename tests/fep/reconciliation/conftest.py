"""Sites with one database or three, and the command in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dbgate.database import Database
from fep import cli
from fep.config.configuration import load
from fep.databases import open_databases
from tests.support.branch_tables import add_branches
from tests.support.recon_day import DAY, clear

ROOT = Path(__file__).parents[3]

# The step that is named is done, or not even begun, and the process is gone, as by SIGKILL.
KILLED = """
import importlib, os, signal, sys
module_name, _, attribute = sys.argv[1].partition(":")
is_done = sys.argv[2] == "done"
module = importlib.import_module(module_name)
*path, name = attribute.split(".")
for part in path:
    module = getattr(module, part)
step = getattr(module, name)

def killed(*arguments, **named):
    if is_done:
        step(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, name, killed)
from fep.cli import main
sys.exit(main(sys.argv[3:]))
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with three databases: accounts 0 to 99, 100 to 199, and the others."""
    directory = tmp_path / "site"
    assert cli.main(["init", str(directory), "--demo", "--accounts", "20"]) == 0
    others = {"county": (2, "sqlite:///county.db", ["01000001"]), "suburb": (3, "sqlite:///suburb.db", ["01000002"])}
    path = add_branches(directory, ["01"], others)
    assert cli.main(["db", "upgrade", "--config", str(path)]) == 0
    return directory


@pytest.fixture
def journals(site: Path) -> Iterator[list[Database]]:
    """Its databases, emptied; the bank's days before 23 November 2026 are closed in all of them."""
    databases = open_databases(load(site / "fep.toml"))
    for database in databases:
        clear(database)
    yield databases
    for database in databases:
        database.dispose()


@pytest.fixture
def run(site: Path) -> Run:
    """Run ``fep recon run`` on a day; killed at a step when one is named."""

    def run_command(*words: object, kill: tuple[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        start = ["-m", "fep"] if kill is None else ["-c", KILLED, *kill]
        rest = ["recon", "run", "--config", site / "fep.toml", "--date", DAY, *words]
        environment = os.environ | {"FEP_LANG": "en", "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, *start, *map(str, rest)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            cwd=ROOT,
        )

    return run_command
