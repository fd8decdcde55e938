"""The master key, which seals the key store 主密钥.

It is 32 bytes written as 64 hexadecimal digits, a line break at the end allowed, and the configuration holds only a
reference to it:

    file:PATH         a private file (mode 0600 or stricter, own user); a relative path is relative to the configuration
    env:NAME          an environment variable
    credential:NAME   a systemd credential ($CREDENTIALS_DIRECTORY, LoadCredential= in the unit); the best of the three
    pkcs11:…          a key in a hardware security module, see ``token_key``: it never leaves it
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

from crypto.errors import FileFault, MasterKeyUnavailable
from crypto.keys import Key
from crypto.private_file import PrivateFileRefused, read_private, write_new_private
from crypto.token_key import SCHEME, TokenReference, derived_in_token, make_in_token

MASTER_KEY_BYTES = 32

_LABEL = "master key"
_PIN_BYTES_MAX = 256  # longer than any token takes
_TEXT_BYTES_MAX = 2 * MASTER_KEY_BYTES + 2  # the digits and CR LF
_DIGITS = re.compile(r"([0-9A-Fa-f]{64})\r?\n?", re.ASCII)
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}", re.ASCII)


def resolve_master_key(reference: str, base_dir: Path, environ: Mapping[str, str] = os.environ) -> Key:
    """Return the master key that ``reference`` names.

    Args:
        reference: ``file:PATH``, ``env:NAME``, ``credential:NAME`` or ``pkcs11:…``.
        base_dir: Where a relative path begins.
        environ: The environment.

    Raises:
        MasterKeyUnavailable: Says what is wrong and what to do, never what was read.
    """
    if reference.startswith(f"{SCHEME}:"):
        token = TokenReference.of(reference)
        return Key(_LABEL, derived_in_token(token, _pin(token.pin_source, base_dir, environ)))
    return _parsed(reference, _text(reference, _TEXT_BYTES_MAX, base_dir, environ))


def make_master_key(reference: str, base_dir: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Make a new master key where ``reference`` says: a new file, or a new key in a token 生成主密钥.

    Raises:
        MasterKeyUnavailable: There is one already, or it cannot be made there.
    """
    kind, _, name = reference.partition(":")
    if kind == SCHEME:
        token = TokenReference.of(reference)
        make_in_token(token, _pin(token.pin_source, base_dir, environ))
    elif kind == "file" and name:
        write_new_master_key(base_dir / name)
    else:
        raise MasterKeyUnavailable(
            "reference",
            "no key can be made there",
            "write file:PATH or pkcs11:…",
            "无法在该处生成主密钥, 应为 file:路径 或 pkcs11:…",
        )


def _pin(reference: str, base_dir: Path, environ: Mapping[str, str]) -> str:
    return _text(reference, _PIN_BYTES_MAX, base_dir, environ).removesuffix("\n").removesuffix("\r")


def _text(reference: str, bytes_max: int, base_dir: Path, environ: Mapping[str, str]) -> str:
    """Return what stands where a reference says, as it stands there."""
    kind, _, name = reference.partition(":")
    if kind == "file" and name:
        return _from_file(reference, base_dir / name, bytes_max, guarded=False)
    if kind == "env" and name:
        return _from_environment(reference, name, environ)
    if kind == "credential" and _CREDENTIAL_NAME.fullmatch(name):
        return _from_credential(reference, name, bytes_max, environ)
    # The reference is not repeated: whoever put the key itself there must not find it in the log.
    raise MasterKeyUnavailable(
        "reference",
        "it is not a reference",
        "write file:PATH, env:NAME, credential:NAME or pkcs11:…",
        "引用格式错, 应为 file:路径, env:变量名, credential:凭据名 或 pkcs11:…",
    )


def write_new_master_key(path: Path) -> Key:
    """Write a new random master key to the new file ``path`` (mode 0600) and return it 生成主密钥.

    Raises:
        MasterKeyUnavailable: The file exists, or cannot be written.
    """
    text = token_hex(MASTER_KEY_BYTES)
    try:
        write_new_private(path, f"{text}\n".encode())
    except PrivateFileRefused as refused:
        raise MasterKeyUnavailable.of_file(f"file:{path}", refused.fault, refused.detail) from refused
    return Key.from_hex(_LABEL, text)


def _from_file(reference: str, path: Path, bytes_max: int, *, guarded: bool) -> str:
    try:
        content = read_private(path, bytes_max, guarded=guarded)
    except PrivateFileRefused as refused:
        # A longer file is simply not a key.
        is_no_key = refused.fault is FileFault.TOO_LARGE and bytes_max == _TEXT_BYTES_MAX
        fault = FileFault.NOT_HEX if is_no_key else refused.fault
        raise MasterKeyUnavailable.of_file(f"{reference} ({path})", fault, refused.detail) from refused
    return content.decode("latin-1")


def _from_environment(reference: str, name: str, environ: Mapping[str, str]) -> str:
    text = environ.get(name)
    if text is None:
        raise MasterKeyUnavailable(
            reference, "the variable is not set", "set it, or correct the name", "环境变量未设置, 请设置或更正变量名"
        )
    return text


def _from_credential(reference: str, name: str, bytes_max: int, environ: Mapping[str, str]) -> str:
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory is None:
        raise MasterKeyUnavailable(
            reference,
            "$CREDENTIALS_DIRECTORY is not set",
            "start this by systemd, with LoadCredential= in the unit, or a command by fep-site (docs/operations.md)",
            "未设置 $CREDENTIALS_DIRECTORY, 请由systemd启动并在单元中配置 LoadCredential=, "
            "命令则用 fep-site 执行 (docs/operations.zh-CN.md)",
        )
    return _from_file(reference, Path(directory) / name, bytes_max, guarded=True)


def _parsed(reference: str, text: str) -> Key:
    match = _DIGITS.fullmatch(text)
    if match is None:
        raise MasterKeyUnavailable.of_file(reference, FileFault.NOT_HEX)
    return Key.from_hex(_LABEL, match[1])
