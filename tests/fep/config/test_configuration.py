"""What a configuration becomes, and what is said of a wrong one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from crypto.suites import SUITES
from fep.config.configuration import ConfigInvalid, load
from fep.config.settings import (
    Address,
    AuditSettings,
    BillingSettings,
    ControlSettings,
    DatabaseSettings,
    FileSettings,
    KeySettings,
    ListenerSettings,
    Settings,
)
from fep.config.template_files import bank_toml, fep_toml
from fep.language import choose
from handlers.terms import Hours, PayWindow, Rules
from protocol.dialects.registry import DEFAULT, DIALECTS
from protocol.transactions import BANK_BUSINESS, LINK_TRANSACTIONS, Transaction

REPOSITORY = Path(__file__).parents[3]

SMALLEST = """
[[billing.database]]
name = "billing"
number = 1
url = "sqlite:///billing.db"
[keys]
store = "keys.store"
master_key = "file:master.key"
"""

BANK = """
bank_code = "0102"
name = "工商银行"
addresses = ["10.1.2.0/24"]
"""


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    choose("en")
    yield
    choose(None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "banks").mkdir()
    (tmp_path / "fep.toml").write_text(SMALLEST, encoding="utf-8")
    return tmp_path / "fep.toml"


def bank_file(path: Path, text: str, name: str = "0102_icbc.toml") -> Path:
    file = path.parent / "banks" / name
    file.write_text(text, encoding="utf-8")
    return file


def findings_of(path: Path) -> list[str]:
    with pytest.raises(ConfigInvalid) as raised:
        load(path)
    return [str(finding) for finding in raised.value.findings]


def finding_of(path: Path) -> str:
    [finding] = findings_of(path)
    return finding


def test_what_is_not_written_has_the_defaults_of_the_settings(path: Path) -> None:
    """The smallest configuration is all defaults, with its relative paths made absolute."""
    folder = path.parent
    wanted = Settings(
        directory=folder,
        billing=BillingSettings((DatabaseSettings("billing", 1, f"sqlite:///{folder}/billing.db"),)),
        keys=KeySettings(folder / "keys.store", "file:master.key"),
        banks={},
        control=ControlSettings(folder / "fep.sock"),
        files=FileSettings(folder / "files"),
        audit=AuditSettings(folder / "audit"),
    )
    assert wanted == replace(load(path), rules=wanted.rules)
    assert Rules().late_fee == load(path).rules.late_fee
    assert dict(load(path).rules.pay_windows) == {}


def test_every_default_that_a_template_shows_is_the_default(path: Path) -> None:
    """The commented lines of the files that ``fep init`` writes are true: taking the marks off changes nothing."""
    shown = re.compile(r"^# (\w+ = .*)$", re.MULTILINE)
    examples = ("pay_window", "limits.channel", "dialect")  # tables whose lines are examples, not defaults

    def uncommented(text: str) -> str:
        text = re.sub(rf"^# \[.*(?:{'|'.join(examples)}).*\n(?:# \w+ = .*\n)+", "", text, flags=re.MULTILINE)
        return shown.sub(r"\1", text)

    fep_text, bank_text = fep_toml(Address("127.0.0.1", 9700)), bank_toml("0102", "工商银行", "3des", "10.1.2.0/24")
    fep_text = fep_text.replace('# password = "file:database.secret"\n', "")
    bank_text = bank_text.replace("# daily_fen = 10000000000\n", "")
    path.write_text(fep_text, encoding="utf-8")
    bank_file(path, bank_text)
    as_written = load(path)

    path.write_text(uncommented(fep_text), encoding="utf-8")
    bank_file(path, uncommented(bank_text))

    assert uncommented(fep_text) != fep_text
    assert as_written == load(path)


def test_every_setting_is_explained_in_the_template() -> None:
    """An operator finds every key in the file that ``fep init`` writes."""
    from fep.config.bank_tables import bank_tables
    from fep.config.configuration import _FILE
    from fep.config.tables import Table

    def keys(table: Table) -> Iterator[str]:
        for key, convert in table.converters.items():
            if isinstance(convert, Table):
                yield from keys(convert)
            else:
                yield key

    text = fep_toml(Address("127.0.0.1", 9700))
    missing = [key for key in keys(_FILE) if not re.search(rf"^(# )?(\w+\.)?{key} =|{key}[.\]]", text, re.MULTILINE)]
    assert missing == []
    text = bank_toml("0102", "x", "3des", "10.1.2.0/24")
    table = bank_tables(DIALECTS)
    missing = [key for key in keys(table) if not re.search(rf"^(# )?{key} =|{key}[.\]]", text, re.MULTILINE)]
    assert missing == []


def test_the_samples_in_conf_are_accepted() -> None:
    """The commented samples of the repository are a configuration that loads, as ``fep init`` would write it."""
    settings = load(REPOSITORY / "conf" / "fep.toml")
    assert list(settings.banks) == ["0102"]
    assert fep_toml(Address("127.0.0.1", 9700)) == (REPOSITORY / "conf" / "fep.toml").read_text(encoding="utf-8")


def test_a_bank_file_becomes_a_bank_and_its_terms(path: Path) -> None:
    """Every key of a bank file arrives where the daemon looks for it."""
    bank_file(
        path,
        """
