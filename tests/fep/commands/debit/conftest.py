"""A site with six accounts that bank 0102 debits, and one that it does not, on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.fep.commands.conftest import Run
from tests.support.debit_site import LONG_DUE, DebitSite


@pytest.fixture
def empty_site(run: Run, tmp_path: Path, new_database_url: NewDatabase) -> Iterator[DebitSite]:
    """A site with the demo's banks, and no accounts but one of the demo."""
    with new_database_url() as url:
        directory = tmp_path / "site"
        done = run("init", directory, "--demo", "--accounts", 1, "--database", url)
        assert done.exit_code == 0, done
        yield DebitSite(directory, [url], run)


def fill(site: DebitSite) -> None:
    """Load the accounts 1 to 7, bills of October for all of them, two of them for account 1, and one of September."""
    accounts = [site.account(number, balance=50 if number == 2 else 0) for number in range(1, 8)]
    bills = [site.bill(number, 1, 1000 * number) for number in range(1, 8)]
    # A second bill of the month whose late fee is at its cap, and one of another month.
    site.load(accounts, [*bills, site.bill(1, 2, 60, due=LONG_DUE), site.bill(2, 1, 700, month=202609)])


@pytest.fixture
def debits(empty_site: DebitSite) -> DebitSite:
    """The accounts 1 to 6 with mandates and 7 without, and their bills."""
    fill(empty_site)
    done = empty_site.give_mandates(*(empty_site.mandate(number) for number in range(1, 7)))
    assert done.exit_code == 0, done
    return empty_site
