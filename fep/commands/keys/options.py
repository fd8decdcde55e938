"""Options 密钥命令选项 that several key commands take."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from crypto.ciphers import BLOCK_CIPHERS
from crypto.keys import Key, check_key
from fep.command_line import Choice, WholeNumber, option
from fep.key_entry import Wanted, enter_keys
from fep.language import say

Function = Callable[..., Any]

CUSTODIANS = 2
"""How many components a key has unless the command says otherwise: nobody alone knows it, and two can be found."""

NUMBER_MAX = 1_000_000


def suite_option(function: Function) -> Any:
    """Add ``--suite``."""
    return option(
        "--suite",
        "suite_name",
        type=Choice("des", "3des", "cups", "aes", "sm4"),
        en="Suite; the bank's own when it has a file.",
        zh="算法套件; 银行已有配置文件时取其配置。",
    )(function)


def components_option(function: Function) -> Any:
    """Add ``--components``."""
    return option(
        "--components",
        type=WholeNumber(1, 9),
        default=CUSTODIANS,
        metavar="N",
        en=f"Ask N custodians for a component of each key ({CUSTODIANS} when not given) and XOR them.",
        zh=f"由 N 名保管人分别录入每个密钥的分量 (缺省 {CUSTODIANS}), 逐个异或。",
    )(function)


def files_option(name: str, en: str, zh: str) -> Callable[[Function], Any]:
    """Add ``--NAME-file``, which may be given for each component."""
    return option(
        f"--{name}-file",
        f"{name}_files",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        en=f"{en} in hex, mode 0600; once for each component.",
        zh=f"{zh}的十六进制文件, 权限 0600; 每个分量一次。",
    )


def protection_option(function: Function) -> Any:
    """Add ``--kbpk-file``."""
    return files_option("kbpk", "Key block protection key (KBPK)", "密钥块保护密钥 (KBPK)")(function)


def version_option(function: Function) -> Any:
    """Add ``--block-version``."""
    return option(
        "--block-version",
        type=Choice("B", "D"),
        en="Version of the key blocks: B under a 3DES key, D under an AES key; as the suite when not given.",
        zh="密钥块版本: B 用 3DES 保护密钥, D 用 AES 保护密钥; 缺省按套件。",
    )(function)


def enter_protection_key(version: str, files: Sequence[Path], components: int) -> Key:
    """Return a key block protection key from its custodians or files; KeyRefused when it must not be used."""
    wanted = Wanted(
        say(en="key block protection key (KBPK)", zh="密钥块保护密钥 (KBPK)"),
        "--kbpk-file",
        files,
        dict(BLOCK_CIPHERS[version]),
    )
    (entered,) = enter_keys([wanted], components)
    return check_key(entered.key, wanted.ciphers[len(entered.key)], len(entered.key))
