"""Outcomes 密钥操作结果: what an officer is told of an act on keys that is done, and what the journal keeps of it."""

from datetime import datetime

import click

from crypto.key_changes import Activation, Addition, Export, KeyChange, Removal, Resealing, Retirement
from crypto.key_versions import BankKeys, KeyState, KeyVersion
from fep.commands.keys.store import OpenStore, reload_hint, told
from fep.key_entry import show_kcv
from fep.language import Text


def journal_detail(change: KeyChange, detail: str, now: datetime) -> str:
    """Return the remark of an act for the journal: how the keys came, or the dates, or which master key."""
    if isinstance(change, Activation):
        begins, former_until = change.moments(now)
        return f"from {begins}, former until {former_until}"
    if isinstance(change, Resealing):
        return f"master key with check value {change.check_value}"
    return detail


def say_done(opened: OpenStore, bank_code: str, change: KeyChange, version: KeyVersion | None) -> None:
    """Tell what was done and what comes next; key blocks go to stdout, now that the journal has them."""
    match change:
        case Addition(keys=keys, blocks=blocks):
            _give(blocks, keys, shows_values=change.act == "generate")
            assert version is not None
            _say_stored(bank_code, version, opened)
        case Export(blocks=blocks):
            assert version is not None
            assert version.keys is not None
            _give(blocks, version.keys, shows_values=True)
        case Activation(number=number):
            begins, ends = change.moments(opened.now)
            told(
                Text(
                    f"bank {bank_code}: key version {number} accepted from {begins}, the former one until {ends}",
                    f"银行 {bank_code}: 密钥版本 {number} 自 {begins} 起启用, 旧版本至 {ends} 停用",
                )
            )
            reload_hint()
        case Retirement(number=number):
            told(
                Text(
                    f"bank {bank_code}: key version {number} retired",
                    f"银行 {bank_code}: 密钥版本 {number} 已停用并销毁",
                )
            )
            reload_hint()
        case Removal():
            told(Text(f"keys of bank {bank_code} removed", f"银行 {bank_code} 的密钥已删除"))
        case Resealing(reference=reference):
            told(
                Text(
                    f'key store sealed anew; write into {opened.config_path}, table [keys]: master_key = "{reference}"',
                    f'密钥库已重新加密; 请在 {opened.config_path} 的 [keys] 中写入: master_key = "{reference}"',
                )
            )
        case _:
            told(Text("a new journal is begun", "操作日志已新建"))


def _give(blocks: tuple[str, ...], keys: BankKeys, *, shows_values: bool) -> None:
    for block in blocks:
        click.echo(block)
    if shows_values:
        suite = keys.suite
        show_kcv(keys.ak, suite.check_cipher(suite.ak_bytes))
        show_kcv(keys.kek, suite.check_cipher(suite.kek_bytes))


def _say_stored(bank_code: str, version: KeyVersion, opened: OpenStore) -> None:
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
