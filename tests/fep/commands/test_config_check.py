"""``fep check-config``: what it finds before the daemon is started."""

from pathlib import Path

import pytest

from fep.config.config_check import Check, Level, check
from fep.config.configuration import load
from tests.fep.commands.conftest import Run


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def found(site: Path) -> list[Check]:
    return list(check(load(site / "fep.toml"), site / "fep.toml"))


def problems(site: Path) -> list[tuple[str, str]]:
    return [(item.subject, str(item.text)) for item in found(site) if item.level is Level.PROBLEM]


def warnings(site: Path) -> list[tuple[str, str]]:
    return [(item.subject, str(item.text)) for item in found(site) if item.level is Level.WARNING]


def test_a_fresh_demo_has_no_problems_and_is_warned_of_weak_suites(run: Run, site: Path) -> None:
    """Exit code 0: banks, keys and database are shown; 3des, cups and des are warned about."""
    outcome = run("check-config", "--config", site / "fep.toml")
    assert outcome.exit_code == 0
    assert "0104\t中国银行 (演示)\tstandard\tsm4\toptional\t127.0.0.1/32\t23:30" in outcome.out
    assert [subject for subject, _ in warnings(site)] == ["0102", "[keys] four_eyes", "0105", "0403"]
    assert "warning\t0403\tsuite des protects against line errors only" in outcome.out
    assert "ok\tbilling\treachable, schema current" in outcome.out


def test_the_findings_are_in_chinese_too(run: Run, site: Path) -> None:
    """The same table for a Chinese operator."""
    shown = run("--lang", "zh", "check-config", "--config", site / "fep.toml").out
    assert "警告\t0403\t套件 des 只能防线路差错" in shown
    assert "正常\tbilling\t可连接, 表结构最新" in shown


def test_a_key_store_that_others_may_read_is_a_problem(run: Run, site: Path) -> None:
    """Mode 0644: exit code 1, with the mode and what to do."""
    (site / "keys.store").chmod(0o644)
    outcome = run("check-config", "--config", site / "fep.toml")
    assert outcome.exit_code == 1
    assert "problem\t" in outcome.out
    assert "mode 0644" in outcome.out
    assert "chmod 600" in outcome.out


def test_a_bank_without_keys_is_a_problem(run: Run, site: Path) -> None:
    """The daemon would not start; the finding names the bank."""
    text = (site / "banks" / "0103_abc.toml").read_text(encoding="utf-8").replace('"0103"', '"0199"')
    (site / "banks" / "0199_new.toml").write_text(text, encoding="utf-8")
    [(subject, said)] = problems(site)
    assert subject == "0199"
    assert "no keys of bank 0199" in said
    assert run("check-config", "--config", site / "fep.toml").exit_code == 1


def test_keys_of_another_suite_are_a_problem(site: Path) -> None:
    """Check values would differ from the bank's, and nobody could sign in."""
    replace_in(site / "banks" / "0103_abc.toml", 'suite = "aes"', 'suite = "sm4"')
    [(subject, said)] = problems(site)
    assert subject == "0103"
    assert "were loaded for suite aes, its file says sm4; load them again" in said


def test_keys_without_a_bank_file_are_warned_about(site: Path) -> None:
    """A bank that has left."""
    (site / "banks" / "0105_ccb.toml").unlink()
    assert ("0105", "has keys but no bank file") in warnings(site)


def test_a_configuration_that_everybody_may_write_is_a_problem(site: Path) -> None:
    """Whoever writes a bank file decides where the bank may come from."""
    path = site / "banks" / "0104_boc.toml"
    path.chmod(0o666)
    assert [(str(path), "every user may write it; chmod o-w")] == problems(site)


def test_customers_data_that_everybody_may_read_are_warned_about(site: Path) -> None:
    """The SQLite file holds names and addresses."""
    (site / "billing.db").chmod(0o644)
    assert (str(site / "billing.db"), "every user may read the customers' data; chmod 600") in warnings(site)


