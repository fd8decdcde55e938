"""Key ceremony 密钥仪式: a new key goes to its custodians, each of whom writes his components down alone.

What a custodian has written is typed back before the next one comes: a slip of the pen is found while the key can still
be shown. Components are shown on the terminal only, never on an output that may be a file.
"""

import sys
from collections.abc import Sequence

import click

from crypto.ciphers import Cipher
from crypto.errors import KeyRefused
from crypto.key_components import sheet_text, split_key
from crypto.keys import Key
from fep.exits import EXIT_CANNOT_RUN, CommandFailed
from fep.key_entry import Wanted, asked, component_name, kcv_text
from fep.language import say
from fep.terminal import clear, is_interactive, wait_for_enter

_TRIES_MAX = 3


def require_terminal() -> None:
    """Refuse to show components where they may end in a file: CommandFailed."""
    if not (is_interactive() and sys.stderr.isatty()):
        raise CommandFailed(
            EXIT_CANNOT_RUN,
            en="a new key is shown to its custodians at a terminal; without one wrap it: --wrapped",
            zh="新密钥须在终端上向保管人显示; 无终端时请用 --wrapped 加密输出",
        )


def hand_out(keys: Sequence[tuple[Key, Cipher]], custodians: int) -> None:
    """Split each key and show each custodian his components, until what he has written down is right.

    Raises:
        CommandFailed: a custodian did not type back what was shown; the keys must be forgotten.
    """
    parts = [
        split_key(key, [component_name(key.label, number, custodians) for number in range(1, custodians + 1)])
        for key, _ in keys
    ]
    ciphers = [cipher for _, cipher in keys]
    for number in range(1, custodians + 1):
        clear()
        wait_for_enter(
            en=f"Custodian {number} of {custodians}: press Enter when you are alone with the screen",
            zh=f"第 {number} 名保管人 (共 {custodians} 名): 请在独自面对屏幕时按回车",
        )
        for components, cipher in zip(parts, ciphers, strict=True):
            _hand_over(components[number - 1], cipher)
    clear()


def _hand_over(component: Key, cipher: Cipher) -> None:
    for _ in range(_TRIES_MAX):
        clear()
        click.echo(
            f"{component.label}:\n\n    {sheet_text(component)}\n\n    KCV {kcv_text(component, cipher)}\n", err=True
        )
        wait_for_enter(en="Write both down; press Enter to empty the screen", zh="请将两项抄录在密钥单上; 按回车清屏")
        clear()
        click.echo(say(en="Now type it from your sheet.", zh="请按密钥单录入以核对。"), err=True)
        if _typed_back(component, cipher):
            clear()
            return
        click.echo(say(en="That is not what was shown; once more.", zh="与显示的不符, 请再抄录一次。"), err=True)
        wait_for_enter(en="Press Enter", zh="按回车")
    raise CommandFailed(
        EXIT_CANNOT_RUN,
        en=f"{component.label}: was not typed back; nothing is stored, destroy all sheets of this key",
        zh=f"{component.label}: 核对未通过; 未保存任何密钥, 请销毁该密钥的全部密钥单",
    )


def _typed_back(component: Key, cipher: Cipher) -> bool:
    wanted = Wanted(component.label, "", (), {len(component): cipher})
    try:
        return asked(wanted, component.label) == component
    except KeyRefused:
        return False
