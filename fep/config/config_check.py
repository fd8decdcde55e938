"""Configuration check 配置检查: everything that can be seen of a configuration without starting the daemon."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from crypto.errors import CryptoError
from crypto.key_store import KeyStore
from fep.clock import shanghai_now
from fep.config.configuration import BANKS_FOLDER
from fep.config.database_url import sqlite_path
from fep.config.dialect_tables import spoken
from fep.config.key_findings import key_findings
from fep.config.key_stores import open_key_store
from fep.config.settings import BankSettings, DatabaseSettings, Settings
from fep.config.tls_check import check_transport
from fep.config.watcher_check import check_watchers
from fep.database_state import DatabaseState, clearing_dates_text, database_states
from fep.language import Text
from fep.links.bank import Bank
from protocol.transactions import Transaction


class Level(Enum):
    """How bad it is: (name, 名称). Only a PROBLEM makes the command end with findings."""

    GOOD = Text("ok", "正常")
    WARNING = Text("warning", "警告")
    PROBLEM = Text("problem", "问题")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        text: what was found; a str is in the user's language already.
        is_runnable: False: this installation cannot run with it, whatever else is mended.
    """

    level: Level
    subject: str
    text: Text | str
    is_runnable: bool = True


def check(settings: Settings, path: Path) -> Iterator[Check]:
    """Yield what was found about the configuration in ``path``, files first, then keys, banks and database."""
    yield from _check_files(settings, path)
    yield from _check_keys(settings)
    if not settings.banks:
        folder = settings.directory / BANKS_FOLDER
        yield Check(
            Level.WARNING, str(folder), Text("no bank files: no bank can connect", "没有银行配置: 无银行可接入")
        )
    yield from _check_listeners(settings)
    for level, subject, text in check_transport(settings, shanghai_now()):
        yield Check(Level[level.name], subject, text)
    for is_good, subject, text in check_watchers(settings.metrics, settings.control):
        yield Check(Level.GOOD if is_good else Level.WARNING, subject, text)
    for bank in settings.banks.values():
        yield from _check_bank(bank)
    yield from _check_databases(settings)


def _check_files(settings: Settings, path: Path) -> Iterator[Check]:
    """Whoever can write the configuration can decide which bank may connect from where."""
    banks = settings.directory / BANKS_FOLDER
    for file in (path.absolute(), banks, *sorted(banks.glob("*.toml"))):
        if file.exists() and file.stat().st_mode & stat.S_IWOTH:
            yield Check(
                Level.PROBLEM, str(file), Text("every user may write it; chmod o-w", "任何用户可写; 请执行 chmod o-w")
            )
    if (folder := settings.files.directory).exists() and folder.stat().st_mode & stat.S_IRWXO:
        yield Check(
            Level.WARNING,
            str(folder),
            Text(
                "every user may reach the banks' files, which name customers; chmod o-rwx",
                "任何用户可读取含客户资料的银行文件; 请执行 chmod o-rwx",
            ),
        )
    for table in settings.billing.databases:
        database = sqlite_path(table.url)
        if database is not None and database.exists() and database.stat().st_mode & stat.S_IROTH:
            yield Check(
                Level.WARNING,
                str(database),
                Text("every user may read the customers' data; chmod 600", "任何用户可读客户资料; 请执行 chmod 600"),
            )


def _check_keys(settings: Settings) -> Iterator[Check]:
    subject = str(settings.keys.store)
    try:
        store = open_key_store(settings)
    except CryptoError as error:
        yield Check(Level.PROBLEM, subject, Text(str(error), error.chinese))
        return
    yield Check(Level.GOOD, subject, Text("key store opens", "密钥库可打开"))
    for bank in settings.banks.values():
        if bank.session.has_mac:
            found = _check_bank_keys(bank, store)
            yield found
            if found.level is Level.GOOD:
                for text in key_findings(bank, store, settings.keys.key_age_max, shanghai_now()):
                    yield Check(Level.WARNING, bank.bank_code, text)
    waiting = len(store.proposals(shanghai_now()))
    if waiting:
        yield Check(
            Level.WARNING,
            subject,
            Text(
                f"acts on keys wait for another officer: {waiting}; fep keys proposals",
                f"待复核的密钥操作: {waiting}; 请查看 fep keys proposals",
            ),
        )
    if not settings.keys.four_eyes and any(_is_protected(bank) for bank in settings.banks.values()):
        yield Check(
            Level.WARNING,
            "[keys] four_eyes",
            Text(
                "false: one person alone changes which keys are accepted; set it to true on a site in production",
                "为 false: 一人即可变更银行密钥; 生产环境请设为 true",
            ),
        )
    for bank_code in store.bank_codes():
        if bank_code not in settings.banks:
            yield Check(Level.WARNING, bank_code, Text("has keys but no bank file", "有密钥但无配置文件"))


