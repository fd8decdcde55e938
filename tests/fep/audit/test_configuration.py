"""What the audit log tells of a configuration: every setting by its name, what has changed, and no secret."""

import json
from dataclasses import replace
from datetime import time

from fep.audit.configuration import changes_told, files_told, settings_told
from fep.config.settings import Address, DatabaseSettings
from handlers.query_references import QueryReferences
from tests.support.rim import settings, settings_of


def told(**changes):
    return settings_told(replace(settings({"0102": settings_of("0102", partner=Address("::1", 9))}), **changes))


def test_settings_have_their_names() -> None:
    """As an operator finds them in the files; lists in one line, addresses as they are written."""
    found = told()
    assert found["banks.0102.cut_off"] == "23:30:00"
    assert found["banks.0102.suite"] == "3des"
    assert found["banks.0102.addresses"] == "10.1.0.0/16"
    assert found["banks.0102.partner"] == "[::1]:9"
    assert found["banks.0102.dialect"] == "standard"
    assert found["link.frame_timeout"] == "10.0"
    assert found["billing.databases[1].url"] == "sqlite:///billing.db"
    assert found["listener.addresses"] == "127.0.0.1:9700"
    assert found["rules.late_fee.floor_fen"] == "100"
    assert all(isinstance(text, str) and "object at" not in text for text in found.values())


def test_what_has_changed() -> None:
    """Old and new; a bank that has come has no old settings."""
    former = told()
    present = told(
        banks={"0102": settings_of("0102", cut_off=time(22, 0), partner=Address("::1", 9)), "0103": settings_of("0103")}
    )
    changes = changes_told(former, present)
    assert changes["banks.0102.cut_off"] == ["23:30:00", "22:00:00"]
    assert changes["banks.0103.suite"] == [None, "aes"]
    assert not [name for name in changes if name.startswith(("link", "banks.0102.s"))]
    assert changes_told(present, present) == {}


def test_no_secret_is_told() -> None:
    """What is derived for a run is no setting, and of passwords there are references."""
    base = settings({})
    secret = replace(base.rules, query_references=QueryReferences(key=b"\x01secret\x02"))
    databases = replace(base.billing, databases=(DatabaseSettings("b", 1, "sqlite:///b.db", "file:database.secret"),))
    text = json.dumps(settings_told(replace(base, rules=secret, billing=databases)))
    assert "secret\\" not in text
    assert "x01" not in text
    assert "file:database.secret" in text


def test_digests_of_files(tmp_path) -> None:
    """Of fep.toml, each bank's file and the key store; a file that is not there has none."""
    (tmp_path / "banks").mkdir()
    (tmp_path / "fep.toml").write_bytes(b"abc")
    (tmp_path / "banks" / "0102_x.toml").write_bytes(b"")
    assert files_told(settings({}, tmp_path)) == {
        "fep.toml": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "banks/0102_x.toml": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "keys.store": "",
    }
