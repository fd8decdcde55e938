"""Proposals as JSON 密钥操作提请记录, in the key store.

    {"number": 1, "bank_code": "0102", "proposed_by": "…", "proposed_at": "2026-11-22T13:05:00", "expires_at": …,
     "basis": hex, "has_login": true, "detail": "…", "change": {"act": "activate", "number": 2, "valid_from": …, …}}

A change has the fields of its class in ``key_changes``: moments in ISO form or null, the window in seconds, keys as in
``key_records``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from crypto.key_changes import Activation, Addition, Export, KeyChange, NewJournal, Removal, Resealing, Retirement
from crypto.key_proposals import KeyProposal
from crypto.key_records import is_key_record, key_record, keys_of


def proposal_record(proposal: KeyProposal) -> dict[str, Any]:
    """Return the record of a proposal."""
    return {
        "number": proposal.number,
        "bank_code": proposal.bank_code,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at.isoformat(timespec="seconds"),
        "expires_at": proposal.expires_at.isoformat(timespec="seconds"),
        "basis": proposal.basis,
        "has_login": proposal.has_login,
        "detail": proposal.detail,
        "change": {"act": proposal.change.act, **_fields_of(proposal.change)},
    }


def proposal_of(record: dict[str, Any]) -> KeyProposal:
    """Return the proposal of a record; ValueError, LookupError or TypeError when it is none.

    Raises:
        KeyRefused: A key in it must not be used.
        KeyCheckFailed: A key in it is not the one that was put.
    """
    bank_code, change = str(record["bank_code"]), dict(record["change"])
    return KeyProposal(
        int(record["number"]),
        bank_code,
        _READERS[change["act"]](bank_code, change),
        str(record["detail"]),
        str(record["proposed_by"]),
        datetime.fromisoformat(record["proposed_at"]),
        datetime.fromisoformat(record["expires_at"]),
        str(record["basis"]),
        bool(record.get("has_login", True)),
    )


def _fields_of(change: KeyChange) -> dict[str, Any]:
    match change:
        case Addition(keys=keys, blocks=blocks):
            return {"keys": key_record(keys), "blocks": blocks}
        case Export(number=number, blocks=blocks):
            return {"number": number, "blocks": blocks}
        case Activation():
            return {
                "number": change.number,
                "valid_from": _text(change.valid_from),
                "former_until": _text(change.former_until),
                "window": change.window.total_seconds(),
            }
        case Retirement(number=number, even_last=even_last):
            return {"number": number, "even_last": even_last}
        case Resealing(reference=reference, check_value=check_value):
            return {"reference": reference, "check_value": check_value}
        case Removal() | NewJournal():
            return {}


def _addition(bank_code: str, fields: dict[str, Any]) -> Addition:
    if not is_key_record(fields["keys"]):
        raise ValueError("not a pair of keys")
    return Addition(fields["act"], keys_of(bank_code, fields["keys"]), tuple(map(str, fields["blocks"])))


def _activation(_bank_code: str, fields: dict[str, Any]) -> Activation:
    return Activation(
        int(fields["number"]),
        _moment(fields["valid_from"]),
        _moment(fields["former_until"]),
        timedelta(seconds=fields["window"]),
    )


_READERS: Mapping[str, Callable[[str, dict[str, Any]], KeyChange]] = MappingProxyType(
    {
        "import": _addition,
        "generate": _addition,
        "export": lambda _, fields: Export(int(fields["number"]), tuple(map(str, fields["blocks"]))),
        "activate": _activation,
        "retire": lambda _, fields: Retirement(int(fields["number"]), bool(fields["even_last"])),
        "remove": lambda *_: Removal(),
        "reseal": lambda _, fields: Resealing(str(fields["reference"]), str(fields["check_value"])),
        "begin journal": lambda *_: NewJournal(),
    }
)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
