"""``fep keys import`` 装入密钥 and ``fep keys kcv`` 校验值: keys that are brought in components or key blocks."""

from collections.abc import Sequence
from pathlib import Path

import click

from crypto.bank_key_blocks import unwrap_bank_keys
from crypto.errors import BlockFault, KeyBlockInvalid
from crypto.key_blocks import BLOCK_CHARS_MAX, read_header
from crypto.key_changes import Addition
from crypto.key_versions import BankKeys, KeyVersion
from crypto.keys import check_key
from crypto.suites import SUITES, Suite
from fep.command_line import Choice, command, config_option, option
from fep.commands.keys.acting import act_on
from fep.commands.keys.officers import require_officer
from fep.commands.keys.options import (
    components_option,
    enter_protection_key,
    files_option,
    protection_option,
    suite_option,
)
from fep.commands.keys.store import OpenStore
from fep.commands.keys.suites import suite_of
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed
from fep.key_entry import Wanted, enter_keys, kcv_text, show_kcv
from fep.language import say

_BLOCKS_MAX = 16  # lines of a file that holds two


@command(
    "import",
    en="""Load the AK and KEK of a bank, typed by their custodians, from files, or in key blocks (TR-31, ANSI X9.143).

A bank's first keys are used at once; later ones wait until 'fep keys activate' says from when.""",
    zh="""装入一家银行的 AK 和 KEK, 由保管人录入、由文件读入, 或以密钥块 (TR-31, ANSI X9.143) 装入。

该银行的首个密钥立即启用; 以后装入的须用 fep keys activate 启用。""",
)
@click.argument("bank_code", metavar="BANK_CODE")
@config_option
@suite_option
@components_option
@files_option("ak", "AK (authenticates sign-in)", "AK (签到鉴别密钥)")
@files_option("kek", "KEK (wraps session keys)", "KEK (会话密钥的加密密钥)")
@option("--only", type=Choice("ak", "kek"), en="Only this key is new.", zh="只更换其中一个。")
@option(
    "--blocks",
    "blocks_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    en="File of two key blocks, AK and KEK, one a line; the protection key is asked for.",
    zh="含 AK 和 KEK 两个密钥块的文件, 每行一个; 另须录入保护密钥。",
)
@protection_option
def import_keys(
    bank_code: str,
    config_path: Path,
    suite_name: str | None,
    components: int,
    ak_files: Sequence[Path],
    kek_files: Sequence[Path],
    only: str | None,
    blocks_file: Path | None,
    kbpk_files: Sequence[Path],
) -> int:
    """Put a new version of a bank's keys into the key store."""
    _check_ways(blocks_file, ak_files, kek_files, kbpk_files, only)
    opened = OpenStore.of(config_path)
    require_officer(opened.settings)  # before custodians type
    suite = suite_of(opened.settings, bank_code, suite_name)
    if blocks_file is not None:
        keys, detail = _from_blocks(blocks_file, bank_code, suite, kbpk_files, components)
    else:
        former = _former(opened, bank_code, only)
        keys, detail = _from_custodians(bank_code, suite, (ak_files, kek_files), components, former, only)
    return act_on(opened, bank_code, Addition("import", keys), detail)


@command(
    "kcv",
    en="Show the check value of a key and of its components, storing nothing.",
    zh="计算密钥及其分量的校验值, 不保存。",
)
@suite_option
@components_option
@files_option("key", "The key", "密钥")
def show_check_value(suite_name: str | None, components: int, key_files: Sequence[Path]) -> int:
    """Print the key check value of what is entered."""
    suite = SUITES[suite_name or "3des"]
    cipher = suite.check_cipher(suite.kek_bytes)
    wanted = Wanted(say(en="key", zh="密钥"), "--key-file", key_files, {suite.kek_bytes: cipher})
    (entered,) = enter_keys([wanted], components)
    check_key(entered.key, cipher, suite.kek_bytes)
    click.echo(kcv_text(entered.key, cipher))
    return EXIT_DONE


def _check_ways(
    blocks_file: Path | None,
    ak_files: Sequence[Path],
    kek_files: Sequence[Path],
    kbpk_files: Sequence[Path],
    only: str | None,
) -> None:
    """Refuse what would be passed over in silence."""
    if blocks_file is not None and (ak_files or kek_files or only):
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en="--blocks brings AK and KEK; --ak-file, --kek-file and --only do not go with it",
            zh="--blocks 已含 AK 和 KEK, 不能与 --ak-file、--kek-file 或 --only 同时使用",
        )
    if blocks_file is None and kbpk_files:
        raise CommandFailed(EXIT_BAD_INPUT, en="--kbpk-file is for --blocks", zh="--kbpk-file 只与 --blocks 一起使用")


def _from_custodians(
    bank_code: str,
    suite: Suite,
    files: tuple[Sequence[Path], Sequence[Path]],
    components: int,
    former: KeyVersion | None,
    only: str | None,
) -> tuple[BankKeys, str]:
    """Return the keys, and how they came, for the journal."""
    sizes = {"ak": suite.ak_bytes, "kek": suite.kek_bytes}
    wanted = {
        kind: Wanted(
            say(en=f"{kind.upper()} of bank {bank_code}", zh=f"银行 {bank_code} 的 {kind.upper()}"),
            f"--{kind}-file",
            paths,
            {sizes[kind]: suite.check_cipher(sizes[kind])},
        )
        for kind, paths in zip(sizes, files, strict=True)
        if only in {None, kind}
    }
    entered = dict(zip(wanted, enter_keys(list(wanted.values()), components), strict=True))
    detail = ", ".join(
        f"{kind.upper()} of {each.components} component{'s' if each.components > 1 else ''}"
        for kind, each in entered.items()
    )
    kept = None if former is None else former.keys
    ak = kept.ak if kept is not None and "ak" not in entered else entered["ak"].key
    kek = kept.kek if kept is not None and "kek" not in entered else entered["kek"].key
    return BankKeys(suite, ak, kek), detail


def _from_blocks(
    path: Path, bank_code: str, suite: Suite, kbpk_files: Sequence[Path], components: int
) -> tuple[BankKeys, str]:
    blocks = _blocks_of(path, bank_code)
    version = read_header(blocks[0], f"bank {bank_code}")[0].version
    if version not in {"B", "D"}:
        raise KeyBlockInvalid(f"bank {bank_code}", BlockFault.VERSION, version)
    kbpk = enter_protection_key(version, kbpk_files, components)
    keys = unwrap_bank_keys(kbpk, blocks, bank_code, suite)
    for key, key_bytes in ((keys.ak, suite.ak_bytes), (keys.kek, suite.kek_bytes)):
        show_kcv(key, suite.check_cipher(key_bytes))
    return keys, f"key blocks of version {version}"


def _blocks_of(path: Path, bank_code: str) -> list[str]:
    """Return the blocks of a file, which are no secrets; KeyBlockInvalid unless there are two."""
    try:
        with path.open("rb") as file:
            text = file.read(_BLOCKS_MAX * BLOCK_CHARS_MAX).decode("latin-1")
    except OSError as error:
        raise CommandFailed(
            EXIT_BAD_INPUT, en=f"{path}: {error.strerror}", zh=f"{path}: 无法读取 ({error.strerror})"
        ) from None
    blocks = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(blocks) != len(("AK", "KEK")):
        raise KeyBlockInvalid(f"bank {bank_code}", BlockFault.TWO, str(path))
    return blocks


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
