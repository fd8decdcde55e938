"""The key store: each bank's key versions in one sealed file 密钥库.

    magic 8 | format u16 | check value 8 | nonce 12 | CRC-32 u32 | AES-256-GCM of the content | tag 16

The 34 bytes before the content are the header. It is authenticated with the content, and its layout is the same in
every format. Its own parts tell the failures apart, in this order:

1. another magic: not a key store;
2. the CRC-32 of the header differs: damaged;
3. a higher format: written by a newer program;
4. another check value: another master key (or forged, which needs no telling apart);
5. GCM refuses: damaged or forged.

The check value is an HMAC under the master key, not the E_K(0) that other keys use: that is the secret of GCM itself.
The content is JSON, see ``store_records``. Format 1, which held one pair of keys for each bank, and format 2, which had
no proposals, are read and written as format 3.
"""

import hmac
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from os.path import realpath
from pathlib import Path
from secrets import token_bytes
from typing import Self
from zlib import crc32

from crypto.ciphers import AES_CIPHER, GCM_NONCE_BYTES, gcm_open, gcm_seal
from crypto.errors import FileFault, KeyProposalRefused, KeyStoreInvalid, KeyUnavailable, ProposalFault
from crypto.key_changes import KeyChange
from crypto.key_journal import JournalHead, KeyAct, KeyJournal
from crypto.key_proposals import KeyProposal, KeyProposals, basis
from crypto.key_versions import (
    BankKeys,
    KeyVersion,
    Versions,
    accepted,
    activated,
    added,
    retired,
    without_dead_keys,
)
from crypto.keys import Key, check_key
from crypto.master_key import MASTER_KEY_BYTES
from crypto.private_file import (
    PrivateFileRefused,
    locked_directory,
    read_private,
    replace_private,
    write_new_private,
)
from crypto.store_records import Content, content_of, document_of
from crypto.suites import Suite

_MAGIC = b"FEPKEYS\n"
_FORMAT = 3
_CHECK_BYTES = 8
_HEAD = struct.Struct(f">8sH{_CHECK_BYTES}s{GCM_NONCE_BYTES}s")
_CRC = struct.Struct(">I")
_HEADER_BYTES = _HEAD.size + _CRC.size
_FILE_BYTES_MAX = 16 << 20
"""A thousand banks, each with all retired versions that are kept, take some 8 MB."""

JOURNAL_SUFFIX = ".journal"


