"""TLS files 证书文件: the certificates and keys that ``[listener.tls]`` names, read and checked."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from crypto.certificates import Credentials, authorities_of, chain_of, private_key_of
from crypto.errors import CertificateInvalid
from fep.config.findings import Gathering, Place
from fep.config.references import resolve
from fep.config.settings import Address, Settings, TlsSettings

if TYPE_CHECKING:
    from fep.links.tls import TlsEndpoint

PEM_BYTES_MAX = 1 << 20
"""Hundreds of certificates; more is another file, given by mistake."""

_KEY_BYTES_MAX = 1 << 16

Value = TypeVar("Value")


def tls_endpoints(settings: Settings) -> Mapping[Address, "TlsEndpoint"]:
    """Return what is shown and asked for on each address where TLS is spoken. Reads files, so it blocks.

    Raises:
        ConfigInvalid: all that is wrong with the files, each with the key that names it.
    """
    if not settings.listener.tls:
        return MappingProxyType({})
    gathering = Gathering()
    table = Place(settings.directory / settings.file_name, "listener.tls")
    made = {
        address: gathering.attempt(partial(_endpoint, tls, table.child(f'"{address}"')))
        for address, tls in settings.listener.tls.items()
    }
    gathering.close()
    return MappingProxyType({address: endpoint for address, endpoint in made.items() if endpoint is not None})


def _endpoint(tls: TlsSettings, place: Place) -> "TlsEndpoint":
    try:
        from fep.links.tls import TlsEndpoint, TlsFailure, reason_of
    except ImportError:
        raise place.unfit(
            "TLS needs pyOpenSSL, which is not installed: pip install 'fep-daemon[tls]'",
            "TLS 需要 pyOpenSSL, 尚未安装: pip install 'fep-daemon[tls]'",
        ) from None
    credentials = _credentials(tls, place)
    try:
        return TlsEndpoint(tls, credentials)
    except TlsFailure as failure:
        reason = reason_of(failure)
    raise place.unfit(f"OpenSSL does not take it: {reason}", f"OpenSSL 不接受: {reason}")


def _credentials(tls: TlsSettings, place: Place) -> Credentials:
    chain = _checked(place.child("certificate"), lambda: chain_of(_read(tls.certificate, place.child("certificate"))))
    where = place.child("private_key")
    pem = resolve(tls.private_key, where, bytes_max=_KEY_BYTES_MAX).encode()
    key = _checked(where, lambda: private_key_of(pem, chain[0]))
    if tls.client_ca is None:
        return Credentials(chain, key)
    where_ca, path = place.child("client_ca"), tls.client_ca
    return Credentials(chain, key, _checked(where_ca, lambda: authorities_of(_read(path, where_ca))))


def _checked(place: Place, read: Callable[[], Value]) -> Value:
    """Return what ``read`` gives; what is wrong with it is said of the place."""
    try:
        return read()
    except CertificateInvalid as invalid:
        en, zh = str(invalid), invalid.chinese
    raise place.unfit(en, zh)


def _read(path: Path, place: Place) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(PEM_BYTES_MAX + 1)
    except OSError as error:
        raise place.unfit(f"{path} cannot be read: {error.strerror}", f"{path} 无法读取: {error.strerror}") from None
    if len(content) > PEM_BYTES_MAX:
        raise place.unfit(f"{path} is larger than {PEM_BYTES_MAX} bytes", f"{path} 超过 {PEM_BYTES_MAX} 字节")
    return content
