"""A pair of keys as JSON 密钥记录: {"suite": "3des", "ak": hex, "ak_kcv": hex, "kek": hex, "kek_kcv": hex}."""

import re
from typing import Any

from crypto.key_versions import BankKeys
from crypto.keys import Key, check_kcv
from crypto.suites import SUITES

_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_KEYS, _KCVS = ("ak", "kek"), ("ak_kcv", "kek_kcv")


def key_record(keys: BankKeys) -> dict[str, str]:
    """Return the record of a pair."""
    return {
        "suite": keys.suite.name,
        "ak": keys.ak.secret.hex(),
        "ak_kcv": keys.ak_kcv.hex(),
        "kek": keys.kek.secret.hex(),
        "kek_kcv": keys.kek_kcv.hex(),
    }


def is_key_record(record: dict[str, Any]) -> bool:
    """Tell whether ``record`` is one, of keys that are there or destroyed (null); LookupError, TypeError for others."""
    secrets = [record[name] for name in _KEYS]
    return (
        record["suite"] in SUITES
        and all(_HEX.fullmatch(record[name]) for name in _KCVS)
        and (secrets == [None, None] or all(_HEX.fullmatch(secret) for secret in secrets))
    )


def check_values_of(record: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the check values of AK and KEK in a record, 4 bytes each."""
    ak_kcv, kek_kcv = (bytes.fromhex(record[name]) for name in _KCVS)
    return ak_kcv, kek_kcv


def keys_of(bank_code: str, record: dict[str, Any]) -> BankKeys:
    """Return the pair of a record that has one.

    Raises:
        KeyRefused: A key in it must not be used.
        KeyCheckFailed: A key in it is not the one that was put.
    """
    suite = SUITES[record["suite"]]
    ak = Key(f"AK of bank {bank_code}", bytes.fromhex(record["ak"]))
    kek = Key(f"KEK of bank {bank_code}", bytes.fromhex(record["kek"]))
    keys = BankKeys(suite, ak, kek)
    ak_kcv, kek_kcv = check_values_of(record)
    check_kcv(keys.ak, suite.check_cipher(suite.ak_bytes), ak_kcv)
    check_kcv(keys.kek, suite.check_cipher(suite.kek_bytes), kek_kcv)
    return keys
