"""``fep keys import`` 装入密钥 and ``fep keys kcv`` 校验值: keys that custodians bring, in components or in files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from crypto.key_versions import KeyState, KeyVersion
from crypto.keys import Key, check_key
from crypto.suites import SUITES
from fep.command_line import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    Choice,
    CommandFailed,
    WholeNumber,
    command,
    config_option,
    option,
)
from fep.commands.keys.store import OpenStore, reload_hint, told
from fep.commands.keys.suites import suite_of
from fep.key_entry import Source, enter_key, kcv_text, show_kcv
from fep.language import Text, say

Function = Callable[..., Any]


def _suite_option(function: Function) -> Any:
    return option(
        "--suite",
        "suite_name",
        type=Choice("des", "3des", "cups", "aes", "sm4"),
        en="Suite; the bank's own when it has a file.",
        zh="算法套件; 银行已有配置文件时取其配置。",
    )(function)


def _components_option(function: Function) -> Any:
    return option(
        "--components",
        type=WholeNumber(1, 9),
        default=1,
        metavar="N",
        en="Ask for N components of each key and XOR them.",
        zh="每个密钥录入 N 个分量, 逐个异或。",
    )(function)


def _files_option(name: str, en: str, zh: str) -> Callable[[Function], Any]:
    return option(
        f"--{name}-file",
        f"{name}_files",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        en=f"{en} in hex, mode 0600; once for each component.",
        zh=f"{zh}的十六进制文件, 权限 0600; 每个分量一次。",
    )


@command(
    "import",
    en="""Load the AK and KEK of a bank.

A bank's first keys are used at once; later ones wait until 'fep keys activate' says from when.""",
    zh="""装入一家银行的 AK 和 KEK。

该银行的首个密钥立即启用; 以后装入的须用 fep keys activate 启用。""",
)
@click.argument("bank_code", metavar="BANK_CODE")
@config_option
@_suite_option
@_components_option
@_files_option("ak", "AK (authenticates sign-in)", "AK (签到鉴别密钥)")
@_files_option("kek", "KEK (wraps session keys)", "KEK (会话密钥的加密密钥)")
@option("--only", type=Choice("ak", "kek"), en="Only this key is new.", zh="只更换其中一个。")
def import_keys(
    bank_code: str,
    config_path: Path,
    suite_name: str | None,
    components: int,
    ak_files: Sequence[Path],
    kek_files: Sequence[Path],
    only: str | None,
) -> int:
    """Put a new version of a bank's keys into the key store."""
    opened = OpenStore.of(config_path)
    suite = suite_of(opened.settings, bank_code, suite_name)
    former = _former(opened, bank_code, only)

    def entered(kind: str, key_bytes: int, files: Sequence[Path], kept: Key | None) -> Key:
        if only not in {None, kind} and kept is not None:
            return kept
        cipher = suite.check_cipher(key_bytes)
        key = enter_key(
            say(en=f"{kind.upper()} of bank {bank_code}", zh=f"银行 {bank_code} 的 {kind.upper()}"),
            Source(f"--{kind}-file", files, components),
            cipher,
            key_bytes,
        )
        show_kcv(key, cipher)
        return key

    kept = None if former is None else former.keys
    ak = entered("ak", suite.ak_bytes, ak_files, kept.ak if kept else None)
    kek = entered("kek", suite.kek_bytes, kek_files, kept.kek if kept else None)
    version = opened.store.add(bank_code, ak, kek, suite, opened.now)
    opened.save("import", bank_code, version)
    show_stored(bank_code, version, opened)
    return EXIT_DONE


def show_stored(bank_code: str, version: KeyVersion, opened: OpenStore) -> None:
    """Say which version was stored, and what is to be done with it next."""
    number = version.number
    told(Text(f"bank {bank_code}: key version {number} stored", f"银行 {bank_code}: 密钥版本 {number} 已装入"))
    if version.state(opened.now) is KeyState.PENDING:
        told(
            Text(
                f"it waits: fep keys activate {bank_code} {number} --from … --until …",
                f"待启用: fep keys activate {bank_code} {number} --from … --until …",
            )
        )
    else:
        reload_hint()


@command(
    "kcv",
    en="Show the check value of a key and of its components, storing nothing.",
    zh="计算密钥及其分量的校验值, 不保存。",
)
@_suite_option
@_components_option
@_files_option("key", "The key", "密钥")
def show_check_value(suite_name: str | None, components: int, key_files: Sequence[Path]) -> int:
    """Print the key check value of what is entered."""
    suite = SUITES[suite_name or "3des"]
    cipher = suite.check_cipher(suite.kek_bytes)
    source = Source("--key-file", key_files, components)
    key = enter_key(say(en="key", zh="密钥"), source, cipher, suite.kek_bytes)
    check_key(key, cipher, suite.kek_bytes)
    click.echo(kcv_text(key, cipher))
    return EXIT_DONE


def _former(opened: OpenStore, bank_code: str, only: str | None) -> KeyVersion | None:
    """Return the version in use, of which the other key is kept; None when both are new."""
    if only is None:
        return None
    if bank_code in opened.store.bank_codes():
        return opened.store.accepted(bank_code, opened.now)[0]
    raise CommandFailed(
        EXIT_BAD_INPUT,
        en=f"bank {bank_code} has no keys yet: both are needed",
        zh=f"银行 {bank_code} 尚无密钥, 须同时装入 AK 和 KEK",
    )
