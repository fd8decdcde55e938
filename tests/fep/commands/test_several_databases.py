"""The commands on a site with several databases: each is looked at, each is said by name."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbgate.bulk import CheckedFile
from dbgate.errors import DatabaseUnavailable
from fep.config.configuration import load
from fep.database_state import database_states
from tests.fep.commands.conftest import Run
from tests.support.branch_tables import add_branches


@pytest.fixture
def config(run: Run, site: Path) -> Path:
    """A demo site with two more databases, of which only ``county`` has its schema."""
    others = {
        "county": (2, "sqlite:///county.db", ["02"]),
        "suburb": (3, "sqlite:///suburb.db", ["03", "0199"]),
    }
    path = add_branches(site, ["01"], others)
    assert run("db", "upgrade", "--config", path).exit_code == 0
    (site / "suburb.db").unlink()
    return path


def test_upgrade_makes_every_database(run: Run, config: Path, site: Path) -> None:
    """A new branch needs its table in fep.toml and this command; nobody else may read its file."""
    outcome = run("db", "upgrade", "--config", config)
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "billing: has the schema of this program",
        "county: has the schema of this program",
        "suburb: has the schema of this program",
    ]
    assert (site / "suburb.db").stat().st_mode & 0o777 == 0o600


def test_upgrade_goes_on_after_one_that_fails(run: Run, config: Path, site: Path) -> None:
    """Exit code 3, and the name of the one that failed."""
    (site / "county.db").write_bytes(b"no database" * 100)
    outcome = run("db", "upgrade", "--config", config)
    assert outcome.exit_code == 3
    assert outcome.err.startswith("county: the schema was not upgraded: ")
    assert "suburb: has the schema of this program" in outcome.out


def test_the_sql_is_printed_once_for_each_engine(run: Run, config: Path) -> None:
    """A DBA reads it once, whatever the number of databases."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("sqlite:///county.db", "postgresql://fep@db/county"), encoding="utf-8")
    outcome = run("db", "upgrade", "--sql", "--config", config)
    assert outcome.exit_code == 0
    assert outcome.out.count("CREATE TABLE accounts") == 2


def test_the_check_has_a_line_for_each_database(run: Run, config: Path) -> None:
    """What is wrong with one is said of that one, with the remedy."""
    outcome = run("check-config", "--config", config)
    assert outcome.exit_code == 1
    lines = outcome.out.splitlines()
    [good] = [line for line in lines if line.startswith("ok\tbilling\t")]
    assert "reachable, schema current; number 1; clearing dates: 20" in good
    assert "ok\tcounty\treachable, schema current; number 2; clearing dates: none yet" in lines
    [problem] = [line for line in lines if line.startswith("problem\tsuburb\t")]
    assert problem.endswith("suburb.db does not exist; run fep db upgrade")


def test_the_check_speaks_chinese_of_each_database(run: Run, config: Path) -> None:
    """The databases are asked at the same time, each in the user's language."""
    shown = run("--lang", "zh", "check-config", "--config", config).out
    assert "正常\tcounty\t可连接, 表结构最新; 编号 2; 清算日期: 尚无" in shown
    assert "suburb.db 不存在; 请执行 fep db upgrade" in shown


def test_every_file_with_customers_data_is_looked_at(run: Run, config: Path, site: Path) -> None:
    """That others may read one is warned about, whichever it is."""
    (site / "county.db").chmod(0o644)
    assert f"warning\t{site / 'county.db'}\tevery user may read" in run("check-config", "--config", config).out


def test_failover_is_warned_about_once_for_all_servers(run: Run, config: Path) -> None:
    """With the names of the databases that it concerns."""
    text = config.read_text(encoding="utf-8")
    for name, number in (("county", 1), ("suburb", 2)):
        text = text.replace(f"sqlite:///{name}.db", f"postgresql://fep@127.0.0.1:{number}/{name}")
    config.write_text(text, encoding="utf-8")
    lines = run("check-config", "--config", config).out.splitlines()
    assert [line.split("\t")[:2] for line in lines if "synchronous" in line] == [["warning", "county, suburb"]]


def test_the_status_has_a_line_for_each_database(run: Run, config: Path) -> None:
    """Name, number, whether the daemon serves it, its clearing dates, and its state; here without a daemon."""
    outcome = run("status", "--config", config)
    [day] = set(database_states(load(config))[0].clearing_dates.values())
    lines = outcome.out.splitlines()
    assert f"billing\t1\t-\t{day}\tschema current" in lines
    assert "county\t2\t-\t-\tschema current" in lines
    [suburb] = [line for line in lines if line.startswith("suburb\t3\t-\t-\t")]
    assert "run fep db upgrade" in suburb


