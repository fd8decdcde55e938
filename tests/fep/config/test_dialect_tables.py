"""``[dialect.NAME]``: the form in which a site's banks speak a format, and where each is listened for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fep.config.configuration import ConfigInvalid, load
from fep.config.dialect_tables import spoken
from fep.config.settings import Address, Settings
from fep.language import choose
from protocol.canonical.link import NoBody, WorkDay
from protocol.canonical.messages import Answer
from protocol.described import SHANGHAI
from protocol.dialect import Dialect, Sealing
from protocol.dialects.registry import DEFAULT, DIALECTS
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.protocol.dialects.elec02 import frames as elec02
from tests.protocol.dialects.elec02.test_description import ACCOUNT
from tests.protocol.dialects.iso8583.frames import CHARACTERS, PACKED, Form, network, pay
from tests.protocol.dialects.iso8583.test_requests import NOW

SMALLEST = """
[[billing.database]]
name = "billing"
number = 1
url = "sqlite:///billing.db"
[keys]
store = "keys.store"
master_key = "file:master.key"
"""


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    choose("en")
    yield
    choose(None)


class Site:
    """A directory with a configuration."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "fep.toml"
        (directory / "banks").mkdir()

    def bank(self, code: str, dialect: str) -> None:
        """Write the file of a bank that speaks ``dialect``."""
        without_mac = 'accept_no_mac = true\nline_protection = "leased line"\n' if dialect == "elec02" else ""
        text = f'bank_code = "{code}"\nname = "x"\naddresses = ["10.1.2.3"]\ndialect = "{dialect}"\n{without_mac}'
        (self.path.parent / "banks" / f"{code}_x.toml").write_text(text, encoding="utf-8")

    def load(self, text: str) -> Settings:
        self.path.write_text(SMALLEST + text, encoding="utf-8")
        return load(self.path)

    def findings(self, text: str) -> list[str]:
        with pytest.raises(ConfigInvalid) as raised:
            self.load(text)
        return [str(finding).removeprefix(f"{self.path}: ") for finding in raised.value.findings]

    def finding(self, text: str) -> str:
        [finding] = self.findings(text)
        return finding


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site without banks."""
    return Site(tmp_path)


# --- options


def test_without_a_table_a_format_has_its_usual_form(site: Site) -> None:
    """Digits and characters."""
    site.bank("0901", "iso8583")
    assert site.load("").banks["0901"].dialect is DIALECTS["iso8583"]


@pytest.mark.parametrize("form", [CHARACTERS, PACKED], ids=["ascii", "packed"])
def test_the_form_that_a_site_chooses(site: Site, form: Form) -> None:
    """Frames of that form are read, frames of the other are not."""
    site.bank("0901", "iso8583")
    lines = "".join(f'{name} = "{value}"\n' for name, value in form.options.items())
    dialect = site.load(f"[dialect.iso8583]\n{lines}").banks["0901"].dialect
    other = PACKED if form is CHARACTERS else CHARACTERS

    assert dialect.name == "iso8583"
    assert dialect.open(form.sealed(pay()), NOW).bank_code == "0901"
    assert dialect.open(other.sealed(pay()), NOW).bank_code == ""
    reader = dialect.reader()
    reader.receive_data(form.framed(form.sealed(pay())))
    assert reader.next_frame() == form.sealed(pay())


@pytest.mark.parametrize("length", ["digits", "binary"])
@pytest.mark.parametrize("form", [CHARACTERS, PACKED], ids=["ascii", "packed"])
def test_each_length_with_each_form(site: Site, form: Form, length: str) -> None:
    """One is chosen without the other, and holds for what is sent too."""
    site.bank("0901", "iso8583")
    table = f'[dialect.iso8583]\npacking = "{form.options["packing"]}"\nlength = "{length}"\n'
    dialect = site.load(table).banks["0901"].dialect
    shortest = form.sealed(network("002", de7=None))
    sizes = {"digits": b"%04d" % len(shortest), "binary": len(shortest).to_bytes(2)}
    reader = dialect.reader()
    reader.receive_data(sizes[length] + shortest)
    frame = reader.next_frame()

    assert frame == shortest
    reply = dialect.reply(dialect.open(frame, NOW), Answer(ResponseCode.APPROVED, NoBody()), Sealing(3))
    assert reply is not None
    sent = dialect.seal(reply, bytes(8))
    size = len(sent) - len(sizes[length])
    assert sent.startswith({"digits": b"%04d" % size, "binary": size.to_bytes(2)}[length])


def elec02_with(site: Site, option: str) -> Dialect:
    site.bank("0401", "elec02")
    return site.load(f"[dialect.elec02]\n{option}\n").banks["0401"].dialect


def test_how_the_fep_calls_itself(site: Site) -> None:
    """In what it asks of a bank of ELEC02."""
    dialect = elec02_with(site, 'own_node = "GDJ301"')
    moment = NOW.replace(tzinfo=SHANGHAI)
    asked = dialect.own_request(Transaction.SIGN_IN, WorkDay(NOW.date()), "301", 7, moment, Sealing(0))
    assert (asked.header[3:15], asked.body[:12]) == (b"GDJ301      ", b"GDJ301      ")


@pytest.mark.parametrize(
    ("amounts", "written"), [("left", b"24840       "), ("right", b"       24840"), ("zeros", b"000000024840")]
)
def test_how_amounts_are_written(site: Site, amounts: str, written: bytes) -> None:
    """Side and filler; what is read may stand anywhere all the same."""
    dialect = elec02_with(site, f'amounts = "{amounts}"')
    envelope = dialect.open(elec02.query(), NOW)
    dialect.request(envelope, envelope.body)
    reply = dialect.reply(envelope, Answer(ResponseCode.APPROVED, ACCOUNT), Sealing(0))
    assert reply is not None
    assert reply.body[426:438] == written
    for amount in ("24840", "       24840", "000000024840"):
        asked = dialect.open(elec02.pay("1", amount, []), NOW)
        assert dialect.request(asked, asked.body).body.amount_fen == 24_840


@pytest.mark.parametrize(("cancel", "transaction"), [("reverse", Transaction.REVERSE), ("cancel", Transaction.CANCEL)])
def test_what_12_is_taken_for(site: Site, cancel: str, transaction: Transaction) -> None:
    """The automatic reversal of the bank's system, or the act of a teller."""
    dialect = elec02_with(site, f'cancel = "{cancel}"')
    assert dialect.open(elec02.undo("2026112200000118", "1"), NOW).transaction is transaction


