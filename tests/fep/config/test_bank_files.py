"""Where a bank is connected to: only in formats in which the FEP connects, and only by an address."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fep.config.bank_files import read_bank, read_banks
from fep.config.findings import ConfigInvalid
from fep.config.settings import Address
from fep.language import choose

WriteBank = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    choose("en")
    yield
    choose(None)


@pytest.fixture
def write_bank(tmp_path: Path) -> WriteBank:
    """A way to write a bank's file; in ``elec02`` the FEP connects, in ``standard`` it does not."""

    def write(dialect: str, partner: str) -> Path:
        text = f"""
            bank_code = "0401"
            name = "银行"
            addresses = ["10.1.2.3"]
            dialect = "{dialect}"
            accept_no_mac = true
            line_protection = "IPsec"
            partner = {partner}
        """
        path = tmp_path / "0401_bank.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def finding_of(path: Path) -> str:
    with pytest.raises(ConfigInvalid) as raised:
        read_bank(path)
    [finding] = raised.value.findings
    return str(finding)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"10.1.2.3:9800"', Address("10.1.2.3", 9800)),
        ('"[fd00::1]:9800"', Address("fd00::1", 9800)),
        ('""', None),
    ],
)
def test_an_address_of_a_partner(write_bank: WriteBank, written: str, meant: Address | None) -> None:
    """An IP address and a port; empty, as in the template, is none."""
    assert read_bank(write_bank("elec02", written)).partner == meant


@pytest.mark.parametrize(
    "written", ['"bank.example:9800"', '"10.1.2.3"', '"10.1.2.3:0"', '"0.0.0.0:9800"', '"[::]:9800"', "9800"]
)
def test_what_is_no_address_of_a_partner(write_bank: WriteBank, written: str) -> None:
    """A name, no port, a port that is free to choose, an address that is any: the finding shows what is meant."""
    finding = finding_of(write_bank("elec02", written))
    assert 'partner: expected the bank\'s "IP:PORT"' in finding
    assert finding.endswith(f"not {written}")


def test_a_partner_where_the_fep_does_not_connect(write_bank: WriteBank) -> None:
    """A format in which the FEP asks on the bank's connections has no use for it; said in both languages."""
    path = write_bank("standard", '"10.1.2.3:9800"')
    assert 'partner: is not for "standard"' in finding_of(path)
    choose("zh")
    assert '不适用于 "standard"' in finding_of(path)


def with_keys(path: Path, *lines: str) -> Path:
    """Return the file with more keys."""
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(lines), encoding="utf-8")
    return path


def test_a_bank_that_bills_are_pushed_to(write_bank: WriteBank) -> None:
    """Off, 20 a second and 7 days unless the file says otherwise."""
    plain = read_bank(write_bank("standard", '""'))
    assert (plain.push, plain.push_rate_max, plain.terms.push_age.days) == (False, 20, 7)
    path = with_keys(write_bank("standard", '""'), "push = true", "push_rate_max = 5", "push_age_days = 30")
    pushed = read_bank(path)
    assert (pushed.push, pushed.push_rate_max, pushed.terms.push_age.days) == (True, 5, 30)
    assert read_bank(with_keys(write_bank("elec02", '"10.1.2.3:9800"'), "push = true")).push


@pytest.mark.parametrize(
    ("dialect", "en", "zh"),
    [
        ("iso8583", 'push: is not for "iso8583"', '不适用于 "iso8583"'),
        ("elec02", 'push: needs partner = "IP:PORT"', 'partner = "IP:端口"'),
    ],
)
def test_a_bank_that_cannot_be_pushed_to(write_bank: WriteBank, dialect: str, en: str, zh: str) -> None:
    """Its format has no such request, or nothing says where to connect; said in both languages."""
    path = with_keys(write_bank(dialect, '""'), "push = true")
    assert en in finding_of(path)
    choose("zh")
    assert zh in finding_of(path)


@pytest.mark.parametrize("line", ["push_rate_max = 0", "push_rate_max = 1001", "push_age_days = 0", "push = 1"])
def test_what_no_push_setting_may_be(write_bank: WriteBank, line: str) -> None:
    """The finding names the key."""
    assert line.partition(" ")[0] in finding_of(with_keys(write_bank("standard", '""'), line))


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks with a login of his own reads which folder it is that he may not look into."""

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", refuse)
    with pytest.raises(ConfigInvalid, match=r"banks: cannot be read: Permission denied"):
        read_banks(tmp_path / "banks")