bank_code = "0102"
name = "工商银行"
dialect = "standard"
suite = "cups"
accept_weak_mac = true
encryption = "required"
addresses = ["10.1.2.0/24", "fd00::1"]
cut_off = "22:45"
suspended = true
transactions = ["query", "pay", "status", "reverse"]
[limits]
single_fen = 100
daily_fen = 1000
[limits.channel.05]
single_fen = 50
[limits.channel.10]
daily_fen = 70
[service_hours]
opens = "06:00"
closes = "00:30"
""",
    )
    bank = load(path).banks["0102"]

    assert (bank.bank_code, bank.name, bank.dialect, bank.encryption) == ("0102", "工商银行", DEFAULT, "required")
    assert (SUITES["cups"], True, time(22, 45)) == (bank.suite, bank.accept_weak_mac, bank.cut_off)
    assert (ip_network("10.1.2.0/24"), ip_network("fd00::1/128")) == bank.addresses
    terms = bank.terms
    assert (terms.bank_code, terms.is_suspended, terms.default_single_limit_fen) == ("0102", True, 100)
    business = {Transaction.QUERY, Transaction.PAY, Transaction.STATUS, Transaction.REVERSE}
    assert LINK_TRANSACTIONS | business == terms.transactions
    assert terms.single_limit_fen == {5: 50}
    assert {**dict.fromkeys(range(1, 10), 1000), 10: 70} == terms.daily_limit_fen
    assert Hours(time(6), time(0, 30)) == terms.service_hours


def test_a_bank_without_limits_has_the_rules_default(path: Path) -> None:
    """1,000,000.00 yuan for a single amount, no daily limit, every transaction that banks ask for."""
    bank_file(path, BANK)
    terms = load(path).banks["0102"].terms
    assert (terms.default_single_limit_fen, terms.single_limit_fen, terms.daily_limit_fen) == (100_000_000, {}, {})
    assert LINK_TRANSACTIONS | set(BANK_BUSINESS) == terms.transactions


def test_a_pay_window_is_read_for_its_branch(path: Path) -> None:
    """Days and hours in which banks may collect for a supply branch."""
    path.write_text(SMALLEST + '[rules.pay_window.JC0101]\ndays = [1, 31]\nopens = "08:00"\ncloses = "20:00"\n')
    window = PayWindow(frozenset({1, 31}), Hours(time(8), time(20)))
    assert {"JC0101": window} == load(path).rules.pay_windows


def test_a_misspelt_key_is_named_with_file_key_and_the_nearest(path: Path) -> None:
    """Nobody has to compare two spellings by eye."""
    path.write_text(SMALLEST + "[link]\nfrme_timeout = 3\n")
    wanted = f"{path}: link.frme_timeout: unknown key; the nearest known one is 'frame_timeout'"
    assert wanted == finding_of(path)


def test_a_misspelt_key_is_named_in_chinese_too(path: Path) -> None:
    """The same finding for a Chinese operator."""
    path.write_text(SMALLEST + "[link]\nfrme_timeout = 3\n")
    choose("zh")
    assert f"{path}: link.frme_timeout: 未知配置项; 最接近的是 'frame_timeout'" == finding_of(path)


def test_all_findings_of_all_files_are_reported_together(path: Path) -> None:
    """One run of check-config shows the whole work."""
    path.write_text("[billing]\nqueue_max = 0\n[keys]\nstore = 3\n")
    first = bank_file(path, BANK.replace('"0102"', "102"))
    second = bank_file(path, 'bank_code = "0103"\nsute = "aes"\n', "0103_abc.toml")
    assert {
        f"{path}: billing.database",
        f"{path}: billing.queue_max",
        f"{path}: keys.store",
        f"{path}: keys.master_key",
        f"{first}: bank_code",
        f"{second}: name",
        f"{second}: addresses",
        f"{second}: sute",
    } == {finding.partition(": ")[0] + ": " + finding.split(": ")[1] for finding in findings_of(path)}


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ('[link]\nframe_timeout = "10"', "link.frame_timeout", 'expected seconds from 0.001 to 86400, not "10"'),
        ("[link]\nin_flight_max = 0", "link.in_flight_max", "expected a whole number from 1 to 65536, not 0"),
        ("[files]\nfile_size_max = 4294967296", "files.file_size_max", "from 1 to 4294967295, not 4294967296"),
        ("[files]\nbank_size_max = 0", "files.bank_size_max", "expected a whole number from 1 to"),
        ("[files]\npart_count_max = 0", "files.part_count_max", "expected a whole number from 1 to 10000, not 0"),
        ("[files]\npart_age_max = 60", "files.part_age_max", "expected seconds from 3600 to"),
        ("[link]\nin_flight_max = true", "link.in_flight_max", "expected a whole number from 1 to 65536, not true"),
        ("[link]\nin_flight_max = 2.5", "link.in_flight_max", "expected a whole number from 1 to 65536, not 2.5"),
        ("[listener]\nreuse_port = 1", "listener.reuse_port", "expected true or false, not 1"),
        ("[listener]\naddresses = []", "listener.addresses", "a list [...] of at least 1"),
        ('[listener]\naddresses = ["h:70000"]', "listener.addresses[1]", 'expected "HOST:PORT"'),
        ('[listener]\naddresses = ["10.0.0.256:1"]', "listener.addresses[1]", 'expected "HOST:PORT"'),
        ('[listener]\naddresses = ["h:1", "h:1"]', "listener.addresses[2]", '"h:1" is repeated'),
        ('[log]\nlevel = "trace"', "log.level", 'expected one of "debug", "info", "warning", "error"'),
        ('[log]\nformat = "xml"', "log.format", 'expected one of "auto", "json", "console"'),
        ("log = 3", "log", "expected a table [log], not 3"),
        ('[control]\nsocket = ""', "control.socket", "expected a path in quotes"),
        ("[rules.pay_window.JC0101]\ndays = [32]", "rules.pay_window.JC0101.days[1]", "from 1 to 31, not 32"),
        ('[rules.pay_window.JC0101]\nopens = "24:00"', "rules.pay_window.JC0101.opens", 'a time "HH:MM"'),
        ("[rules.pay_window.JC]\ndays = [1]", "rules.pay_window.JC", "a supply branch of 4 to 8 characters"),
        ("[rules.late_fee]\nother_bp = -1", "rules.late_fee.other_bp", "from 0 to 10000, not -1"),
    ],
)
def test_a_wrong_value_is_named_with_file_key_and_what_is_expected(path: Path, table: str, key: str, said: str) -> None:
    """Type, value and range are checked before anything starts."""
    # A key outside of tables has to come first.
    path.write_text(SMALLEST + table if table.startswith("[") else f"{table}\n{SMALLEST}")
    finding = finding_of(path)
    assert finding.startswith(f"{path}: {key}: ")
    assert said in finding


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('dialect = "iso"', "dialect", 'expected one of "standard"'),
        ('suite = "rc4"', "suite", 'expected one of "des", "3des", "cups", "aes", "sm4"'),
        ('encryption = "yes"', "encryption", 'expected one of "optional", "required", "forbidden"'),
        ('cut_off = "7:30"', "cut_off", 'expected a time "HH:MM"'),
        ('transactions = ["query", "pays"]', "transactions[2]", '"file_notice", not "pays"'),
        ("transactions = []", "transactions", "a list [...] of at least 1"),
        ("[limits]\nsingle_fen = 0", "limits.single_fen", "from 1 to 10000000000000"),
        ("[limits]\ndaily_fen = 1.5", "limits.daily_fen", "a whole number"),
        ("[limits.channel.11]\nsingle_fen = 1", "limits.channel.11", "a channel from 01 to 10"),
        ("[service_hours]\nopen = 3", "service_hours.open", "the nearest known one is 'opens'"),
    ],
)
def test_a_wrong_value_in_a_bank_file_is_named_likewise(path: Path, line: str, key: str, said: str) -> None:
    """Bank files are checked as strictly."""
    file = bank_file(path, BANK + line)
    finding = finding_of(path)
    assert finding.startswith(f"{file}: {key}: ")
    assert said in finding


def test_an_address_inside_a_network_is_not_taken_for_the_network(path: Path) -> None:
    """10.1.2.3/24 may mean one machine or 256: the finding offers both."""
    bank_file(path, BANK.replace("10.1.2.0/24", "10.1.2.3/24"))
    assert 'write the network, "10.1.2.0/24", or the address alone' in finding_of(path)


def test_a_weak_suite_must_be_accepted_by_name(path: Path) -> None:
    """A MAC that stops no attacker is never used by accident."""
    file = bank_file(path, BANK + 'suite = "des"\n')
    assert finding_of(path).startswith(f'{file}: suite: "des" protects against line errors only')
    bank_file(path, BANK + 'suite = "des"\naccept_weak_mac = true\n')
    assert load(path).banks["0102"].suite.weak


def test_a_bank_files_name_must_begin_with_its_code(path: Path) -> None:
    """The file that an operator opens is the bank that he means."""
    file = bank_file(path, BANK, "0103_icbc.toml")
    assert f'{file}: bank_code: is "0102"' in finding_of(path)


def test_two_files_of_one_bank_are_refused(path: Path) -> None:
    """Which one holds would be chance."""
    bank_file(path, BANK)
    second = bank_file(path, BANK, "0102_second.toml")
    assert f'{second}: bank_code: "0102" is the bank of 0102_icbc.toml already' == finding_of(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path that was looked for is said, and how to make one."""
    path = tmp_path / "nowhere.toml"
    assert f"{path}: no such file; 'fep init DIR' makes one" == finding_of(path)


