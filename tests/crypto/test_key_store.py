"""The key store 密钥库."""

import json
import os
import struct
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from Crypto.Cipher import AES

from crypto.errors import CryptoError, FileFault, KeyCheckFailed, KeyFault, KeyRefused, KeyStoreInvalid, KeyUnavailable
from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.suites import SUITES, Suite

MASTER = Key("master key", bytes(range(32)))
OTHER_MASTER = Key("master key", bytes(range(1, 33)))
AK = Key.from_hex("AK of bank 0102", "404142434445464748494A4B4C4D4E4F")
KEK = Key.from_hex("KEK of bank 0102", "505152535455565758595A5B5C5D5E5F")
HEADER_BYTES = 34
NOW = datetime(2026, 11, 21, 10, 15, 30)  # noqa: DTZ001 - naive, Asia/Shanghai


def pair(store: KeyStore, bank_code: str) -> tuple[Key, Key, Suite]:
    """Return AK, KEK and suite of the only version that is accepted."""
    (version,) = store.accepted(bank_code, NOW)
    assert version.keys is not None
    return version.keys.ak, version.keys.kek, version.keys.suite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bank.keys"
    store = KeyStore.create(path, MASTER)
    store.add("0102", AK, KEK, SUITES["3des"], NOW)
    store.add("0104", KEK, AK, SUITES["sm4"], NOW)
    store.save()
    return path


def fault_of(path: Path, master_key: Key = MASTER) -> FileFault:
    with pytest.raises(KeyStoreInvalid) as caught:
        KeyStore.open(path, master_key)
    assert str(path) in str(caught.value)
    assert str(path) in caught.value.chinese
    assert caught.value.fault.remedy in str(caught.value)
    assert caught.value.path == path
    return caught.value.fault


def reseal(path: Path, document: bytes) -> None:
    """Put another content into the store, with the library alone, as a holder of the master key could."""
    header = path.read_bytes()[:HEADER_BYTES]
    cipher = AES.new(MASTER.secret, AES.MODE_GCM, nonce=header[18:30])
    cipher.update(header)
    sealed, tag = cipher.encrypt_and_digest(document)
    path.write_bytes(header + sealed + tag)


def content_of(path: Path) -> dict[str, Any]:
    """Open the store with the library alone."""
    content = path.read_bytes()
    cipher = AES.new(MASTER.secret, AES.MODE_GCM, nonce=content[18:30])
    cipher.update(content[:HEADER_BYTES])
    document: dict[str, Any] = json.loads(cipher.decrypt_and_verify(content[HEADER_BYTES:-16], content[-16:]))
    return document


def test_keys_come_back(path: Path) -> None:
    """What was put and saved is there after opening, by bank, with suite and labels."""
    store = KeyStore.open(path, MASTER)

    assert store.bank_codes() == ("0102", "0104")
    assert pair(store, "0102") == (AK, KEK, SUITES["3des"])
    assert pair(store, "0104") == (KEK, AK, SUITES["sm4"])
    assert repr(pair(store, "0104")[0]) == "<Key AK of bank 0104>"


def test_file_is_as_documented(path: Path) -> None:
    """The file has the documented header and, opened by the library alone, the documented content with check values."""
    content = path.read_bytes()

    assert content[:10] == b"FEPKEYS\n\x00\x03"
    assert struct.unpack(">I", content[30:34]) == (crc32(content[:30]),)
    assert content_of(path)["banks"]["0104"] == [
        {
            "number": 1,
            "suite": "sm4",
            "ak": "505152535455565758595a5b5c5d5e5f",
            "ak_kcv": SUITES["sm4"].wrap_cipher.encrypt_ecb(KEK.secret, bytes(16))[:4].hex(),
            "kek": "404142434445464748494a4b4c4d4e4f",
            "kek_kcv": SUITES["sm4"].wrap_cipher.encrypt_ecb(AK.secret, bytes(16))[:4].hex(),
            "loaded_at": "2026-11-21T10:15:30",
            "valid_from": "2026-11-21T10:15:30",
            "valid_until": None,
        }
    ]


def test_check_value_is_not_the_secret_of_gcm(path: Path) -> None:
    """The check value in the clear header gives nothing of E_K(0), under which GCM authenticates."""
    hash_key = AES.new(MASTER.secret, AES.MODE_ECB).encrypt(bytes(16))

    assert path.read_bytes()[10:18] not in (hash_key[:8], hash_key[8:])


def test_nothing_of_the_content_is_readable(path: Path) -> None:
    """The file shows no key, no bank code, no suite; and each save has a nonce of its own."""
    before = path.read_bytes()
    KeyStore.open(path, MASTER).save()
    after = path.read_bytes()

    for clear in (AK.secret, AK.secret.hex().encode(), b"0102", b"3des"):
        assert clear not in after
    assert before[18:30] != after[18:30]
    assert MASTER.secret not in after


