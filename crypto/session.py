"""What authenticates sign-in, and what protects a session 会话安全.

Made for speed: the daemon verifies one MAC and makes one for each transaction, tens of thousands a second, so each
object keeps its cipher objects for its life (how that stays right: ``macs``).

Rule: an object here is used from one thread only, the reactor's.
Rule: the reply to a request is made by the object that verified it, even when its key version has ended since.
"""

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from crypto.ciphers import Cipher
from crypto.errors import MacMismatch
from crypto.keys import Key, check_kcv, check_key, generate_key, unwrap, wrap
from crypto.macs import MacFunction
from crypto.suites import Suite

NONCE_BYTES = 8
"""Length of the nonce in the header of an encrypted frame."""


class Authenticator:
    """Makes and verifies MACs under one key 报文鉴别.

    Attributes:
        mac_of: Message (header and body exactly as sent) -> MAC, 8 bytes.
    """

    __slots__ = ("mac_of",)

    def __init__(self, mac_of: MacFunction) -> None:
        self.mac_of = mac_of

    def verify(self, data: bytes, mac: bytes) -> None:
        """Raise MacMismatch unless ``mac`` is the MAC of ``data``; compared in constant time."""
        if not compare_digest(self.mac_of(data), mac):
            raise MacMismatch(len(data), sha256(data).hexdigest())


def ak_mac(suite: Suite, ak: Key) -> Authenticator:
    """Return what authenticates sign-in and key exchange under AK, both ways 签到鉴别; KeyRefused for a bad AK."""
    check_key(ak, suite.check_cipher(suite.ak_bytes), suite.ak_bytes)
    return Authenticator(suite.sign_in_mac(ak.secret))


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The two keys of one key version 会话密钥: MAK for MACs, TEK for bodies."""

    mak: Key
    tek: Key


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """Session keys as the replies to sign-in and key exchange carry them 加密的会话密钥.

    Attributes:
        wrapped_mak: 16 bytes.
        mak_kcv: 4 bytes.
        wrapped_tek: 16 bytes.
        tek_kcv: 4 bytes.
    """

    wrapped_mak: bytes
    mak_kcv: bytes
    wrapped_tek: bytes
    tek_kcv: bytes


def generate_session_keys(suite: Suite) -> SessionKeys:
    """Return new random session keys, never weak ones 生成会话密钥."""
    return SessionKeys(
        generate_key("MAK", suite.check_cipher(suite.mak_bytes), suite.mak_bytes),
        generate_key("TEK", suite.check_cipher(suite.tek_bytes), suite.tek_bytes),
    )


def wrap_session_keys(suite: Suite, kek: Key, keys: SessionKeys) -> WrappedKeys:
    """Return ``keys`` under ``kek``, with their check values (the FEP's side)."""
    return WrappedKeys(
        wrap(kek, keys.mak, suite.wrap_cipher),
        keys.mak.kcv(suite.check_cipher(suite.mak_bytes)),
        wrap(kek, keys.tek, suite.wrap_cipher),
        keys.tek.kcv(suite.check_cipher(suite.tek_bytes)),
    )


def unwrap_session_keys(suite: Suite, kek: Key, wrapped: WrappedKeys) -> SessionKeys:
    """Return the keys inside ``wrapped`` (the bank's side).

    Raises:
        KeyCheckFailed: A check value differs: most often, the two sides have another KEK.
        KeyRefused: A key inside is weak, or the padding is wrong.
    """

    def unwrapped(label: str, key_bytes: int, field: bytes, kcv: bytes) -> Key:
        cipher = suite.check_cipher(key_bytes)
        key = unwrap(kek, field, label, suite.wrap_cipher, key_bytes)
        return check_key(check_kcv(key, cipher, kcv), cipher, key_bytes)

    return SessionKeys(
        unwrapped("MAK", suite.mak_bytes, wrapped.wrapped_mak, wrapped.mak_kcv),
        unwrapped("TEK", suite.tek_bytes, wrapped.wrapped_tek, wrapped.tek_kcv),
    )


class SessionSecurity(Authenticator):
    """MACs and body encryption of one key version of one connection 会话安全.

    Raises KeyRefused when a key does not fit the suite.
    """

    __slots__ = ("_body",)

    def __init__(self, suite: Suite, keys: SessionKeys) -> None:
        check_key(keys.mak, suite.check_cipher(suite.mak_bytes), suite.mak_bytes)
        check_key(keys.tek, suite.check_cipher(suite.tek_bytes), suite.tek_bytes)
        super().__init__(suite.session_mac(keys.mak.secret))
        self._body = _BodyCipher(suite.body_cipher, keys.tek.secret)

    def encrypt_body(self, nonce: bytes, plain: bytes) -> bytes:
        """Return ``plain`` encrypted for a frame with this ``nonce`` (8 bytes, new and random for each frame).

        Raises:
            ValueError: ``nonce`` or ``plain`` has a wrong length; a body is one or more whole blocks.
        """
        return self._body.encrypt(nonce, plain)

    def decrypt_body(self, nonce: bytes, body: bytes) -> bytes:
        """Return the plain body of a frame that came with this ``nonce``; verify the MAC first.

        Raises:
            ValueError: ``nonce`` or ``body`` has a wrong length.
        """
        return self._body.decrypt(nonce, body)


class _BodyCipher:
    """CBC with IV = E_TEK(nonce padded right with zeros), for body after body, by one pair of cipher objects.

    Encryption: CBC with a zero IV over (padded nonce | body) yields that IV as its first block and goes on from it.
    Decryption: the first block alone depends on the IV, so the chained one is taken out of it and the right one put in.
    """

    __slots__ = ("_block_bytes", "_decrypt", "_encrypt", "_iv_of", "_received", "_sent")

    def __init__(self, cipher: Cipher, key: bytes) -> None:
        self._block_bytes = cipher.block_bytes
        self._iv_of = cipher.encryptor(key, None)
        self._encrypt = cipher.encryptor(key, bytes(cipher.block_bytes))
        self._decrypt = cipher.decryptor(key, bytes(cipher.block_bytes))
        self._sent = 0
        self._received = 0

    def encrypt(self, nonce: bytes, plain: bytes) -> bytes:
        self._check(nonce, plain)
        size = self._block_bytes
        first = (int.from_bytes(nonce.ljust(size, b"\0")) ^ self._sent).to_bytes(size)
        body = self._encrypt(first + plain)[size:]
        self._sent = int.from_bytes(body[-size:])
        return body

    def decrypt(self, nonce: bytes, body: bytes) -> bytes:
        self._check(nonce, body)
        size = self._block_bytes
        iv = int.from_bytes(self._iv_of(nonce.ljust(size, b"\0")))
        blocks = self._decrypt(body)
        first = int.from_bytes(blocks[:size]) ^ self._received ^ iv
        self._received = int.from_bytes(body[-size:])
        return first.to_bytes(size) + blocks[size:]

    def _check(self, nonce: bytes, body: bytes) -> None:
        """Before anything is chained: an SM4 object would keep a part of a block for the next body."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
        if not body or len(body) % self._block_bytes:
            raise ValueError(f"a body has whole blocks of {self._block_bytes} bytes, not {len(body)} bytes")
