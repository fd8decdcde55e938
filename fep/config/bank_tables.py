"""Tables of a bank's file 银行配置表: what may stand in it, and how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from crypto.suites import SUITES, Suite
from fep.config.converters import Convert, choice, expected, many, matching, network, peer_address, whole
from fep.config.findings import Place
from fep.config.settings import (
    IN_FLIGHT_MAX,
    LINKS_MAX,
    PUSH_RATE_MAX,
    Address,
    Encryption,
    Network,
)
from fep.config.tables import Table, mapping
from fep.config.tls_tables import certificate_sha256, certificate_subject
from handlers.terms import AMOUNT_CEILING_FEN, PUSH_AGE, Hours
from protocol.dialect import Dialect
from protocol.dialects.registry import DEFAULT
from protocol.files.formats import FILE_FORMATS, STANDARD_FAMILY, FileFamily
from protocol.transactions import BANK_BUSINESS, Transaction

CHANNELS = range(1, 11)
"""Channels of the wire specification, 01 counter to 10 batch."""

_RATE_MAX = 1000
"""Pushes a second: no bank's debit system takes more, and no database posts them beside its payments."""

_AGE_DAYS_MAX = 366
"""A bill that nobody could push for a year is collected otherwise."""

_BUSINESS = {transaction.label: transaction for transaction in BANK_BUSINESS}


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """``[limits.channel.NN]``: what differs from ``[limits]`` for one channel."""

    single_fen: int | None = None
    daily_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """``[limits]``: single amount and daily sum of each channel; no ``daily_fen`` means no daily limit.

    And what the bank may ask of a daemon: links, requests in work and a second; 0 a second means no limit.
    """

    single_fen: int | None = None
    daily_fen: int | None = None
    channel: Mapping[int, ChannelLimits] = field(default_factory=dict)
    links_max: int = LINKS_MAX
    in_flight_max: int = IN_FLIGHT_MAX
    rate_max: int = 0


@dataclass(frozen=True, slots=True)
class BankTables:
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
    limits: Limits = field(default_factory=Limits)
    service_hours: Hours = field(default_factory=Hours)


def _channel(value: object, place: Place) -> int:
    if isinstance(value, str) and len(value) == 2 and value.isascii() and value.isdigit() and int(value) in CHANNELS:
        return int(value)
    raise expected(place, "a channel from 01 to 10", "渠道 01 到 10", value)


_AMOUNT = whole(1, AMOUNT_CEILING_FEN)
_CHANNEL_LIMITS = Table(ChannelLimits, single_fen=_AMOUNT, daily_fen=_AMOUNT)
_LIMITS = Table(
    Limits,
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


def bank_tables(dialects: Mapping[str, Dialect]) -> Table:
    """Return how a bank file is read where these dialects may be named."""
    return Table(
        BankTables,
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
