"""Key entry 密钥录入: keys of a key ceremony, typed by their custodians or read from files, in one or more components.

The components are XORed, so that no custodian knows the key. They are typed without echo and shown to nobody; what each
can be told by is its key check value (KCV 密钥校验值). At a terminal each custodian enters his components of all keys
in one turn, alone, and the screen is emptied before the next one comes.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from crypto.ciphers import Cipher
from crypto.errors import KeyFault, KeyRefused
from crypto.key_components import combine_key
from crypto.keys import Key
from crypto.private_file import PrivateFileRefused, read_private
from fep.command_line import confirm
from fep.core_dumps import forbid_core_dumps
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import say
from fep.terminal import clear, is_interactive, wait_for_enter

_COMPONENT_BYTES_MAX = 256  # of a file: hex digits, perhaps in groups, and line breaks
_TRIES_MAX = 3  # of typing one component: a slip is put right, a wrong form is put away


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key that is to be entered.

    Attributes:
        label: what it is, as messages name it.
        option: the option that names files, for whoever has no terminal.
        files: each holds one component in hex, mode 0600; without any it is typed.
        ciphers: for the check values that are shown, by length of the key in bytes: the lengths that it may have.
    """

    label: str
    option: str
    files: Sequence[Path]
    ciphers: dict[int, Cipher]


@dataclass(frozen=True, slots=True)
class Entered:
    """A key that was entered.

    Attributes:
        key: the whole of it.
        components: how many made it.
    """

    key: Key
    components: int


def enter_keys(wanted: Sequence[Wanted], components: int) -> list[Entered]:
    """Return the keys, each from its component files, or from as many custodians when it has none.

    Args:
        wanted: the keys, in the order in which a custodian enters his components of them.
        components: how many custodians there are.

    Raises:
        CommandFailed, KeyRefused: what was entered is no key; says which component.
    """
    forbid_core_dumps()
    parts: list[list[Key]] = [[_from_file(each, path) for path in each.files] for each in wanted]
    typed = [at for at, each in enumerate(wanted) if not each.files]
    if typed and components == 1 and is_interactive():
        _say_one_alone()
    for number in range(1, components + 1 if typed else 1):
        _begin_turn(number, components)
        for at in typed:
            parts[at].append(_prompted(wanted[at], number, components))
        _end_turn(number, components)
    return [_whole(each, keys) for each, keys in zip(wanted, parts, strict=True)]


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


def component_name(label: str, number: int, components: int) -> str:
    """Return what a component is called."""
    if components == 1:
        return label
    return say(en=f"{label}, component {number} of {components}", zh=f"{label} 第 {number} 分量 (共 {components} 个)")


def component_of(wanted: Wanted, name: str, text: str) -> Key:
    """Return what was typed as a component, blanks between groups of digits allowed; KeyRefused when it is none."""
    key = Key.from_hex(name, text)
    if len(key) not in wanted.ciphers:
        lengths = ", ".join(map(str, wanted.ciphers))
        detail = say(en=f"{len(key)} bytes, {lengths} wanted", zh=f"{len(key)} 字节, 应为 {lengths} 字节")
        raise KeyRefused(name, KeyFault.WRONG_LENGTH, detail)
    if key.is_zero:
        raise KeyRefused(name, KeyFault.ZERO)
    return key


def _whole(wanted: Wanted, components: Sequence[Key]) -> Entered:
    cipher = wanted.ciphers[len(components[0])]
    if len(components) > 1:
        for component in components:
            if len(component) != len(components[0]):
                raise KeyRefused(component.label, KeyFault.WRONG_LENGTH, f"{len(component)}, {len(components[0])}")
            show_kcv(component, cipher)
    key = combine_key(wanted.label, components)
    show_kcv(key, cipher)
    return Entered(key, len(components))


def _say_one_alone() -> None:
    click.echo(
        say(
            en="one component: whoever types it knows the whole key; two custodians are usual (--components 2)",
            zh="仅一个分量: 录入者知道整个密钥; 通常由两名保管人分别录入 (--components 2)",
        ),
        err=True,
    )


def _begin_turn(number: int, components: int) -> None:
    if components > 1 and is_interactive():
        clear()
        wait_for_enter(
            en=f"Custodian {number} of {components}: press Enter when you are alone with the keyboard",
            zh=f"第 {number} 名保管人 (共 {components} 名): 请在独自面对键盘时按回车",
        )


def _end_turn(number: int, components: int) -> None:
    if components > 1 and is_interactive():
        wait_for_enter(
            en=f"Custodian {number} of {components}: done; press Enter to empty the screen",
            zh=f"第 {number} 名保管人 (共 {components} 名): 录入完毕; 按回车清屏",
        )
        clear()


def _from_file(wanted: Wanted, path: Path) -> Key:
    try:
        text = read_private(path, _COMPONENT_BYTES_MAX).decode("latin-1")
    except PrivateFileRefused as refused:
        fault = refused.fault
        raise CommandFailed(
            EXIT_BAD_INPUT, en=f"{path}: {fault.what}; {fault.remedy}", zh=f"{path}: {fault.chinese}"
        ) from None
    return component_of(wanted, str(path), text)


def _prompted(wanted: Wanted, number: int, components: int) -> Key:
    """Ask for one component; at a terminal a wrong one is told at once and asked for again."""
    name = component_name(wanted.label, number, components)
    if not is_interactive():
        text = sys.stdin.readline(_COMPONENT_BYTES_MAX).strip()
        if text:
            return component_of(wanted, name, text)
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{name}: nothing entered; without a terminal give {wanted.option} FILE",
            zh=f"{name}: 未录入; 无终端时请用 {wanted.option} 文件",
        )
    for left in reversed(range(_TRIES_MAX)):
        try:
            key = asked(wanted, name)
        except KeyRefused as refused:
            if not left:
                raise
            click.echo(say(en=f"{refused}; enter it again", zh=f"{refused.chinese}; 请重新录入"), err=True)
            continue
        if components == 1 or _is_as_written(key, wanted):
            return key
    raise CommandFailed(
        EXIT_BAD_INPUT,
        en=f"{name}: not as on the sheet; nothing is stored",
        zh=f"{name}: 与密钥单不一致; 未保存任何密钥",
    )


def _is_as_written(key: Key, wanted: Wanted) -> bool:
    """Let the custodian compare the check value with that on his sheet."""
    show_kcv(key, wanted.ciphers[len(key)])
    return confirm(say(en="The same as on your sheet?", zh="与密钥单上的校验值一致?"))


def asked(wanted: Wanted, name: str) -> Key:
    """Ask for one component at the terminal, without echo; KeyRefused when it is none."""
    text: str = click.prompt(say(en=f"{name} (hex)", zh=f"{name} (十六进制)"), hide_input=True, err=True)
    return component_of(wanted, name, text)
