"""The block ciphers, one table 分组密码.

The only importer of the two libraries. OpenSSL, through ``cryptography``, works on frames: for the short messages of a
link it is up to ten times as fast as pycryptodome, it has SM4, and it does not let go of the interpreter within one.
pycryptodome seals the key store. Everything here takes clear key bytes; what may be a key is decided in ``keys``.
"""
# ruff: noqa: S305 -- banks' links are DES, 3DES and ECB key wrap by agreement; `suites` says which are weak.

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from Crypto.Cipher import AES as GCM_AES
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher as OpenSslCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

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
        algorithm: Key -> the cipher as OpenSSL has it.
    """

    name: str
    block_bytes: int
    key_bytes: int
    is_des: bool
    algorithm: Callable[[bytes], BlockCipherAlgorithm]

    def encryptor(self, key: bytes, iv: bytes | None) -> Transform:
        """Return what encrypts; an ``iv`` of None means ECB, which keeps no state between calls."""
        return OpenSslCipher(self.algorithm(key), ECB() if iv is None else CBC(iv)).encryptor().update

    def decryptor(self, key: bytes, iv: bytes | None) -> Transform:
        """Return what decrypts, likewise."""
        return OpenSslCipher(self.algorithm(key), ECB() if iv is None else CBC(iv)).decryptor().update

    def cmac(self, key: bytes) -> Transform:
        """Return what makes the CMAC of a message of any length, one whole block; it keeps no state between calls."""
        keyed = CMAC(self.algorithm(key))

        def cmac_of(data: bytes) -> bytes:
            cmac = keyed.copy()
            cmac.update(data)
            return cmac.finalize()

        return cmac_of

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
        """Be strict: the library would take an AES-256 key too, and keep a part of a block for the next call."""
        if len(key) != self.key_bytes:
            raise ValueError(f"{self.name} takes a key of {self.key_bytes} bytes, not {len(key)}")
        if len(data) % self.block_bytes:
            raise ValueError(f"{self.name} takes blocks of {self.block_bytes} bytes, not {len(data)} bytes")


def _des(key: bytes) -> BlockCipherAlgorithm:
    """DES as 3DES under three equal keys: encrypting and decrypting in between cancel out."""
    return TripleDES(key * 3)


def _two_key_triple_des(key: bytes) -> BlockCipherAlgorithm:
    """Refuse equal halves, as ``keys.check_key`` does when a key is loaded: OpenSSL would take them, as single DES."""
    if key[:8] == key[8:]:
        raise ValueError("3des takes two unequal halves")
    return TripleDES(key + key[:8])


DES_CIPHER = Cipher("des", 8, 8, True, _des)
TRIPLE_DES_CIPHER = Cipher("3des", 8, 16, True, _two_key_triple_des)
AES_CIPHER = Cipher("aes", 16, 16, False, AES)
SM4_CIPHER = Cipher("sm4", 16, 16, False, SM4)

BLOCK_CIPHERS: Mapping[str, Mapping[int, Cipher]] = MappingProxyType(
    {
        "B": MappingProxyType({16: TRIPLE_DES_CIPHER, 24: Cipher("3des", 8, 24, True, TripleDES)}),
        "D": MappingProxyType(
            {16: AES_CIPHER, 24: Cipher("aes", 16, 24, False, AES), 32: Cipher("aes", 16, 32, False, AES)}
        ),
    }
)
"""The ciphers of key block protection keys, by version of the key block and by length of the key in bytes."""

CIPHERS: Mapping[str, Cipher] = MappingProxyType(
    {cipher.name: cipher for cipher in (DES_CIPHER, TRIPLE_DES_CIPHER, AES_CIPHER, SM4_CIPHER)}
)


def gcm_seal(key: bytes, nonce: bytes, header: bytes, plain: bytes) -> bytes:
    """Return ``plain`` under AES-GCM, its 16-byte tag last; ``header`` is authenticated and not part of the result."""
    cipher = GCM_AES.new(key, GCM_AES.MODE_GCM, nonce=nonce, mac_len=GCM_TAG_BYTES)
    cipher.update(header)
    sealed, tag = cipher.encrypt_and_digest(plain)
    return sealed + tag


def gcm_open(key: bytes, nonce: bytes, header: bytes, sealed: bytes) -> bytes:
    """Return what ``gcm_seal`` sealed; ValueError when anything was changed."""
    cipher = GCM_AES.new(key, GCM_AES.MODE_GCM, nonce=nonce, mac_len=GCM_TAG_BYTES)
    cipher.update(header)
    return cipher.decrypt_and_verify(sealed[:-GCM_TAG_BYTES], sealed[-GCM_TAG_BYTES:])
