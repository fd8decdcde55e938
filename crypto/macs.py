"""Message authentication codes 报文鉴别码.

A MAC function is made once for a key and then called for every message. Making a cipher object costs some 3 µs, as much
as half a short message, so each function keeps its objects:

- ECB objects have no state between calls, and a CMAC object is copied for each message.
- A CBC object goes on from its last ciphertext block. XORed into the first block of the next message, that block
  cancels out, which is the same as a new object with a zero IV.

Rule: a MAC function is called from one thread only (the reactor's), because of that chain.
"""

from collections.abc import Callable
from functools import reduce
from operator import xor
from struct import unpack

from crypto.ciphers import DES_CIPHER, TRIPLE_DES_CIPHER, Cipher

MAC_BYTES = 8
"""Every suite sends 8 bytes."""

_DES_BLOCK_BYTES = 8

MacFunction = Callable[[bytes], bytes]
"""Message -> MAC, under the key that it was made for."""


class _CbcChain:
    """The last block of CBC with a zero IV, for message after message, by one cipher object."""

    __slots__ = ("_block_bytes", "_chained", "_encrypt")

    def __init__(self, cipher: Cipher, key: bytes) -> None:
        self._block_bytes = cipher.block_bytes
        self._encrypt = cipher.encryptor(key, bytes(cipher.block_bytes))
        self._chained = 0

    def last_block(self, blocks: bytes) -> bytes:
        """``blocks`` are one or more whole blocks."""
        size = self._block_bytes
        first = (int.from_bytes(blocks[:size]) ^ self._chained).to_bytes(size)
        last = self._encrypt(first + blocks[size:])[-size:]
        self._chained = int.from_bytes(last)
        return last


def _zero_padded(data: bytes) -> bytes:
    """ISO 9797-1 padding method 1: zero bytes to whole blocks, at least one."""
    if data and not len(data) % _DES_BLOCK_BYTES:
        return data  # every frame of the standard link
    return data + bytes(-len(data) % _DES_BLOCK_BYTES or _DES_BLOCK_BYTES)


class X99Mac:
    """ANSI X9.9: DES CBC-MAC with a zero IV, 8 bytes X9.9报文鉴别码.

    Args:
        key: 8 bytes.

    A message of any length; padded with zero bytes to a multiple of 8. Source: ANSI X9.9 / ISO 9797-1 algorithm 1.
    """

    __slots__ = ("_chain",)

    def __init__(self, key: bytes) -> None:
        self._chain = _CbcChain(DES_CIPHER, key)

    def __call__(self, data: bytes) -> bytes:
        """Return the MAC of ``data``."""
        return self._chain.last_block(_zero_padded(data))


class X919Mac:
    """ANSI X9.19 retail MAC, 8 bytes X9.19报文鉴别码.

    Args:
        key: 16 bytes, left and right half unequal.

    A message of any length; padded with zero bytes to a multiple of 8. All blocks but the last go through DES CBC
    under the left half, the last through 2-key 3DES, which is the standard's decrypt-encrypt at the end in one call.
    Source: ANSI X9.19 / ISO 9797-1 algorithm 3.
    """

    __slots__ = ("_chain", "_finish")

    def __init__(self, key: bytes) -> None:
        self._chain = _CbcChain(DES_CIPHER, key[:_DES_BLOCK_BYTES])
        self._finish = TRIPLE_DES_CIPHER.encryptor(key, None)

    def __call__(self, data: bytes) -> bytes:
        """Return the MAC of ``data``."""
        blocks = _zero_padded(data)
        head, last = blocks[:-_DES_BLOCK_BYTES], blocks[-_DES_BLOCK_BYTES:]
        if head:
            chained = int.from_bytes(self._chain.last_block(head))
            last = (chained ^ int.from_bytes(last)).to_bytes(_DES_BLOCK_BYTES)
        return self._finish(last)


class CupsMac:
    """China UnionPay ECB MAC, 8 characters 银联ECB算法报文鉴别码.

    Args:
        key: 16 bytes (3DES) or 8 bytes (DES).

    A message of any length; padded with zero bytes to a multiple of 8. XOR of all blocks; as 16 upper-case hex
    characters; the left 8 encrypted, XORed with the right 8, encrypted again; the first 8 characters of the upper-case
    hex result. It depends on the XOR of the blocks alone: whoever swaps two blocks is not noticed.
    Source: CUPS 银行卡联网联合技术规范, part 4.
    """

    __slots__ = ("_encrypt",)

    def __init__(self, key: bytes) -> None:
        cipher = DES_CIPHER if len(key) == DES_CIPHER.key_bytes else TRIPLE_DES_CIPHER
        self._encrypt = cipher.encryptor(key, None)

    def __call__(self, data: bytes) -> bytes:
        """Return the MAC of ``data``."""
        blocks = _zero_padded(data)
        text = b"%016X" % reduce(xor, unpack(f">{len(blocks) // _DES_BLOCK_BYTES}Q", blocks))
        left = int.from_bytes(self._encrypt(text[:_DES_BLOCK_BYTES]))
        right = int.from_bytes(text[_DES_BLOCK_BYTES:])
        result = self._encrypt((left ^ right).to_bytes(_DES_BLOCK_BYTES))
        return result[: MAC_BYTES // 2].hex().upper().encode()


class CmacMac:
    """CMAC of a 16-byte block cipher CMAC报文鉴别码.

    Args:
        cipher: AES or SM4.
        key: 16 bytes.
        mac_bytes: How many bytes of the result, from the left; the suites send 8, vectors show 16.

    A message of any length; the standard's own padding. Source: NIST SP 800-38B, RFC 4493.
    """

    __slots__ = ("_cmac_of", "_mac_bytes")

    def __init__(self, cipher: Cipher, key: bytes, mac_bytes: int = MAC_BYTES) -> None:
        self._cmac_of = cipher.cmac(key)
        self._mac_bytes = mac_bytes

    def __call__(self, data: bytes) -> bytes:
        """Return the MAC of ``data``."""
        return self._cmac_of(data)[: self._mac_bytes]
