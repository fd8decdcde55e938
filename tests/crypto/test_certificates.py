"""Certificates and their keys: what is taken, and what is refused with what to do."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from crypto.certificates import (
    Credentials,
    authorities_of,
    certificates_of,
    chain_of,
    known_of,
    private_key_of,
    subject_of,
)
from crypto.errors import CertificateFault, CertificateInvalid
from tests.support.certificates import Authority, Issued, pem


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certification authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    """A certificate that it has signed."""
    return authority.issue("fep")


def fault(function, *arguments) -> CertificateFault:
    with pytest.raises(CertificateInvalid) as caught:
        function(*arguments)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # a library's exception may know what it has read
    return caught.value.fault


def test_what_is_known_of_a_certificate(issued: Issued) -> None:
    """Subject and digest are written as openssl writes them, so that an operator can compare."""
    known = known_of(issued.certificate)
    assert known.subject == "CN=fep,O=Test,C=CN"
    assert known.sha256 == issued.sha256.replace(":", "").lower()
    now = datetime.now(UTC)
    assert now - timedelta(days=2) < known.not_before < now
    assert now < known.not_after < now + timedelta(days=91)


def test_a_chain_is_in_order(authority: Authority, issued: Issued) -> None:
    """The own certificate first, then its issuer: the other way round no bank could follow it."""
    own, issuer = pem(issued.certificate), pem(authority.certificate)
    assert [known_of(each).subject for each in chain_of(own + issuer)] == [
        "CN=fep,O=Test,C=CN",
        "CN=Test CA,O=Test,C=CN",
    ]
    assert fault(chain_of, issuer + own) is CertificateFault.ORDER
    assert len(certificates_of(issuer + own)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"\x30\x82\x01", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate(content: bytes) -> None:
    """An empty file, DER, and PEM of nothing."""
    assert fault(certificates_of, content) is CertificateFault.NO_CERTIFICATE


def test_the_key_of_a_certificate(authority: Authority, issued: Issued) -> None:
    """Another's key, an encrypted one, one that signs nothing and no key at all are told apart; none is shown."""
    content = issued.key_file.read_bytes()
    key = private_key_of(content, issued.certificate)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert "PrivateKey" not in repr(Credentials([issued.certificate], key))
    other = authority.issue("other").key_file.read_bytes()
    assert fault(private_key_of, other, issued.certificate) is CertificateFault.KEY_DIFFERS
    locked = load_pem_private_key(content, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    )
    assert fault(private_key_of, locked, issued.certificate) is CertificateFault.KEY_ENCRYPTED
    exchange = x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (exchange, b"", pem(issued.certificate)):
        assert fault(private_key_of, content, issued.certificate) is CertificateFault.NO_KEY


def test_authorities_sign(authority: Authority, issued: Issued) -> None:
    """A bank's own certificate in the place of its authority's would let in nobody else, or anybody."""
    assert len(authorities_of(pem(authority.certificate))) == 1
    assert fault(authorities_of, pem(authority.certificate) + pem(issued.certificate)) is CertificateFault.NO_AUTHORITY


@pytest.mark.parametrize("text", ["CN=fep,O=Test,C=CN", "2.5.4.3=fep,O=Test,C=CN"])
def test_a_subject_as_an_operator_writes_it(text: str) -> None:
    """It is compared in the form in which a certificate's is written."""
    assert subject_of(text) == "CN=fep,O=Test,C=CN"


def test_what_is_no_subject() -> None:
    """Free text is refused, and what openssl shows unless it is asked for RFC 2253."""
    for text in ("front-end of the bank", "C = CN, O = Test, CN = fep"):
        assert fault(subject_of, text) is CertificateFault.SUBJECT
