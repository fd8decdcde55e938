"""The MAC algorithms 报文鉴别码."""

from collections.abc import Callable
from typing import Any

import pytest
from Crypto.Cipher import AES
from Crypto.Hash import CMAC
from cryptography.hazmat.primitives import cmac as openssl
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from hypothesis import given
from hypothesis import strategies as st

from crypto.ciphers import CIPHERS
from crypto.macs import CmacMac, CupsMac, MacFunction, X99Mac, X919Mac
from tests.crypto.vectors import VECTORS

KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
MESSAGES = st.lists(st.binary(max_size=300), min_size=1, max_size=5)

MAKERS: dict[str, Callable[[bytes], MacFunction]] = {
    "x9.9": X99Mac,
    "x9.19": X919Mac,
    "cups": CupsMac,
    "aes-cmac": lambda key: CmacMac(CIPHERS["aes"], key, mac_bytes=16),
    "sm4-cmac": lambda key: CmacMac(CIPHERS["sm4"], key, mac_bytes=16),
}


def textbook_x9_9(key: bytes, data: bytes) -> bytes:
    padded = data + bytes(-len(data) % 8) if data else bytes(8)
    return CIPHERS["des"].encrypt_cbc(key, bytes(8), padded)[-8:]


def textbook_x9_19(key: bytes, data: bytes) -> bytes:
    des = CIPHERS["des"]
    chained = textbook_x9_9(key[:8], data)
    return des.encrypt_ecb(key[:8], des.decrypt_ecb(key[8:], chained))


def textbook_cups(key: bytes, data: bytes) -> bytes:
    cipher = CIPHERS["des" if len(key) == 8 else "3des"]
    mixed = bytearray(8)
    for at, octet in enumerate(data):
        mixed[at % 8] ^= octet
    text = mixed.hex().upper().encode()
    first = cipher.encrypt_ecb(key, text[:8])
    second = cipher.encrypt_ecb(key, bytes(a ^ b for a, b in zip(first, text[8:], strict=True)))
    return second.hex().upper().encode()[:8]


def library_aes_cmac(key: bytes, data: bytes) -> bytes:
    return CMAC.new(key, data, ciphermod=AES).digest()


def library_sm4_cmac(key: bytes, data: bytes) -> bytes:
    cmac = openssl.CMAC(SM4(key))
    cmac.update(data)
    return cmac.finalize()


REFERENCES = {
    "x9.9": (textbook_x9_9, KEY[:8]),
    "x9.19": (textbook_x9_19, KEY),
    "cups": (textbook_cups, KEY),
    "aes-cmac": (library_aes_cmac, KEY),
    "sm4-cmac": (library_sm4_cmac, KEY),
}


@pytest.mark.parametrize("vector", VECTORS["mac"], ids=lambda vector: vector["name"])
def test_golden_macs(vector: dict[str, Any]) -> None:
    """Every published MAC comes out to the byte."""
    mac_of = MAKERS[vector["algorithm"]](bytes.fromhex(vector["key"]))

    assert bytes.fromhex(vector["mac"]) == mac_of(bytes.fromhex(vector["data_hex"]))


@given(name=st.sampled_from(list(REFERENCES)), messages=MESSAGES)
def test_equal_to_the_plain_algorithm(name: str, messages: list[bytes]) -> None:
    """One object that keeps its ciphers gives, message after message, what the plain algorithm gives each time."""
    reference, key = REFERENCES[name]
    mac_of = MAKERS[name](key)

    assert [reference(key, message) for message in messages] == [mac_of(message) for message in messages]


@given(messages=MESSAGES)
def test_cups_with_single_des(messages: list[bytes]) -> None:
    """The CUPS MAC under an 8-byte key is the same algorithm with DES."""
    mac_of = CupsMac(KEY[:8])

    assert [textbook_cups(KEY[:8], message) for message in messages] == [mac_of(message) for message in messages]


def test_zero_padding_is_to_whole_blocks() -> None:
    """137 bytes, as a bank's fixed record has, are MACed like the same bytes with 7 zeros behind."""
    data = bytes(range(137))

    assert X99Mac(KEY[:8])(data + bytes(7)) == X99Mac(KEY[:8])(data)


def test_cups_does_not_notice_swapped_blocks() -> None:
    """Why the suite cups is called weak: exchanging two blocks leaves its MAC as it was."""
    assert CupsMac(KEY)(b"AAAAAAAABBBBBBBB") == CupsMac(KEY)(b"BBBBBBBBAAAAAAAA")