def test_unknown_bank(path: Path) -> None:
    """A bank without keys is named."""
    store = KeyStore.open(path, MASTER)
    for operation in (store.versions, store.remove):
        with pytest.raises(KeyUnavailable, match="no keys of bank 0999") as caught:
            operation("0999")
        assert caught.value.bank_code == "0999"


def test_removed_keys_are_gone(path: Path) -> None:
    """A bank that was removed is gone after saving."""
    store = KeyStore.open(path, MASTER)
    store.remove("0102")
    store.save()

    assert KeyStore.open(path, MASTER).bank_codes() == ("0104",)


def test_unsaved_keys_are_not_stored(path: Path) -> None:
    """Only save changes the file, and it can be called again."""
    store = KeyStore.open(path, MASTER)
    store.add("0105", AK, KEK, SUITES["cups"], NOW)
    assert KeyStore.open(path, MASTER).bank_codes() == ("0102", "0104")
    store.save()
    store.add("0403", AK, KEK, SUITES["des"], NOW)
    store.save()

    assert KeyStore.open(path, MASTER).bank_codes() == ("0102", "0104", "0105", "0403")


def test_put_checks_keys_against_the_suite(path: Path) -> None:
    """A weak, equal-halved or short key is refused by name, and the former keys stay."""
    store = KeyStore.open(path, MASTER)
    refused = [
        (Key("AK of bank 0102", b"\1" * 16), KEK, "3des", KeyFault.WEAK),
        (AK, Key("KEK of bank 0102", bytes(range(8)) * 2), "des", KeyFault.HALVES_EQUAL),
        (Key("AK of bank 0102", bytes(8)), KEK, "aes", KeyFault.WRONG_LENGTH),
        (AK, Key("KEK of bank 0102", bytes(24)), "sm4", KeyFault.WRONG_LENGTH),
    ]
    for ak, kek, suite, fault in refused:
        with pytest.raises(KeyRefused, match="of bank 0102 refused") as caught:
            store.add("0102", ak, kek, SUITES[suite], NOW)
        assert caught.value.fault is fault

    assert pair(store, "0102")[0] == AK


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_file_must_be_private(path: Path, mode: int) -> None:
    """A key store that others may read is refused with the command that mends it; 0600 and 0400 are good."""
    path.chmod(mode)
    assert fault_of(path) is FileFault.MODE
    path.chmod(0o400)
    KeyStore.open(path, MASTER)


