"""TLS and balancers in the configuration: what is taken and refused, and what is said before somebody is cut off."""

import sys
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from fep.clock import shanghai_now
from fep.config.configuration import load
from fep.config.findings import ConfigInvalid, Place
from fep.config.settings import Address, CertificatePin, Settings
from fep.config.template_files import bank_toml, fep_toml
from fep.config.tls_check import Grade, check_transport
from fep.config.tls_files import tls_endpoints
from fep.config.tls_tables import require_heard_tls
from tests.support.certificates import Authority, pem
from tests.support.daemon import set_key

ADDRESS = "127.0.0.1:9743"
TABLE = f'listener.tls."{ADDRESS}"'


class Site:
    """A site that speaks TLS on one of two addresses."""

    def __init__(self, directory: Path, folder: Path) -> None:
        self.path = directory / "fep.toml"
        self.authority = Authority(folder)
        self.show("fep")

    def show(self, name: str, **validity: float) -> None:
        issued = self.authority.issue(name, **validity)
        set_key(self.path, "listener", "addresses", f'["127.0.0.1:9700", "{ADDRESS}"]')
        self.set(certificate=issued.certificate_file, private_key=f"file:{issued.key_file}")

    def set(self, **keys: object) -> None:
        for key, value in keys.items():
            set_key(self.path, TABLE, key, f'"{value}"')

    def bank(self, bank_code: str, key: str, value: str) -> None:
        (path,) = (self.path.parent / "banks").glob(f"{bank_code}*")
        set_key(path, "", key, value)

    def load(self) -> Settings:
        return load(self.path)

    def findings(self, read=None) -> list[str]:
        with pytest.raises(ConfigInvalid) as caught:
            (read or (lambda: tls_endpoints(self.load())))()
        assert all(finding.text.zh and finding.text.zh != finding.text.en for finding in caught.value.findings)
        return [f"{finding.key}: {finding.text.en}" for finding in caught.value.findings]

    def said(self, days: float = 0) -> list[tuple[str, str]]:
        found = check_transport(self.load(), shanghai_now() + timedelta(days=days))
        return [(grade.name, f"{subject}: {text.en}") for grade, subject, text in found if grade is not Grade.GOOD]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of the test's own; neither its database nor its keys are needed."""
    directory = tmp_path / "site"
    (directory / "banks").mkdir(parents=True)
    (directory / "fep.toml").write_text(fep_toml(Address("127.0.0.1", 9700)), encoding="utf-8")
    for bank_code in ("0102", "0103", "0104"):
        text = bank_toml(bank_code, "bank", "aes", "127.0.0.1/32")
        (directory / "banks" / f"{bank_code}_bank.toml").write_text(text, encoding="utf-8")
    return Site(directory, tmp_path)


def test_what_is_read(site: Site) -> None:
    """A table for each address; paths are relative to the file, the key is a reference, TLS 1.3 the least."""
    site.set(client_ca="banks.pem")
    set_key(site.path, "listener", "balancers", '["10.0.0.5", "fd00::/64"]')
    listener = site.load().listener
    (tls,) = listener.tls.values()
    assert list(listener.tls) == [Address("127.0.0.1", 9743)]
    assert (tls.client_ca, tls.version_min) == (site.path.parent / "banks.pem", "1.3")
    assert listener.balancers == (ip_network("10.0.0.5/32"), ip_network("fd00::/64"))
    assert listener.handshake_timeout == 5.0


def test_the_certificate_of_a_bank(site: Site) -> None:
    """A digest as openssl shows it, a subject as RFC 2253 has it; without client_ca it would shut the bank out."""
    digest = site.authority.issue("bank").sha256
    site.bank("0102", "certificate_sha256", f'["{digest}"]')
    site.bank("0103", "certificate_subject", '"CN=bank0103,O=Test,C=CN"')
    first, second = site.findings(site.load)
    assert first.startswith("listener.tls: bank 0102 must show a certificate, but no address of its dialect asks")
    assert second.startswith("listener.tls: bank 0103 ")
    site.set(client_ca=site.authority.file)
    banks = site.load().banks
    assert banks["0102"].certificate == CertificatePin("", (digest.replace(":", "").lower(),))
    assert banks["0103"].certificate == CertificatePin("CN=bank0103,O=Test,C=CN")
    assert not banks["0104"].certificate


@pytest.mark.parametrize(
    ("section", "key", "value", "finding"),
    [
        ("listener", "balancers", '["0.0.0.0/0"]', "is everybody"),
        ("listener", "balancers", '["10.0.0.5/8"]', "an address inside a network"),
        ("listener", "handshake_timeout", "0", "expected seconds from 0.1 to 60"),
        (TABLE, "version_min", '"1.1"', 'expected one of "1.2", "1.3"'),
        (TABLE, "private_key", '"tls.key"', "expected a reference to the secret"),
        (TABLE, "certificat", '"x"', "the nearest known one is 'certificate'"),
        ('listener.tls."127.0.0.1:9744"', "certificate", '"x.pem"', "missing; it has no default"),
    ],
)
def test_what_is_refused(site: Site, section: str, key: str, value: str, finding: str) -> None:
    """With file, key and what to write."""
    set_key(site.path, section, key, value)
    assert finding in "\n".join(site.findings(site.load))