@pytest.mark.parametrize("reference", ["12", "16"])
def test_how_wide_the_reference_is(site: Site, reference: str) -> None:
    """In 11; everything behind it stands accordingly."""
    dialect = elec02_with(site, f'reference = "{reference}"')
    content = elec02.pay("345678901234", "24840", [])
    wide = content[: 113 + 88] + b" " * (int(reference) - 12) + content[113 + 88 :]
    request = dialect.request(dialect.open(wide, NOW), wide[113:])
    assert (request.body.reference, request.body.amount_fen) == (345_678_901_234, 24_840)


@pytest.mark.parametrize(("connections", "is_one"), [("one", True), ("many", False)])
def test_how_many_exchanges_a_connection_has(site: Site, connections: str, is_one: bool) -> None:
    """One, as on paper, or as many as the bank likes."""
    assert elec02_with(site, f'connections = "{connections}"').session.is_one_exchange is is_one


@pytest.mark.parametrize(
    ("table", "finding"),
    [
        ('[dialect.iso8583]\npacking = "bcd"', 'dialect.iso8583.packing: must be one of "ascii", "packed"'),
        ('[dialect.iso8583]\npacking = ""', 'dialect.iso8583.packing: must be one of "ascii", "packed"'),
        ("[dialect.iso8583]\nlength = 4", "dialect.iso8583.length: expected text in quotes, not 4"),
        ("[dialect.iso8583]\nlength = true", "dialect.iso8583.length: expected text in quotes, not true"),
        ('[dialect.iso8583]\nlength = ["digits"]', "dialect.iso8583.length: expected text in quotes"),
        (
            '[dialect.iso8583]\npaking = "packed"',
            "dialect.iso8583.paking: must be one of the options of this format (length, packing)",
        ),
        (
            '[dialect.elec02]\nown_node = "供电局"',
            "dialect.elec02.own_node: must be at most 12 printable ASCII characters",
        ),
        ('[dialect.elec02]\nreference = "13"', 'dialect.elec02.reference: must be one of "12", "16"'),
        ('[dialect.standard]\nlength = "digits"', "dialect.standard: nothing can be chosen of this format"),
        ('[dialect.icbc]\npacking = "packed"', "dialect.icbc.format: expected the format that it is a form of"),
        ('[dialect.icbc]\nformat = "standard"', "dialect.icbc.format: expected the format that it is a form of"),
        (
            '[dialect.icbc]\nformat = "iso"',
            'dialect.icbc.format: expected the format that it is a form of, one of "iso8583", "elec02", not "iso"',
        ),
        ("[dialect.icbc]\nformat = 8583", "dialect.icbc.format: expected the format that it is a form of"),
        ('[dialect.icbc]\nformat = ["iso8583"]', "dialect.icbc.format: expected the format that it is a form of"),
        ('[dialect.icbc.format]\nname = "iso8583"', "dialect.icbc.format: expected the format that it is a form of"),
        ('[dialect.elec02]\nformat = "iso8583"', "dialect.elec02.format: is not for the table of a format"),
        ('[dialect.ICBC]\nformat = "iso8583"', "dialect.ICBC: expected a name of small letters"),
        ('[dialect."工行"]\nformat = "iso8583"', "expected a name of small letters"),
        ('[dialect]\niso8583 = "packed"', "dialect.iso8583: expected a table [dialect.iso8583]"),
        ('dialect = "iso8583"', "dialect: expected a table [dialect.NAME]"),
    ],
)
def test_what_a_table_may_not_say(site: Site, table: str, finding: str) -> None:
    """The file, the key, and what it may be."""
    if table.startswith("dialect ="):
        site.path.write_text(f"{table}\n{SMALLEST}", encoding="utf-8")
        with pytest.raises(ConfigInvalid) as raised:
            load(site.path)
        found = str(raised.value.findings[0])
    else:
        found = site.finding(table)
    assert finding in found


