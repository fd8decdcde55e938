"""Key blocks 密钥块: a key under a key block protection key (KBPK), with what it may be used for, as one line of text.

    version 1 | length 4 | usage 2 | algorithm 1 | mode 1 | key version 2 | exportability 1 | optional blocks 2 | 00
    | optional blocks … | encrypted key data, hex | MAC, hex

Versions B (3DES) and D (AES), both by key derivation: from the KBPK a key that encrypts and one that authenticates are
derived by CMAC. The MAC is over the header and the clear key data; it is the IV of the CBC encryption too, so whatever
is changed anywhere is noticed. The key data are the key's length in bits, the key and random padding up to the longest
key of its kind, so that the block does not show how long the key is.

Source: ASC X9 TR-31:2018 and ANSI X9.143. Versions A and C, whose KBPK is varied by XOR, are deprecated there and are
not read here. Optional blocks are authenticated and otherwise passed over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from secrets import token_bytes
from types import MappingProxyType

from crypto.ciphers import BLOCK_CIPHERS, Cipher
from crypto.errors import BlockFault, KeyBlockInvalid
from crypto.keys import Key, check_key

BLOCK_CHARS_MAX = 9999
"""What the length field can say."""

_HEADER_CHARS = 16
_HEADER = re.compile(r"([A-Z])([0-9]{4})([A-Z0-9]{2})([A-Z0-9])([A-Z0-9])([A-Z0-9]{2})([A-Z])([0-9]{2})00", re.ASCII)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_LENGTH_BYTES = 2
_ENCRYPTION, _AUTHENTICATION = b"\0\0", b"\0\1"
_LONGEST_BYTES: Mapping[str, int] = MappingProxyType({"T": 24, "A": 32})
_DERIVED_FOR: Mapping[str, Mapping[int, bytes]] = MappingProxyType(
    {
        "B": MappingProxyType({16: b"\0\0", 24: b"\0\1"}),
        "D": MappingProxyType({16: b"\0\2", 24: b"\0\3", 32: b"\0\4"}),
    }
)
"""The algorithm for which keys are derived, by version of the block and length of the KBPK."""


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What a key block says of its key 密钥块头.

    Attributes:
        version: ``B`` or ``D``.
        usage: ``M3``, ``K0`` and so on.
        algorithm: ``T`` 3DES, ``A`` AES.
        mode: ``B`` both ways, ``C`` both make and verify, and so on.
        key_version: two characters, ``00`` not used.
        exportability: ``N`` not, ``E`` under a trusted key, ``S`` sensitive.
    """

    version: str
    usage: str
    algorithm: str
    mode: str
    key_version: str = "00"
    exportability: str = "N"


def protection_cipher(version: str, kbpk_bytes: int, label: str) -> Cipher:
    """Return the cipher of a KBPK of that length; KeyBlockInvalid for a version or length that there is not."""
    ciphers = BLOCK_CIPHERS.get(version)
    if ciphers is None:
        raise KeyBlockInvalid(label, BlockFault.VERSION)
    if kbpk_bytes not in ciphers:
        raise KeyBlockInvalid(label, BlockFault.PROTECTION_KEY)
    return ciphers[kbpk_bytes]


def wrap_block(kbpk: Key, header: BlockHeader, key: Key) -> str:
    """Return ``key`` in a key block under ``kbpk``.

    Raises:
        KeyBlockInvalid: Version, algorithm and lengths do not go together; AES keys want version D.
        KeyRefused: The KBPK must not be used.
    """
    cipher = protection_cipher(header.version, len(kbpk), key.label)
    check_key(kbpk, cipher, cipher.key_bytes)
    longest = _LONGEST_BYTES.get(header.algorithm)
    if longest is None or len(key) > longest or (header.version == "B" and header.algorithm != "T"):
        raise KeyBlockInvalid(key.label, BlockFault.ALGORITHM)
    bits = (8 * len(key)).to_bytes(_LENGTH_BYTES)
    unpadded = _LENGTH_BYTES + longest
    padding = token_bytes(longest - len(key) + -unpadded % cipher.block_bytes)
    data = bits + key.secret + padding
    chars = _HEADER_CHARS + 2 * (len(data) + cipher.block_bytes)
    text = _header_text(header, chars)
    encryption, authentication = _derived(kbpk, header.version, cipher)
    mac = cipher.cmac(authentication)(text.encode() + data)
    return text + cipher.encrypt_cbc(encryption, mac, data).hex().upper() + mac.hex().upper()


