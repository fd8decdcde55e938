"""A site whose days are reconciled."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dbgate.database import Database
from fep.config.configuration import load
from fep.databases import open_database
from tests.fep.commands.conftest import Outcome, Run
from tests.support.recon_day import clear

Recon = Callable[..., Outcome]


@pytest.fixture
def journal(site: Path) -> Iterator[Database]:
    """The site's database, emptied; the bank's days from 17 to 22 November 2026 are closed."""
    database = open_database(load(site / "fep.toml"))
    clear(database)
    yield database
    database.dispose()


@pytest.fixture
def recon(run: Run, site: Path) -> Recon:
    """Run ``fep recon`` on the site."""
    return lambda *words: run("recon", *words, "--config", site / "fep.toml")