@pytest.mark.parametrize("value", ['["AB:CD"]', '["zz"]', '"AB"'])
def test_what_is_no_digest(site: Site, value: str) -> None:
    """Sixty-four hexadecimal digits, in a list."""
    site.bank("0102", "certificate_sha256", value)
    assert len(site.findings(site.load)) == 1


def test_tls_where_nobody_connects(site: Site) -> None:
    """An address that is written otherwise than in [listener] would leave that one without TLS, unnoticed."""
    set_key(site.path, "listener", "addresses", '["127.0.0.1:9700"]')
    (finding,) = site.findings(site.load)
    assert finding.startswith(f"{TABLE}: is no address that is listened on")


def test_tls_that_the_command_line_takes_away(site: Site) -> None:
    """``--listen`` elsewhere would leave banks without TLS; the address of another dialect counts when it is spoken."""
    settings = site.load()
    require_heard_tls(settings, Place(site.path))
    listening = settings.listener.__class__(addresses=(Address("0.0.0.0", 9700),), tls=settings.listener.tls)
    (finding,) = site.findings(
        lambda: require_heard_tls(
            settings.__class__(site.path.parent, settings.billing, settings.keys, settings.banks, listening),
            Place(site.path, "--listen"),
        )
    )
    assert f'[listener.tls."{ADDRESS}"] would not be listened on' in finding


@pytest.mark.parametrize(
    ("key", "content", "mode", "finding"),
    [
        ("certificate", b"", 0o644, "holds no certificate in PEM"),
        ("certificate", None, 0o644, "cannot be read: No such file or directory"),
        ("private_key", b"", 0o600, "holds no private key in PEM"),
        ("private_key", b"", 0o640, "other users may use it; chmod 600"),
        ("client_ca", b"x", 0o644, "holds no certificate in PEM"),
    ],
)
def test_files_that_cannot_be_used(
    site: Site, tmp_path: Path, key: str, content: bytes | None, mode: int, finding: str
) -> None:
    """Each is named by the key of the configuration that names it."""
    path = tmp_path / "bad.pem"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    site.set(**{key: f"file:{path}" if key == "private_key" else path})
    (found,) = site.findings()
    assert found.startswith(f"{TABLE}.{key}: ")
    assert finding in found
    assert site.said() == [("PROBLEM", found)]


def test_what_openssl_does_not_take(site: Site, tmp_path: Path) -> None:
    """An authority that signs with what is broken by now is refused when it is loaded, not when a bank connects."""
    endpoints = tls_endpoints(site.load())
    assert endpoints[Address("127.0.0.1", 9743)].certificate.subject == "CN=fep,O=Test,C=CN"
    chain = tmp_path / "chain.pem"
    issued = site.authority.issue("fep")
    chain.write_bytes(pem(issued.certificate) + pem(site.authority.certificate))
    site.set(certificate=chain, private_key=f"file:{issued.key_file}")
    assert tls_endpoints(site.load())


def test_tls_without_its_library(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding is the command that installs it."""
    monkeypatch.delitem(sys.modules, "fep.links.tls", raising=False)
    monkeypatch.setitem(sys.modules, "OpenSSL", None)
    assert site.findings() == [f"{TABLE}: TLS needs pyOpenSSL, which is not installed: pip install 'fep-daemon[tls]'"]


def test_certificates_that_end(site: Site) -> None:
    """Warned about from thirty days before their end; one that has ended, or has not begun, is a problem."""
    assert site.said(50) == []
    ((grade, text),) = site.said(65)
    assert (grade, text.split(",")[0]) == ("WARNING", f"tls {ADDRESS}: its certificate ends in 24 days")
    ((grade, text),) = site.said(91)
    assert (grade, "has ended on" in text) == ("PROBLEM", True)
    site.show("fep", begin_days=-1)
    ((grade, text),) = site.said()
    assert (grade, "cannot be used yet" in text) == ("PROBLEM", True)


def test_what_else_is_warned_about(site: Site) -> None:
    """A bank whose own addresses are a balancer's must send a header from there, which it may not know."""
    set_key(site.path, "listener", "balancers", '["127.0.0.0/30"]')
    site.bank("0103", "addresses", '["10.1.2.0/24"]')
    said = site.said()
    assert [text.partition(":")[0] for _, text in said] == ["0102", "0104"]
    assert {grade for grade, _ in said} == {"WARNING"}
    assert "balancers' (127.0.0.0/30): from there it must send a PROXY header" in said[0][1]
