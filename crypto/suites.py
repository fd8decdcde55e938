"""The five suites, one table 密码套件.

A bank's suite comes from its configuration and is never negotiated. Source: wire specification, section 2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from crypto.ciphers import AES_CIPHER, DES_CIPHER, SM4_CIPHER, TRIPLE_DES_CIPHER, Cipher
from crypto.macs import CmacMac, CupsMac, MacFunction, X99Mac, X919Mac


@dataclass(frozen=True, slots=True)
class Suite:
    """What protects the link of one bank 密码套件.

    Attributes:
        name: As the configuration names it.
        ak_bytes: Length of AK, which authenticates sign-in.
        kek_bytes: Length of KEK, which wraps the session keys.
        mak_bytes: Length of MAK, the session's MAC key.
        tek_bytes: Length of TEK, the session's body encryption key.
        session_mac: MAK -> MAC function.
        sign_in_mac: AK -> MAC function.
        body_cipher: Encrypts bodies, in CBC mode.
        wrap_cipher: Wraps session keys, in ECB mode.
        weak: Protects against line errors, not attackers; wants ``accept_weak_mac``.
        legacy: On 3DES, which NIST SP 800-131A has disallowed since 2024; docs/keys.md has the way out.
    """

    name: str
    ak_bytes: int
    kek_bytes: int
    mak_bytes: int
    tek_bytes: int
    session_mac: Callable[[bytes], MacFunction]
    sign_in_mac: Callable[[bytes], MacFunction]
    body_cipher: Cipher
    wrap_cipher: Cipher
    weak: bool
    legacy: bool

    def check_cipher(self, key_bytes: int) -> Cipher:
        """Return the cipher of a key's check value: DES for 8 bytes, else the suite's block cipher."""
        return DES_CIPHER if key_bytes == DES_CIPHER.key_bytes else self.wrap_cipher


_AES_CMAC = partial(CmacMac, AES_CIPHER)
_SM4_CMAC = partial(CmacMac, SM4_CIPHER)

SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            #     name   AK KEK MAK TEK session    sign-in    body cipher        key wrap           weak   legacy
            Suite("des", 16, 16, 8, 8, X99Mac, X919Mac, DES_CIPHER, TRIPLE_DES_CIPHER, True, True),
            Suite("3des", 16, 16, 16, 16, X919Mac, X919Mac, TRIPLE_DES_CIPHER, TRIPLE_DES_CIPHER, False, True),
            Suite("cups", 16, 16, 16, 16, CupsMac, CupsMac, TRIPLE_DES_CIPHER, TRIPLE_DES_CIPHER, True, True),
            Suite("aes", 16, 16, 16, 16, _AES_CMAC, _AES_CMAC, AES_CIPHER, AES_CIPHER, False, False),
            Suite("sm4", 16, 16, 16, 16, _SM4_CMAC, _SM4_CMAC, SM4_CIPHER, SM4_CIPHER, False, False),
        )
    }
)