class KeyStore:
    """The keys of all banks, in memory; ``save`` makes changes durable 密钥库."""

    def __init__(self, path: Path, master_key: Key, file_content: bytes, content: Content) -> None:
        """Use ``open`` or ``create``."""
        self._path = path
        self._master_key = master_key
        self._file_content = file_content
        self._banks = dict(content.banks)
        self._proposals = KeyProposals(content.proposals, content.proposal_last)
        self._head = content.journal
        self._secret = content.secret
        self._has_lasting_secret = content.is_secret_kept
        self._journal = KeyJournal(path.with_name(path.name + JOURNAL_SUFFIX), content.secret)

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
        file_content = _read(path)
        content = content_of(_opened(path, master_key, file_content))
        if content is None:  # it is authentic, so what does not parse is an error of the writer
            raise KeyStoreInvalid(path, FileFault.DAMAGED, "content is not of this format")
        return cls(path, master_key, file_content, content)

    @classmethod
    def create(cls, path: Path, master_key: Key) -> Self:
        """Write a new, empty key store (mode 0600); KeyStoreInvalid when the file exists."""
        check_key(master_key, AES_CIPHER, MASTER_KEY_BYTES)
        content = Content()
        file_content = _sealed(master_key, content)
        try:
            write_new_private(path, file_content)
        except PrivateFileRefused as refused:
            raise KeyStoreInvalid(path, refused.fault, refused.detail) from refused
        return cls(Path(realpath(path)), master_key, file_content, content)

    def derived_secret(self, purpose: str) -> bytes:
        """Return 32 secret bytes for ``purpose``: the same for all daemons that share the master key."""
        return hmac.digest(self._master_key.secret, f"fep {purpose}".encode(), "sha256")

    def lasting_secret(self, purpose: str) -> bytes | None:
        """Return 32 secret bytes for ``purpose`` that stay when the store is sealed under another master key.

        None: the store is of the first format, which kept none; it gets one when it is next saved.
        """
        return hmac.digest(self._secret, f"fep {purpose}".encode(), "sha256") if self._has_lasting_secret else None

    # --- what is there

    def bank_codes(self) -> tuple[str, ...]:
        """Return the codes of the banks that have keys here, in order."""
        return tuple(sorted(self._banks))

    def versions(self, bank_code: str) -> Versions:
        """Return all versions of a bank's keys, oldest first; KeyUnavailable when there are none."""
        try:
            return self._banks[bank_code]
        except KeyError:
            raise KeyUnavailable(bank_code) from None

    def accepted(self, bank_code: str, now: datetime) -> Versions:
        """Return the one or two versions that are accepted at ``now``, the newest first; KeyUnavailable without any."""
        found = accepted(self.versions(bank_code), now)
        if not found:
            raise KeyUnavailable(bank_code)
        return found

    def acts(self) -> list[KeyAct]:
        """Return the journal of key acts, oldest first, verified; KeyJournalBroken when it is not as it was written."""
        return self._journal.acts(self._head)

    def check_value_of(self, master_key: Key) -> str:
        """Return what tells one master key from another, hex."""
        return _check_value(master_key).hex()

    # --- four eyes, in memory until ``save``

    def proposals(self, now: datetime) -> tuple[KeyProposal, ...]:
        """Return the acts that are proposed and can be approved at ``now``, oldest first."""
        return self._proposals.waiting(now)

    def proposal(self, number: int, now: datetime) -> KeyProposal:
        """Return one of them; KeyProposalRefused when there is none of that number, or no longer."""
        return self._proposals.find(number, now)

    def propose(
        self,
        bank_code: str,
        change: KeyChange,
        detail: str,
        operator: str,
        now: datetime,
        until: datetime,
        *,
        has_login: bool = True,
    ) -> KeyProposal:
        """Add what ``operator`` proposes about the keys as they are; KeyProposalRefused when too many wait."""
        basis_ = self._basis(bank_code, now)
        return self._proposals.add(bank_code, change, detail, operator, now, until, basis_, has_login=has_login)

    def approvable(self, number: int, operator: str, now: datetime, *, has_login: bool = True) -> KeyProposal:
        """Return a proposal that ``operator`` may approve; ``has_login``: the system can tell who he is.

        Raises:
            KeyProposalRefused: it is not there, over, his own, or about keys that have changed since.
        """
        proposal = self._proposals.find(number, now)
        if proposal.proposed_by == operator:
            raise KeyProposalRefused(number, ProposalFault.SAME_OPERATOR)
        if not (has_login and proposal.has_login):
            raise KeyProposalRefused(number, ProposalFault.NO_LOGIN)
        if proposal.basis != self._basis(proposal.bank_code, proposal.proposed_at):
            raise KeyProposalRefused(number, ProposalFault.CHANGED)
        return proposal

    def end_proposal(self, number: int) -> None:
        """Forget a proposal, with the keys in it."""
        self._proposals.end(number)

    def _basis(self, bank_code: str, now: datetime) -> str:
        return basis(self._banks.get(bank_code, ()), now)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Forget afterwards what is changed within: so it is known whether a change could be made."""
        banks, master_key, head = dict(self._banks), self._master_key, self._head
        try:
            yield
        finally:
            self._banks, self._master_key, self._head = banks, master_key, head

    # --- changes, in memory until ``save``

    def add(self, bank_code: str, ak: Key, kek: Key, suite: Suite, now: datetime) -> KeyVersion:
        """Add a pair of keys and return its version: active when the bank has none in use or planned, else pending.

        Raises:
            KeyRefused: They do not fit the suite, or stand here already; nothing is changed.
        """
        present = self._banks.get(bank_code, ())
        self._banks[bank_code] = added(present, bank_code, BankKeys(suite, ak, kek), now)
        return self._banks[bank_code][-1]

    def activate(
        self, bank_code: str, number: int, now: datetime, valid_from: datetime, former_until: datetime
    ) -> None:
        """Accept a pending version from ``valid_from`` on, and the one before it until ``former_until``.

        Raises:
            KeyUnavailable: The bank has no keys.
            KeyVersionRefused: It cannot be activated so; nothing is changed.
        """
        present = self.versions(bank_code)
        self._banks[bank_code] = activated(present, bank_code, number, now, valid_from, former_until)

    def retire(self, bank_code: str, number: int, now: datetime) -> None:
        """End a version now and destroy its secrets; KeyUnavailable, KeyVersionRefused as for ``activate``."""
        self._banks[bank_code] = retired(self.versions(bank_code), bank_code, number, now)

    def remove(self, bank_code: str) -> None:
        """Take all versions of a bank out; KeyUnavailable when there are none."""
        self.versions(bank_code)
        del self._banks[bank_code]

    def begin_journal(self, now: datetime) -> None:
        """Put a broken journal aside and begin a new one with the next act that is saved."""
        self._journal.set_aside(now)
        self._head = JournalHead()

    def reseal(self, master_key: Key) -> None:
        """Seal it under another master key when it is saved; KeyRefused for a bad one."""
        self._master_key = check_key(master_key, AES_CIPHER, MASTER_KEY_BYTES)

    def save(self, act: KeyAct | None = None) -> None:
        """Write the store in the place of its file, atomically and durably, and ``act`` into its journal before.

        Raises:
            KeyStoreInvalid: It cannot be written, or another command has changed the file since it was read here;
                the file is then as it was.
            KeyJournalBroken: The journal is not as it was written; nothing is written.
        """
        try:
            with locked_directory(self._path.parent) as directory:
                if _read(self._path) != self._file_content:
                    raise KeyStoreInvalid(self._path, FileFault.CHANGED)
                if act is not None:
                    self._bury(act.at)
                    self._head = self._journal.append(act, self._head)
                file_content = _sealed(self._master_key, self._content())
                replace_private(self._path, file_content, directory)
        except PrivateFileRefused as refused:
            raise KeyStoreInvalid(self._path, refused.fault, refused.detail) from refused
        self._file_content = file_content
        self._has_lasting_secret = True

    def _content(self) -> Content:
        return Content(self._banks, self._head, self._secret, self._proposals.all, self._proposals.last)

    def _bury(self, now: datetime) -> None:
        """Destroy the secrets of versions that have ended, and of proposals that nobody has approved."""
        self._proposals = self._proposals.without_expired(now)
        for bank_code, versions in self._banks.items():
            self._banks[bank_code] = without_dead_keys(versions, now)

    def __repr__(self) -> str:
        return f"<KeyStore {self._path} of {len(self._banks)} banks>"


def _read(path: Path) -> bytes:
    try:
        return read_private(path, _FILE_BYTES_MAX)
    except PrivateFileRefused as refused:
        raise KeyStoreInvalid(path, refused.fault, refused.detail) from refused


def _check_value(master_key: Key) -> bytes:
    return hmac.digest(master_key.secret, b"FEP key store, master key check value", "sha256")[:_CHECK_BYTES]


def _sealed(master_key: Key, content: Content) -> bytes:
    nonce = token_bytes(GCM_NONCE_BYTES)
    head = _HEAD.pack(_MAGIC, _FORMAT, _check_value(master_key), nonce)
    header = head + _CRC.pack(crc32(head))
    return header + gcm_seal(master_key.secret, nonce, header, document_of(content))


def _opened(path: Path, master_key: Key, content: bytes) -> bytes:
    """Return the clear content of the file, or raise KeyStoreInvalid in the order that the module describes."""
    if not content.startswith(_MAGIC):
        raise KeyStoreInvalid(path, FileFault.NOT_A_STORE)
    header, sealed = content[:_HEADER_BYTES], content[_HEADER_BYTES:]
    if len(header) < _HEADER_BYTES or _CRC.pack(crc32(header[: _HEAD.size])) != header[_HEAD.size :]:
        raise KeyStoreInvalid(path, FileFault.DAMAGED, "header")
    _, file_format, check_value, nonce = _HEAD.unpack_from(header)
    if file_format > _FORMAT:
        raise KeyStoreInvalid(path, FileFault.FORMAT, f"format {file_format}, at most {_FORMAT} wanted")
    if not hmac.compare_digest(check_value, _check_value(master_key)):
        raise KeyStoreInvalid(path, FileFault.MASTER_KEY)
    try:
        return gcm_open(master_key.secret, nonce, header, sealed)
    except ValueError:
        raise KeyStoreInvalid(path, FileFault.DAMAGED, "content") from None
