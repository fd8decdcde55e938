"""Several billing databases in one configuration: what is read, and what is said of tables that do not fit together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fep.config.configuration import load
from fep.language import choose
from tests.fep.config.test_configuration import SMALLEST, finding_of

SECOND = """
[[billing.database]]
name = "county"
number = 2
url = "sqlite:///county.db"
prefixes = ["0102", "0201"]
"""
CITY = SMALLEST.replace("[keys]", 'prefixes = ["01"]\n[keys]')


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Where the configuration is written; findings are in English unless the test says otherwise."""
    choose("en")
    yield tmp_path / "fep.toml"
    choose(None)


def test_several_databases_are_read_in_the_order_of_the_file(path: Path) -> None:
    """Each with the account numbers that lead to it; a longer prefix may stand inside another one's range."""
    path.write_text(CITY + SECOND)
    first, second = load(path).billing.databases
    assert (first.name, first.number, first.prefixes) == ("billing", 1, ("01",))
    assert (second.name, second.number, second.prefixes) == ("county", 2, ("0102", "0201"))


def test_one_database_may_have_prefixes(path: Path) -> None:
    """They are used as soon as there is a second one."""
    path.write_text(CITY)
    assert load(path).billing.databases[0].prefixes == ("01",)


@pytest.mark.parametrize(
    ("text", "key", "english", "chinese"),
    [
        (CITY + SECOND.replace('"county"', '"billing"'), "[2].name", "same as billing.database[1].name", "相同"),
        (CITY + SECOND.replace("= 2", "= 1"), "[2].number", "same as billing.database[1].number", "相同"),
        (
            CITY + SECOND.replace("sqlite:///county.db", "sqlite:///../{}/billing.db"),
            "[2].url",
            "same as billing.database[1].url",
            "相同",
        ),
        (SMALLEST + SECOND, "[1].prefixes", "write the beginnings of the account numbers", "没有户号通向该库"),
        (
            CITY + SECOND.replace('"0201"', '"01"'),
            "[2].prefixes[2]",
            '"01" stands in billing.database[1].prefixes already',
            '"01" 已在 billing.database[1].prefixes 中',
        ),
        (CITY + SECOND.replace('"0201"', '"0102"'), "[2].prefixes[2]", '"0102" is repeated', '"0102" 重复'),
        (CITY + SECOND.replace('"0201"', '"02A"'), "[2].prefixes[2]", "the beginning of account numbers", "户号前缀"),
        (CITY + SECOND.replace('"0201"', '""'), "[2].prefixes[2]", "the beginning of account numbers", "户号前缀"),
        (SMALLEST.replace("[[billing.database]]", "[billing.database]"), "", "one or more tables", "一个或多个"),
        (SMALLEST.replace("number = 1", "number = 100"), "[1].number", "from 1 to 99", "1 到 99"),
    ],
)
def test_tables_that_do_not_fit_together(path: Path, text: str, key: str, english: str, chinese: str) -> None:
    """The finding names the table and what to do, in both languages, and shows no URL."""
    path.write_text(text.replace("{}", path.parent.name))
    for language, said in (("en", english), ("zh", chinese)):
        choose("zh" if language == "zh" else "en")
        finding = finding_of(path)
        assert finding.startswith(f"{path}: billing.database{key}: ")
        assert said in finding
        assert "sqlite" not in finding


def test_one_server_may_have_several_databases(path: Path) -> None:
    """The same database is refused whoever the user is, another one on the same server is not."""
    server = CITY.replace("sqlite:///billing.db", "postgresql://fep@db:5432/city")
    other = SECOND.replace("sqlite:///county.db", "postgresql+psycopg://fep@db:5432/county")
    path.write_text(server + other)
    assert len(load(path).billing.databases) == 2
    path.write_text(server + other.replace("fep@db:5432/county", "audit@db:5432/city"))
    assert "billing.database[2].url: is the same as billing.database[1].url" in finding_of(path)
