"""The key store: each bank's AK and KEK in one sealed file 密钥库.

    magic 8 | format u16 | check value 8 | nonce 12 | CRC-32 u32 | AES-256-GCM of the content | tag 16

The 34 bytes before the content are the header. It is authenticated with the content, and its layout is the same in
every format. Its own parts tell the failures apart, in this order:

1. another magic: not a key store;
2. the CRC-32 of the header differs: damaged;
3. a higher format: written by a newer program;
4. another check value: another master key (or forged, which needs no telling apart);
5. GCM refuses: damaged or forged.

The check value is an HMAC under the master key, not the E_K(0) that other keys use: that is the secret of GCM itself.
The content is JSON: {"banks": {"0102": {"suite": "3des", "ak": hex, "ak_kcv": hex, "kek": hex, "kek_kcv": hex}}}.
"""

import hmac
import json
import re
import struct
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path
from secrets import token_bytes
from typing import Any, Self
from zlib import crc32

from crypto.ciphers import AES_CIPHER, GCM_NONCE_BYTES, gcm_open, gcm_seal
from crypto.errors import FileFault, KeyFault, KeyRefused, KeyStoreInvalid, KeyUnavailable
from crypto.keys import Key, check_kcv, check_key
from crypto.master_key import MASTER_KEY_BYTES
from crypto.private_file import (
    PrivateFileRefused,
    locked_directory,
    read_private,
    replace_private,
    write_new_private,
)
from crypto.suites import SUITES, Suite

_MAGIC = b"FEPKEYS\n"
_FORMAT = 1
_CHECK_BYTES = 8
_HEAD = struct.Struct(f">8sH{_CHECK_BYTES}s{GCM_NONCE_BYTES}s")
_CRC = struct.Struct(">I")
_HEADER_BYTES = _HEAD.size + _CRC.size
_HEX_FIELDS = ("ak", "ak_kcv", "kek", "kek_kcv")
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_FILE_BYTES_MAX = 4 << 20
"""All 10,000 bank codes that four digits allow take some 2 MB."""


@dataclass(frozen=True, slots=True)
class BankKeys:
    """The keys of one bank from its key ceremony 银行密钥."""

    suite: Suite
    ak: Key
    kek: Key


class KeyStore:
    """The keys of all banks, in memory; ``save`` makes changes durable 密钥库."""

    def __init__(self, path: Path, master_key: Key, content: bytes, banks: dict[str, BankKeys]) -> None:
        """Use ``open`` or ``create``."""
        self._path = path
        self._master_key = master_key
        self._file_content = content
        self._banks = banks

    @classmethod
    def open(cls, path: Path, master_key: Key) -> Self:
        """Read the key store and check every key in it.

        Raises:
            KeyStoreInvalid: The file cannot be used; says what and what to do.
            KeyRefused: A key in it must not be used.
            KeyCheckFailed: A key in it is not the one that was put.
        """
        check_key(master_key, AES_CIPHER, MASTER_KEY_BYTES)
        path = Path(realpath(path))  # a symbolic link stays one when the file behind it is replaced
        content = _read(path)
        return cls(path, master_key, content, _banks_of(path, _opened(path, master_key, content)))

    @classmethod
    def create(cls, path: Path, master_key: Key) -> Self:
        """Write a new, empty key store (mode 0600); KeyStoreInvalid when the file exists."""
        check_key(master_key, AES_CIPHER, MASTER_KEY_BYTES)
        content = _sealed(master_key, {})
        try:
            write_new_private(path, content)
        except PrivateFileRefused as refused:
            raise KeyStoreInvalid(path, refused.fault, refused.detail) from refused
        return cls(Path(realpath(path)), master_key, content, {})

    def derived_secret(self, purpose: str) -> bytes:
        """Return 32 secret bytes for ``purpose``: the same for all daemons that share the master key."""
        return hmac.digest(self._master_key.secret, f"fep {purpose}".encode(), "sha256")

    def bank_codes(self) -> tuple[str, ...]:
        """Return the codes of the banks that have keys here, in order."""
        return tuple(sorted(self._banks))

    def get(self, bank_code: str) -> BankKeys:
        """Return the keys of a bank; KeyUnavailable when there are none."""
        try:
            return self._banks[bank_code]
        except KeyError:
            raise KeyUnavailable(bank_code) from None

    def put(self, bank_code: str, ak: Key, kek: Key, suite: Suite) -> None:
        """Set the keys of a bank, checked against its suite; KeyRefused leaves the former ones."""
        self._banks[bank_code] = _checked(BankKeys(suite, ak, kek))

    def remove(self, bank_code: str) -> None:
        """Take the keys of a bank out; KeyUnavailable when there are none."""
        self.get(bank_code)
        del self._banks[bank_code]

    def save(self) -> None:
        """Write the store in the place of its file, atomically and durably.

        Raises:
            KeyStoreInvalid: It cannot be written, or another command has changed the file since it was read here;
                the file is then as it was.
        """
        content = _sealed(self._master_key, self._banks)
        try:
            with locked_directory(self._path.parent) as directory:
                if _read(self._path) != self._file_content:
                    raise KeyStoreInvalid(self._path, FileFault.CHANGED)
                replace_private(self._path, content, directory)
        except PrivateFileRefused as refused:
            raise KeyStoreInvalid(self._path, refused.fault, refused.detail) from refused
        self._file_content = content

    def __repr__(self) -> str:
        return f"<KeyStore {self._path} of {len(self._banks)} banks>"


