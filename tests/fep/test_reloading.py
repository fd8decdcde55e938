"""Reloading: what of a new configuration a running daemon takes over, and what only a start can."""

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from crypto.suites import SUITES
from fep.config.configuration import load
from fep.config.findings import ConfigInvalid
from fep.config.settings import Address, Settings, TlsSettings
from fep.reloading import bank_changes, fixed_changes, keeps_links, read_again
from protocol.dialects.registry import DIALECTS
from tests.support.daemon import init_demo


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with five banks."""
    return init_demo(tmp_path_factory.mktemp("reloading") / "site", 20)


@pytest.fixture
def present(site: Path) -> Settings:
    """The configuration that runs."""
    return load(site / "fep.toml")


def test_what_only_a_start_reads(present: Settings) -> None:
    """Databases, sockets and folders are named; limits are not."""
    wanted = replace(
        present,
        listener=replace(present.listener, addresses=(Address("127.0.0.1", 1),), connections_max=7),
        billing=replace(present.billing, queue_max=7),
        link=replace(present.link, in_flight_max=7),
    )
    assert sorted(fixed_changes(present, wanted)) == ["billing.queue_max", "listener.addresses"]
    assert list(fixed_changes(present, present)) == []


def test_what_of_tls_only_a_start_reads(present: Settings) -> None:
    """Certificates and balancers may change; whether an address speaks TLS at all may not, under open connections."""
    address, tls = Address("127.0.0.1", 1), TlsSettings(Path("fep.pem"), "file:fep.key")
    encrypted = replace(present, listener=replace(present.listener, tls={address: tls}))
    renewed = replace(
        present,
        listener=replace(
            present.listener,
            tls={address: replace(tls, version_min="1.2")},
            balancers=(ip_network("10.0.0.0/24"),),
            handshake_timeout=9.0,
        ),
    )
    assert list(fixed_changes(present, encrypted)) == ["listener.tls"]
    assert list(fixed_changes(encrypted, present)) == ["listener.tls"]
    assert list(fixed_changes(encrypted, renewed)) == []


def test_banks_come_change_and_go(present: Settings) -> None:
    """By their codes."""
    wanted = dict(present.banks)
    del wanted["0403"]
    wanted["0104"] = replace(wanted["0104"], name="other")
    wanted["0999"] = replace(wanted["0102"], bank_code="0999")

    changes = bank_changes(present.banks, wanted)

    assert (changes.added, changes.changed, changes.removed) == (("0999",), ("0104",), ("0403",))


def test_what_a_bank_keeps_its_connections_over(present: Settings) -> None:
    """Its name and limits may change under them; its format, its suite and what its frames call it may not."""
    bank = present.banks["0102"]
    assert keeps_links(bank, replace(bank, name="other", addresses=(ip_network("10.0.0.0/24"),)))
    assert not keeps_links(bank, replace(bank, suite=SUITES["aes"]))
    assert not keeps_links(bank, replace(bank, node="ICBC"))
    assert not keeps_links(bank, replace(bank, dialect=DIALECTS["iso8583"]))


def test_the_same_form_of_a_format_is_the_same_dialect(site: Path) -> None:
    """A bank that speaks a form which the site has described keeps its connections when the file is read again."""
    path = site / "fep.toml"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(text + '\n[dialect.packed]\nformat = "iso8583"\n', encoding="utf-8")
        (bank_file,) = (site / "banks").glob("0104*")
        bank_text = bank_file.read_text(encoding="utf-8")
        bank_file.write_text(f'dialect = "packed"\n{bank_text}', encoding="utf-8")
        assert load(path).banks["0104"].dialect is load(path).banks["0104"].dialect
    finally:
        path.write_text(text, encoding="utf-8")
        bank_file.write_text(bank_text, encoding="utf-8")


def test_a_change_that_needs_a_start_is_refused(site: Path, present: Settings) -> None:
    """The operator is told which key it is, and nothing is taken over."""
    other = replace(present, billing=replace(present.billing, batch_max=1))
    with pytest.raises(ConfigInvalid, match=r"fep\.toml: billing\.batch_max: has changed"):
        read_again(other)


def test_addresses_of_the_command_line_still_hold(present: Settings) -> None:
    """``--listen`` is no change of the file."""
    given = replace(present.listener, addresses=(Address("127.0.0.1", 9),))
    again = read_again(replace(present, listener=given, are_addresses_given=True)).settings
    assert again.listener.addresses == (Address("127.0.0.1", 9),)
    assert again.are_addresses_given, "the next reload knows it too"


def test_an_address_of_the_file_needs_a_start(present: Settings) -> None:
    """Nobody may believe that banks are listened for on an address that a reload has passed over."""
    running = replace(present, listener=replace(present.listener, addresses=(Address("127.0.0.1", 9),)))
    with pytest.raises(ConfigInvalid, match=r"fep\.toml: listener\.addresses: has changed"):
        read_again(running)


def test_the_keys_come_with_it(present: Settings) -> None:
    """Every bank has its keys, or the configuration is refused."""
    assert sorted(read_again(present).banks) == sorted(present.banks)