def test_the_status_as_json_lists_the_databases(run: Run, config: Path) -> None:
    """For a monitoring system."""
    answer = json.loads(run("status", "--json", "--config", config).out)
    found = [(each["name"], each["number"], each["is_reachable"], each["is_current"]) for each in answer["databases"]]
    assert found == [("billing", 1, True, True), ("county", 2, True, True), ("suburb", 3, False, False)]


def test_a_bank_is_shown_with_its_earliest_date(run: Run, config: Path, site: Path) -> None:
    """Its day is closed when the last database has rolled."""
    with closing(sqlite3.connect(site / "county.db")) as connection, connection:
        connection.execute("INSERT INTO clearing_dates VALUES ('0102', 20200101, 20200101)")
    lines = run("status", "--config", config).out.splitlines()
    assert "0102\t工商银行 (演示)\t-\t2020-01-01\tno\t-" in lines
    assert "county\t2\t-\t2020-01-01\tschema current" in lines


def test_the_dates_of_banks_that_differ_are_listed(run: Run, config: Path, site: Path) -> None:
    """Bank by bank, so that an operator sees who has rolled."""
    with closing(sqlite3.connect(site / "county.db")) as connection, connection:
        connection.execute("INSERT INTO clearing_dates VALUES ('0102', 20200101, 20200101)")
        connection.execute("INSERT INTO clearing_dates VALUES ('0103', 20200102, 20200101)")
    lines = run("status", "--config", config).out.splitlines()
    assert "county\t2\t-\t0102 2020-01-01, 0103 2020-01-02\tschema current" in lines


# --- loading

ACCOUNTS = "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance"
BILLS = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"
CITY, COUNTY, SUBURB = "0100900001", "0200900001", "0199900001"


@pytest.fixture
def three(run: Run, config: Path) -> Path:
    """The site with the schema in all three databases."""
    assert run("db", "upgrade", "--config", config).exit_code == 0
    return config


def account(account_no: str, balance: int = 0) -> str:
    return f"{account_no},测试户,测试路1号,TM{account_no},,JC0101,residential,counter,active,{balance}"


def bill(bill_no: str, account_no: str) -> str:
    return f"{bill_no},{account_no},202609,1,21818,0,21818,12000,20261025"


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def rows(site: Path, statement: str) -> list[list[object]]:
    """Return the first column of a query in each of the three databases."""
    found = []
    for name in ("billing", "county", "suburb"):
        with closing(sqlite3.connect(site / f"{name}.db")) as connection:
            found.append([row[0] for row in connection.execute(statement)])
    return found


LOADED = "SELECT account_no FROM accounts WHERE name = '测试户' ORDER BY account_no"


def test_each_row_goes_to_the_database_of_its_account(run: Run, three: Path, site: Path, tmp_path: Path) -> None:
    """Accounts, opening balances with numbers of their own database, and bills; what each got is said."""
    accounts = write(tmp_path / "a.csv", ACCOUNTS, account(CITY, 5), account(COUNTY, 6), account(SUBURB))
    bills = write(tmp_path / "b.csv", BILLS, bill("TB1", SUBURB), bill("TB2", COUNTY), bill("TB3", COUNTY))

    outcome = run("load", accounts, bills, "--config", three)

    assert (outcome.exit_code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        f"{accounts}: billing: 1 accounts loaded, 0 were there already",
        f"{accounts}: county: 1 accounts loaded, 0 were there already",
        f"{accounts}: suburb: 1 accounts loaded, 0 were there already",
        f"{bills}: billing: 0 bills loaded, 0 were there already",
        f"{bills}: county: 2 bills loaded, 0 were there already",
        f"{bills}: suburb: 1 bills loaded, 0 were there already",
    ]
    assert rows(site, LOADED) == [[CITY], [COUNTY], [SUBURB]]
    assert rows(site, "SELECT bill_no FROM bills WHERE bill_no LIKE 'TB%' ORDER BY bill_no") == [
        [],
        ["TB2", "TB3"],
        ["TB1"],
    ]
    opened = rows(site, "SELECT fep_serial / 10000000000 FROM payments WHERE account_name = '测试户'")
    assert opened == [[1], [2], []]