def test_everything_that_is_wrong_is_said_at_once(site: Site) -> None:
    """One finding for each table; in Chinese too."""
    text = '[dialect.iso8583]\npacking = "bcd"\n[dialect.elec02]\namounts = "middle"\n'
    assert [finding.split(":")[0] for finding in site.findings(text)] == [
        *("dialect.iso8583.packing", "dialect.elec02.amounts"),
    ]
    choose("zh")
    assert site.findings(text)[0] == 'dialect.iso8583.packing: 须为其一: "ascii", "packed"'


# --- another form beside the first

TWO_FORMS = '[dialect.icbc]\nformat = "iso8583"\nlength = "binary"\npacking = "packed"\n'


def test_another_form_beside_the_first(site: Site) -> None:
    """It has a name and an address of its own; banks of both are served."""
    site.bank("0901", "iso8583")
    site.bank("0902", "icbc")
    settings = site.load('[listener]\ndialect.icbc = ["127.0.0.1:9800"]\n' + TWO_FORMS)

    first, second = (settings.banks[code].dialect for code in ("0901", "0902"))
    assert (first.name, second.name) == ("iso8583", "icbc")
    assert first.open(CHARACTERS.sealed(pay()), NOW).bank_code == "0901"
    assert second.open(PACKED.sealed(pay()), NOW).bank_code == "0901"
    assert [dialect.name for dialect in spoken(settings.banks.values())] == ["standard", "iso8583", "icbc"]
    assert settings.listener.addresses_of(first) == (Address("127.0.0.1", 9701),)
    assert settings.listener.addresses_of(second) == (Address("127.0.0.1", 9800),)


def test_another_form_without_an_address_of_its_own(site: Site) -> None:
    """Both would be listened for on one port: the finding shows what to write."""
    site.bank("0901", "iso8583")
    site.bank("0902", "icbc")
    assert site.finding(TWO_FORMS) == (
        'listener.dialect.icbc: must be an address of its own, as ["127.0.0.1:PORT"]: '
        '"iso8583" listens on 127.0.0.1:9701 already'
    )


def test_another_form_instead_of_the_first(site: Site) -> None:
    """Where no bank speaks the first, its port is free."""
    site.bank("0902", "icbc")
    settings = site.load(TWO_FORMS)
    assert settings.listener.addresses_of(settings.banks["0902"].dialect) == (Address("127.0.0.1", 9701),)


