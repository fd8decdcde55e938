"""The header that a balancer puts in front of a connection: read byte by byte, believed only when it is whole."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.protocols.haproxy._v2parser import V2Parser

from protocol.errors import ProxyHeaderInvalid
from protocol.proxy_header import HEADER_BYTES_MAX, ProxyHeader, crc32c, read_proxy_header

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
IPV4 = SIGNATURE + struct.pack(">BBH4s4sHH", 0x21, 0x11, 12, bytes([203, 0, 113, 7]), bytes([10, 0, 0, 9]), 40000, 9700)
IPV6_SOURCE = ip_address("2001:db8::7").packed
IPV6 = SIGNATURE + struct.pack(">BBH16s16sHH", 0x21, 0x21, 36, IPV6_SOURCE, ip_address("fd00::9").packed, 40000, 9700)
LOCAL = SIGNATURE + struct.pack(">BBH", 0x20, 0x00, 0)


def with_tlvs(*tlvs: bytes, length: int | None = None) -> bytes:
    """Return the IPv4 header with these TLVs behind its addresses."""
    tail = b"".join(tlvs)
    return IPV4[:14] + struct.pack(">H", 12 + len(tail) if length is None else length) + IPV4[16:] + tail


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack(">BH", kind, len(value)) + value


def refused(data: bytes) -> str:
    with pytest.raises(ProxyHeaderInvalid) as caught:
        read_proxy_header(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "source"),
    [(IPV4, "203.0.113.7"), (IPV6, "2001:db8::7")],
)
def test_the_announced_address(data, source):
    """The source address is read, and where the header ends; what follows is the connection's own."""
    assert read_proxy_header(data + b"frame") == ProxyHeader(ip_address(source), len(data))


@pytest.mark.parametrize("data", [LOCAL, SIGNATURE + struct.pack(">BBH", 0x20, 0xFF, 3) + b"\1\2\3"])
def test_a_health_check_of_the_balancer(data):
    """LOCAL announces nobody; what else it says means nothing."""
    assert read_proxy_header(data) == ProxyHeader(None, len(data))


@pytest.mark.parametrize("data", [IPV4, IPV6, LOCAL, with_tlvs(tlv(0x04, b"padding"))])
def test_it_may_come_byte_by_byte(data):
    """Nothing is decided before the last byte."""
    assert [read_proxy_header(data[:size]) for size in range(len(data))] == [None] * len(data)
    assert read_proxy_header(data) is not None


def test_tlvs_are_skipped():
    """ALPN, authority, no-ops and types of a balancer's own change nothing."""
    data = with_tlvs(
        tlv(0x01, b"h2"), tlv(0x02, b"bank.example"), tlv(0x04, bytes(9)), tlv(0xEA, b"vpce"), tlv(0x20, b"")
    )
    assert read_proxy_header(data) == ProxyHeader(ip_address("203.0.113.7"), len(data))


def test_the_checksum():
    """Where there is one it must be right; a header that was changed on the way is refused."""
    zeroed = with_tlvs(tlv(0x03, bytes(4)), tlv(0x04, b"x"))
    checksum = struct.pack(">I", crc32c(zeroed))
    right = zeroed[:31] + checksum + zeroed[35:]
    assert read_proxy_header(right) == ProxyHeader(ip_address("203.0.113.7"), len(right))
    assert refused(right[:16] + bytes([204]) + right[17:]) == "the checksum differs"
    assert refused(with_tlvs(tlv(0x03, bytes(3)))) == "no checksum is written so"
    twice = with_tlvs(tlv(0x03, bytes(4)), tlv(0x03, b"four"))
    twice = twice[:31] + struct.pack(">I", crc32c(twice)) + twice[35:]
    assert refused(twice) == "no checksum is written so"


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
    ],
)
def test_crc32c(data, checksum):
    """The vectors of RFC 3720, appendix B.4, and the usual one."""
    assert crc32c(data) == checksum


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PROXY TCP4 203.0.113.7 10.0.0.9 40000 9700\r\n", "version 1"),
        (b"PROX", "version 1"),
        (b"\x00\x68\x01\x00", "no PROXY header"),
        (b"\x16\x03\x01\x02\x00", "no PROXY header"),
        (SIGNATURE[:11] + b"\0", "no PROXY header"),
        (SIGNATURE + b"\x11\x11\x00\x0c", "unknown version or command"),
        (SIGNATURE + b"\x22\x11\x00\x0c", "unknown version or command"),
        (SIGNATURE + b"\x21\x00\x00\x00", "no TCP connection"),
        (SIGNATURE + b"\x21\x12\x00\x0c", "no TCP connection"),
        (SIGNATURE + b"\x21\x31\x00\xd8", "no TCP connection"),
        (SIGNATURE + b"\x21\x11\x00\x0b", "too short for its addresses"),
        (SIGNATURE + b"\x21\x21\x00\x0c", "too short for its addresses"),
        (SIGNATURE + struct.pack(">BBH", 0x21, 0x11, HEADER_BYTES_MAX - 15), "longer than 4096 bytes"),
        (SIGNATURE + struct.pack(">BBH", 0x20, 0x00, 65_535), "longer than 4096 bytes"),
        (with_tlvs(b"\x04\x00"), "a TLV is cut off"),
        (with_tlvs(b"\x04\x00\x05four"), "a TLV is cut off"),
    ],
)
def test_what_is_no_header(data, reason):
    """It is refused as soon as that is certain, and the reason says what to change, not what was sent."""
    assert reason in refused(data)


@given(
    st.binary(max_size=200), st.sampled_from([b"", SIGNATURE, SIGNATURE + b"\x21\x11", SIGNATURE + b"\x21\x21\x00\x30"])
)
def test_whatever_is_sent(tail, head):
    """Any bytes are a header, the beginning of one, or refused; and a longer beginning never takes back a verdict."""
    data = head + tail

    def verdict(size: int) -> object:
        try:
            return read_proxy_header(data[:size])
        except ProxyHeaderInvalid:
            return "refused"

    verdicts = [verdict(size) for size in range(len(data) + 1)]
    decided = [each for each in verdicts if each is not None]
    assert len(set(decided)) <= 1
    assert verdicts[len(verdicts) - len(decided) :] == decided


@given(
    st.ip_addresses(v=4) | st.ip_addresses(v=6),
    st.lists(st.tuples(st.integers(4, 255), st.binary(max_size=40)), max_size=5),
)
def test_another_reader_reads_the_same(source, tlvs):
    """Twisted's own reader of this protocol finds the same address."""
    tail = b"".join(tlv(kind, value) for kind, value in tlvs)
    family, other = (0x11, bytes(4)) if source.version == 4 else (0x21, bytes(16))
    addresses = source.packed + other + struct.pack(">HH", 40000, 9700)
    data = SIGNATURE + struct.pack(">BBH", 0x21, family, len(addresses) + len(tail)) + addresses + tail
    theirs = ip_address(V2Parser.parse(data).source.host)

    assert read_proxy_header(data + b"rest") == ProxyHeader(source, len(data))
    assert theirs == source
