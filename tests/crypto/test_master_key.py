"""The master key 主密钥."""

import traceback
from pathlib import Path

import pytest

from crypto.errors import MasterKeyUnavailable
from crypto.master_key import resolve_master_key, write_new_master_key

HEX = "00112233445566778899aabbccddeeff" * 2
SECRET = bytes.fromhex(HEX)


def private(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    path.chmod(0o600)
    return path


def message_of(reference: str, base_dir: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(MasterKeyUnavailable) as caught:
        resolve_master_key(reference, base_dir, environ or {})
    assert HEX[:16] not in "".join(traceback.format_exception(caught.value))
    assert caught.value.chinese.startswith("主密钥 ")
    return str(caught.value)


@pytest.mark.parametrize("text", [HEX, HEX.upper(), HEX + "\n", HEX + "\r\n"])
def test_file_reference(tmp_path: Path, text: str) -> None:
    """A file with 64 hex digits of either case, a line break behind or not, gives the key."""
    path = private(tmp_path / "master.key", text)

    assert resolve_master_key("file:master.key", tmp_path, {}).secret == SECRET
    assert resolve_master_key(f"file:{path}", Path("/"), {}).secret == SECRET


@pytest.mark.parametrize("text", ["", HEX[:-1], HEX + "0", " " + HEX, HEX + "\n\n", "g" + HEX[1:], HEX * 2, "é" * 32])
def test_other_texts_are_refused(tmp_path: Path, text: str) -> None:
    """Anything else than 64 hex digits is refused, and not repeated in the message."""
    private(tmp_path / "master.key", text)

    assert "it is not 64 hexadecimal digits" in message_of("file:master.key", tmp_path)


def test_file_must_be_private(tmp_path: Path) -> None:
    """A key file that others may read is refused with what to do, a missing one is said to be missing."""
    private(tmp_path / "master.key", HEX).chmod(0o644)

    assert "other users may use it (mode 0644); chmod 600" in message_of("file:master.key", tmp_path)
    assert str(tmp_path / "none") in message_of("file:none", tmp_path)
    assert "it does not exist" in message_of("file:none", tmp_path)


def test_env_reference(tmp_path: Path) -> None:
    """A variable gives the key; a missing or wrong one is named, its value is not."""
    assert resolve_master_key("env:FEP_KEY", tmp_path, {"FEP_KEY": HEX}).secret == SECRET
    assert "env:FEP_KEY: the variable is not set" in message_of("env:FEP_KEY", tmp_path)
    assert "env:FEP_KEY: it is not 64" in message_of("env:FEP_KEY", tmp_path, {"FEP_KEY": HEX + "x"})


def test_the_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another one, the process's own environment counts."""
    monkeypatch.setenv("FEP_KEY", HEX)

    assert resolve_master_key("env:FEP_KEY", tmp_path).secret == SECRET


def test_credential_reference(tmp_path: Path) -> None:
    """A systemd credential gives the key, whatever mode systemd has set; without systemd the message says so."""
    private(tmp_path / "master", HEX).chmod(0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    assert resolve_master_key("credential:master", Path("/"), environ).secret == SECRET
    assert "it does not exist" in message_of("credential:other", tmp_path, environ)
    assert "$CREDENTIALS_DIRECTORY is not set" in message_of("credential:master", tmp_path)


@pytest.mark.parametrize(
    "reference", ["", HEX, "file:", "env:", "credential:", "credential:../x", "credential:.x", "vault:x", f"key:{HEX}"]
)
def test_other_references_are_refused(tmp_path: Path, reference: str) -> None:
    """What is no reference is refused and not repeated: it may be the key itself."""
    message = message_of(reference, tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert (
        message == "master key reference: it is not a reference; write file:PATH, env:NAME, credential:NAME or pkcs11:…"
    )


def test_new_master_key(tmp_path: Path) -> None:
    """A new key is random, written with mode 0600 in the form that is read, and never over another file."""
    path = tmp_path / "master.key"
    key = write_new_master_key(path)

    assert key == resolve_master_key("file:master.key", tmp_path, {})
    assert len(key) == 32
    assert path.stat().st_mode & 0o7777 == 0o600
    assert key != write_new_master_key(tmp_path / "other.key")
    with pytest.raises(MasterKeyUnavailable, match="it exists already"):
        write_new_master_key(path)
    assert key.secret.hex() not in repr(key)
