"""What stands in the key store, as JSON 密钥库内容.

    {"banks": {"0102": [{"number": 1, "suite": "3des", "ak": hex, "ak_kcv": hex, "kek": hex, "kek_kcv": hex,
                         "loaded_at": "2026-11-22T13:05:00", "valid_from": …, "valid_until": …}, …]},
     "journal": {"secret": hex, "count": 1, "mac": hex},
     "proposals": {"last": 1, "waiting": [see ``proposal_records``]}}

Moments are naive, Asia/Shanghai, or null. A destroyed pair has null for "ak" and "kek". In format 1 a bank had one
record without number and dates, and there was no journal: it is read as version 1, in use since ever. In format 2 there
were no proposals.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_bytes
from typing import Any

from crypto.key_journal import JournalHead
from crypto.key_proposals import KeyProposal
from crypto.key_records import check_values_of, is_key_record, key_record, keys_of
from crypto.key_versions import KeyVersion, Versions
from crypto.proposal_records import proposal_of, proposal_record
from crypto.suites import SUITES

_MOMENTS = ("loaded_at", "valid_from", "valid_until")
_SECRET_BYTES = 32
_EVER = datetime(2000, 1, 1)  # noqa: DTZ001 - naive, Asia/Shanghai, as all moments here


@dataclass(frozen=True, slots=True)
class Content:
    """The banks' versions by bank code, where the journal ends, and what is proposed.

    Attributes:
        secret: 32 bytes under which the journal is written; they stay when the store gets another master key.
        proposals: by number.
        proposal_last: the highest number that was ever given to one.
        is_secret_kept: the secret stands in the store; it is not so in format 1 until it is written again.
    """

    banks: Mapping[str, Versions] = field(default_factory=dict)
    journal: JournalHead = field(default_factory=JournalHead)
    secret: bytes = field(default_factory=lambda: token_bytes(_SECRET_BYTES), repr=False)
    proposals: Mapping[int, KeyProposal] = field(default_factory=dict)
    proposal_last: int = 0
    is_secret_kept: bool = True


def document_of(content: Content) -> bytes:
    """Return ``content`` as it is sealed."""
    banks = {code: [_record_of(version) for version in versions] for code, versions in sorted(content.banks.items())}
    journal = {"secret": content.secret.hex(), "count": content.journal.count, "mac": content.journal.mac}
    waiting = [proposal_record(each) for _, each in sorted(content.proposals.items())]
    proposals = {"last": content.proposal_last, "waiting": waiting}
    return json.dumps({"banks": banks, "journal": journal, "proposals": proposals}).encode()


def content_of(document: bytes) -> Content | None:
    """Return what stands in ``document``, None for one of another shape.

    Raises:
        KeyRefused: A key in it must not be used.
        KeyCheckFailed: A key in it is not the one that was put.
    """
    parsed = _parsed(document)
    if parsed is None:  # a parser's exception would carry the document, keys and all
        return None
    records, further = parsed
    banks = {code: tuple(_version_of(code, each) for each in entries) for code, entries in records.items()}
    return Content(banks, **further, is_secret_kept="secret" in further)


def _record_of(version: KeyVersion) -> dict[str, Any]:
    destroyed = {
        "suite": version.suite.name,
        "ak": None,
        "ak_kcv": version.ak_kcv.hex(),
        "kek": None,
        "kek_kcv": version.kek_kcv.hex(),
    }
    return {
        "number": version.number,
        **(destroyed if version.keys is None else key_record(version.keys)),
        **{name: _moment_text(getattr(version, name)) for name in _MOMENTS},
    }


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _parsed(document: bytes) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]] | None:
    """Return the records by bank code, and what else the store says: nothing in format 1."""
    try:
        content: Any = json.loads(document)
        records = {code: _records_of(entry) for code, entry in content["banks"].items()}
        sound = all(_is_record(record) for banks in records.values() for record in banks)
        further = _journal_of(content.get("journal")) | _proposals_of(content.get("proposals"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return (records, further) if sound else None


def _journal_of(journal: Any) -> dict[str, Any]:
    if journal is None:
        return {}
    head = JournalHead(int(journal["count"]), str(journal["mac"]))
    return {"journal": head, "secret": bytes.fromhex(journal["secret"])}


def _proposals_of(proposals: Any) -> dict[str, Any]:
    if proposals is None:
        return {}
    waiting = [proposal_of(record) for record in proposals["waiting"]]
    return {"proposals": {each.number: each for each in waiting}, "proposal_last": int(proposals["last"])}


def _records_of(entry: Any) -> list[dict[str, Any]]:
    """Return the records of a bank; format 1 had one alone."""
    if isinstance(entry, list):
        return entry
    return [{"number": 1, "loaded_at": None, "valid_from": _moment_text(_EVER), "valid_until": None, **entry}]


def _is_record(record: dict[str, Any]) -> bool:
    for name in _MOMENTS:
        if record[name] is not None:
            datetime.fromisoformat(record[name])
    return type(record["number"]) is int and is_key_record(record)


def _version_of(bank_code: str, record: dict[str, Any]) -> KeyVersion:
    moments = (None if record[name] is None else datetime.fromisoformat(record[name]) for name in _MOMENTS)
    keys = None if record["ak"] is None else keys_of(bank_code, record)
    return KeyVersion(record["number"], SUITES[record["suite"]], keys, *check_values_of(record), *moments)
