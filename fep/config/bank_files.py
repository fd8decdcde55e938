"""Bank files 银行配置文件: one ``banks/<bank_code>_<name>.toml`` for each bank, read into BankSettings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from crypto.suites import SUITES, Suite
from fep.config.bank_twins import twin_of
from fep.config.converters import Convert, choice, expected, many, matching, network, peer_address, whole
from fep.config.findings import Gathering, Place
from fep.config.settings import (
    IN_FLIGHT_MAX,
    LINKS_MAX,
    PUSH_RATE_MAX,
    Address,
    BankSettings,
    CertificatePin,
    Encryption,
    Network,
)
from fep.config.tables import Table, mapping
from fep.config.tls_tables import certificate_sha256, certificate_subject
from fep.config.toml_file import read_toml
from handlers.terms import AMOUNT_CEILING_FEN, PUSH_AGE, BankTerms, Hours
from protocol.dialect import Dialect
from protocol.dialects.registry import DEFAULT, DIALECTS
from protocol.files.formats import FILE_FORMATS, STANDARD_FAMILY, FileFamily
from protocol.transactions import BANK_BUSINESS, LINK_TRANSACTIONS, Transaction

CHANNELS = range(1, 11)
"""Channels of the wire specification, 01 counter to 10 batch."""

_RATE_MAX = 1000
"""Pushes a second: no bank's debit system takes more, and no database posts them beside its payments."""

_AGE_DAYS_MAX = 366
"""A bill that nobody could push for a year is collected otherwise."""

_NETWORK_BITS_MIN = {4: 8, 6: 16}
"""A larger network is no bank's own."""

_BUSINESS = {transaction.label: transaction for transaction in BANK_BUSINESS}


@dataclass(frozen=True, slots=True)
class _ChannelLimits:
    """``[limits.channel.NN]``: what differs from ``[limits]`` for one channel."""

    single_fen: int | None = None
    daily_fen: int | None = None


@dataclass(frozen=True, slots=True)
class _Limits:
    """``[limits]``: single amount and daily sum of each channel; no ``daily_fen`` means no daily limit.

    And what the bank may ask of a daemon: links, requests in work and a second; 0 a second means no limit.
    """

    single_fen: int | None = None
    daily_fen: int | None = None
    channel: Mapping[int, _ChannelLimits] = field(default_factory=dict)
    links_max: int = LINKS_MAX
    in_flight_max: int = IN_FLIGHT_MAX
    rate_max: int = 0


@dataclass(frozen=True, slots=True)
class _BankFile:
    """The keys of a bank file; what they mean stands at BankSettings and BankTerms.

    ``transactions`` lists business only: link management is never disabled, else the bank could not sign in.
    """

    bank_code: str
    name: str
    addresses: tuple[Network, ...]
    dialect: Dialect = DEFAULT
    node: str = ""
    partner: Address | None = None
    files: FileFamily = STANDARD_FAMILY
    file_prefix: str = ""
    statement_account: str = ""
    accept_no_mac: bool = False
    line_protection: str = ""
    suite: Suite = SUITES["3des"]
    encryption: Encryption = "optional"
    accept_weak_mac: bool = False
    certificate_subject: str = ""
    certificate_sha256: tuple[str, ...] = ()
    cut_off: time = time(23, 30)
    suspended: bool = False
    push: bool = False
    push_rate_max: int = PUSH_RATE_MAX
    push_age_days: int = PUSH_AGE.days
    transactions: tuple[Transaction, ...] = tuple(_BUSINESS.values())
    limits: _Limits = field(default_factory=_Limits)
    service_hours: Hours = field(default_factory=Hours)


def _channel(value: object, place: Place) -> int:
    if isinstance(value, str) and len(value) == 2 and value.isascii() and value.isdigit() and int(value) in CHANNELS:
        return int(value)
    raise expected(place, "a channel from 01 to 10", "渠道 01 到 10", value)


_AMOUNT = whole(1, AMOUNT_CEILING_FEN)
_CHANNEL_LIMITS = Table(_ChannelLimits, single_fen=_AMOUNT, daily_fen=_AMOUNT)
_LIMITS = Table(
    _Limits,
    single_fen=_AMOUNT,
    daily_fen=_AMOUNT,
    channel=mapping(_channel, _CHANNEL_LIMITS),
    links_max=whole(1, 65_536),
    in_flight_max=whole(1, 1_000_000),
    rate_max=whole(0, 1_000_000),
)


def _dialect_of(dialects: Mapping[str, Dialect]) -> Convert:
    names = ", ".join(f'"{name}"' for name in dialects)

    def convert(value: object, place: Place) -> Dialect:
        if isinstance(value, str) and value in dialects:
            return dialects[value]
        raise expected(
            place,
            f"one of {names}, or the name of a table [dialect.NAME] of fep.toml",
            f"其中之一: {names}, 或 fep.toml 中 [dialect.名称] 表的名称",
            value,
        )

    return convert


