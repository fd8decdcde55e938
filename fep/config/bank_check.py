"""Check of a bank 银行配置检查: what of a bank's file does not go together."""

from functools import partial
from pathlib import Path
from typing import Any

from crypto.suites import SUITES
from fep.config.bank_tables import BankTables
from fep.config.findings import Gathering, Place
from protocol.transactions import Transaction

_NETWORK_BITS_MIN = {4: 8, 6: 16}
"""A larger network is no bank's own."""


def check_bank(tables: dict[str, Any], bank: BankTables | None, path: Path, gathering: Gathering) -> None:
    """Gather what of a bank's file does not go together.

    Args:
        tables: as they stand in the file.
        bank: what was read of them, None when that failed.
        path: of the file.
        gathering: takes the findings.
    """
    gathering.attempt(lambda: _check_name(tables.get("bank_code"), path))
    gathering.attempt(lambda: _check_suite(tables, path))
    if bank is not None:
        for check in (_check_protection, _check_node, _check_partner, _check_push, _check_file_prefix):
            gathering.attempt(partial(check, bank, path))


def _check_name(bank_code: object, path: Path) -> None:
    """Operators find a bank by its file's name, so it must not lie."""
    if isinstance(bank_code, str) and path.stem.partition("_")[0] != bank_code:
        raise Place(path, "bank_code").unfit(
            f'is "{bank_code}", so the file\'s name must begin with it: {bank_code}_<name>.toml',
            f'为 "{bank_code}", 文件名必须以其开头: {bank_code}_<名称>.toml',
        )


def _check_suite(tables: dict[str, Any], path: Path) -> None:
    suite = SUITES.get(str(tables.get("suite")))
    if suite is not None and suite.weak and tables.get("accept_weak_mac") is not True:
        raise Place(path, "suite").unfit(
            f'"{suite.name}" protects against line errors only, not attackers; use another, or put the bank behind TLS '
            "or IPsec and write accept_weak_mac = true",
            f'"{suite.name}" 只能防线路差错, 不能防攻击; 请改用其他套件, 或经 TLS/IPsec 接入并写明 '
            "accept_weak_mac = true",
        )


def _check_protection(bank: BankTables, path: Path) -> None:
    """Refuse what the bank's format cannot do, and a format without a MAC that nobody has thought about."""
    dialect, session = bank.dialect.name, bank.dialect.session
    if bank.encryption == "required" and not session.may_encrypt:
        raise Place(path, "encryption").unfit(
            f'cannot be "required": {dialect} has no encryption', f'不能为 "required": {dialect} 无加密'
        )
    if session.has_mac:
        return
    if not bank.accept_no_mac:
        raise Place(path, "dialect").unfit(
            f'"{dialect}" has no MAC: whoever can send from the bank\'s addresses is believed; put the line '
            "behind TLS or IPsec, or use a leased line, and write accept_no_mac = true and line_protection",
            f'"{dialect}" 无 MAC: 凡能从该行地址发报文者均被采信; 须经 TLS、IPsec 或专线接入, 并写明 '
            "accept_no_mac = true 和 line_protection",
        )
    if not bank.line_protection.strip():
        raise Place(path, "line_protection").unfit(
            f'must say what protects the line, as "leased line" or "IPsec": "{dialect}" has no MAC',
            f'须写明线路由什么保护, 如 "专线" 或 "IPsec": "{dialect}" 无 MAC',
        )
    if any(network.prefixlen < _NETWORK_BITS_MIN[network.version] for network in bank.addresses):
        raise Place(path, "addresses").unfit(
            f'must name the bank\'s own addresses: "{dialect}" has no MAC',
            f'须写明该行自己的地址: "{dialect}" 无 MAC',
        )


def _check_node(bank: BankTables, path: Path) -> None:
    node = bank.node or bank.bank_code
    if not bank.dialect.can_name(node):
        name = bank.dialect.name
        raise Place(path, "node").unfit(
            f'must be one that frames of "{name}" can call the bank, which "{node}" is not',
            f'须为 "{name}" 报文可用的节点代码, "{node}" 不可用',
        )


def _check_push(bank: BankTables, path: Path) -> None:
    """Refuse to push bills to a bank that cannot be asked to debit them."""
    if not bank.push:
        return
    name = bank.dialect.name
    if not bank.dialect.can_ask(Transaction.BILL_PUSH):
        raise Place(path, "push").unfit(
            f'is not for "{name}": that format has no request to debit a bill; leave it out',
            f'不适用于 "{name}": 该格式无实时划拨请求; 请删去该项',
        )
    if bank.dialect.session.fep_connects and bank.partner is None:
        raise Place(path, "push").unfit(
            f'needs partner = "IP:PORT": in "{name}" the FEP asks over connections of its own',
            f'须同时写明 partner = "IP:端口": "{name}" 中前置机的请求经自建连接发送',
        )


def _check_partner(bank: BankTables, path: Path) -> None:
    if bank.partner is not None and not bank.dialect.session.fep_connects:
        name = bank.dialect.name
        raise Place(path, "partner").unfit(
            f'is not for "{name}": there the FEP asks on the connections that the bank opens; leave it out',
            f'不适用于 "{name}": 该格式中前置机的请求经银行所建连接发送; 请删去该项',
        )


def _check_file_prefix(bank: BankTables, path: Path) -> None:
    family = bank.files
    if family.takes_prefix(bank.file_prefix):
        return
    if family.prefix is None:
        raise Place(path, "file_prefix").unfit(
            f'is not for files = "{family.name}", whose names have the bank code; leave it out',
            f'不适用于 files = "{family.name}", 其文件名含银行代码; 请删去该项',
        )
    pattern = family.prefix.pattern
    raise Place(path, "file_prefix").unfit(
        f'must say what names of the files of this bank begin with, since files = "{family.name}": {pattern}',
        f'须写明该行文件名的开头, 因 files = "{family.name}": {pattern}',
    )
