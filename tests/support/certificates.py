"""Certificates for tests, made by an authority of their own. 测试证书"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Issued:
    """One certificate and its key, as PEM and in files."""

    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path

    @property
    def sha256(self) -> str:
        """The fingerprint as openssl shows it."""
        return self.certificate.fingerprint(SHA256()).hex(":").upper()


class Authority:
    """Signs certificates; its own stands in ``file``, theirs in the same folder."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named(name)
        self.certificate = self._signed(self._name, self._key, 3650, is_authority=True)
        self.file = folder / f"{name.replace(' ', '_')}.pem"
        self.file.write_bytes(pem(self.certificate))

    def issue(self, name: str, *, days: float = 90, begin_days: float = 1) -> Issued:
        """Return a new certificate of ``name`` that ends in so many days and began so many days ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(named(name), key, days, begin_days=begin_days)
        stem = self._folder / f"{name}-{certificate.serial_number:x}"
        issued = Issued(certificate, stem.with_suffix(".pem"), stem.with_suffix(".key"))
        issued.certificate_file.write_bytes(pem(certificate))
        issued.key_file.touch(0o600)
        issued.key_file.write_bytes(key_pem(key))
        return issued

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        days: float,
        *,
        is_authority: bool = False,
        begin_days: float = 1,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=begin_days))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return builder.sign(self._key, SHA256())


def named(name: str) -> x509.Name:
    """Return the distinguished name ``CN=name,O=Test,C=CN``."""
    parts = ((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "Test"), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as text."""
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as text, in clear."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