def test_a_bad_row_keeps_the_file_out_of_all_databases(run: Run, three: Path, site: Path, tmp_path: Path) -> None:
    """Every row is checked against its database before anything is stored; what is wrong is said with its line."""
    accounts = write(tmp_path / "a.csv", ACCOUNTS, account(CITY), account("0900900001"), account(COUNTY, -1))
    english, chinese = (
        run("load", accounts, "--config", three),
        run("--lang", "zh", "load", accounts, "--config", three),
    )
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert f"{accounts}: line 3: account_no fits the prefixes of no database" in english.err
    assert f"{accounts}: line 4: balance must be" in english.err
    assert f"{accounts}: 第 3 行: 户号不符合任何数据库的前缀" in chinese.err
    assert rows(site, LOADED) == [[], [], []]


def test_a_bill_is_checked_against_the_database_of_its_account(run: Run, three: Path, tmp_path: Path) -> None:
    """Its account must be known there, and its key may stand only once in the file, whatever databases it names."""
    run("load", write(tmp_path / "a.csv", ACCOUNTS, account(CITY), account(COUNTY)), "--config", three)
    bills = write(tmp_path / "b.csv", BILLS, bill("TB1", CITY), bill("TB1", COUNTY), bill("TB2", SUBURB))
    outcome = run("load", bills, "--config", three)
    assert outcome.exit_code == 2
    assert f"{bills}: line 3: has the same key as line 2" in outcome.err
    assert f"{bills}: line 4: account_no is not known" in outcome.err


def test_loading_again_changes_nothing(run: Run, three: Path, tmp_path: Path) -> None:
    """In any of the databases."""
    accounts = write(tmp_path / "a.csv", ACCOUNTS, account(CITY), account(COUNTY))
    run("load", accounts, "--config", three)
    assert "county: 0 accounts loaded, 1 were there already" in run("load", accounts, "--config", three).out
    changed = write(tmp_path / "a.csv", ACCOUNTS, account(CITY), account(COUNTY, 1))
    assert "line 3: differs from what was loaded before" in run("load", changed, "--config", three).err


def test_nothing_is_loaded_while_a_database_is_away(run: Run, three: Path, site: Path, tmp_path: Path) -> None:
    """It is named, and the command ends before any file is read."""
    (site / "suburb.db").unlink()
    outcome = run("load", write(tmp_path / "a.csv", ACCOUNTS, account(CITY)), "--config", three)
    assert outcome.exit_code == 3
    assert outcome.err.startswith("suburb: there is no database file")
    with closing(sqlite3.connect(site / "billing.db")) as connection:
        assert connection.execute(LOADED).fetchall() == []


def test_a_database_that_fails_after_others_were_stored(
    run: Run, three: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which databases have the file is said; loading again completes it."""
    store = CheckedFile.store

    def fail(self: CheckedFile, place: int, targets: object) -> object:
        if place == 1:
            raise DatabaseUnavailable("nothing was loaded: OperationalError SQLITE_FULL")
        return store(self, place, targets)

    accounts = write(tmp_path / "a.csv", ACCOUNTS, account(CITY), account(COUNTY), account(SUBURB))
    with monkeypatch.context() as patch:
        patch.setattr(CheckedFile, "store", fail)
        english = run("load", accounts, "--config", three)
        chinese = run("--lang", "zh", "load", accounts, "--config", three)

    assert (english.exit_code, chinese.exit_code) == (3, 3)
    assert f"{accounts}: billing: 1 accounts loaded" in english.out
    assert f"{accounts}: county: nothing was loaded: OperationalError SQLITE_FULL" in english.err
    assert f"{accounts}: loaded into billing, not into county, suburb; load it again" in english.err
    assert f"{accounts}: 已装入 billing, 未装入 county, suburb; 请重新装入" in chinese.err
    assert rows(site, LOADED) == [[CITY], [], []]
    assert run("load", accounts, "--config", three).exit_code == 0
    assert rows(site, LOADED) == [[CITY], [COUNTY], [SUBURB]]


@pytest.mark.parametrize("table", [2, 3])
def test_a_password_that_cannot_be_had_names_its_table(run: Run, config: Path, table: int) -> None:
    """Each table has a reference of its own."""
    text = config.read_text(encoding="utf-8")
    name = {2: "county", 3: "suburb"}[table]
    config.write_text(text.replace(f'name = "{name}"', f'name = "{name}"\npassword = "env:FEP_NO_SUCH"'))
    outcome = run("run", "--config", config)
    assert outcome.exit_code == 2
    assert f"billing.database[{table}].password" in outcome.err
