"""A site on Oracle, by an emulation of its driver: made, checked, loaded and looked at from the command line."""

import json
from pathlib import Path

import pytest

from tests.dbgate.fixtures import account_row
from tests.fep.commands.conftest import Run
from tests.support.oracle_emulation import PREFIX, Emulation

ACCOUNTS = (
    "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance,pay_at_utility"
)
REMARK = "warning\tbilling\tit keeps characters as ZHS16GBK: one that this lacks, in a name or an address, is stored as"


@pytest.fixture
def site(run: Run, oracle: Emulation, tmp_path: Path) -> Path:
    """A directory as ``fep init --demo`` makes it over a database without a schema."""
    directory = tmp_path / "site"
    made = run("init", directory, "--demo", "--accounts", 20, "--database", f"{PREFIX}{tmp_path}/fep.db")
    assert (made.exit_code, made.err) == (0, "")
    assert (directory / "database.secret").read_text(encoding="utf-8") == "fep\n"
    return directory / "fep.toml"


def test_a_site_is_made_and_loaded(run: Run, site: Path, tmp_path: Path) -> None:
    """Schema, clearing dates, demo data and a file of accounts; the same file again changes nothing."""
    path = tmp_path / "accounts.csv"
    rows = [",".join(map(str, account_row(number, balance=500))) for number in range(900, 903)]
    path.write_text("\n".join([ACCOUNTS, *rows, ""]), encoding="utf-8")
    for count in ("3 accounts loaded, 0 were there already", "0 accounts loaded, 3 were there already"):
        loaded = run("load", path, "--config", site)
        assert (loaded.exit_code, count in loaded.out + loaded.err) == (0, True), loaded
    upgraded = run("db", "upgrade", "--config", site)
    state = json.loads(run("status", "--json", "--config", site).out)

    assert upgraded.exit_code == 0
    assert len(state["databases"][0]["clearing_dates"]) == 5


@pytest.mark.parametrize(
    ("character_set", "is_told"), [("AL32UTF8", False), ("ZHS32GB18030", False), ("ZHS16GBK", True)]
)
def test_a_character_set_that_lacks_characters_is_told(
    run: Run, site: Path, oracle: Emulation, character_set: str, *, is_told: bool
) -> None:
    """Rare characters of names would be replaced without a word; the check says so in both languages."""
    oracle.character_set = character_set
    english, chinese = run("check-config", "--config", site), run("--lang", "zh", "check-config", "--config", site)

    assert (english.exit_code, chinese.exit_code) == (0, 0)
    assert (REMARK in english.out) is is_told
    assert ("警告\tbilling\t数据库字符集为 ZHS16GBK" in chinese.out) is is_told
