"""Checking a file against several databases: where each row belongs, what is wrong with it, what is new where."""

from pathlib import Path

import pytest

from dbgate.bulk import Loaded, checked_file
from dbgate.errors import DatabaseUnavailable, LoadRefused
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import Clock, account_no, account_row, bill_rows, fill
from tests.dbgate.test_bulk import ACCOUNT_HEADER, BILL_HEADER
from tests.support.databases import open_database, stored

ACCOUNT_NOS = "SELECT account_no FROM accounts ORDER BY account_no"


def place_of(number: str) -> int | None:
    """Accounts 0 to 9 belong to the first database, 10 to 19 to the second, others to none."""
    return {"010000000": 0, "010000001": 1}.get(number[:9])


def write(path: Path, header: str, *rows: tuple[object, ...]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows), ""]), encoding="utf-8")
    return path


def test_two_databases(new_database_url: NewDatabase, clock: Clock, tmp_path: Path) -> None:
    """Each gets its own rows, in a transaction of its own; rows that it has are counted for it."""
    with new_database_url() as first_url, new_database_url() as second_url:
        databases = [open_database(first_url, clock, database_no=1), open_database(second_url, clock, database_no=2)]
        path = write(tmp_path / "a.csv", ACCOUNT_HEADER, account_row(1), account_row(11, 5), account_row(12))
        fill(databases[0], 2)
        with checked_file(databases, place_of, path) as checked:
            assert checked.store(1) == Loaded("accounts", 2, 0)
            assert stored(databases[1], ACCOUNT_NOS) == [(account_no(11),), (account_no(12),)]
            assert checked.store(0) == Loaded("accounts", 0, 1)
        assert stored(databases[1], "SELECT fep_serial FROM payments") == [(20_000_000_001,)]
        assert stored(databases[0], ACCOUNT_NOS) == [(account_no(0),), (account_no(1),)]
        for database in databases:
            database.dispose()


@pytest.mark.engine("sqlite")
def test_bad_rows_of_all_databases_are_listed_together(
    new_database_url: NewDatabase, clock: Clock, tmp_path: Path
) -> None:
    """In the order of their lines, whatever database they belong to, or to none."""
    with new_database_url() as first_url, new_database_url() as second_url:
        databases = [open_database(first_url, clock), open_database(second_url, clock)]
        fill(databases[0], 1)
        rows = [bill_rows(10)[0], bill_rows(0)[0], bill_rows(99)[0], (*bill_rows(0)[1][:-1], 20261025), bill_rows(0)[1]]
        path = write(tmp_path / "b.csv", BILL_HEADER, *rows)
        with pytest.raises(LoadRefused) as refused, checked_file(databases, place_of, path):
            pytest.fail("a file with bad rows is never ready to be stored")
        assert refused.value.bad_rows == (
            (2, "account_no is not known"),
            (4, "account_no fits the prefixes of no database"),
            (6, "has the same key as line 5"),
        )
        assert refused.value.bad_count == 3
        Path(second_url.removeprefix("sqlite:///")).unlink()
        with pytest.raises(DatabaseUnavailable), checked_file(databases, place_of, path):
            pytest.fail("a database that is away was not asked")
