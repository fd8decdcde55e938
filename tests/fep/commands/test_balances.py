"""``fep balances apply``, and loading bills with ``apply_on_load``."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fep.clock import shanghai_now
from tests.conftest import NewDatabase
from tests.fep.commands.conftest import Run
from tests.support.branch_tables import add_branches

ROOT = Path(__file__).parents[3]
ACCOUNTS = "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance\n"
BILLS = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date\n"
MANY = 3_000


def account(number: int, balance: int, state: str = "active", prefix: str = "02") -> str:
    return f"{prefix}{number:08d},测试户,测试路1号,,,JC0101,residential,counter,{state},{balance}\n"


def bill(bill_no: str, number: int, principal: int, month: int = 209901, prefix: str = "02") -> str:
    return f"{bill_no},{prefix}{number:08d},{month},1,0,0,0,{principal},20991231\n"


@pytest.fixture
def database(site: Path) -> Iterator[sqlite3.Connection]:
    """The site's database, without the demo's accounts."""
    with closing(sqlite3.connect(site / "billing.db", isolation_level=None)) as connection:
        for table in ("accounts", "bills", "payments"):
            connection.execute(f"DELETE FROM {table}")
        yield connection


@pytest.fixture
def loaded(run: Run, site: Path, database: sqlite3.Connection) -> Path:
    """The configuration of a site with three accounts: of 10,000, 500 and 20,000 fen, the last suspended."""
    path = site / "accounts.csv"
    path.write_text(ACCOUNTS + account(1, 10_000) + account(2, 500) + account(3, 20_000, "suspended"))
    assert run("load", path, "--config", site / "fep.toml").exit_code == 0
    return site / "fep.toml"


def write_bills(site: Path) -> Path:
    path = site / "bills.csv"
    later = bill("B2", 1, 6_000, 209902)
    path.write_text(BILLS + bill("B1", 1, 4_000) + later + bill("B3", 2, 501) + bill("B4", 3, 20_000))
    return path


def states(database: sqlite3.Connection) -> list[tuple[str, str]]:
    return database.execute("SELECT bill_no, state FROM bills ORDER BY bill_no").fetchall()


def balances(database: sqlite3.Connection) -> list[int]:
    return [row[0] for row in database.execute("SELECT balance_fen FROM accounts ORDER BY account_no")]


ALL_SETTLED = [("B1", "settled"), ("B2", "settled"), ("B3", "open"), ("B4", "settled")]


def test_applied_once(run: Run, loaded: Path, site: Path, database: sqlite3.Connection) -> None:
    """What is settled is told, in both languages; said again there is nothing left to do."""
    run("load", write_bills(site), "--config", loaded)
    done = run("balances", "apply", "--config", loaded)
    said = "300.00 yuan of balances applied to 3 bills of 2 accounts\n"
    assert (done.exit_code, done.out, done.err) == (0, said, "")
    assert (states(database), balances(database)) == (ALL_SETTLED, [0, 500, 0])
    again = run("balances", "apply", "--config", loaded, "--lang", "zh")
    assert (again.exit_code, again.out) == (0, "预存抵扣 0 户, 应收 0 笔, 金额 0.00 元\n")
    today = f"{shanghai_now():%Y%m%d}"
    rows = database.execute(
        "SELECT bank_code, bank_date, bank_serial, fep_serial, clearing_date FROM payments WHERE movement = 'apply'"
    ).fetchall()
    assert len(rows) == 2
    for bank_code, bank_date, bank_serial, fep_serial, clearing_date in rows:
        assert (bank_code, bank_serial) == ("0000", f"apply{fep_serial:012d}")
        assert f"{bank_date}" == f"{clearing_date}" == today


def test_on_load(run: Run, loaded: Path, site: Path, database: sqlite3.Connection) -> None:
    """Bills are settled after their file, where the configuration says so; those of a file loaded before too."""
    path = write_bills(site)
    assert run("load", path, "--config", loaded).out == f"{path}: 4 bills loaded, 0 were there already\n"
    assert {state for _, state in states(database)} == {"open"}
    text = loaded.read_text(encoding="utf-8")
    loaded.write_text(text.replace("# apply_on_load = false", "apply_on_load = true"), encoding="utf-8")
    done = run("load", path, "--config", loaded)
    said = "300.00 yuan of balances applied to 3 bills of 2 accounts"
    assert (done.exit_code, done.out.splitlines()[1]) == (0, said), done
    assert (states(database), balances(database)) == (ALL_SETTLED, [0, 500, 0])


def test_on_load_only_the_accounts_of_the_file(
    run: Run, loaded: Path, site: Path, database: sqlite3.Connection
) -> None:
    """The rest waits for the daily job."""
    run("load", write_bills(site), "--config", loaded)
    text = loaded.read_text(encoding="utf-8")
    loaded.write_text(text.replace("# apply_on_load = false", "apply_on_load = true"), encoding="utf-8")
    more = site / "more.csv"
    more.write_text(BILLS + bill("B5", 3, 1))
    done = run("load", more, "--config", loaded)
    assert done.out.endswith("200.00 yuan of balances applied to 1 bills of 1 accounts\n")
    assert dict(states(database)) == {"B1": "open", "B2": "open", "B3": "open", "B4": "settled", "B5": "open"}


def test_several_databases(run: Run, loaded: Path, site: Path, database: sqlite3.Connection) -> None:
    """Each is done by itself, and said by name; one that is away keeps no other waiting, and is exit code 3."""
    path = add_branches(site, ["02"], {"county": (2, "sqlite:///county.db", ["03"])})
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# apply_on_load = false", "apply_on_load = true"), encoding="utf-8")
    assert run("db", "upgrade", "--config", path).exit_code == 0
    files = site / "more_accounts.csv", site / "more_bills.csv"
    files[0].write_text(ACCOUNTS + account(1, 300, prefix="03"))
    files[1].write_text(BILLS + bill("C1", 1, 300, prefix="03") + bill("C2", 1, 10_000))
    done = run("load", *files, "--config", path)
    assert done.exit_code == 0
    assert done.out.splitlines()[-2:] == [
        "billing: 100.00 yuan of balances applied to 1 bills of 1 accounts",
        "county: 3.00 yuan of balances applied to 1 bills of 1 accounts",
    ]
    (site / "county.db").unlink()
    away = run("balances", "apply", "--config", path)
    assert away.exit_code == 3
    assert away.out == "billing: 0.00 yuan of balances applied to 0 bills of 0 accounts\n"
    assert away.err.startswith("county: ")


def test_killed_at_any_point(run: Run, site: Path, database: sqlite3.Connection) -> None:
    """A run that is killed has done whole pages of accounts; the next one does the rest, and each bill once."""
    (site / "accounts.csv").write_text(ACCOUNTS + "".join(account(number, 1_000) for number in range(MANY)))
    (site / "bills.csv").write_text(BILLS + "".join(bill(f"B{number}", number, 600) for number in range(MANY)))
    config = site / "fep.toml"
    assert run("load", site / "accounts.csv", site / "bills.csv", "--config", config).exit_code == 0
    words = [sys.executable, "-m", "fep", "balances", "apply", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FEP_LANG": "en"}
    process = subprocess.Popen(words, cwd=site, env=environment, stdout=subprocess.DEVNULL)
    applied = 0
    deadline = time.monotonic() + 30
    while applied == 0 and process.poll() is None and time.monotonic() < deadline:
        [(applied,)] = database.execute("SELECT count(*) FROM payments WHERE movement = 'apply'")
    process.kill()
    process.wait()
    [(applied,)] = database.execute("SELECT count(*) FROM payments WHERE movement = 'apply'")
    assert applied > 0
    assert applied % 500 == 0
    _check(database)
    done = run("balances", "apply", "--config", config)
    left = MANY - applied
    assert done.out == f"{left * 6}.00 yuan of balances applied to {left} bills of {left} accounts\n"
    assert set(balances(database)) == {400}
    _check(database)


@pytest.mark.engine("postgresql")
def test_two_at_once(run: Run, new_database_url: NewDatabase, tmp_path: Path) -> None:
    """Two operators start it at the same moment: each bill is settled by one of them, and the books agree."""
    with new_database_url() as url:
        site = tmp_path / "site"
        assert run("init", site, "--demo", "--accounts", 1, "--database", url).exit_code == 0
        (site / "accounts.csv").write_text(ACCOUNTS + "".join(account(number, 1_000) for number in range(MANY)))
        (site / "bills.csv").write_text(BILLS + "".join(bill(f"B{number}", number, 600) for number in range(MANY)))
        config = site / "fep.toml"
        assert run("load", site / "accounts.csv", site / "bills.csv", "--config", config).exit_code == 0
        words = [sys.executable, "-m", "fep", "balances", "apply", "--config", str(config)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "FEP_LANG": "en"}
        both = [subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=60)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        counts = [int(line.partition(" applied to ")[2].split()[0]) for line in said]
        assert sum(counts) == MANY
        assert run("audit", "sums", "--config", config).exit_code == 0


def _check(database: sqlite3.Connection) -> None:
    """Each account's movements add up to its balance, and each settled bill is one allocation's."""
    sums = "SELECT sum(balance_change_fen) FROM payments WHERE payments.account_no = accounts.account_no"
    [(wrong,)] = database.execute(f"SELECT count(*) FROM accounts WHERE balance_fen <> ({sums})")
    settled = database.execute("SELECT settled_by, bill_no FROM bills WHERE state = 'settled' ORDER BY 2").fetchall()
    paid = database.execute("SELECT fep_serial, bill_no FROM allocations ORDER BY 2").fetchall()
    assert (wrong, settled) == (0, paid)