def unwrap_block(kbpk: Key, block: str, label: str) -> tuple[BlockHeader, Key]:
    """Return what stands in a key block, unchecked as yet but authentic.

    Args:
        kbpk: The key block protection key.
        block: The block, without blanks around it.
        label: The name of the key.

    Raises:
        KeyBlockInvalid: It is no key block, or was changed, or was made under another KBPK.
        KeyRefused: The KBPK must not be used.
    """
    header, head_chars = read_header(block, label)
    cipher = protection_cipher(header.version, len(kbpk), label)
    check_key(kbpk, cipher, cipher.key_bytes)
    sealed = bytes.fromhex(block[head_chars:]) if _HEX.fullmatch(block, head_chars) else b""
    encrypted, mac = sealed[: -cipher.block_bytes], sealed[-cipher.block_bytes :]
    if not encrypted or len(encrypted) % cipher.block_bytes:
        raise KeyBlockInvalid(label, BlockFault.FORM)
    encryption, authentication = _derived(kbpk, header.version, cipher)
    data = cipher.decrypt_cbc(encryption, mac, encrypted)
    if not compare_digest(cipher.cmac(authentication)(block[:head_chars].encode() + data), mac):
        raise KeyBlockInvalid(label, BlockFault.FORGED)
    bits = int.from_bytes(data[:_LENGTH_BYTES])
    secret = data[_LENGTH_BYTES : _LENGTH_BYTES + bits // 8]
    if bits % 8 or not secret or 8 * len(secret) != bits:
        raise KeyBlockInvalid(label, BlockFault.FORM, "key length")
    return header, Key(label, secret)


def read_header(block: str, label: str) -> tuple[BlockHeader, int]:
    """Return what a block says of its key, not authenticated, and how many characters say it; KeyBlockInvalid."""
    match = _HEADER.match(block)
    if match is None or not block.isascii() or int(match[2]) != len(block):
        raise KeyBlockInvalid(label, BlockFault.FORM)
    version, _, usage, algorithm, mode, key_version, exportability, count = match.groups()
    end = _HEADER_CHARS
    for _ in range(int(count)):
        end = _optional_end(block, end, label)
    return BlockHeader(version, usage, algorithm, mode, key_version, exportability), end


def _optional_end(block: str, at: int, label: str) -> int:
    """Return where the optional block at ``at`` ends: id, length; or id, 00, the length's length in bytes, length."""
    chars, head = _hex_number(block[at + 2 : at + 4]), 4
    if chars == 0:
        digits = 2 * _hex_number(block[at + 4 : at + 6])
        head = 6 + digits
        chars = _hex_number(block[at + 6 : at + 6 + digits])
    if chars < head or at + chars > len(block):
        raise KeyBlockInvalid(label, BlockFault.FORM, "optional block")
    return at + chars


def _hex_number(text: str) -> int:
    """Return the number, -1 when it is none: ``int`` alone would take signs and blanks too."""
    return int(text, 16) if _HEX.fullmatch(text) else -1


def _header_text(header: BlockHeader, chars: int) -> str:
    return (
        f"{header.version}{chars:04}{header.usage}{header.algorithm}{header.mode}{header.key_version}"
        f"{header.exportability}0000"
    )


def _derived(kbpk: Key, version: str, cipher: Cipher) -> tuple[bytes, bytes]:
    """Return the keys for encryption and authentication: CMACs over counter, purpose, algorithm and length."""
    cmac_of = cipher.cmac(kbpk.secret)
    tail = b"\0" + _DERIVED_FOR[version][len(kbpk)] + (8 * len(kbpk)).to_bytes(2)

    def derived(purpose: bytes) -> bytes:
        blocks = -(-len(kbpk) // cipher.block_bytes)
        return b"".join(cmac_of(bytes([at]) + purpose + tail) for at in range(1, blocks + 1))[: len(kbpk)]

    return derived(_ENCRYPTION), derived(_AUTHENTICATION)
