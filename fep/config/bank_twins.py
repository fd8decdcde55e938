"""Bank twins 银行配置冲突: what no two banks may share, for the one would be taken for the other."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from fep.config.findings import ConfigInvalid, Place
from fep.config.settings import BankSettings


def twin_of(
    bank: BankSettings, path: Path, banks: Mapping[str, BankSettings], files: Mapping[str, Path]
) -> ConfigInvalid | None:
    """Return what is wrong with a bank beside those that have been read, None when nothing is.

    Args:
        bank: the next one.
        path: its file.
        banks: those before it, by bank code.
        files: theirs, by bank code.
    """
    if bank.bank_code in files:
        return _duplicate(path, files[bank.bank_code], bank.bank_code)
    for find, say in _SHARED:
        if (twin := find(bank, banks.values())) is not None:
            return say(path, files[twin.bank_code], bank)
    return None


def _of_same_node(bank: BankSettings, others: Iterable[BankSettings]) -> BankSettings | None:
    called = (bank.dialect.name, bank.own_node)
    return next((other for other in others if (other.dialect.name, other.own_node) == called), None)


def _same_node(path: Path, first: Path, bank: BankSettings) -> ConfigInvalid:
    return Place(path, "node").unfit(
        f'"{bank.own_node}" is what the frames of {first.name} say already',
        f'节点 "{bank.own_node}" 已在 {first.name} 中使用',
    )


def _of_same_file_prefix(bank: BankSettings, others: Iterable[BankSettings]) -> BankSettings | None:
    return next((other for other in others if bank.file_prefix and other.file_prefix == bank.file_prefix), None)


def _same_file_prefix(path: Path, first: Path, bank: BankSettings) -> ConfigInvalid:
    return Place(path, "file_prefix").unfit(
        f'"{bank.file_prefix}" begins the names of the files of {first.name} already',
        f'文件名前缀 "{bank.file_prefix}" 已在 {first.name} 中使用',
    )


def _of_same_addresses(bank: BankSettings, others: Iterable[BankSettings]) -> BankSettings | None:
    """Return a bank that could act for this one: neither has a MAC, and an address is both's."""
    if bank.session.has_mac:
        return None
    return next(
        (
            other
            for other in others
            if not other.session.has_mac
            and any(
                mine.version == theirs.version and mine.overlaps(theirs)
                for mine in bank.addresses
                for theirs in other.addresses
            )
        ),
        None,
    )


def _same_addresses(path: Path, first: Path, bank: BankSettings) -> ConfigInvalid:
    return Place(path, "addresses").unfit(
        f'are partly those of {first.name}: "{bank.dialect.name}" has no MAC, so either could act for the other',
        f'与 {first.name} 的地址重叠: "{bank.dialect.name}" 无 MAC, 两家银行可互相冒充',
    )


def _duplicate(path: Path, first: Path, bank_code: str) -> ConfigInvalid:
    return Place(path, "bank_code").unfit(
        f'"{bank_code}" is the bank of {first.name} already', f'银行代码 "{bank_code}" 已在 {first.name} 中使用'
    )


_SHARED = (
    (_of_same_node, _same_node),
    (_of_same_file_prefix, _same_file_prefix),
    (_of_same_addresses, _same_addresses),
)
"""What finds a twin, and what says so; the first that is found counts."""
