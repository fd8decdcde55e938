"""Configuration 配置: reads ``fep.toml`` and ``banks/*.toml`` into Settings, or says all that is wrong with them.

The description of the keys is the dataclasses of ``fep.config.settings`` and the few below, where a file is shaped for
people and not as the settings are. What a type alone does not tell stands in the tables here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import cast

from fep.config.bank_files import read_banks
from fep.config.converters import (
    address_or_none,
    choice,
    line,
    listening_address,
    many,
    master_key_reference,
    matching,
    ratio,
    reference,
    seconds,
    whole,
)
from fep.config.database_tables import database_tables
from fep.config.database_url import url_without_password
from fep.config.dialect_tables import check_listeners, dialect_tables
from fep.config.findings import ConfigInvalid, Finding, Gathering, Place
from fep.config.settings import (
    AuditSettings,
    BankSettings,
    BillingSettings,
    ControlSettings,
    DatabaseSettings,
    FileSettings,
    KeySettings,
    LinkSettings,
    ListenerSettings,
    LogSettings,
    MetricsSettings,
    Settings,
    TlsSettings,
    TraceSettings,
)
from fep.config.tables import Table, mapping
from fep.config.tls_tables import balancer_network, check_tls
from fep.config.toml_file import read_toml
from fep.config.trace_tables import check_extra, collector_url, headers_reference
from handlers.query_references import QueryReferences
from handlers.terms import Hours, LateFeeRates, PayWindow, Rules
from protocol.dialect import Dialect
from protocol.dialects.registry import DIALECTS

__all__ = ["BANKS_FOLDER", "ConfigInvalid", "Finding", "load"]

BANKS_FOLDER = "banks"
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class _PayWindow:
    """``[rules.pay_window.<supply_branch>]``."""

    days: tuple[int, ...] = ()
    opens: time = time.min
    closes: time = time.min


@dataclass(frozen=True, slots=True)
class _Rules:
    """``[rules]``, as ``handlers.terms.Rules``."""

    late_fee: LateFeeRates = field(default_factory=LateFeeRates)
    pay_window: Mapping[str, _PayWindow] = field(default_factory=dict)
    reprints_max: int = 3
    query_age: float = 1800.0


@dataclass(frozen=True, slots=True)
class _File:
    """``fep.toml``."""

    billing: BillingSettings
    keys: KeySettings
    listener: ListenerSettings = field(default_factory=ListenerSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
    log: LogSettings = field(default_factory=LogSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    traces: TraceSettings = field(default_factory=TraceSettings)
    files: FileSettings = field(default_factory=FileSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    rules: _Rules = field(default_factory=_Rules)
    dialect: Mapping[str, Dialect] = field(default_factory=lambda: DIALECTS)


_DIALECT_NAME = line(32)
_PREFIX = matching(
    r"\d{1,16}",
    'the beginning of account numbers, 1 to 16 digits in quotes, as "0101"',
    '引号中的户号前缀, 1 到 16 位数字, 如 "0101"',
)
_GROUP = matching(r"(?:[A-Za-z_][A-Za-z0-9_.-]{0,31})?", "the name of a group of the system", "系统用户组名")
_BASIS_POINTS = whole(0, 10_000)
_FILE_SIZE_MAX = 0xFFFF_FFFF
"""The largest size that a chunk can say."""

_FILE = Table(
    _File,
    listener=Table(
        ListenerSettings,
        addresses=many(listening_address, least=1),
        connections_max=whole(1, 65_536),
        connections_per_address_max=whole(1, 65_536),
        dialect=mapping(_DIALECT_NAME, many(listening_address, least=1)),
        balancers=many(balancer_network),
        handshake_timeout=seconds(0.1, 60),
        tls=mapping(listening_address, Table(TlsSettings, private_key=reference)),
    ),
    link=Table(LinkSettings, in_flight_max=whole(1, 65_536)),
    billing=Table(
        BillingSettings,
        {"databases": "database"},
        databases=database_tables(
            Table(
                DatabaseSettings,
                number=whole(1, 99),
                url=url_without_password,
                password=reference,
                prefixes=many(_PREFIX),
            )
        ),
        queue_max=whole(1, 1_000_000),
        batch_max=whole(1, 1000),
    ),
    keys=Table(
        KeySettings,
        master_key=master_key_reference,
        key_age_max=seconds(86_400, 20 * 366 * 86_400),
        proposal_age_max=seconds(600, 31 * 86_400),
    ),
    files=Table(
        FileSettings,
        file_size_max=whole(1, _FILE_SIZE_MAX),
        bank_size_max=whole(1, 1 << 50),
        part_count_max=whole(1, 10_000),
        part_age_max=seconds(3600, 366 * 86_400),
    ),
    audit=Table(AuditSettings, seal_interval=seconds(1, 86_400)),
    log=Table(LogSettings, level=choice(LOG_LEVELS)),
    control=Table(ControlSettings, operators=_GROUP, security_officers=_GROUP, auditors=_GROUP),
    metrics=Table(MetricsSettings, address=address_or_none),
    traces=Table(TraceSettings, endpoint=collector_url, sample_ratio=ratio, headers=headers_reference),
    rules=Table(
        _Rules,
        late_fee=Table(
            LateFeeRates,
            residential_bp=_BASIS_POINTS,
            other_bp=_BASIS_POINTS,
            other_next_years_bp=_BASIS_POINTS,
            floor_fen=whole(0, 1_000_000),
            cap_percent=whole(0, 1000),
        ),
        pay_window=mapping(
            matching(r"[!-~]{4,8}", "a supply branch of 4 to 8 characters", "4 到 8 个字符的供电分公司代码"),
            Table(_PayWindow, days=many(whole(1, 31))),
        ),
        reprints_max=whole(0, 254),
        query_age=seconds(60, 86_400),
    ),
    dialect=dialect_tables,
)


def load(path: Path) -> Settings:
    """Return the configuration in ``path`` and in the folder ``banks`` beside it.

    Args:
        path: ``fep.toml``; relative paths in it are relative to its folder.

    Raises:
        ConfigInvalid: everything that is wrong with any of the files.
    """
    path = path.absolute()
    gathering = Gathering()
    file: _File | None = gathering.attempt(lambda: _FILE(read_toml(path), Place(path)))
    dialects = DIALECTS if file is None else file.dialect
    banks = gathering.attempt(lambda: _banks(path.parent / BANKS_FOLDER, dialects, is_known=file is not None))
    if file is not None and banks is not None:
        gathering.attempt(lambda: _check_listener(file, banks, Place(path, "listener")))
        gathering.attempt(lambda: check_extra(file.traces, Place(path, "traces.endpoint")))
    gathering.close()
    return _settings(path, cast("_File", file), cast("Mapping[str, BankSettings]", banks))


def _banks(folder: Path, dialects: Mapping[str, Dialect], *, is_known: bool) -> Mapping[str, BankSettings]:
    """Return the banks; while it is not known which dialects there are, nothing is said of those that they name."""
    try:
        return read_banks(folder, dialects)
    except ConfigInvalid as error:
        findings = [finding for finding in error.findings if is_known or finding.key != "dialect"]
        if findings:
            raise ConfigInvalid(findings) from None
        return {}


def _check_listener(file: _File, banks: Mapping[str, BankSettings], place: Place) -> None:
    """Refuse addresses for dialects that do not exist, and those that cannot all be listened on."""
    for name in file.listener.dialect:
        choice(file.dialect)(name, place.child("dialect"))
    check_listeners(file.listener, banks.values(), place)
    check_tls(file.listener, file.dialect.values(), banks.values(), place)


def _settings(path: Path, file: _File, banks: Mapping[str, BankSettings]) -> Settings:
    windows = {
        branch: PayWindow(frozenset(window.days), Hours(window.opens, window.closes))
        for branch, window in file.rules.pay_window.items()
    }
    return Settings(
        directory=path.parent,
        billing=file.billing,
        keys=file.keys,
        banks=banks,
        listener=file.listener,
        link=file.link,
        log=file.log,
        control=replace(file.control, socket=path.parent / file.control.socket),
        metrics=file.metrics,
        traces=file.traces,
        files=replace(file.files, directory=path.parent / file.files.directory),
        audit=replace(file.audit, directory=path.parent / file.audit.directory),
        rules=Rules(
            file.rules.late_fee,
            MappingProxyType(windows),
            file.rules.reprints_max,
            QueryReferences(age_max=timedelta(seconds=file.rules.query_age)),
        ),
        file_name=path.name,
    )