def test_a_syntax_error_is_named_with_its_line(path: Path) -> None:
    """TOML that cannot be read is found in the editor at once."""
    path.write_text("[keys]\nstore = \n")
    assert f"{path}: line 2: not TOML: Invalid value" == finding_of(path)
    choose("zh")
    assert f"{path}: 第 2 行: TOML 语法错误: Invalid value" == finding_of(path)


def test_a_file_in_gb18030_is_named_with_its_line(path: Path) -> None:
    """An editor's habit, said as what it is."""
    file = path.parent / "banks" / "0102_icbc.toml"
    file.write_bytes(BANK.encode("gb18030"))
    assert f"{file}: line 3 is not UTF-8; save the file in UTF-8, not GB18030" == finding_of(path)


def test_a_byte_order_mark_is_no_obstacle(path: Path) -> None:
    """Windows editors put it there."""
    path.write_bytes(b"\xef\xbb\xbf" + SMALLEST.encode())
    load(path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://fep:geheim@db/billing",
        "postgresql+psycopg://fep:ge/he@im@db/billing",
        "postgresql+psycopg://fep@db/billing?password=geheim",
        "postgresql+psycopg://fep@db/billing?%70assword=geheim",
        "oracle+oracledb://fep:geheim@db:1521/?service_name=billing",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_password_in_the_url_is_refused_and_not_shown(path: Path, url: str, language: str) -> None:
    """It belongs in a file of mode 0600; the finding says how, without the password."""
    path.write_text(SMALLEST.replace("sqlite:///billing.db", url))
    choose("zh" if language == "zh" else "en")
    finding = finding_of(path)
    assert 'password = "file:database.secret"' in finding
    assert "geheim" not in finding
    assert "he@im" not in finding


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_secret_of_a_key_in_the_url_is_refused_and_not_shown(path: Path, language: str) -> None:
    """It is a secret as the password is, by whatever name it goes."""
    url = "postgresql+psycopg://fep@db/billing?sslkey=/k&sslpassword=geheim"
    path.write_text(SMALLEST.replace("sqlite:///billing.db", url))
    choose("zh" if language == "zh" else "en")
    finding = finding_of(path)
    assert "sslpassword" in finding
    assert "geheim" not in finding


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://fep:geheim/billing",
        "postgresql+psycopg://fep@127.0.0.1:5610geheim/billing",
        "postgresql+psycopg://fep@db:99999/billing",
        "postgresql+psycopg://fep@db:0/billing",
        "postgresql+psycopg://fep@db/billing?port=geheim",
        "oracle+oracledb://fep:geheim?service_name=billing",
    ],
)
@pytest.mark.parametrize(("language", "said"), [("en", "host and port cannot be read"), ("zh", "主机和端口无法识别")])
def test_what_is_no_host_and_port_is_refused_and_not_shown(path: Path, url: str, language: str, said: str) -> None:
    """Where the host was forgotten, the password stands in its place."""
    path.write_text(SMALLEST.replace("sqlite:///billing.db", url))
    choose("zh" if language == "zh" else "en")
    finding = finding_of(path)
    assert said in finding
    assert "postgresql+psycopg://user@host:5432/name" in finding
    assert "geheim" not in finding


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://fep@[::1]:5432/billing",
        "postgresql://fep@/billing?host=/run/postgresql&port=5433",
        "postgresql:///billing",
        "postgresql://fep@/billing?host=a:5432&host=b:5432",
        "postgresql://fep@/billing?host=a,b&port=5432,5433",
        "oracle+oracledb://fep@billing_tns",
        "oracle+oracledb://fep@db:1521/?service_name=billing",
    ],
)
def test_other_shapes_of_a_url_are_taken(path: Path, url: str) -> None:
    """Sockets, several hosts, addresses of IPv6 and net service names."""
    path.write_text(SMALLEST.replace("sqlite:///billing.db", url))
    assert load(path).billing.databases[0].url == url