def _is_protected(bank: BankSettings) -> bool:
    """Tell whether the bank's keys keep somebody out at all."""
    return bank.session.has_mac and not bank.suite.weak


def _check_bank_keys(bank: BankSettings, store: KeyStore) -> Check:
    try:
        Bank.from_store(bank, store)
    except CryptoError as error:
        en, zh = str(error), error.chinese
        if bank.bank_code not in store.bank_codes():
            en, zh = f"{en}: fep keys import {bank.bank_code}", f"{zh}: 请执行 fep keys import {bank.bank_code}"
        return Check(Level.PROBLEM, bank.bank_code, Text(en, zh))
    return Check(Level.GOOD, bank.bank_code, Text("has its keys", "密钥齐全"))


def _check_listeners(settings: Settings) -> Iterator[Check]:
    """Tell where banks of each dialect connect, and what is listened for although nobody speaks it."""
    dialects = spoken(settings.banks.values())
    for dialect in dialects:
        addresses = ", ".join(map(str, settings.listener.addresses_of(dialect)))
        yield Check(Level.GOOD, dialect.name, Text(f"listened for on {addresses}", f"监听地址 {addresses}"))
    for name in settings.listener.dialect.keys() - {dialect.name for dialect in dialects}:
        yield Check(
            Level.WARNING,
            f"listener.dialect.{name}",
            Text("no bank speaks it, so nobody listens there", "没有银行使用该格式, 不监听该地址"),
        )


def _check_bank(bank: BankSettings) -> Iterator[Check]:
    subject = bank.bank_code
    dialect = bank.dialect.name
    if not bank.session.has_mac:
        yield Check(
            Level.WARNING,
            subject,
            Text(
                f"dialect {dialect} has no MAC: whoever can send from {_listed(bank)} is believed; its line is "
                f"protected by: {bank.line_protection}",
                f"方言 {dialect} 无 MAC: 凡能从 {_listed(bank)} 发报文者均被采信; 线路保护: {bank.line_protection}",
            ),
        )
    elif bank.accept_no_mac or bank.line_protection:
        yield Check(
            Level.WARNING,
            subject,
            Text(
                f"dialect {dialect} has a MAC: accept_no_mac and line_protection mean nothing",
                f"方言 {dialect} 有 MAC: accept_no_mac 和 line_protection 不起作用",
            ),
        )
    if bank.session.has_mac and bank.suite.weak:
        yield Check(
            Level.WARNING,
            subject,
            Text(
                f"suite {bank.suite.name} protects against line errors only; keep it behind TLS or IPsec",
                f"套件 {bank.suite.name} 只能防线路差错; 须置于 TLS 或 IPsec 之后",
            ),
        )
    for network in bank.addresses:
        if network.prefixlen == 0:
            yield Check(
                Level.WARNING, subject, Text(f"may connect from anywhere ({network})", f"不限来源地址 ({network})")
            )
    missing = {Transaction.STATUS, Transaction.REVERSE} - bank.terms.transactions
    if Transaction.PAY in bank.terms.transactions and missing:
        labels = ", ".join(sorted(transaction.label for transaction in missing))
        yield Check(
            Level.WARNING,
            subject,
            Text(
                f"has pay without {labels}: it cannot settle an unknown outcome",
                f"开通了 pay 但未开通 {labels}: 结果未知的交易无法处理",
            ),
        )
    if bank.partner is not None:
        asked = Text(f"is asked at {bank.partner}", f"前置机主动连接 {bank.partner}")
        yield Check(Level.GOOD, subject, asked)
    if bank.terms.is_suspended:
        yield Check(Level.WARNING, subject, Text("is suspended", "已暂停业务"))


def _listed(bank: BankSettings) -> str:
    return ", ".join(map(str, bank.addresses))


def _check_databases(settings: Settings) -> Iterator[Check]:
    tables = settings.billing.databases
    for table, state in zip(tables, database_states(settings), strict=True):
        yield _check_database(table, state)
        for remark in state.remarks:
            yield Check(Level.WARNING, table.name, remark)
    servers = ", ".join(table.name for table in tables if not table.url.startswith("sqlite"))
    if servers:
        yield Check(
            Level.WARNING,
            servers,
            Text(
                "no payment is lost or doubled across a failover with synchronous replication only; "
                "see that the standby is synchronous",
                "数据库切换时, 仅在同步复制下才能保证交易不丢不重; 请确认备库为同步复制",
            ),
        )


def _check_database(table: DatabaseSettings, state: DatabaseState) -> Check:
    if state.problem:
        return Check(Level.PROBLEM, table.name, state.problem, state.is_served)
    days = clearing_dates_text(state.clearing_dates)
    return Check(
        Level.GOOD,
        table.name,
        Text(
            f"reachable, schema current; number {table.number}; clearing dates: {days or 'none yet'}",
            f"可连接, 表结构最新; 编号 {table.number}; 清算日期: {days or '尚无'}",
        ),
    )
