"""The errors of the package 密码错误."""

from pathlib import Path

import pytest

from crypto.errors import (
    BlockFault,
    CertificateFault,
    CertificateInvalid,
    CryptoError,
    FileFault,
    KeyBlockInvalid,
    KeyCheckFailed,
    KeyFault,
    KeyJournalBroken,
    KeyProposalRefused,
    KeyRefused,
    KeyRingBusy,
    KeyStoreInvalid,
    KeyUnavailable,
    KeyVersionRefused,
    KeyVersionUnknown,
    MacMismatch,
    MasterKeyUnavailable,
    ProposalFault,
    SuiteDiffers,
    VersionFault,
)

ERRORS = [
    MacMismatch(184, "00" * 32),
    *(KeyRefused("AK of bank 0102", fault, "a detail") for fault in KeyFault),
    KeyCheckFailed("MAK"),
    *(CertificateInvalid(fault) for fault in CertificateFault),
    KeyUnavailable("0102"),
    *(KeyBlockInvalid("AK of bank 0102", fault) for fault in BlockFault),
    KeyJournalBroken(Path("/etc/fep/keys.journal"), 3, "it was cut", "被截断"),
    *(KeyVersionRefused("0102", 2, fault) for fault in VersionFault),
    *(KeyProposalRefused(number, fault) for number in (3, None) for fault in ProposalFault),
    KeyVersionUnknown(2),
    SuiteDiffers("0102", "aes", "3des"),
    KeyRingBusy(),
    *(KeyStoreInvalid(Path("/etc/fep/bank.keys"), fault) for fault in FileFault),
    *(MasterKeyUnavailable.of_file("file:master.key", fault) for fault in FileFault),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_every_error_speaks_english_and_chinese(error: CryptoError) -> None:
    """Every error says in English and in Chinese what is wrong."""
    assert str(error).isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in error.chinese)


def test_every_error_has_one_root() -> None:
    """Every concrete error is covered here and is a CryptoError."""
    assert set(CryptoError.__subclasses__()) == {type(error) for error in ERRORS}