@pytest.mark.parametrize(("mode", "is_told"), [(0o755, True), (0o751, True), (0o750, False), (0o700, False)])
def test_batch_files_that_every_user_reaches(site: Path, mode: int, is_told: bool) -> None:
    """They hold names and bank accounts of customers."""
    (site / "files").mkdir()
    (site / "files").chmod(mode)
    told = "every user may reach the banks' files, which name customers; chmod o-rwx"
    assert ((str(site / "files"), told) in warnings(site)) is is_told


def test_a_bank_that_may_come_from_anywhere_is_warned_about(site: Path) -> None:
    """A network of everything is a mistake, or a test left over."""
    replace_in(site / "banks" / "0104_boc.toml", "127.0.0.1/32", "0.0.0.0/0")
    assert ("0104", "may connect from anywhere (0.0.0.0/0)") in warnings(site)


def test_pay_without_status_and_reverse_is_warned_about(site: Path) -> None:
    """The promise needs both."""
    replace_in(site / "banks" / "0104_boc.toml", 'suite = "sm4"', 'suite = "sm4"\ntransactions = ["pay"]')
    assert ("0104", "has pay without reverse, status: it cannot settle an unknown outcome") in warnings(site)


def test_a_database_that_is_not_there_is_a_problem_and_is_not_made(site: Path) -> None:
    """Looking must not create an empty database."""
    (site / "billing.db").unlink()
    [(subject, said)] = problems(site)
    assert subject == "billing"
    assert "billing.db does not exist; run fep db upgrade" in said
    assert not (site / "billing.db").exists()


def test_a_database_without_schema_is_a_problem_with_its_remedy(run: Run, site: Path) -> None:
    """Then ``fep db upgrade`` mends it."""
    (site / "billing.db").write_bytes(b"")
    [(_, said)] = problems(site)
    assert "run fep db upgrade" in said
    assert run("db", "upgrade", "--config", site / "fep.toml").exit_code == 0
    assert problems(site) == []


def test_failover_is_warned_about_for_servers_and_not_for_sqlite(site: Path) -> None:
    """The promise holds with synchronous replication only."""
    assert not any("synchronous" in said for _, said in warnings(site))
    text = (site / "fep.toml").read_text(encoding="utf-8")
    url = "postgresql+psycopg://fep@127.0.0.1:1/billing"
    (site / "fep.toml").write_text(text.replace('url = "sqlite:///billing.db"', f'url = "{url}"'), encoding="utf-8")
    assert any("synchronous replication only" in said for _, said in warnings(site))
    [(subject, said)] = problems(site)
    assert subject == "billing"
    assert "nobody listens at 127.0.0.1:1" in said


def test_no_banks_are_warned_about(run: Run, tmp_path: Path) -> None:
    """A new site is told what comes next."""
    run("init", tmp_path / "new")
    assert [(str(tmp_path / "new" / "banks"), "no bank files: no bank can connect")] == warnings(tmp_path / "new")


def test_where_each_format_is_listened_for(run: Run, site: Path) -> None:
    """An operator tells a bank its port from here, and sees what is set for nothing."""
    config = site / "fep.toml"
    text = config.read_text("utf-8")
    port = int(text.split('addresses = ["127.0.0.1:')[1].split('"')[0])
    config.write_text(text.replace("[link]", '[listener.dialect]\nelec02 = ["127.0.0.1:9999"]\n\n[link]', 1), "utf-8")
    bank = site / "banks" / "0901_iso.toml"
    bank.write_text(
        'bank_code = "0901"\nname = "x"\ndialect = "iso8583"\naddresses = ["10.1.2.3"]\naccept_no_mac = true\n', "utf-8"
    )
    outcome = run("check-config", "--config", config)
    assert f"ok\tstandard\tlistened for on 127.0.0.1:{port}" in outcome.out
    assert f"ok\tiso8583\tlistened for on 127.0.0.1:{port + 1}" in outcome.out
    assert "warning\tlistener.dialect.elec02\tno bank speaks it" in outcome.out
    assert "warning\t0901\tdialect iso8583 has a MAC: accept_no_mac and line_protection mean nothing" in outcome.out
    assert "problem\t0901\t" in outcome.out
    assert "fep keys import 0901" in outcome.out
