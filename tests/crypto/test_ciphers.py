"""The cipher table 分组密码."""

import pytest

from crypto.ciphers import CIPHERS, gcm_open, gcm_seal

# Published blocks: FIPS 81 (DES), FIPS 197 (AES), GB/T 32907 example 1 (SM4): key, plain, encrypted.
BLOCKS = {
    "des": ("0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"),
    "aes": ("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"),
    "sm4": ("0123456789abcdeffedcba9876543210", "0123456789abcdeffedcba9876543210", "681edf34d206965e86b3e94f536e4246"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_published_blocks(name: str) -> None:
    """Each cipher gives the block its standard prints, both ways."""
    key, plain, encrypted = (bytes.fromhex(text) for text in BLOCKS[name])

    assert encrypted == CIPHERS[name].encrypt_ecb(key, plain)
    assert plain == CIPHERS[name].decrypt_ecb(key, encrypted)


def test_triple_des_is_encrypt_decrypt_encrypt() -> None:
    """2-key 3DES is DES under the left, back under the right, under the left half again."""
    left, right, plain = bytes.fromhex("0123456789abcdef"), bytes.fromhex("fedcba9876543210"), b"\x5a" * 8
    des = CIPHERS["des"]
    expected = des.encrypt_ecb(left, des.decrypt_ecb(right, des.encrypt_ecb(left, plain)))

    assert expected == CIPHERS["3des"].encrypt_ecb(left + right, plain)
    assert plain == CIPHERS["3des"].decrypt_ecb(left + right, expected)


@pytest.mark.parametrize("name", CIPHERS)
def test_cbc_chains_blocks(name: str) -> None:
    """CBC is ECB of each block XORed with the one before, the first with the IV."""
    cipher = CIPHERS[name]
    size = cipher.block_bytes
    key, iv, plain = bytes(range(cipher.key_bytes)), b"\xa5" * size, bytes(range(3 * size))
    expected, before = b"", iv
    for at in range(0, len(plain), size):
        mixed = bytes(a ^ b for a, b in zip(plain[at : at + size], before, strict=True))
        before = cipher.encrypt_ecb(key, mixed)
        expected += before

    assert expected == cipher.encrypt_cbc(key, iv, plain)
    assert plain == cipher.decrypt_cbc(key, iv, expected)


@pytest.mark.parametrize("name", CIPHERS)
def test_wrong_lengths_are_refused(name: str) -> None:
    """A key of another length, or a part of a block, is an error and never a result."""
    cipher = CIPHERS[name]
    key, size = bytes(range(cipher.key_bytes)), cipher.block_bytes

    for method in (cipher.encrypt_ecb, cipher.decrypt_ecb):
        with pytest.raises(ValueError, match="takes a key of"):
            method(bytes(range(32)), bytes(size))
        with pytest.raises(ValueError, match="takes blocks of"):
            method(key, bytes(size + 1))
    for chained in (cipher.encrypt_cbc, cipher.decrypt_cbc):
        with pytest.raises(ValueError, match="takes blocks of"):
            chained(key, bytes(size), bytes(size - 1))


def test_gcm_published_vector() -> None:
    """AES-256-GCM gives what its specification prints (McGrew and Viega, test case 16)."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    header = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    expected = bytes.fromhex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
    )

    assert expected == gcm_seal(key, nonce, header, plain)
    assert plain == gcm_open(key, nonce, header, expected)
    with pytest.raises(ValueError, match="MAC"):
        gcm_open(key, nonce, header + b"!", expected)
