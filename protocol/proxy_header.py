"""PROXY protocol, version 2 代理协议头: what a balancer says of a connection, in front of its first byte.

Source: HAProxy, "The PROXY protocol", section 2.2. The header is

    signature 12 bytes | version and command u8 | family and transport u8 | length u16 | addresses | TLVs

where ``length`` counts what follows it. Of the TLVs only the checksum (CRC32C) is looked at; the others are skipped.
Version 1, which is text, is told from it and refused: it has no checksum and no room for what follows.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from protocol.errors import ProxyHeaderInvalid

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
HEADER_BYTES_MAX: Final = 4096
"""Addresses take 36 bytes, the TLVs of known balancers a few hundred; nobody's memory is to be filled before that."""

_START: Final = struct.Struct(">12sBBH")
_TLV: Final = struct.Struct(">BH")
_VERSION_1: Final = b"PROXY "
_VERSION_2: Final = 0x20
_LOCAL, _PROXY = 0x0, 0x1
_TCP_OVER_IPV4, _TCP_OVER_IPV6 = 0x11, 0x21
_CRC32C_TLV: Final = 0x03
_CRC_BYTES: Final = 4
_POLYNOMIAL: Final = 0x82F6_3B78  # Castagnoli's, reflected (RFC 3720)


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """One header.

    Attributes:
        source: where the connection comes from; None for the balancer's own (LOCAL), as its health checks are.
        size: bytes of the whole header; what follows it is the connection's.
    """

    source: IPv4Address | IPv6Address | None
    size: int


def read_proxy_header(data: bytes) -> ProxyHeader | None:
    """Return the header that ``data``, the first bytes of a connection, begins with; None while it is incomplete.

    Raises:
        ProxyHeaderInvalid: it does not begin with one, as soon as that is certain.
    """
    if not SIGNATURE.startswith(data[: len(SIGNATURE)]):
        raise ProxyHeaderInvalid(_not_version_2(data))
    if len(data) < _START.size:
        return None
    _, version_command, family, length = _START.unpack_from(data)
    command = version_command & 0x0F
    if version_command & 0xF0 != _VERSION_2 or command not in (_LOCAL, _PROXY):
        raise ProxyHeaderInvalid("unknown version or command")
    size = _START.size + length
    if size > HEADER_BYTES_MAX:
        raise ProxyHeaderInvalid(f"longer than {HEADER_BYTES_MAX} bytes")
    if command == _LOCAL:  # its family, addresses and TLVs mean nothing, whatever they are
        return ProxyHeader(None, size) if len(data) >= size else None
    addresses_size = _addresses_size(family)
    if length < addresses_size:
        raise ProxyHeaderInvalid("too short for its addresses")
    if len(data) < size:
        return None
    header = data[:size]
    _check_tlvs(header, _START.size + addresses_size)
    return ProxyHeader(_source(header, family), size)


def _not_version_2(data: bytes) -> str:
    if _VERSION_1.startswith(data[: len(_VERSION_1)]):
        return "version 1 (text); the balancer must send version 2, as send-proxy-v2 of HAProxy"
    return "no PROXY header"


def _addresses_size(family: int) -> int:
    """Return the bytes of both addresses and ports."""
    if family == _TCP_OVER_IPV4:
        return 12
    if family == _TCP_OVER_IPV6:
        return 36
    raise ProxyHeaderInvalid("no TCP connection over IPv4 or IPv6")


def _source(header: bytes, family: int) -> IPv4Address | IPv6Address:
    at = _START.size
    if family == _TCP_OVER_IPV4:
        return IPv4Address(header[at : at + 4])
    return IPv6Address(header[at : at + 16])


def _check_tlvs(header: bytes, at: int) -> None:
    """Walk over the TLVs from ``at`` on and compare the checksum, where one of them is one."""
    is_checked = False
    while at < len(header):
        if at + _TLV.size > len(header):
            raise ProxyHeaderInvalid("a TLV is cut off")
        kind, length = _TLV.unpack_from(header, at)
        at += _TLV.size
        if at + length > len(header):
            raise ProxyHeaderInvalid("a TLV is cut off")
        if kind == _CRC32C_TLV:
            if length != _CRC_BYTES or is_checked:
                raise ProxyHeaderInvalid("no checksum is written so")
            _check_checksum(header, at)
            is_checked = True
        at += length


def _check_checksum(header: bytes, at: int) -> None:
    """Compare the checksum at ``at`` with that of the whole header, in which it counts as zeros."""
    zeroed = header[:at] + bytes(_CRC_BYTES) + header[at + _CRC_BYTES :]
    if header[at : at + _CRC_BYTES] != crc32c(zeroed).to_bytes(_CRC_BYTES, "big"):
        raise ProxyHeaderInvalid("the checksum differs")


def crc32c(data: bytes) -> int:
    """Return the CRC-32 of ``data`` with Castagnoli's polynomial (RFC 3720, appendix B.4)."""
    value = 0xFFFF_FFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFF_FFFF


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE: Final = tuple(map(_table_entry, range(256)))
