"""A key and its life: made, checked, wrapped, unwrapped 密钥.

Rule 1: the value of a key leaves a ``Key`` only through ``secret``, which only this package reads.
Rule 2: a key is checked when it is made, loaded or unwrapped, before it is used, and refused by name.
"""

from hmac import compare_digest
from secrets import token_bytes
from typing import NoReturn, Self

from crypto.ciphers import Cipher
from crypto.errors import KeyCheckFailed, KeyFault, KeyRefused

KCV_BYTES = 4
"""Length of a key check value (KCV 密钥校验值)."""

WRAPPED_BYTES = 16
"""Length of a wrapped key on the wire, whatever the key's own."""

_DES_KEY_BYTES = 8
_GENERATE_TRIES_MAX = 8
"""Weak keys are 16 in 2^56; even two in a row mean a broken random source, and there is no third."""

_WEAK = ("0101010101010101", "FEFEFEFEFEFEFEFE", "E0E0E0E0F1F1F1F1", "1F1F1F1F0E0E0E0E")
_SEMI_WEAK = (
    *("011F011F010E010E", "1F011F010E010E01", "01E001E001F101F1", "E001E001F101F101"),
    *("01FE01FE01FE01FE", "FE01FE01FE01FE01", "1FE01FE00EF10EF1", "E01FE01FF10EF10E"),
    *("1FFE1FFE0EFE0EFE", "FE1FFE1FFE0EFE0E", "E0FEE0FEF1FEF1FE", "FEE0FEE0FEF1FEF1"),
)


class Key:
    """A secret with a name 密钥.

    What is shown, formatted, logged or raised is the label; pickling is an error, a copy is the key itself.

    Attributes:
        label: What the key is, e.g. ``AK of bank 0102``; never secret.
        secret: The clear bytes.
    """

    __slots__ = ("label", "secret")

    label: str
    secret: bytes

    def __init__(self, label: str, secret: bytes) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "secret", bytes(secret))

    @classmethod
    def from_hex(cls, label: str, text: str) -> Self:
        """Return the key written as ``text``, hex digits of either case; KeyRefused when it is not."""
        secret = _from_hex(text)
        if secret is None:
            raise KeyRefused(label, KeyFault.NOT_HEXADECIMAL)
        return cls(label, secret)

    def kcv(self, cipher: Cipher) -> bytes:
        """Return the key check value, 4 bytes: the left of E_K(zeros) 密钥校验值."""
        return cipher.encrypt_ecb(self.secret, bytes(cipher.block_bytes))[:KCV_BYTES]

    @property
    def is_zero(self) -> bool:
        """Whether all bits are zeros, as in no key and in no component that was made by chance."""
        return not any(self.secret)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a key does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a key does not change")

    def __len__(self) -> int:
        return len(self.secret)

    def __eq__(self, other: object) -> bool:
        return compare_digest(self.secret, other.secret) if isinstance(other, Key) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a hash of the secret would be one more thing to guard

    def __repr__(self) -> str:
        return f"<Key {self.label}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} is never pickled")


def check_key(key: Key, cipher: Cipher, key_bytes: int) -> Key:
    """Return ``key`` when it may be used with ``cipher``, else raise KeyRefused 密钥检查.

    DES knows 4 weak and 12 semi-weak keys (encrypting twice, or with the partner, gives the plaintext back) and ignores
    the low bit of each byte, the parity; so does this. Each half of a 16-byte key is a DES key, and equal halves make
    3DES single DES. AES and SM4 have no weak keys; equal halves are refused there too, for they come of components
    that were entered twice. Source: NIST SP 800-67, section 3.3.2.
    """
    if len(key) != key_bytes:
        raise KeyRefused(key.label, KeyFault.WRONG_LENGTH, f"{len(key)} bytes, {key_bytes} wanted")
    fault = _des_fault(key.secret) if cipher.is_des else _halves_fault(key.secret)
    if fault is not None:
        raise KeyRefused(key.label, fault)
    return key