def bank_file(dialects: Mapping[str, Dialect]) -> Table:
    """Return how a bank file is read where these dialects may be named."""
    return Table(
        _BankFile,
        bank_code=matching(
            # Under 0000 stand the movements of the utility's own.
            r"(?!0000)[0-9]{4}",
            'a bank code of 4 digits in quotes, as "0102", and not 0000',
            '引号中的 4 位银行代码, 如 "0102", 不可为 0000',
        ),
        addresses=many(network, least=1),
        dialect=_dialect_of(dialects),
        node=matching(r"[!-~]{1,12}", "a node code of 1 to 12 characters", "1 到 12 个字符的节点代码"),
        partner=peer_address,
        files=choice(FILE_FORMATS),
        file_prefix=matching(r"[A-Za-z0-9]{0,32}", "letters and digits in quotes", "引号中的字母和数字"),
        statement_account=matching(
            r"([0-9A-Za-z][0-9A-Za-z-]{0,33})?",
            "an account number of 1 to 34 letters and digits in quotes",
            "引号中的 1 到 34 位账号 (字母和数字)",
        ),
        line_protection=matching(r"[^\x00-\x1f]{0,255}", "one line of text in quotes", "引号中的一行文字"),
        suite=choice(SUITES),
        certificate_subject=certificate_subject,
        certificate_sha256=many(certificate_sha256),
        push_rate_max=whole(1, _RATE_MAX),
        push_age_days=whole(1, _AGE_DAYS_MAX),
        transactions=many(choice(_BUSINESS), least=1),
        limits=_LIMITS,
    )


def read_banks(folder: Path, dialects: Mapping[str, Dialect] = DIALECTS) -> Mapping[str, BankSettings]:
    """Return the banks of all files in ``folder``, by bank code; a missing folder has none.

    Raises:
        ConfigInvalid: the findings of all files together.
    """
    gathering = Gathering()
    banks: dict[str, BankSettings] = {}
    files: dict[str, Path] = {}
    for path in sorted(path for path in folder.glob("*.toml") if not path.name.startswith(".")):
        bank = gathering.attempt(lambda path=path: read_bank(path, dialects))  # type: ignore[misc]
        if bank is None:
            continue
        twin = twin_of(bank, path, banks, files)
        if twin is not None:
            gathering.add(twin)
        files[bank.bank_code] = path
        banks[bank.bank_code] = bank
    gathering.close()
    return MappingProxyType(banks)


def read_bank(path: Path, dialects: Mapping[str, Dialect] = DIALECTS) -> BankSettings:
    """Return the bank of one file; ConfigInvalid says what is wrong with it."""
    tables = read_toml(path)
    gathering = Gathering()
    bank: _BankFile | None = gathering.attempt(lambda: bank_file(dialects)(tables, Place(path)))
    gathering.attempt(lambda: _check_name(tables.get("bank_code"), path))
    gathering.attempt(lambda: _check_suite(tables, path))
    if bank is not None:
        gathering.attempt(lambda: _check_protection(bank, path))
        gathering.attempt(lambda: _check_node(bank, path))
        gathering.attempt(lambda: _check_partner(bank, path))
        gathering.attempt(lambda: _check_push(bank, path))
        gathering.attempt(lambda: _check_file_prefix(bank, path))
    gathering.close()
    return _settings(cast("_BankFile", bank))


def _settings(bank: _BankFile) -> BankSettings:
    terms = BankTerms(
        bank_code=bank.bank_code,
        transactions=frozenset(bank.transactions) | LINK_TRANSACTIONS,
        service_hours=bank.service_hours,
        is_suspended=bank.suspended,
        push_age=timedelta(days=bank.push_age_days),
        single_limit_fen=_own_limits(bank.limits),
        daily_limit_fen=_daily_limits(bank.limits),
    )
    if bank.limits.single_fen is not None:
        terms = replace(terms, default_single_limit_fen=bank.limits.single_fen)
    return BankSettings(
        bank_code=bank.bank_code,
        name=bank.name,
        suite=bank.suite,
        addresses=bank.addresses,
        terms=terms,
        dialect=bank.dialect,
        node=bank.node or bank.bank_code,
        accept_no_mac=bank.accept_no_mac,
        line_protection=bank.line_protection,
        encryption=bank.encryption,
        accept_weak_mac=bank.accept_weak_mac,
        certificate=CertificatePin(bank.certificate_subject, bank.certificate_sha256),
        cut_off=bank.cut_off,
        partner=bank.partner,
        push=bank.push,
        push_rate_max=bank.push_rate_max,
        files=bank.files.of_bank(bank.bank_code, bank.file_prefix),
        file_prefix=bank.file_prefix,
        statement_account=bank.statement_account,
        links_max=bank.limits.links_max,
        in_flight_max=bank.limits.in_flight_max,
        rate_max=bank.limits.rate_max,
    )


def _own_limits(limits: _Limits) -> Mapping[int, int]:
    own = {number: channel.single_fen for number, channel in limits.channel.items() if channel.single_fen is not None}
    return MappingProxyType(own)


def _daily_limits(limits: _Limits) -> Mapping[int, int]:
    """Give each channel the common limit or its own: they are counted by channel, never together."""
    common = {} if limits.daily_fen is None else dict.fromkeys(CHANNELS, limits.daily_fen)
    own = {number: channel.daily_fen for number, channel in limits.channel.items() if channel.daily_fen is not None}
    return MappingProxyType(common | own)


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


def _check_protection(bank: _BankFile, path: Path) -> None:
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


def _check_node(bank: _BankFile, path: Path) -> None:
    node = bank.node or bank.bank_code
    if not bank.dialect.can_name(node):
        name = bank.dialect.name
        raise Place(path, "node").unfit(
            f'must be one that frames of "{name}" can call the bank, which "{node}" is not',
            f'须为 "{name}" 报文可用的节点代码, "{node}" 不可用',
        )


def _check_push(bank: _BankFile, path: Path) -> None:
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


def _check_partner(bank: _BankFile, path: Path) -> None:
    if bank.partner is not None and not bank.dialect.session.fep_connects:
        name = bank.dialect.name
        raise Place(path, "partner").unfit(
            f'is not for "{name}": there the FEP asks on the connections that the bank opens; leave it out',
            f'不适用于 "{name}": 该格式中前置机的请求经银行所建连接发送; 请删去该项',
        )


def _check_file_prefix(bank: _BankFile, path: Path) -> None:
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
