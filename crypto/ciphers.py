"""The block ciphers, one table 分组密码.

The only importer of pycryptodome, and of ``cryptography`` for SM4, which pycryptodome does not have. Everything here
takes clear key bytes; what may be a key is decided in ``keys``.
"""
# ruff: noqa: S304, S305 -- banks' links are DES, 3DES and ECB key wrap by agreement; `suites` says which are weak.

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from Crypto.Cipher import AES, DES, DES3
from cryptography.hazmat.primitives.ciphers import Cipher as OpenSslCipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

Transform = Callable[[bytes], bytes]
"""Whole blocks in, as many out. One that chains (CBC) goes on where the call before it ended."""

GCM_NONCE_BYTES = 12
GCM_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Cipher:
    """A block cipher with its sizes 分组密码.

    Attributes:
        name: ``des``, ``3des``, ``aes`` or ``sm4``.
        block_bytes: 8 or 16.
        key_bytes: The one key length that is used here.
        is_des: Its keys obey the rules of DES: weak keys, parity bits, unequal halves.
        encryptor: (key, iv) -> Transform; an ``iv`` of None means ECB, which keeps no state between calls.
        decryptor: The same, for decryption.
    """

    name: str
    block_bytes: int
    key_bytes: int
    is_des: bool
    encryptor: Callable[[bytes, bytes | None], Transform]
    decryptor: Callable[[bytes, bytes | None], Transform]

    def encrypt_ecb(self, key: bytes, data: bytes) -> bytes:
        """Return ``data`` encrypted in ECB mode; ValueError for a wrong length of key or data."""
        self._check(key, data)
        return self.encryptor(key, None)(data)

    def decrypt_ecb(self, key: bytes, data: bytes) -> bytes:
        """Return ``data`` decrypted in ECB mode; ValueError for a wrong length of key or data."""
        self._check(key, data)
        return self.decryptor(key, None)(data)

    def encrypt_cbc(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Return ``data`` encrypted in CBC mode; ValueError for a wrong length of key, iv or data."""
        self._check(key, data)
        return self.encryptor(key, iv)(data)

    def decrypt_cbc(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Return ``data`` decrypted in CBC mode; ValueError for a wrong length of key, iv or data."""
        self._check(key, data)
        return self.decryptor(key, iv)(data)

    def _check(self, key: bytes, data: bytes) -> None:
        """Be strict: the libraries would take an AES-256 key too, and SM4 would keep a part of a block."""
        if len(key) != self.key_bytes:
            raise ValueError(f"{self.name} takes a key of {self.key_bytes} bytes, not {len(key)}")
        if len(data) % self.block_bytes:
            raise ValueError(f"{self.name} takes blocks of {self.block_bytes} bytes, not {len(data)} bytes")


def _des_encryptor(key: bytes, iv: bytes | None) -> Transform:
    return DES.new(key, DES.MODE_ECB).encrypt if iv is None else DES.new(key, DES.MODE_CBC, iv).encrypt


def _des_decryptor(key: bytes, iv: bytes | None) -> Transform:
    return DES.new(key, DES.MODE_ECB).decrypt if iv is None else DES.new(key, DES.MODE_CBC, iv).decrypt


def _des3_encryptor(key: bytes, iv: bytes | None) -> Transform:
    return DES3.new(key, DES3.MODE_ECB).encrypt if iv is None else DES3.new(key, DES3.MODE_CBC, iv).encrypt


def _des3_decryptor(key: bytes, iv: bytes | None) -> Transform:
    return DES3.new(key, DES3.MODE_ECB).decrypt if iv is None else DES3.new(key, DES3.MODE_CBC, iv).decrypt


def _aes_encryptor(key: bytes, iv: bytes | None) -> Transform:
    return AES.new(key, AES.MODE_ECB).encrypt if iv is None else AES.new(key, AES.MODE_CBC, iv).encrypt


def _aes_decryptor(key: bytes, iv: bytes | None) -> Transform:
    return AES.new(key, AES.MODE_ECB).decrypt if iv is None else AES.new(key, AES.MODE_CBC, iv).decrypt


def _sm4_encryptor(key: bytes, iv: bytes | None) -> Transform:
    return OpenSslCipher(SM4(key), ECB() if iv is None else CBC(iv)).encryptor().update


def _sm4_decryptor(key: bytes, iv: bytes | None) -> Transform:
    return OpenSslCipher(SM4(key), ECB() if iv is None else CBC(iv)).decryptor().update


DES_CIPHER = Cipher("des", 8, 8, True, _des_encryptor, _des_decryptor)
TRIPLE_DES_CIPHER = Cipher("3des", 8, 16, True, _des3_encryptor, _des3_decryptor)
AES_CIPHER = Cipher("aes", 16, 16, False, _aes_encryptor, _aes_decryptor)
SM4_CIPHER = Cipher("sm4", 16, 16, False, _sm4_encryptor, _sm4_decryptor)

CIPHERS: Mapping[str, Cipher] = MappingProxyType(
    {cipher.name: cipher for cipher in (DES_CIPHER, TRIPLE_DES_CIPHER, AES_CIPHER, SM4_CIPHER)}
)


def gcm_seal(key: bytes, nonce: bytes, header: bytes, plain: bytes) -> bytes:
    """Return ``plain`` under AES-GCM, its 16-byte tag last; ``header`` is authenticated and not part of the result."""
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=GCM_TAG_BYTES)
    cipher.update(header)
    sealed, tag = cipher.encrypt_and_digest(plain)
    return sealed + tag


def gcm_open(key: bytes, nonce: bytes, header: bytes, sealed: bytes) -> bytes:
    """Return what ``gcm_seal`` sealed; ValueError when anything was changed."""
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=GCM_TAG_BYTES)
    cipher.update(header)
    return cipher.decrypt_and_verify(sealed[:-GCM_TAG_BYTES], sealed[-GCM_TAG_BYTES:])
