"""What stands in the key store, as JSON 密钥库内容.

    {"banks": {"0102": [{"number": 1, "suite": "3des", "ak": hex, "ak_kcv": hex, "kek": hex, "kek_kcv": hex,
                         "loaded_at": "2026-11-22T13:05:00", "valid_from": …, "valid_until": …}, …]},
     "journal": {"secret": hex, "count": 1, "mac": hex}}

Moments are naive, Asia/Shanghai, or null. A destroyed pair has null for "ak" and "kek". In format 1 a bank had one
record without number and dates, and there was no journal: it is read as version 1, in use since ever.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_bytes
from typing import Any

from crypto.key_journal import JournalHead
from crypto.key_versions import BankKeys, KeyVersion, Versions
from crypto.keys import Key, check_kcv
from crypto.suites import SUITES

_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_KEYS, _KCVS = ("ak", "kek"), ("ak_kcv", "kek_kcv")
_MOMENTS = ("loaded_at", "valid_from", "valid_until")
_SECRET_BYTES = 32
_EVER = datetime(2000, 1, 1)  # noqa: DTZ001 - naive, Asia/Shanghai, as all moments here


@dataclass(frozen=True, slots=True)
class Content:
    """The banks' versions by bank code, and where the journal ends.

    Attributes:
        secret: 32 bytes under which the journal is written; they stay when the store gets another master key.
        is_secret_kept: they stand in the store; it is not so in format 1 until it is written again.
    """

    banks: Mapping[str, Versions] = field(default_factory=dict)
    journal: JournalHead = field(default_factory=JournalHead)
    secret: bytes = field(default_factory=lambda: token_bytes(_SECRET_BYTES), repr=False)
    is_secret_kept: bool = True


def document_of(content: Content) -> bytes:
    """Return ``content`` as it is sealed."""
    banks = {code: [_record_of(version) for version in versions] for code, versions in sorted(content.banks.items())}
    journal = {"secret": content.secret.hex(), "count": content.journal.count, "mac": content.journal.mac}
    return json.dumps({"banks": banks, "journal": journal}).encode()


def content_of(document: bytes) -> Content | None:
    """Return what stands in ``document``, None for one of another shape.

    Raises:
        KeyRefused: A key in it must not be used.
        KeyCheckFailed: A key in it is not the one that was put.
    """
    parsed = _parsed(document)
    if parsed is None:  # a parser's exception would carry the document, keys and all
        return None
    records, journal = parsed
    banks = {code: tuple(_version_of(code, each) for each in entries) for code, entries in records.items()}
    return Content(banks, *journal) if journal else Content(banks, is_secret_kept=False)


def _record_of(version: KeyVersion) -> dict[str, Any]:
    keys = version.keys
    return {
        "number": version.number,
        "suite": version.suite.name,
        "ak": keys.ak.secret.hex() if keys else None,
        "ak_kcv": version.ak_kcv.hex(),
        "kek": keys.kek.secret.hex() if keys else None,
        "kek_kcv": version.kek_kcv.hex(),
        **{name: _moment_text(getattr(version, name)) for name in _MOMENTS},
    }


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _parsed(document: bytes) -> tuple[dict[str, list[dict[str, Any]]], tuple[Any, ...]] | None:
    """Return the records by bank code, and what the store says of the journal: nothing in format 1."""
    try:
        content: Any = json.loads(document)
        records = {code: _records_of(entry) for code, entry in content["banks"].items()}
        journal = content.get("journal")
        known: tuple[Any, ...] = ()
        if journal is not None:
            known = JournalHead(int(journal["count"]), str(journal["mac"])), bytes.fromhex(journal["secret"])
        sound = all(_is_record(record) for banks in records.values() for record in banks)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return (records, known) if sound else None


def _records_of(entry: Any) -> list[dict[str, Any]]:
    """Return the records of a bank; format 1 had one alone."""
    if isinstance(entry, list):
        return entry
    return [{"number": 1, "loaded_at": None, "valid_from": _moment_text(_EVER), "valid_until": None, **entry}]


def _is_record(record: dict[str, Any]) -> bool:
    for name in _MOMENTS:
        if record[name] is not None:
            datetime.fromisoformat(record[name])
    secrets = [record[name] for name in _KEYS]
    return (
        record["suite"] in SUITES
        and type(record["number"]) is int
        and all(_HEX.fullmatch(record[name]) for name in _KCVS)
        and (secrets == [None, None] or all(_HEX.fullmatch(secret) for secret in secrets))
    )


def _version_of(bank_code: str, record: dict[str, Any]) -> KeyVersion:
    ak_kcv, kek_kcv = (bytes.fromhex(record[name]) for name in _KCVS)
    moments = (None if record[name] is None else datetime.fromisoformat(record[name]) for name in _MOMENTS)
    keys = None if record["ak"] is None else _keys_of(bank_code, record, ak_kcv, kek_kcv)
    return KeyVersion(record["number"], SUITES[record["suite"]], keys, ak_kcv, kek_kcv, *moments)


def _keys_of(bank_code: str, record: dict[str, Any], ak_kcv: bytes, kek_kcv: bytes) -> BankKeys:
    suite = SUITES[record["suite"]]
    ak = Key(f"AK of bank {bank_code}", bytes.fromhex(record["ak"]))
    kek = Key(f"KEK of bank {bank_code}", bytes.fromhex(record["kek"]))
    keys = BankKeys(suite, ak, kek)
    check_kcv(keys.ak, suite.check_cipher(suite.ak_bytes), ak_kcv)
    check_kcv(keys.kek, suite.check_cipher(suite.kek_bytes), kek_kcv)
    return keys