def test_a_secret_in_place_of_a_reference_is_refused_and_not_shown(path: Path) -> None:
    """Whoever pastes the master key itself does not find it in a log."""
    secret = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
    path.write_text(SMALLEST.replace("file:master.key", secret))
    finding = finding_of(path)
    assert '"file:PATH", "env:NAME" or "credential:NAME"' in finding
    assert secret not in finding


def test_an_sqlite_database_in_memory_is_refused(path: Path) -> None:
    """Payments that end with the process are no payments."""
    path.write_text(SMALLEST.replace("sqlite:///billing.db", "sqlite://"))
    assert "names no file" in finding_of(path)


def test_another_engine_is_refused_with_what_there_is(path: Path) -> None:
    """MySQL is not supported, and the finding says what is."""
    path.write_text(SMALLEST.replace("sqlite:///billing.db", "mysql://fep@db/billing"))
    finding = finding_of(path)
    assert "postgresql+psycopg" in finding
    assert "oracle+oracledb" in finding


WITHOUT_MAC = 'bank_code = "0401"\nname = "x"\ndialect = "elec02"\nnode = "301"\naddresses = ["10.1.2.3"]\n'

NO_MAC = 'accept_no_mac = true\nline_protection = "leased line"\n'


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (WITHOUT_MAC, 'dialect: "elec02" has no MAC: whoever can send from the bank\'s addresses is believed'),
        (
            WITHOUT_MAC.replace("10.1.2.3", "0.0.0.0/0") + NO_MAC,
            "addresses: must name the bank's own addresses",
        ),
        (WITHOUT_MAC + "accept_no_mac = true\n", "line_protection: must say what protects the line"),
        (
            WITHOUT_MAC.replace('"10.1.2.3"', '"0.0.0.0/1", "128.0.0.0/1"') + NO_MAC,
            "addresses: must name the bank's own addresses",
        ),
        (WITHOUT_MAC + NO_MAC + 'encryption = "required"\n', 'encryption: cannot be "required"'),
        (WITHOUT_MAC.replace("301", "a node that is too long"), "node: expected a node code of 1 to 12 characters"),
    ],
)
def test_a_bank_whose_format_has_no_mac(path: Path, text: str, finding: str) -> None:
    """It must be wanted, its line be protected, its addresses be its own, and it cannot encrypt."""
    bank_file(path, text, "0401_x.toml")
    assert finding in finding_of(path)