def test_file_must_be_ours(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key store of another user is refused."""
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)

    assert fault_of(path) is FileFault.OWNER


def test_missing_and_existing(path: Path) -> None:
    """Opening what is not there and creating what is there are told apart."""
    assert fault_of(path.with_name("none")) is FileFault.MISSING
    with pytest.raises(KeyStoreInvalid) as caught:
        KeyStore.create(path, MASTER)
    assert caught.value.fault is FileFault.EXISTS
    assert KeyStore.open(path, MASTER).bank_codes() == ("0102", "0104")


def test_another_master_key(path: Path) -> None:
    """Another master key is told as such, not as damage."""
    assert fault_of(path, OTHER_MASTER) is FileFault.MASTER_KEY


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_master_key_of_another_length(path: Path, length: int) -> None:
    """A master key that is not 32 bytes is refused before anything is read or written."""
    for operation in (KeyStore.open, KeyStore.create):
        with pytest.raises(KeyRefused, match="master key refused: wrong length"):
            operation(path, Key("master key", bytes(length)))


def test_every_flipped_bit_is_noticed(path: Path) -> None:
    """A bit flipped anywhere is noticed and told for what it is: damage, never a wrong master key."""
    sound = path.read_bytes()
    for at in range(len(sound)):
        damaged = bytearray(sound)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        assert fault_of(path) is (FileFault.NOT_A_STORE if at < 8 else FileFault.DAMAGED), at
    path.write_bytes(sound)
    KeyStore.open(path, MASTER)


def test_every_cut_is_noticed(path: Path) -> None:
    """A file cut anywhere, or with something behind, is noticed."""
    sound = path.read_bytes()
    for length in range(len(sound)):
        path.write_bytes(sound[:length])
        assert fault_of(path) is (FileFault.NOT_A_STORE if length < 8 else FileFault.DAMAGED), length
    path.write_bytes(sound + b"\0")
    assert fault_of(path) is FileFault.DAMAGED


def test_newer_format(path: Path) -> None:
    """A store that a newer program wrote is told as such."""
    content = path.read_bytes()
    head = content[:8] + b"\x00\x04" + content[10:30]
    path.write_bytes(head + struct.pack(">I", crc32(head)) + content[34:])

    assert fault_of(path) is FileFault.FORMAT


def test_forged_header(path: Path) -> None:
    """A header whose CRC was made to fit is still authenticated with the content."""
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    content[30:34] = struct.pack(">I", crc32(content[:30]))
    path.write_bytes(content)

    assert fault_of(path) is FileFault.DAMAGED


def test_too_large(path: Path) -> None:
    """A file far larger than any key store is refused unread."""
    os.truncate(path, (16 << 20) + 1)

    assert fault_of(path) is FileFault.TOO_LARGE


RECORD = {"suite": "aes", "ak": "00" * 16, "ak_kcv": "00" * 4, "kek": "11" * 16, "kek_kcv": "00" * 4}


@pytest.mark.parametrize(
    "document",
    [
        b"\xff",
        b"SECRET",
        b"[]",
        b"{}",
        b'{"banks": []}',
        b'{"banks": {"0102": "SECRET"}}',
        b'{"banks": {"0102": {}}}',
        json.dumps({"banks": {"0102": RECORD | {"suite": "rot13"}}}).encode(),
        json.dumps({"banks": {"0102": RECORD | {"ak": "SECRET"}}}).encode(),
        json.dumps({"banks": {"0102": RECORD | {"kek_kcv": 1}}}).encode(),
    ],
)
def test_content_of_another_shape(path: Path, document: bytes) -> None:
    """An authentic content that does not parse is refused, and no exception carries it along."""
    reseal(path, document)
    with pytest.raises(KeyStoreInvalid, match="content is not of this format") as caught:
        KeyStore.open(path, MASTER)

    assert caught.value.fault is FileFault.DAMAGED
    assert caught.value.__context__ is None


def test_keys_are_checked_when_opened(path: Path) -> None:
    """A weak key and a wrong check value in the store are refused by name when it is opened."""
    (record,) = content_of(path)["banks"]["0102"]
    for changed, error, message in (
        ({"ak": "01" * 16}, KeyRefused, "AK of bank 0102 refused: weak DES key"),
        ({"kek": "0123456789abcdef" * 2}, KeyRefused, "KEK of bank 0102 refused: halves equal"),
        ({"ak_kcv": "00000000"}, KeyCheckFailed, "AK of bank 0102: key check value differs"),
        ({"kek_kcv": "00000000"}, KeyCheckFailed, "KEK of bank 0102: key check value differs"),
    ):
        reseal(path, json.dumps({"banks": {"0102": [record | changed]}}).encode())
        with pytest.raises(error, match=message):
            KeyStore.open(path, MASTER)


def test_two_commands_at_once(path: Path) -> None:
    """Of two commands that change the store at once the second is told to run again; the first one's keys stay."""
    first, second = KeyStore.open(path, MASTER), KeyStore.open(path, MASTER)
    first.add("0103", AK, KEK, SUITES["aes"], NOW)
    first.save()
    second.remove("0102")
    with pytest.raises(KeyStoreInvalid) as caught:
        second.save()

    assert caught.value.fault is FileFault.CHANGED
    assert KeyStore.open(path, MASTER).bank_codes() == ("0102", "0103", "0104")


def test_a_failed_save_leaves_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the new content cannot be written, the old one stands."""
    store = KeyStore.open(path, MASTER)
    store.remove("0102")

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", fail)
        with pytest.raises(KeyStoreInvalid, match=r"cannot be read or written \(Input/output error\)") as caught:
            store.save()
    assert caught.value.fault is FileFault.UNREADABLE
    assert KeyStore.open(path, MASTER).bank_codes() == ("0102", "0104")
    store.save()
    assert KeyStore.open(path, MASTER).bank_codes() == ("0104",)


def test_a_symbolic_link_stays_one(path: Path) -> None:
    """Saving through a symbolic link replaces the file behind it."""
    link = path.with_name("link")
    link.symlink_to(path)
    store = KeyStore.open(link, MASTER)
    store.remove("0102")
    store.save()

    assert link.is_symlink()
    assert KeyStore.open(path, MASTER).bank_codes() == ("0104",)


def test_a_loop_of_links(path: Path) -> None:
    """A symbolic link to itself is a file that cannot be read, not a crash."""
    link = path.with_name("loop")
    link.symlink_to(link)

    assert fault_of(link) is FileFault.UNREADABLE


def test_no_error_holds_a_key(path: Path) -> None:
    """No traceback of a failing operation, and no repr, holds a key or the master key."""
    store = KeyStore.open(path, MASTER)
    shown = [repr(store), repr(store.versions("0102")), str(vars(store)["_banks"])]
    sound = path.read_bytes()
    (record,) = content_of(path)["banks"]["0102"]
    spoilt = [
        sound[:-1],
        sound[:50],
        sound[:20] + b"\0" + sound[21:],
    ]
    for content in spoilt:
        path.write_bytes(content)
        with pytest.raises(CryptoError) as caught:
            KeyStore.open(path, MASTER)
        shown.append("".join(traceback.format_exception(caught.value)))
    path.write_bytes(sound)
    for changed in ({"ak_kcv": "00000000"}, {"ak": "01" * 15}, {"suite": "none"}):
        reseal(path, json.dumps({"banks": {"0102": [record | changed]}}).encode())
        with pytest.raises(CryptoError) as caught:
            KeyStore.open(path, MASTER)
        shown.append("".join(traceback.format_exception(caught.value)))

    for text in shown:
        for secret in (AK.secret, KEK.secret, MASTER.secret):
            assert secret.hex() not in text.lower()
            assert repr(secret)[2:-1] not in text
