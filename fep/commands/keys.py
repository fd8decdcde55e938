"""``fep keys`` 密钥: the banks' keys of the key ceremony. No key is ever shown, only its check value."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fep.command_line import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    Choice,
    CommandFailed,
    Group,
    WholeNumber,
    command,
    config_option,
    confirm,
    option,
)
from fep.language import Text, say

if TYPE_CHECKING:
    from crypto.key_store import BankKeys, KeyStore
    from crypto.keys import Key
    from crypto.suites import Suite
    from fep.config.settings import Settings

Function = Callable[..., Any]

keys = Group(
    "keys",
    text=Text("Banks' keys in the key store; only check values are shown.", "密钥库中的银行密钥; 只显示校验值。"),
    no_args_is_help=True,
)


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


@command("list", en="Show which banks have keys, with their check values.", zh="列出各银行密钥的校验值。")
@config_option
def list_keys(config_path: Path) -> int:
    """Print suite and check values of each bank in the key store."""
    from fep.config.configuration import load
    from fep.config.key_stores import open_key_store
    from fep.key_entry import kcv_text
    from fep.reports import Report

    settings = load(config_path)
    store = open_key_store(settings)
    report = Report(say(en="bank", zh="银行代码"), say(en="name", zh="名称"), say(en="suite", zh="套件"), "AK", "KEK")
    for bank_code in store.bank_codes():
        entry = store.get(bank_code)
        bank, suite = settings.banks.get(bank_code), entry.suite
        report.row(
            bank_code,
            bank.name if bank else say(en="(no bank file)", zh="(无配置文件)"),
            suite.name,
            kcv_text(entry.ak, suite.check_cipher(suite.ak_bytes)),
            kcv_text(entry.kek, suite.check_cipher(suite.kek_bytes)),
        )
    report.show()
    return EXIT_DONE


@command(
    "import",
    en="Load the AK and KEK of a bank.\n\nFrom files, or typed in; a running daemon uses them after its next start.",
    zh="装入一家银行的 AK 和 KEK。\n\n由文件或键盘录入; 运行中的前置机重启后生效。",
)
@click.argument("bank_code", metavar="BANK_CODE")
@config_option
@_suite_option
@_components_option
@_files_option("ak", "AK (authenticates sign-in)", "AK (签到鉴别密钥)")
@_files_option("kek", "KEK (wraps session keys)", "KEK (会话密钥的加密密钥)")
@option("--only", type=Choice("ak", "kek"), en="Replace only this key.", zh="只更换其中一个。")
@option("--yes", is_flag=True, en="Replace keys without asking.", zh="更换已有密钥时不再询问。")
def import_keys(
    bank_code: str,
    config_path: Path,
    suite_name: str | None,
    components: int,
    ak_files: Sequence[Path],
    kek_files: Sequence[Path],
    only: str | None,
    yes: bool,
) -> int:
    """Put a bank's keys into the key store."""
    from fep.config.configuration import load
    from fep.config.key_stores import open_key_store
    from fep.key_entry import Source, enter_key, show_kcv

    settings = load(config_path)
    store = open_key_store(settings)
    suite = _suite_of(settings, bank_code, suite_name)
    former = _former(store, bank_code)
    _check_replacing(bank_code, former, only=only, yes=yes)

    def entered(kind: str, key_bytes: int, files: Sequence[Path], kept: "Key | None") -> "Key":
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

    ak = entered("ak", suite.ak_bytes, ak_files, former.ak if former else None)
    kek = entered("kek", suite.kek_bytes, kek_files, former.kek if former else None)
    store.put(bank_code, ak, kek, suite)
    store.save()
    click.echo(say(en=f"keys of bank {bank_code} stored", zh=f"银行 {bank_code} 的密钥已装入"), err=True)
    return EXIT_DONE


@command(
    "remove",
    en="Take the keys of a bank out of the key store.\n\nThe bank cannot sign in after the daemon's next start.",
    zh="从密钥库中删除一家银行的密钥。\n\n前置机重启后该银行不能再签到。",
)
@click.argument("bank_code", metavar="BANK_CODE")
@config_option
@option("--yes", is_flag=True, en="Remove them without asking.", zh="不再询问, 直接删除。")
def remove_keys(bank_code: str, config_path: Path, yes: bool) -> int:
    """Forget a bank's keys; what is removed can only be brought back from its components."""
    from fep.config.configuration import load
    from fep.config.key_stores import open_key_store

    store = open_key_store(load(config_path))
    store.remove(bank_code)  # in memory only, until it is saved
    question = say(en=f"Remove the keys of bank {bank_code}?", zh=f"是否删除银行 {bank_code} 的密钥?")
    if not yes and not (sys.stdin.isatty() and confirm(question)):
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"nothing was removed; --yes removes the keys of bank {bank_code}",
            zh=f"未删除; 用 --yes 删除银行 {bank_code} 的密钥",
        )
    store.save()
    click.echo(say(en=f"keys of bank {bank_code} removed", zh=f"银行 {bank_code} 的密钥已删除"), err=True)
    return EXIT_DONE


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
    from crypto.keys import check_key
    from crypto.suites import SUITES
    from fep.key_entry import Source, enter_key, kcv_text

    suite = SUITES[suite_name or "3des"]
    cipher = suite.check_cipher(suite.kek_bytes)
    source = Source("--key-file", key_files, components)
    key = enter_key(say(en="key", zh="密钥"), source, cipher, suite.kek_bytes)
    check_key(key, cipher, suite.kek_bytes)
    click.echo(kcv_text(key, cipher))
    return EXIT_DONE


def _suite_of(settings: "Settings", bank_code: str, suite_name: str | None) -> "Suite":
    from crypto.suites import SUITES

    bank = settings.banks.get(bank_code)
    if bank is None and suite_name is None:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"bank {bank_code} has no file in banks/; write it first, or give --suite",
            zh=f"银行 {bank_code} 在 banks/ 中没有配置文件; 请先建立, 或用 --suite 指定套件",
        )
    if not (bank_code.isascii() and bank_code.isdigit() and len(bank_code) == 4):
        raise CommandFailed(EXIT_BAD_INPUT, en="a bank code has 4 digits", zh="银行代码为 4 位数字")
    if bank is not None and suite_name not in {None, bank.suite.name}:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"bank {bank_code} has suite {bank.suite.name} in its file, not {suite_name}",
            zh=f"银行 {bank_code} 的配置套件为 {bank.suite.name}, 不是 {suite_name}",
        )
    return bank.suite if bank is not None else SUITES[str(suite_name)]


def _former(store: "KeyStore", bank_code: str) -> "BankKeys | None":
    return store.get(bank_code) if bank_code in store.bank_codes() else None


def _check_replacing(bank_code: str, former: "BankKeys | None", *, only: str | None, yes: bool) -> None:
    """Keys that are in use are not replaced by a slip."""
    if former is None and only is not None:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"bank {bank_code} has no keys yet: both are needed",
            zh=f"银行 {bank_code} 尚无密钥, 须同时装入 AK 和 KEK",
        )
    if former is None or yes:
        return
    question = say(en=f"Replace the keys of bank {bank_code}?", zh=f"银行 {bank_code} 已有密钥, 是否更换?")
    if not sys.stdin.isatty() or not confirm(question):
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"bank {bank_code} has keys already; --yes replaces them",
            zh=f"银行 {bank_code} 已有密钥; 用 --yes 更换",
        )


for _command in (list_keys, import_keys, remove_keys, show_check_value):
    keys.add_command(_command)