def _checked(keys: BankKeys) -> BankKeys:
    suite = keys.suite
    check_key(keys.ak, suite.check_cipher(suite.ak_bytes), suite.ak_bytes)
    check_key(keys.kek, suite.check_cipher(suite.kek_bytes), suite.kek_bytes)
    if keys.ak.secret == keys.kek.secret:
        raise KeyRefused(keys.kek.label, KeyFault.SAME_AS_AK)
    return keys


def _read(path: Path) -> bytes:
    try:
        return read_private(path, _FILE_BYTES_MAX)
    except PrivateFileRefused as refused:
        raise KeyStoreInvalid(path, refused.fault, refused.detail) from refused


def _check_value(master_key: Key) -> bytes:
    return hmac.digest(master_key.secret, b"FEP key store, master key check value", "sha256")[:_CHECK_BYTES]


def _sealed(master_key: Key, banks: dict[str, BankKeys]) -> bytes:
    nonce = token_bytes(GCM_NONCE_BYTES)
    head = _HEAD.pack(_MAGIC, _FORMAT, _check_value(master_key), nonce)
    header = head + _CRC.pack(crc32(head))
    document = {"banks": {bank_code: _record_of(keys) for bank_code, keys in sorted(banks.items())}}
    return header + gcm_seal(master_key.secret, nonce, header, json.dumps(document).encode())


def _opened(path: Path, master_key: Key, content: bytes) -> bytes:
    """Return the clear content of the file, or raise KeyStoreInvalid in the order that the module describes."""
    if not content.startswith(_MAGIC):
        raise KeyStoreInvalid(path, FileFault.NOT_A_STORE)
    header, sealed = content[:_HEADER_BYTES], content[_HEADER_BYTES:]
    if len(header) < _HEADER_BYTES or _CRC.pack(crc32(header[: _HEAD.size])) != header[_HEAD.size :]:
        raise KeyStoreInvalid(path, FileFault.DAMAGED, "header")
    _, file_format, check_value, nonce = _HEAD.unpack_from(header)
    if file_format != _FORMAT:
        raise KeyStoreInvalid(path, FileFault.FORMAT, f"format {file_format}, {_FORMAT} wanted")
    if not hmac.compare_digest(check_value, _check_value(master_key)):
        raise KeyStoreInvalid(path, FileFault.MASTER_KEY)
    try:
        return gcm_open(master_key.secret, nonce, header, sealed)
    except ValueError:
        raise KeyStoreInvalid(path, FileFault.DAMAGED, "content") from None


def _record_of(keys: BankKeys) -> dict[str, str]:
    suite = keys.suite
    return {
        "suite": suite.name,
        "ak": keys.ak.secret.hex(),
        "ak_kcv": keys.ak.kcv(suite.check_cipher(suite.ak_bytes)).hex(),
        "kek": keys.kek.secret.hex(),
        "kek_kcv": keys.kek.kcv(suite.check_cipher(suite.kek_bytes)).hex(),
    }


def _banks_of(path: Path, document: bytes) -> dict[str, BankKeys]:
    """Return the banks in the clear content. It is authentic, so what does not parse is an error of the writer."""
    records = _records_of(document)
    if records is None:
        raise KeyStoreInvalid(path, FileFault.DAMAGED, "content is not of this format")
    return {bank_code: _keys_of(bank_code, record) for bank_code, record in records.items()}


def _records_of(document: bytes) -> dict[str, dict[str, str]] | None:
    """Return None for a document of another shape: a parser's exception would carry the document, keys and all."""
    try:
        content: Any = json.loads(document)
        records: dict[str, dict[str, str]] = content["banks"]
        sound = all(_is_record(record) for record in records.values())
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return records if sound else None


def _is_record(record: dict[str, str]) -> bool:
    return record["suite"] in SUITES and all(_HEX.fullmatch(record[name]) for name in _HEX_FIELDS)


def _keys_of(bank_code: str, record: dict[str, str]) -> BankKeys:
    suite = SUITES[record["suite"]]
    keys = _checked(
        BankKeys(
            suite,
            Key(f"AK of bank {bank_code}", bytes.fromhex(record["ak"])),
            Key(f"KEK of bank {bank_code}", bytes.fromhex(record["kek"])),
        )
    )
    check_kcv(keys.ak, suite.check_cipher(suite.ak_bytes), bytes.fromhex(record["ak_kcv"]))
    check_kcv(keys.kek, suite.check_cipher(suite.kek_bytes), bytes.fromhex(record["kek_kcv"]))
    return keys
