"""Reports on a site with the small ledger."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dbgate.database import Database
from tests.fep.commands.conftest import Outcome, Run

Report = Callable[..., Outcome]


@pytest.fixture
def report(run: Run, site: Path, books: Database) -> Report:
    """Run ``fep report`` on the site."""
    return lambda kind, *words: run("report", kind, "--config", site / "fep.toml", *words)
