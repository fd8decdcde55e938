"""A bank changes its keys while its tellers work: commands, a real daemon, real sockets, the wall clock."""

import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.daemon import done, fep
from tests.support.raw_bank import AK, KEK, KEY_EXCHANGE, SIGN_IN, RawBank, now
from tests.system.conftest import Site

NEW_AK = bytes.fromhex("606162636465666768696A6B6C6D6E6F")
NEW_KEK = bytes.fromhex("707172737475767778797A7B7C7D7E7F")
WINDOW = timedelta(seconds=12)
"""Long enough for a daemon to start and two banks to sign in, short enough to wait for its end."""


def connected(site: Site, ak: bytes, kek: bytes) -> RawBank:
    """Return a connection of bank 0103 with these keys, not signed in."""
    bank = site.connect("0103")
    bank.ak, bank.kek = ak, kek
    return bank


def load_new_keys(site: Site, bank_code: str = "0103") -> None:
    """Load the second version as a key ceremony does, from files."""
    words: list[str | Path] = []
    for kind, key in (("ak", NEW_AK), ("kek", NEW_KEK)):
        path = site.directory / f"new.{kind}"
        path.touch(mode=0o600)
        path.write_text(key.hex(), encoding="ascii")
        words += [f"--{kind}-file", path]
    done(fep("keys", "import", bank_code, *words, "--config", site.directory / "fep.toml"))


def test_old_and_new_keys_sign_in_until_the_old_ones_end(fresh_site: Site) -> None:
    """The daemon is started once with the window in its store; when the old keys end, nobody tells it."""
    load_new_keys(fresh_site)
    ends = (now() + WINDOW).replace(microsecond=0, tzinfo=None)
    words = ("--until", f"{ends}", "--config", fresh_site.directory / "fep.toml")
    done(fep("keys", "activate", "0103", "2", *words))
    fresh_site.daemon.start()

    old, new = connected(fresh_site, AK, KEK).sign_in(), connected(fresh_site, NEW_AK, NEW_KEK).sign_in()
    assert _now() < ends, "the machine is too slow for this window"
    while _now() < ends:
        old.check_alive()
        time.sleep(0.2)

    old.check_alive()  # a session goes on
    reply = connected(fresh_site, AK, KEK).exchange_keys(SIGN_IN)
    assert (reply.code, reply.mac_state) == ("1002", "zero")
    connected(fresh_site, NEW_AK, NEW_KEK).sign_in()
    new.check_alive()
    listed = done(fep("keys", "list", "--all", "--config", fresh_site.directory / "fep.toml")).stdout
    assert [line.split("\t")[3] for line in listed.splitlines() if line.startswith("0103")] == ["retired", "active"]


def _now() -> datetime:
    return now().replace(tzinfo=None)


def test_after_a_compromise_a_reload_ends_the_old_keys(fresh_site: Site) -> None:
    """Activated at once and taken over by SIGHUP: the old keys sign nobody in, and no connection is dropped."""
    daemon = fresh_site.daemon.start()
    standing = connected(fresh_site, AK, KEK).sign_in()
    load_new_keys(fresh_site)
    done(fep("keys", "activate", "0103", "2", "--at-once", "--config", fresh_site.directory / "fep.toml"))
    connected(fresh_site, AK, KEK).sign_in()  # the daemon has not been told yet
    mark = daemon.mark()
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_event(lambda line: line["event"] == "reloaded", since=mark)

    assert connected(fresh_site, AK, KEK).exchange_keys(SIGN_IN).code == "1002"
    connected(fresh_site, NEW_AK, NEW_KEK).sign_in()
    standing.check_alive()
    standing.ak, standing.kek = NEW_AK, NEW_KEK
    assert standing.exchange_keys(KEY_EXCHANGE).code == "0000"
    standing.check_alive()


def test_a_bank_goes_from_3des_to_aes(fresh_site: Site) -> None:
    """As docs/keys.md says: its file, new keys, at once, a reload; old connections end, and it signs in by CMAC."""
    daemon = fresh_site.daemon.start()
    standing = fresh_site.connect("0102").sign_in()
    (bank_file,) = (fresh_site.directory / "banks").glob("0102*.toml")
    bank_file.write_text(bank_file.read_text("utf-8").replace('suite = "3des"', 'suite = "aes"'), "utf-8")
    load_new_keys(fresh_site, "0102")
    done(fep("keys", "activate", "0102", "2", "--at-once", "--config", fresh_site.directory / "fep.toml"))
    mark = daemon.mark()
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_event(lambda line: line["event"] == "reloaded", since=mark)

    standing.until_closed()
    bank = fresh_site.connect("0102")
    bank.ak, bank.kek, bank.suite = NEW_AK, NEW_KEK, "aes"
    bank.sign_in()
    assert "0102" not in [line.get("bank_code") for line in daemon.events(mark) if line["event"] == "legacy_suite"]
