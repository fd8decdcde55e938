"""Databases that cannot be used: a driver that is missing, a server that is not there."""

import json
import sys
from pathlib import Path

import pytest

from tests.fep.commands.conftest import Run

POSTGRESQL = "postgresql+psycopg://fep@db.example/billing"
ORACLE = "oracle+oracledb://fep@db.example:1521/?service_name=billing"
NOBODY = "oracle+oracledb://fep@127.0.0.1:1/?service_name=billing"
REMEDY = "pip install 'psycopg[binary]>=3.3'"


@pytest.fixture
def without_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without the extra ``postgresql``."""
    monkeypatch.setitem(sys.modules, "psycopg", None)


def move(site: Path, url: str, password: str = "") -> Path:
    path = site / "fep.toml"
    lines = path.read_text(encoding="utf-8").replace("sqlite:///billing.db", url).splitlines()
    if password:
        lines = [f'password = "{password}"' if "password = " in line else line for line in lines]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.usefixtures("without_driver")
@pytest.mark.parametrize("command", ["load x.csv", "db upgrade", "status", "run", "init"])
def test_a_missing_driver_ends_every_command_with_3_and_the_remedy(
    run: Run, site: Path, tmp_path: Path, command: str
) -> None:
    """One line that says what to install, no traceback."""
    config = ("--config", move(site, POSTGRESQL))
    words = ("init", tmp_path / "new", "--database", POSTGRESQL) if command == "init" else (*command.split(), *config)
    outcome = run(*words)
    assert outcome.exit_code == 3
    assert f"the driver psycopg is not installed; {REMEDY}" in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err


@pytest.mark.usefixtures("without_driver")
def test_a_missing_driver_is_a_finding_of_the_check(run: Run, site: Path) -> None:
    """Beside all others, in both languages."""
    path = move(site, POSTGRESQL)
    english, chinese = run("check-config", "--config", path), run("--lang", "zh", "check-config", "--config", path)
    assert (english.exit_code, chinese.exit_code) == (3, 3)
    assert f"problem\tbilling\tthe driver psycopg is not installed; {REMEDY}" in english.out
    assert f"问题\tbilling\t未安装驱动 psycopg; 请执行 {REMEDY}" in chinese.out


@pytest.mark.parametrize("command", ["check-config", "db upgrade", "init"])
def test_an_oracle_server_that_is_not_there_is_told_with_its_codes(
    run: Run, site: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codes of driver and system say what to look for; nothing of a new site is left behind."""
    monkeypatch.setenv("DATABASE_PASSWORD", "geheim")
    config = ("--config", move(site, NOBODY, password="env:DATABASE_PASSWORD"))
    url = NOBODY.replace("fep@", "fep:geheim@")
    words = (tmp_path / "new", "--database", url) if command == "init" else config
    outcome = run(*command.split(), *words)
    assert outcome.exit_code == {"check-config": 1, "db upgrade": 3, "init": 3}[command]
    assert "nobody listens at the address (OperationalError DPY-6005 ECONNREFUSED)" in outcome.out + outcome.err
    assert "geheim" not in outcome.out + outcome.err
    assert not (tmp_path / "new").exists()


def test_the_ddl_text_for_oracle_can_be_had(run: Run, site: Path) -> None:
    """It is what a DBA can prepare."""
    outcome = run("db", "upgrade", "--sql", "--config", move(site, ORACLE))
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert "CREATE TABLE accounts" in outcome.out
    assert "VARCHAR2" in outcome.out


@pytest.mark.usefixtures("without_driver")
def test_a_monitor_reads_the_missing_driver_in_the_json(run: Run, site: Path) -> None:
    """As the problem of the database."""
    outcome = run("status", "--json", "--config", move(site, POSTGRESQL))
    assert json.loads(outcome.out)["databases"][0]["problem"] == f"the driver psycopg is not installed; {REMEDY}"
