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


@pytest.fixture
def debits(empty_site: DebitSite) -> DebitSite:
    """The accounts 1 to 6 with mandates and 7 without; bills of October for all, and one of September."""
    site = empty_site
    accounts = [site.account(number, balance=50 if number == 2 else 0) for number in range(1, 8)]
    bills = [site.bill(number, 1, 1000 * number) for number in range(1, 8)]
    # A second bill of the month whose late fee is at its cap, and one of another month.
    site.load(accounts, [*bills, site.bill(1, 2, 60, due=LONG_DUE), site.bill(2, 1, 700, month=202609)])
    done = site.give_mandates(*(site.mandate(number) for number in range(1, 7)))
    assert done.exit_code == 0, done
    return site
