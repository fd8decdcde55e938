"""Reloading 重读配置: what a new configuration changes in a running daemon, and what it cannot change.

It is read and checked whole beside the one that runs; nothing is taken over of one that is refused. No connection is
dropped but those of banks that may not have them any more: a bank that has gone, whose format or suite is another, or
whose networks do not hold its address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crypto.key_store import KeyStore
from crypto.master_key import resolve_master_key
from fep.audit.configuration import files_told
from fep.audit.seals import SealKey, seal_keys
from fep.config.configuration import load
from fep.config.findings import ConfigInvalid, Finding
from fep.config.settings import Address, BankSettings, Settings
from fep.language import Text
from fep.links.bank import Bank

if TYPE_CHECKING:
    from fep.links.tls import TlsEndpoint

_FIXED = ("billing", "listener", "control", "metrics", "traces", "files", "audit")
"""Tables that a start alone reads: databases, sockets and folders are opened then."""

_FIXED_EXCEPT = {
    "listener": frozenset({"connections_max", "balancers", "handshake_timeout", "tls"}),
    "traces": frozenset({"sample_ratio"}),
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that has been checked whole, with the keys that it needs.

    Attributes:
        seal_key: of its audit log.
        files: the SHA-256 of each of its files, as they stood when it was read.
    """

    settings: Settings
    banks: dict[str, Bank]
    seal_key: SealKey
    files: Mapping[str, str] = field(default_factory=dict)
    tls: Mapping[Address, "TlsEndpoint"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BankChanges:
    """Banks that are new, have other settings, and have gone, by code."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def read_again(present: Settings) -> Configuration:
    """Read the configuration of a running daemon again. Blocks.

    Raises:
        ConfigInvalid: it is wrong, or changes what only a start can change.
        CryptoError: a key that it needs is not to be had.
    """
    path = present.directory / present.file_name
    settings = load(path)
    if present.are_addresses_given:  # what the command line has said instead of the file still holds
        listener = replace(settings.listener, addresses=present.listener.addresses)
        settings = replace(settings, listener=listener, are_addresses_given=True)
    findings = [_needs_start(path, key) for key in fixed_changes(present, settings)]
    if findings:
        raise ConfigInvalid(findings)
    return with_keys(settings)


def with_keys(settings: Settings) -> Configuration:
    """Return a configuration with the keys of its banks and of TLS, and the secret of its query references.

    Raises:
        ConfigInvalid: a certificate cannot be used.
        CryptoError: the store cannot be opened; the keys of a bank are not to be had, or do not fit it.
    """
    store = KeyStore.open(settings.keys.store, resolve_master_key(settings.keys.master_key, settings.directory))
    references = replace(settings.rules.query_references, key=store.derived_secret("query references"))
    with_secret = replace(settings, rules=replace(settings.rules, query_references=references))
    banks = {code: Bank.from_store(bank, store) for code, bank in settings.banks.items()}
    return Configuration(with_secret, banks, seal_keys(store)[0], files_told(settings), _tls_endpoints(settings))


def _tls_endpoints(settings: Settings) -> Mapping[Address, "TlsEndpoint"]:
    if not settings.listener.tls:
        return {}
    from fep.config.tls_files import tls_endpoints  # most sites do without

    return tls_endpoints(settings)


def fixed_changes(present: Settings, wanted: Settings) -> Iterator[str]:
    """Yield the keys in which two configurations differ and that only a start reads."""
    for table in _FIXED:
        old, new = getattr(present, table), getattr(wanted, table)
        for each in fields(old):
            if each.name in _FIXED_EXCEPT.get(table, ()):
                continue
            if getattr(old, each.name) != getattr(new, each.name):
                yield f"{table}.{each.name}"
    if present.listener.tls.keys() != wanted.listener.tls.keys():
        yield "listener.tls"  # certificates may change, but not whether an address speaks TLS at all


def bank_changes(present: Mapping[str, BankSettings], wanted: Mapping[str, BankSettings]) -> BankChanges:
    """Return what becomes of the banks."""
    return BankChanges(
        tuple(sorted(wanted.keys() - present.keys())),
        tuple(sorted(code for code in wanted.keys() & present.keys() if wanted[code] != present[code])),
        tuple(sorted(present.keys() - wanted.keys())),
    )


def keeps_links(present: BankSettings, wanted: BankSettings) -> bool:
    """Tell whether a bank's connections can go on: they were made for its format, and their keys for its suite."""
    same: tuple[Any, ...] = (present.dialect, present.suite, present.own_node)
    return same == (wanted.dialect, wanted.suite, wanted.own_node)


def _needs_start(path: Path, key: str) -> Finding:
    return Finding(
        path,
        key,
        Text("has changed, which only a start takes over: systemctl restart", "已修改, 须重启前置机方可生效"),
    )
