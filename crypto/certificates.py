"""Certificates 证书: chains, their private keys and the authorities of clients, as TLS needs them.

What is read here has been checked: a chain is in order, the key is the certificate's own. Whether a certificate has
ended is told, not refused: banks that do not look at its dates are served on, and operators are warned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from crypto.certificate import Certificate
from crypto.errors import CertificateFault, CertificateInvalid

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey
"""Those that TLS signs with."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an address shows to those who connect, and whom it believes.

    Attributes:
        chain: its own certificate, then the issuers.
        private_key: of the first.
        authorities: sign the certificates of clients; empty: clients need none.
    """

    chain: Sequence[x509.Certificate]
    private_key: PrivateKey = field(repr=False)
    authorities: Sequence[x509.Certificate] = ()

    @property
    def certificate(self) -> Certificate:
        """What is known of the own certificate."""
        return known_of(self.chain[0])


def known_of(certificate: x509.Certificate) -> Certificate:
    """Return what is known of ``certificate``."""
    return Certificate(
        certificate.subject.rfc4514_string(),
        certificate.fingerprint(SHA256()).hex(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def certificates_of(pem: bytes) -> Sequence[x509.Certificate]:
    """Return the certificates of a PEM file, in its order; CertificateInvalid when there is none."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        pass
    raise CertificateInvalid(CertificateFault.NO_CERTIFICATE)


def chain_of(pem: bytes) -> Sequence[x509.Certificate]:
    """Return a chain: each certificate was issued by the one after it.

    Raises:
        CertificateInvalid: it is none.
    """
    chain = certificates_of(pem)
    if any(one.issuer != issuer.subject for one, issuer in pairwise(chain)):
        raise CertificateInvalid(CertificateFault.ORDER)
    return chain


def authorities_of(pem: bytes) -> Sequence[x509.Certificate]:
    """Return the authorities of a PEM file.

    Raises:
        CertificateInvalid: there is none, or one is no authority.
    """
    authorities = certificates_of(pem)
    if not all(map(_is_authority, authorities)):
        raise CertificateInvalid(CertificateFault.NO_AUTHORITY)
    return authorities


def private_key_of(pem: bytes, certificate: x509.Certificate) -> PrivateKey:
    """Return the private key of ``certificate``.

    Raises:
        CertificateInvalid: it is none, is encrypted, or is another's.
    """
    key = _private_key(pem)
    if isinstance(key, CertificateFault):  # raised out here: a library's exception may know the key
        raise CertificateInvalid(key)
    if _public_bytes(key) != certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise CertificateInvalid(CertificateFault.KEY_DIFFERS)
    return key


def subject_of(text: str) -> str:
    """Return a distinguished name as ``Certificate.subject`` writes it; CertificateInvalid when it is none."""
    try:
        return x509.Name.from_rfc4514_string(text).rfc4514_string()
    except ValueError:
        pass
    raise CertificateInvalid(CertificateFault.SUBJECT)


def _private_key(pem: bytes) -> PrivateKey | CertificateFault:
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:  # a password was not given
        return CertificateFault.KEY_ENCRYPTED
    except (ValueError, UnsupportedAlgorithm):
        return CertificateFault.NO_KEY
    return key if isinstance(key, PrivateKey) else CertificateFault.NO_KEY


def _public_bytes(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
