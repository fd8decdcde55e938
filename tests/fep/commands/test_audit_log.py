"""``fep audit verify`` and ``fep audit log``, and what commands leave in the audit log."""

import csv
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fep.audit import command_log
from fep.audit.chain import Chain
from fep.audit.seals import seal_keys
from fep.clock import shanghai_now
from fep.config.configuration import load
from fep.config.key_stores import open_key_store
from tests.fep.audit.chains import act, money
from tests.support.audit_logs import lines_of_site

pytestmark = pytest.mark.usefixtures("_one_at_a_time")


@pytest.fixture
def _one_at_a_time(monkeypatch):
    monkeypatch.setattr(command_log, "WAIT_S", 0.05)


@pytest.fixture
def config(site: Path) -> Path:
    return site / "fep.toml"


def chain_of(config: Path) -> Path:
    """Make a chain with a seal of the site's own key; return its last file."""
    settings = load(config)
    chain = Chain.of_slot(settings.audit.directory, "daemon")
    chain.append([act("one"), act("two")])
    chain.seal(seal_keys(open_key_store(settings))[0], "stop")
    chain.close()
    return max(chain.folder.glob("*.jsonl"))


def test_a_log_that_holds(run, config) -> None:
    """Lines, seals and result of each chain; exit code 0. Without a log it says so."""
    empty = run("audit", "verify", "--config", config)
    assert (empty.exit_code, "no audit log" in empty.err) == (0, True)
    chain_of(config)
    done = run("audit", "verify", "--config", config)
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert (done.exit_code, done.err) == (0, "")
    assert rows[1][0] == "daemon-1"
    assert (rows[1][2:4], rows[1][8]) == (["1", "4"], "holds")


def test_a_log_that_does_not(run, config, tmp_path) -> None:
    """The first line that does not hold, with its file; exit code 1; as CSV too."""
    path = chain_of(config)
    path.write_text(path.read_text().replace('"two"', '"TWO"'))
    done = run("audit", "verify", "--config", config, "--csv", tmp_path / "found.csv", "--lang", "zh")
    assert done.exit_code == 1
    assert "断链" in done.out
    found = list(csv.reader((tmp_path / "found-breaks.csv").read_text("utf-8-sig").splitlines()))
    assert found[1][:4] == ["changed", str(path), "3", "3"]


def test_options_of_verify(run, config) -> None:
    """One chain, hashes alone, without a database; and what contradicts itself."""
    chain_of(config)
    (config.parent / "master.key").rename(config.parent / "away")
    assert run("audit", "verify", "--config", config).exit_code == 2
    only = ("--no-seals", "--no-database", "--chain", "daemon-1")
    assert run("audit", "verify", "--config", config, *only).exit_code == 0
    unknown = run("audit", "verify", "--config", config, "--no-seals", "--chain", "daemon-7")
    assert (unknown.exit_code, "daemon-1" in unknown.err) == (2, True)
    assert run("audit", "verify", "--config", config, "--movements", "--no-database").exit_code == 2


def test_movements_against_the_database(run, config, books) -> None:
    """A movement that the log tells of and the database does not have is found."""
    chain_of(config)
    day = shanghai_now().strftime("%Y%m%d")
    chain = Chain.of_slot(load(config).audit.directory, "daemon")
    text, counted = money(77, day=day)
    chain.append([(text + ', "response_code": "0000"', counted)])
    chain.close()
    done = run("audit", "verify", "--config", config, "--movements")
    assert (done.exit_code, "gone" in done.out, "000000000077" in done.out) == (1, True, True)


def test_reading_the_log(run, config, tmp_path) -> None:
    """By day, kind, bank and who; as a file."""
    chain_of(config)
    shown = run("audit", "log", "--config", config)
    assert [line.split("\t")[3] for line in shown.out.splitlines()[1:]] == [
        *("file begun", "operator", "operator", "seal"),
    ]
    acts = run("audit", "log", "--config", config, "--kind", "operator_act", "--who", "li")
    assert [line.split("\t")[6] for line in acts.out.splitlines()[1:]] == ["one", "two"]
    for narrowed in (("--who", "wang"), ("--bank", "0102"), ("--date", "2000-01-01"), ("--kind", "money")):
        assert len(run("audit", "log", "--config", config, *narrowed).out.splitlines()) == 1
    run("audit", "log", "--config", config, "--csv", tmp_path / "log.csv", "--lang", "zh")
    assert len((tmp_path / "log.csv").read_text("utf-8-sig").splitlines()) == 5


def test_what_a_command_leaves(run, config) -> None:
    """Who ran what, before and after; what an operator typed freely is left out."""
    day = f"{shanghai_now():%Y-%m-%d}"
    assert run("debit", "release", 7, "--reason", "a customer's name", "--config", config).exit_code == 2
    assert run("balances", "apply", "--config", config).exit_code == 0
    assert run("day", "list", "--date", day, "--config", config).exit_code == 2
    lines = [line for line in lines_of_site(config.parent) if line["kind"] == "command"]
    assert [(line["command"], line["result"], line.get("exit_code")) for line in lines] == [
        ("debit release", "begun", None),
        ("debit release", "failed", "2"),
        ("balances apply", "begun", None),
        ("balances apply", "done", "0"),
    ]
    assert lines[0]["arguments"] == {"batch_no": 7, "reason": "***"}
    assert all((line["uid"], bool(line["operator"]), bool(line["host"])) == (os.getuid(), True, True) for line in lines)


def test_a_key_act_that_cannot_be_told(run, config) -> None:
    """It is not done, and says why; another command is done, and says so too."""
    held = Chain.of_commands(config.parent / "audit", 0.0)
    before = (config.parent / "keys.store").read_bytes()
    refused = run("keys", "retire", "0102", 1, "--yes", "--config", config)
    assert (refused.exit_code, "nothing was done with keys" in refused.err) == (3, True)
    assert (config.parent / "keys.store").read_bytes() == before
    done = run("balances", "apply", "--config", config)
    assert (done.exit_code, "the audit log cannot be written" in done.err) == (0, True)
    held.close()
    assert run("keys", "retire", "0102", 1, "--yes", "--config", config).exit_code == 0


def test_what_a_job_posts(run, config) -> None:
    """Each balance that is applied has its line, in a chain of the job; and they are those of the database."""
    with closing(sqlite3.connect(config.parent / "billing.db")) as connection, connection:
        connection.execute("UPDATE accounts SET balance_fen = 1000000")
    assert run("balances", "apply", "--config", config).exit_code == 0
    lines = [line for line in lines_of_site(config.parent) if line["kind"] == "money"]
    with closing(sqlite3.connect(config.parent / "billing.db")) as connection:
        posted = connection.execute("SELECT fep_serial, amount_fen FROM payments WHERE movement = 'apply'").fetchall()
    assert len(posted) > 5
    assert sorted((int(line["fep_serial"]), line["amount_fen"]) for line in lines) == sorted(posted)
    assert {(line["cause"], line["counted"], line["bank_code"]) for line in lines} == {("balances_apply", "", "0000")}
    assert run("audit", "verify", "--movements", "--config", config).exit_code == 0


def test_a_configuration_that_is_wrong(run, config) -> None:
    """The command says what is wrong; nothing is told, for nobody knows where."""
    config.write_text(config.read_text() + "\nnonsense = 1\n")
    assert run("balances", "apply", "--config", config).exit_code == 2
    assert not (config.parent / "audit").exists()
