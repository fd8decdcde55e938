"""A master key in a hardware security module 硬件密码机, by PKCS#11: it is made there and never leaves it.

What seals the key store is derived in the token: HMAC-SHA256 under the master key over a fixed text, which every
PKCS#11 module can do. The reference is a URI (RFC 7512):

    pkcs11:token=LABEL;object=LABEL?module-path=/PATH/OF/MODULE.so&pin-source=REFERENCE

``pin-source`` is ``file:PATH``, ``env:NAME`` or ``credential:NAME``, and says where the user PIN stands, never the PIN
itself. The library is python-pkcs11, of the extra ``pkcs11``; it is imported when a reference asks for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

from crypto.errors import MasterKeyUnavailable

SCHEME = "pkcs11"
_PATH_PARTS, _QUERY_PARTS = frozenset({"token", "object"}), frozenset({"module-path", "pin-source"})
_DERIVED_FROM = b"FEP key store seal key 1"
_KEY_BITS = 256


@dataclass(frozen=True, slots=True)
class TokenReference:
    """Where a master key lies in a token.

    Attributes:
        token: its label.
        label: of the key in it.
        module: path of the PKCS#11 module.
        pin_source: reference to the user PIN.
    """

    token: str
    label: str
    module: str
    pin_source: str

    @classmethod
    def of(cls, reference: str) -> Self:
        """Read a reference; MasterKeyUnavailable when it is not as above. It is not repeated in the error."""
        scheme, _, rest = reference.partition(":")
        path, _, query = rest.partition("?")
        parts = _parts(path, ";") | _parts(query, "&")
        if scheme != SCHEME or parts.keys() != _PATH_PARTS | _QUERY_PARTS or not all(parts.values()):
            raise MasterKeyUnavailable(
                "reference",
                "it is not a PKCS#11 reference",
                "write pkcs11:token=LABEL;object=LABEL?module-path=PATH&pin-source=file:PATH",
                "PKCS#11 引用格式错, 应为 pkcs11:token=标签;object=标签?module-path=路径&pin-source=file:路径",
            )
        return cls(parts["token"], parts["object"], parts["module-path"], parts["pin-source"])

    @property
    def shown(self) -> str:
        """What errors call it."""
        return f"{SCHEME}:token={self.token};object={self.label}"


def derived_in_token(reference: TokenReference, pin: str) -> bytes:
    """Return the 32 bytes that seal the key store; MasterKeyUnavailable says what is wrong."""
    with _session(reference, pin) as (pkcs11, session):
        key = session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, label=reference.label)
        return bytes(key.sign(_DERIVED_FROM, mechanism=pkcs11.Mechanism.SHA256_HMAC))


def make_in_token(reference: TokenReference, pin: str) -> None:
    """Make the master key in the token: sensitive, not extractable; MasterKeyUnavailable when one has its label."""
    with _session(reference, pin, rw=True) as (pkcs11, session):
        attribute = pkcs11.Attribute
        if list(session.get_objects({attribute.LABEL: reference.label})):
            raise MasterKeyUnavailable(
                reference.shown, "the token has an object of this label", "choose another label", "令牌中已有同名对象"
            )
        session.generate_key(
            pkcs11.KeyType.GENERIC_SECRET,
            _KEY_BITS,
            label=reference.label,
            store=True,
            capabilities=pkcs11.MechanismFlag.SIGN,
            mechanism=pkcs11.Mechanism.GENERIC_SECRET_KEY_GEN,
            template={attribute.PRIVATE: True, attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )


@contextmanager
def _session(reference: TokenReference, pin: str, *, rw: bool = False) -> Iterator[tuple[Any, Any]]:
    """Open a session of the user on the token; whatever the library says becomes our own error, raised outside its."""
    try:
        import pkcs11
        from pkcs11 import exceptions
    except ImportError:
        raise MasterKeyUnavailable(
            reference.shown,
            "python-pkcs11 is not installed",
            "install the extra: pip install '.[pkcs11]'",
            "未安装 python-pkcs11, 请执行 pip install '.[pkcs11]'",
        ) from None
    failure: MasterKeyUnavailable | None = None
    try:
        token = pkcs11.lib(reference.module).get_token(token_label=reference.token)
        with token.open(user_pin=pin, rw=rw) as session:
            yield pkcs11, session
    except exceptions.PKCS11Error as error:  # its message may name paths, never a PIN or a key
        failure = _failure(reference, error, exceptions)
    if failure is not None:
        raise failure


def _failure(reference: TokenReference, error: Exception, exceptions: Any) -> MasterKeyUnavailable:
    kinds: tuple[tuple[type[Exception], tuple[str, str, str]], ...] = (
        (
            exceptions.PinIncorrect,
            ("the PIN is wrong", "correct it: a token locks after a few", "PIN 错误, 多次错误将锁定令牌"),
        ),
        (
            exceptions.PinLocked,
            ("the PIN is locked", "let the security officer reset it", "PIN 已锁定, 请由安全员解锁"),
        ),
        (
            exceptions.NoSuchToken,
            ("there is no such token", "see that the module is connected", "无此令牌, 请检查密码机连接"),
        ),
        (
            exceptions.NoSuchKey,
            ("there is no such key", "make it: fep keys make-master", "令牌中无此密钥, 请执行 fep keys make-master"),
        ),
    )
    for kind, said in kinds:
        if isinstance(error, kind):
            return MasterKeyUnavailable(reference.shown, *said)
    what = f"{type(error).__name__} {error}".strip()
    return MasterKeyUnavailable(
        reference.shown, f"the module fails ({what})", "check module-path and the module", f"密码机模块出错 ({what})"
    )


def _parts(text: str, separator: str) -> dict[str, str]:
    """Return the attributes of one half of the URI; one without a value, or twice, makes it none."""
    pairs = [part.partition("=") for part in text.split(separator) if part]
    parts = {name: unquote(value) for name, _, value in pairs}
    return parts if len(parts) == len(pairs) else {}
