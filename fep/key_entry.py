"""Key entry 密钥录入: keys from a key ceremony, typed or read from files, in one or more components.

The components are XORed, so that no custodian knows the key. They are shown to nobody; what each can be told by is its
key check value (KCV 密钥校验值).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from crypto.ciphers import Cipher
from crypto.errors import FileFault, KeyFault, KeyRefused
from crypto.keys import Key
from crypto.private_file import PrivateFileRefused, read_private
from fep.command_line import EXIT_BAD_INPUT, CommandFailed
from fep.language import say

COMPONENTS_MAX = 9
_COMPONENT_BYTES_MAX = 256  # of a file: hex digits, perhaps in groups, and line breaks


def enter_key(label: str, files: Sequence[Path], components: int, cipher: Cipher) -> Key:
    """Return a key from its component files, or from as many prompts when there are none.

    Args:
        label: what the key is, as messages name it.
        files: each holds one component in hex, mode 0600.
        components: how many to ask for when ``files`` is empty.
        cipher: for the check values that are shown.

    Raises:
        CommandFailed, KeyRefused: what was entered is no key; says which component.
    """
    texts = [_from_file(path) for path in files] or [
        _prompted(label, number, components) for number in range(1, components + 1)
    ]
    names = [str(path) for path in files] or [
        say(en=f"{label}, component {number}", zh=f"{label} 第 {number} 分量") for number in range(1, components + 1)
    ]
    keys = [Key.from_hex(name, text) for name, text in zip(names, texts, strict=True)]
    if len(keys) > 1:
        for key in keys:
            show_kcv(key, cipher)
    return _combined(label, texts)


def show_kcv(key: Key, cipher: Cipher) -> None:
    """Print the key's check value on stderr."""
    click.echo(f"{key.label}: KCV {kcv_text(key, cipher)}", err=True)


def kcv_text(key: Key, cipher: Cipher) -> str:
    """Return the key check value, 8 upper-case hex digits; a dash when no cipher takes the key."""
    try:
        return key.kcv(cipher).hex().upper()
    except ValueError:  # wrong length, or halves equal: the check of the whole key says so by name
        return "-"


def _combined(label: str, texts: Sequence[str]) -> Key:
    parts = [bytes.fromhex(text) for text in texts]
    if len({len(part) for part in parts}) > 1:
        raise KeyRefused(label, KeyFault.WRONG_LENGTH, say(en="components differ", zh="各分量长度不同"))
    combined = 0
    for part in parts:
        combined ^= int.from_bytes(part)
    return Key(label, combined.to_bytes(len(parts[0])))


def _from_file(path: Path) -> str:
    try:
        return read_private(path, _COMPONENT_BYTES_MAX).decode("latin-1")
    except PrivateFileRefused as refused:
        fault: FileFault = refused.fault
        raise CommandFailed(
            EXIT_BAD_INPUT, en=f"{path}: {fault.what}; {fault.remedy}", zh=f"{path}: {fault.chinese}"
        ) from None


def _prompted(label: str, number: int, components: int) -> str:
    which = f" {number}/{components}" if components > 1 else ""
    if sys.stdin.isatty():
        text: str = click.prompt(
            say(en=f"{label}{which} (hex)", zh=f"{label}{which} (十六进制)"), hide_input=True, err=True
        )
        return text
    text = sys.stdin.readline(_COMPONENT_BYTES_MAX).strip()
    if not text:
        raise CommandFailed(EXIT_BAD_INPUT, en=f"{label}{which}: nothing entered", zh=f"{label}{which}: 未录入")
    return text
