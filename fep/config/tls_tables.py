"""TLS tables TLS 配置: what ``[listener.tls]``, ``balancers`` and the certificate of a bank's file may say."""

import re
from collections.abc import Iterable, Iterator

from crypto.errors import CertificateInvalid
from fep.config.converters import expected, network
from fep.config.dialect_tables import spoken
from fep.config.findings import ConfigInvalid, Gathering, Place
from fep.config.settings import Address, BankSettings, ListenerSettings, Network, Settings
from protocol.dialect import Dialect

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def certificate_subject(value: object, place: Place) -> str:
    """Take a distinguished name; empty is none."""
    if value == "":
        return ""
    from crypto.certificates import subject_of  # takes a while to load, and few banks have one

    try:
        return subject_of(value if isinstance(value, str) else "=")
    except CertificateInvalid:
        pass
    en = (
        'the subject of the bank\'s certificate, as "CN=front-end,O=Bank,C=CN" (openssl x509 -subject -nameopt RFC2253)'
    )
    zh = '银行证书的主题, 如 "CN=front-end,O=Bank,C=CN" (openssl x509 -subject -nameopt RFC2253)'
    raise expected(place, en, zh, value)


def certificate_sha256(value: object, place: Place) -> str:
    """Take the SHA-256 of a certificate as openssl writes it, with or without colons."""
    digits = value.replace(":", "").lower() if isinstance(value, str) else ""
    if _SHA256.fullmatch(digits):
        return digits
    en = "the SHA-256 of the bank's certificate, 64 hexadecimal digits (openssl x509 -fingerprint -sha256)"
    zh = "银行证书的 SHA-256 指纹, 64 位十六进制 (openssl x509 -fingerprint -sha256)"
    raise expected(place, en, zh, value)


def balancer_network(value: object, place: Place) -> Network:
    """Take a network of balancers, which may announce any address."""
    found: Network = network(value, place)
    if found.prefixlen:
        return found
    raise place.unfit(
        f'"{found}" is everybody: whoever connects could announce the address of any bank; name the balancers',
        f'"{found}" 为任意地址: 任何人都可声称来自某家银行; 请写明负载均衡器的地址',
    )


def check_tls(
    listener: ListenerSettings, dialects: Iterable[Dialect], banks: Iterable[BankSettings], place: Place
) -> None:
    """Refuse TLS where nobody connects, and a bank that must show a certificate where none is asked for.

    Raises:
        ConfigInvalid: each of them, with what to write.
    """
    gathering = Gathering()
    for finding in (*_unheard(listener, dialects, place.child("tls")), *_unasked(listener, banks, place.child("tls"))):
        gathering.add(finding)
    gathering.close()


def require_heard_tls(settings: Settings, place: Place) -> None:
    """Refuse addresses given at ``place`` under which TLS would silently not be spoken where it should be.

    Raises:
        ConfigInvalid: the addresses that nobody would listen on any more.
    """
    dialects = spoken(settings.banks.values())
    for address in _unheard_addresses(settings.listener, dialects):
        raise place.unfit(
            f'[listener.tls."{address}"] would not be listened on: give that address too, or take its table away',
            f'[listener.tls."{address}"] 将不被监听: 请一并给出该地址, 或删去该表',
        )


def _unheard_addresses(listener: ListenerSettings, dialects: Iterable[Dialect]) -> list[Address]:
    """Return the addresses of ``tls`` that are listened on for none of the dialects."""
    heard = {address for dialect in dialects for address in listener.addresses_of(dialect)}
    return [address for address in listener.tls if address not in heard]


def _unheard(listener: ListenerSettings, dialects: Iterable[Dialect], place: Place) -> Iterator[ConfigInvalid]:
    for address in _unheard_addresses(listener, dialects):
        yield place.child(f'"{address}"').unfit(
            "is no address that is listened on; write it exactly as in [listener]",
            "不是监听地址; 须与 [listener] 中的写法一致",
        )


def _unasked(listener: ListenerSettings, banks: Iterable[BankSettings], place: Place) -> Iterator[ConfigInvalid]:
    asking = {address for address, tls in listener.tls.items() if tls.client_ca is not None}
    for bank in banks:
        if bank.certificate and asking.isdisjoint(listener.addresses_of(bank.dialect)):
            code = bank.bank_code
            yield place.unfit(
                f"bank {code} must show a certificate, but no address of its dialect asks for one: set client_ca there",
                f"银行 {code} 须出示证书, 但其方言的监听地址均未要求证书: 请设 client_ca",
            )