def test_two_banks_of_one_node(path: Path) -> None:
    """Frames would be of either; in another format the same node is another bank's."""
    text = WITHOUT_MAC + NO_MAC
    bank_file(path, text, "0401_x.toml")
    assert load(path).banks["0401"].own_node == "301"
    bank_file(path, text.replace("0401", "0402"), "0402_y.toml")
    assert 'node: "301" is what the frames of 0401_x.toml say already' in finding_of(path)


@pytest.mark.parametrize(
    ("keys", "finding"),
    [
        ('files = "elec02"\n', "file_prefix: must say what names of the files of this bank begin with"),
        ('files = "elec02"\nfile_prefix = "30144550"\n', "file_prefix: must say what names"),
        ('file_prefix = "301445500"\n', 'file_prefix: is not for files = "standard"'),
        ('files = "elec03"\n', 'files: expected one of "standard", "elec02"'),
    ],
)
def test_what_a_banks_files_are_called(path: Path, keys: str, finding: str) -> None:
    """Where names do not have the bank code, the bank's file says what they have, and only there."""
    bank_file(path, BANK.replace('name = "', keys + 'name = "'))
    assert finding in finding_of(path)


def test_two_banks_of_one_file_prefix(path: Path) -> None:
    """A file would be of either; with a prefix of its own a bank's names are read and written."""
    text = WITHOUT_MAC + NO_MAC + 'files = "elec02"\nfile_prefix = "301445500"\n'
    bank_file(path, text, "0401_x.toml")
    files = load(path).banks["0401"].files
    assert files.read_name("301445500dz20261121.txt").bank_code == "0401"
    other = text.replace("0401", "0402").replace('"301"', '"302"').replace("10.1.2.3", "10.1.2.4")
    bank_file(path, other, "0402_y.toml")
    assert 'file_prefix: "301445500" begins the names of the files of 0401_x.toml already' in finding_of(path)


