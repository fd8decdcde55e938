"""``fep init --demo --dialect``: one more bank, of another message format."""

from pathlib import Path

from fep.config.configuration import load
from tests.fep.commands.conftest import Run


def test_a_demo_bank_of_another_format(run: Run, tmp_path: Path) -> None:
    """It stands beside the five, accepts that there is no MAC, and needs no keys."""
    made = run("init", tmp_path / "site", "--demo", "--accounts", 10, "--dialect", "elec02", "--dialect", "elec02")
    assert (made.exit_code, made.out.splitlines()[0].endswith("0403 des, 0902 elec02")) == (0, True), made
    settings = load(tmp_path / "site" / "fep.toml")
    bank = settings.banks["0902"]
    assert (bank.dialect.name, bank.accept_no_mac, len(settings.banks)) == ("elec02", True, 6)

    checked = run("check-config", "--config", tmp_path / "site" / "fep.toml")
    assert checked.exit_code == 0
    assert "warning\t0902\tdialect elec02 has no MAC: whoever can send from 127.0.0.1/32 is believed" in checked.out
    assert "0902\thas its keys" not in checked.out


def test_formats_that_there_are_not(run: Run, tmp_path: Path) -> None:
    """The error names those that there are; nothing is made."""
    for words in (("--demo", "--dialect", "elec99"), ("--demo", "--dialect", "standard")):
        refused = run("init", tmp_path / "site", *words)
        assert (refused.exit_code, "must be one of iso8583, elec02" in refused.err) == (2, True), refused
    alone = run("init", tmp_path / "site", "--dialect", "elec02")
    assert (alone.exit_code, "go with --demo" in alone.err) == (2, True), alone
    assert not (tmp_path / "site").exists()