def same_key(one: Key, other: Key, cipher: Cipher) -> bool:
    """Tell whether two keys encrypt alike under ``cipher``: DES does not look at the parity bits."""
    if cipher.is_des:
        return compare_digest(_without_parity(one.secret), _without_parity(other.secret))
    return compare_digest(one.secret, other.secret)


def generate_key(label: str, cipher: Cipher, key_bytes: int) -> Key:
    """Return a random key from the operating system's source, never one that ``check_key`` refuses 生成密钥.

    A DES key gets odd parity: it is ignored here, and other sides' modules may insist on it.
    """
    for _ in range(_GENERATE_TRIES_MAX):
        secret = token_bytes(key_bytes)
        if cipher.is_des:
            secret = with_odd_parity(secret)
        if not (cipher.is_des and _des_fault(secret)):
            return check_key(Key(label, secret), cipher, key_bytes)
    raise RuntimeError(f"the random source gave {_GENERATE_TRIES_MAX} weak DES keys in a row")


def wrap(kek: Key, key: Key, cipher: Cipher) -> bytes:
    """Return ``key`` encrypted under ``kek`` in ECB mode, 16 bytes 密钥加密.

    An 8-byte key is wrapped into the left 8 bytes; the right 8 are zeros.
    """
    return cipher.encrypt_ecb(kek.secret, key.secret).ljust(WRAPPED_BYTES, b"\0")


def unwrap(kek: Key, wrapped: bytes, label: str, cipher: Cipher, key_bytes: int) -> Key:
    """Return the key that ``wrapped`` holds, unchecked as yet 密钥解密.

    Args:
        kek: The key it was wrapped under.
        wrapped: 16 bytes, or 8 for an 8-byte key.
        label: The name of the new key.
        cipher: The suite's wrap cipher.
        key_bytes: Length of the key inside.

    Raises:
        KeyRefused: ``wrapped`` has a wrong length, or does not end in zeros behind an 8-byte key.
    """
    if len(wrapped) not in {key_bytes, WRAPPED_BYTES}:
        raise KeyRefused(label, KeyFault.WRONG_LENGTH, f"{len(wrapped)} bytes wrapped")
    if any(wrapped[key_bytes:]):
        raise KeyRefused(label, KeyFault.PADDING)
    return Key(label, cipher.decrypt_ecb(kek.secret, wrapped[:key_bytes]))


def check_kcv(key: Key, cipher: Cipher, kcv: bytes) -> Key:
    """Return ``key`` when its check value is ``kcv``, else raise KeyCheckFailed 核对校验值."""
    if not compare_digest(key.kcv(cipher), kcv):
        raise KeyCheckFailed(key.label)
    return key


def _from_hex(text: str) -> bytes | None:
    """Return None for bad hex, so that no exception of a parser travels with the refusal."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def with_odd_parity(secret: bytes) -> bytes:
    """Return ``secret`` with the low bit of each byte set so that the byte has an odd number of ones."""
    return bytes((octet & 0xFE) | (octet >> 1).bit_count() % 2 ^ 1 for octet in secret)


def _without_parity(secret: bytes) -> bytes:
    return bytes(octet & 0xFE for octet in secret)


_WEAK_KEYS = frozenset(_without_parity(bytes.fromhex(text)) for text in _WEAK)
_SEMI_WEAK_KEYS = frozenset(_without_parity(bytes.fromhex(text)) for text in _SEMI_WEAK)


def _des_fault(secret: bytes) -> KeyFault | None:
    """Return why ``secret`` is no DES (8 bytes) or 3DES (16 bytes) key."""
    bare = _without_parity(secret)
    halves = [bare[at : at + _DES_KEY_BYTES] for at in range(0, len(bare), _DES_KEY_BYTES)]
    if any(half in _WEAK_KEYS for half in halves):
        return KeyFault.WEAK
    if any(half in _SEMI_WEAK_KEYS for half in halves):
        return KeyFault.SEMI_WEAK
    if len(set(halves)) < len(halves):
        return KeyFault.HALVES_EQUAL
    return None


def _halves_fault(secret: bytes) -> KeyFault | None:
    middle = len(secret) // 2
    return KeyFault.HALVES_EQUAL if secret[:middle] == secret[middle:] else None