def test_a_bank_that_names_a_form_that_nobody_has_described(site: Site) -> None:
    """All that there are are named."""
    site.bank("0902", "icbc")
    [finding] = site.findings("")
    listed = '"standard", "iso8583", "elec02", or the name of a table [dialect.NAME] of fep.toml'
    assert finding.endswith(f'dialect: expected one of {listed}, not "icbc"')
    assert "icbc" not in DIALECTS


# --- addresses


@pytest.mark.parametrize(
    ("listener", "finding"),
    [
        (
            'addresses = ["127.0.0.1:65535"]',
            "listener.dialect.iso8583: must be given: 1 above the listener's port is 65536, which is no port",
        ),
        (
            'addresses = ["127.0.0.1:9700"]\ndialect.iso8583 = ["127.0.0.1:9700"]',
            'listener.dialect.iso8583: must be an address of its own, as ["127.0.0.1:PORT"]: "standard" listens on',
        ),
        (
            'addresses = ["127.0.0.1:9700", "127.0.0.1:9701"]',
            'listener.dialect.iso8583: must be an address of its own, as ["127.0.0.1:PORT"]: "standard" listens on',
        ),
        (
            'addresses = ["0.0.0.0:9700"]\ndialect.iso8583 = ["127.0.0.1:9700"]',
            'listener.dialect.iso8583: must be an address of its own, as ["127.0.0.1:PORT"]: "standard" listens on',
        ),
        (
            'addresses = ["127.0.0.1:9700"]\ndialect.iso8583 = ["[::]:9700"]',
            'listener.dialect.iso8583: must be an address of its own, as ["[::]:PORT"]: "standard" listens on',
        ),
        ('dialect.iso8583 = ["127.0.0.1:70000"]', 'listener.dialect.iso8583[1]: expected "HOST:PORT"'),
        ("dialect.iso8583 = []", "listener.dialect.iso8583: expected"),
        ('dialect.icbc = ["127.0.0.1:9800"]', 'listener.dialect: expected one of "standard", "iso8583", "elec02"'),
    ],
)
def test_addresses_that_cannot_be(site: Site, listener: str, finding: str) -> None:
    """No such port, two formats on one address, a format that nobody has described."""
    site.bank("0901", "iso8583")
    found = site.findings(f"[listener]\n{listener}\n")
    assert any(one.startswith(finding) for one in found), found


@pytest.mark.parametrize(
    "listener",
    [
        'addresses = ["127.0.0.1:65535"]\ndialect.iso8583 = ["127.0.0.1:9701"]',
        'addresses = ["127.0.0.1:9700", "127.0.0.2:9700"]',
        'addresses = ["127.0.0.1:9700"]\ndialect.iso8583 = ["127.0.0.2:9700", "127.0.0.1:9703"]',
        'addresses = ["127.0.0.1:0"]',
        'addresses = ["0.0.0.0:9700"]',
        'addresses = ["127.0.0.1:9700"]\ndialect.iso8583 = ["[::1]:9700"]',
        'addresses = ["127.0.0.1:0"]\ndialect.iso8583 = ["0.0.0.0:0"]',
    ],
)
def test_addresses_that_can_be(site: Site, listener: str) -> None:
    """Ports that are free to choose, other hosts, what the file says itself."""
    site.bank("0901", "iso8583")
    site.load(f"[listener]\n{listener}\n")


def test_ports_of_formats_that_no_bank_speaks(site: Site) -> None:
    """They are not listened on, so they need not exist."""
    assert spoken(()) == [DEFAULT]
    site.load('[listener]\naddresses = ["127.0.0.1:65535"]\n')
    site.bank("0401", "elec02")
    assert "2 above the listener's port is 65537" in site.finding('[listener]\naddresses = ["127.0.0.1:65535"]\n')


def test_two_findings_of_one_listener(site: Site) -> None:
    """Each format is named; in Chinese too."""
    site.bank("0901", "iso8583")
    site.bank("0401", "elec02")
    listener = '[listener]\naddresses = ["127.0.0.1:65535"]\n'
    assert len(site.findings(listener)) == 2
    choose("zh")
    assert "须填写: 监听端口加 1 为 65536, 不是有效端口" in "\n".join(site.findings(listener))
