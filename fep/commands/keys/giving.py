"""``fep keys generate`` 生成密钥 and ``fep keys export`` 导出密钥: keys that the utility gives to the bank."""

from collections.abc import Sequence
from pathlib import Path

import click

from crypto.bank_key_blocks import block_version, wrap_bank_keys
from crypto.errors import KeyVersionRefused, VersionFault
from crypto.key_changes import Addition, Export
from crypto.key_versions import BankKeys
from crypto.keys import Key, generate_key
from crypto.suites import Suite
from fep.command_line import WholeNumber, command, config_option, option
from fep.commands.keys.acting import act_on
from fep.commands.keys.officers import require_officer
from fep.commands.keys.options import (
    NUMBER_MAX,
    components_option,
    enter_protection_key,
    protection_option,
    suite_option,
    version_option,
)
from fep.commands.keys.store import OpenStore
from fep.commands.keys.suites import suite_of
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.key_ceremony import hand_out, require_terminal

_LEAST_CUSTODIANS = 2


@command(
    "generate",
    en="""Make a new AK and KEK of a bank, and give them to the bank.

Shown once, in components, each to a custodian who writes it down; or with --wrapped as two key blocks on stdout.""",
    zh="""生成一家银行的新 AK 和 KEK 并交给银行。

按分量逐一向保管人显示一次, 由其抄录; 或用 --wrapped 以两个密钥块输出到标准输出。""",
)
@click.argument("bank_code", metavar="BANK_CODE")
@config_option
@suite_option
@components_option
@option(
    "--wrapped",
    is_flag=True,
    en="As key blocks under a protection key, which is asked for.",
    zh="以密钥块输出, 须录入保护密钥。",
)
@version_option
@protection_option
def generate_keys(
    bank_code: str,
    config_path: Path,
    suite_name: str | None,
    components: int,
    wrapped: bool,
    block_version: str | None,
    kbpk_files: Sequence[Path],
) -> int:
    """Make keys, hand them out, and only then store them: what was not handed out whole is forgotten."""
    if not wrapped:
        _check_custodians(components)
        require_terminal()
    opened = OpenStore.of(config_path)
    require_officer(opened.settings)  # before components are handed out
    suite = suite_of(opened.settings, bank_code, suite_name)
    keys = _new_keys(bank_code, suite)
    if wrapped:
        blocks, detail = _wrapped(keys, block_version, kbpk_files, components)
    else:
        ciphers = suite.check_cipher(suite.ak_bytes), suite.check_cipher(suite.kek_bytes)
        hand_out(list(zip((keys.ak, keys.kek), ciphers, strict=True)), components)
        blocks, detail = (), f"{components} components"
    # Blocks are given when they are stored: a bank must not get keys that are not.
    return act_on(opened, bank_code, Addition("generate", keys, blocks), detail)


@command(
    "export",
    en="""Wrap a version of a bank's keys for the bank: two key blocks (TR-31, ANSI X9.143) on stdout.

Keys never leave the store in the clear; the protection key is asked for.""",
    zh="""以密钥块 (TR-31, ANSI X9.143) 导出一个密钥版本, 两行输出到标准输出。

密钥不以明文导出; 须录入保护密钥。""",
)
@click.argument("bank_code", metavar="BANK_CODE")
@click.argument("number", metavar="VERSION", type=WholeNumber(1, NUMBER_MAX))
@config_option
@components_option
@version_option
@protection_option
def export_keys(
    bank_code: str,
    number: int,
    config_path: Path,
    components: int,
    block_version: str | None,
    kbpk_files: Sequence[Path],
) -> int:
    """Print the blocks, once the journal says so."""
    opened = OpenStore.of(config_path)
    version = opened.version(bank_code, number)
    if version is None:
        raise KeyVersionRefused(bank_code, number, VersionFault.MISSING)
    if version.keys is None:
        raise KeyVersionRefused(bank_code, number, VersionFault.RETIRED_BEFORE)
    blocks, detail = _wrapped(version.keys, block_version, kbpk_files, components)
    return act_on(opened, bank_code, Export(number, blocks), detail)


def _new_keys(bank_code: str, suite: Suite) -> BankKeys:
    def made(kind: str, key_bytes: int) -> Key:
        return generate_key(f"{kind} of bank {bank_code}", suite.check_cipher(key_bytes), key_bytes)

    return BankKeys(suite, made("AK", suite.ak_bytes), made("KEK", suite.kek_bytes))


def _wrapped(
    keys: BankKeys, version: str | None, kbpk_files: Sequence[Path], components: int
) -> tuple[tuple[str, ...], str]:
    """Return the blocks of AK and KEK, and how they were made, for the journal."""
    chosen = version or block_version(keys.suite)
    kbpk = enter_protection_key(chosen, kbpk_files, components)
    return wrap_bank_keys(kbpk, keys, chosen), f"key blocks of version {chosen}"


def _check_custodians(components: int) -> None:
    if components < _LEAST_CUSTODIANS:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en="a new key is handed out in two components or more, so that nobody alone knows it",
            zh="新密钥须分成两个以上分量交付, 任何一人不得知道整个密钥",
        )
