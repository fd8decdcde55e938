"""Key entry 密钥录入: keys from a key ceremony, typed or read from files, in one or more components.

The components are XORed, so that no custodian knows the key. They are shown to nobody; what each can be told by is its
key check value (KCV 密钥校验值).
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import click

from crypto.ciphers import Cipher
from crypto.errors import FileFault, KeyFault, KeyRefused
from crypto.keys import Key
from crypto.private_file import PrivateFileRefused, read_private
from fep.command_line import EXIT_BAD_INPUT, CommandFailed
from fep.language import say

_COMPONENT_BYTES_MAX = 256  # of a file: hex digits, perhaps in groups, and line breaks
_TRIES_MAX = 3  # of typing one component: a slip is put right, a wrong form is put away


@dataclass(frozen=True, slots=True)
class Source:
    """Where a key comes from.

    Attributes:
        option: the option that names files, for whoever has no terminal.
        files: each holds one component in hex, mode 0600.
        components: how many to ask for when there are no files.
    """

    option: str
    files: Sequence[Path]
    components: int


@dataclass(frozen=True, slots=True)
class _Component:
    """One component: what names it and shows its check value, and what is XORed."""

    key: Key
    secret: bytes = field(repr=False)


def enter_key(label: str, source: Source, cipher: Cipher, key_bytes: int) -> Key:
    """Return a key from its component files, or from as many prompts when there are none.

    Args:
        label: what the key is, as messages name it.
        source: files or prompts.
        cipher: for the check values that are shown.
        key_bytes: length of the key, and so of each component.

    Raises:
        CommandFailed, KeyRefused: what was entered is no key; says which component.
    """
    if source.files:
        components = [_component(str(path), _from_file(path), key_bytes) for path in source.files]
    else:
        components = [
            _prompted(_name(label, number, source.components), source.option, key_bytes)
            for number in range(1, source.components + 1)
        ]
    if len(components) > 1:
        for component in components:
            show_kcv(component.key, cipher)
    return _combined(label, components)


def show_kcv(key: Key, cipher: Cipher) -> None:
    """Print the key's check value on stderr."""
    value = kcv_text(key, cipher)
    click.echo(say(en=f"{key.label}: KCV {value}", zh=f"{key.label}: 校验值 (KCV) {value}"), err=True)


def kcv_text(key: Key, cipher: Cipher) -> str:
    """Return the key check value, 8 upper-case hex digits; a dash when no cipher takes the key."""
    try:
        return key.kcv(cipher).hex().upper()
    except ValueError:  # wrong length, or halves equal: the check of the whole key says so by name
        return "-"


def _name(label: str, number: int, components: int) -> str:
    if components == 1:
        return label
    return say(en=f"{label}, component {number} of {components}", zh=f"{label} 第 {number} 分量 (共 {components} 个)")


def _component(name: str, text: str, key_bytes: int) -> _Component:
    key = Key.from_hex(name, text)
    if len(key) != key_bytes:
        detail = say(en=f"{len(key)} bytes, {key_bytes} wanted", zh=f"{len(key)} 字节, 应为 {key_bytes} 字节")
        raise KeyRefused(name, KeyFault.WRONG_LENGTH, detail)
    return _Component(key, bytes.fromhex(text))


def _combined(label: str, components: Sequence[_Component]) -> Key:
    """XOR the components; two that are equal cancel each other out, so that what is left is known to fewer people."""
    for first, second in combinations(components, 2):
        if first.key == second.key:
            raise CommandFailed(
                EXIT_BAD_INPUT,
                en=f"{label} refused: {first.key.label} and {second.key.label} are equal and cancel each other out",
                zh=f"{label} 不可用: {first.key.label} 与 {second.key.label} 相同, 异或后互相抵消",
            )
    combined = 0
    for component in components:
        combined ^= int.from_bytes(component.secret)
    if combined == 0:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{label} refused: it is all zeros",
            zh=f"{label} 不可用: 全为零",
        )
    return Key(label, combined.to_bytes(len(components[0].secret)))


def _from_file(path: Path) -> str:
    try:
        return read_private(path, _COMPONENT_BYTES_MAX).decode("latin-1")
    except PrivateFileRefused as refused:
        fault: FileFault = refused.fault
        raise CommandFailed(
            EXIT_BAD_INPUT, en=f"{path}: {fault.what}; {fault.remedy}", zh=f"{path}: {fault.chinese}"
        ) from None


def _prompted(name: str, option: str, key_bytes: int) -> _Component:
    """Ask for one component; at a terminal a wrong one is told at once and asked for again."""
    if not sys.stdin.isatty():
        text = sys.stdin.readline(_COMPONENT_BYTES_MAX).strip()
        if text:
            return _component(name, text, key_bytes)
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{name}: nothing entered; without a terminal give {option} FILE",
            zh=f"{name}: 未录入; 无终端时请用 {option} 文件",
        )
    for _ in range(_TRIES_MAX - 1):
        try:
            return _asked(name, key_bytes)
        except KeyRefused as refused:
            click.echo(say(en=f"{refused}; enter it again", zh=f"{refused.chinese}; 请重新录入"), err=True)
    return _asked(name, key_bytes)


def _asked(name: str, key_bytes: int) -> _Component:
    text: str = click.prompt(say(en=f"{name} (hex)", zh=f"{name} (十六进制)"), hide_input=True, err=True)
    return _component(name, text, key_bytes)
