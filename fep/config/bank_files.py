"""Bank files 银行配置文件: one ``banks/<bank_code>_<name>.toml`` for each bank, read into BankSettings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import cast

from fep.config.bank_check import check_bank
from fep.config.bank_tables import CHANNELS, BankTables, Limits, bank_tables
from fep.config.bank_twins import twin_of
from fep.config.findings import Gathering, Place
from fep.config.settings import (
    BankSettings,
    CertificatePin,
)
from fep.config.toml_file import read_toml
from handlers.terms import BankTerms
from protocol.dialect import Dialect
from protocol.dialects.registry import DIALECTS
from protocol.transactions import LINK_TRANSACTIONS


def read_banks(folder: Path, dialects: Mapping[str, Dialect] = DIALECTS) -> Mapping[str, BankSettings]:
    """Return the banks of all files in ``folder``, by bank code; a missing folder has none.

    Raises:
        ConfigInvalid: the findings of all files together.
    """
    gathering = Gathering()
    banks: dict[str, BankSettings] = {}
    files: dict[str, Path] = {}
    for path in _files_of(folder):
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


def _files_of(folder: Path) -> list[Path]:
    """Return the files of banks; an editor's own, which begin with a dot, are none."""
    try:
        return sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))
    except OSError as error:
        why = error.strerror or str(error)
        raise Place(folder).unfit(f"cannot be read: {why}", f"无法读取: {why}") from None


def read_bank(path: Path, dialects: Mapping[str, Dialect] = DIALECTS) -> BankSettings:
    """Return the bank of one file; ConfigInvalid says what is wrong with it."""
    tables = read_toml(path)
    gathering = Gathering()
    bank: BankTables | None = gathering.attempt(lambda: bank_tables(dialects)(tables, Place(path)))
    check_bank(tables, bank, path, gathering)
    gathering.close()
    return _settings(cast("BankTables", bank))


def _settings(bank: BankTables) -> BankSettings:
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


def _own_limits(limits: Limits) -> Mapping[int, int]:
    own = {number: channel.single_fen for number, channel in limits.channel.items() if channel.single_fen is not None}
    return MappingProxyType(own)


def _daily_limits(limits: Limits) -> Mapping[int, int]:
    """Give each channel the common limit or its own: they are counted by channel, never together."""
    common = {} if limits.daily_fen is None else dict.fromkeys(CHANNELS, limits.daily_fen)
    own = {number: channel.daily_fen for number, channel in limits.channel.items() if channel.daily_fen is not None}
    return MappingProxyType(common | own)