@pytest.mark.parametrize(("network", "overlaps"), [("10.1.2.0/24", True), ("10.1.3.0/24", False), ("fd00::/64", False)])
def test_two_banks_without_a_mac_at_one_address(path: Path, network: str, overlaps: bool) -> None:
    """Each could act for the other, so their addresses must be their own."""
    bank_file(path, WITHOUT_MAC + NO_MAC, "0401_x.toml")
    other = WITHOUT_MAC.replace("0401", "0402").replace("301", "302").replace("10.1.2.3", network)
    bank_file(path, other + NO_MAC, "0402_y.toml")
    if overlaps:
        assert 'addresses: are partly those of 0401_x.toml: "elec02" has no MAC' in finding_of(path)
    else:
        assert list(load(path).banks) == ["0401", "0402"]


@pytest.mark.parametrize(("dialect", "node"), [("iso8583", "ICBC"), ("iso8583", "123456789012"), ("standard", "12345")])
def test_nodes_that_a_format_cannot_say(path: Path, dialect: str, node: str) -> None:
    """A bank that its frames cannot name would never be known."""
    text = f'bank_code = "0401"\nname = "x"\ndialect = "{dialect}"\nnode = "{node}"\naddresses = ["10.1.2.3"]\n'
    bank_file(path, text, "0401_x.toml")
    assert f'node: must be one that frames of "{dialect}" can call the bank, which "{node}" is not' in finding_of(path)


def test_where_another_format_is_listened_for(path: Path) -> None:
    """On a port above each of the listener's, unless the file says where; a free port stays free."""
    elec02 = DIALECTS["elec02"]
    listener = ListenerSettings((Address("127.0.0.1", 9700), Address("::1", 0)))
    assert listener.addresses_of(DEFAULT) == listener.addresses
    assert listener.addresses_of(elec02) == (Address("127.0.0.1", 9702), Address("::1", 0))
    own = replace(listener, dialect={"elec02": (Address("127.0.0.1", 9000),)})
    assert own.addresses_of(elec02) == (Address("127.0.0.1", 9000),)
