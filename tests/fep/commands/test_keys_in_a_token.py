"""A master key in a hardware security module: real commands and a real daemon, with SoftHSM2 as the module."""

import signal
from pathlib import Path

import pytest

from tests.support import soft_token
from tests.support.daemon import Daemon, done, fep, init_demo
from tests.support.ports import free_port
from tests.support.raw_bank import RawBank

pytestmark = pytest.mark.skipif(bool(soft_token.why_not()), reason=soft_token.why_not() or "never")


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A reference to a master key that is to be made in a new token."""
    for name, value in soft_token.make_token(tmp_path).items():
        monkeypatch.setenv(name, value)
    pin = tmp_path / "pin"
    pin.write_text(f"{soft_token.PIN}\n")
    pin.chmod(0o600)
    path = f"token={soft_token.TOKEN};object=fep-master"
    return f"pkcs11:{path}?module-path={soft_token.module()}&pin-source=file:{pin}"


def test_a_new_site_runs_on_a_master_key_that_never_leaves_its_token(reference: str, tmp_path: Path) -> None:
    """Made in the token, used by init, by commands and by a daemon that a bank signs in to, reloads included."""
    done(fep("keys", "make-master", reference))
    site, port = tmp_path / "site", free_port()
    done(fep("init", site, "--demo", "--accounts", "10", "--port", str(port), "--master-key", reference))
    assert not (site / "master.key").exists()
    assert "0102" in done(fep("keys", "list", "--config", site / "fep.toml")).stdout
    daemon = Daemon(site).start()
    try:
        with RawBank(daemon.port) as bank:
            bank.sign_in()
        for _ in range(2):  # the token is asked again, and lets itself be asked again
            mark = daemon.mark()
            daemon.signal(signal.SIGHUP)
            daemon.wait_for_event(lambda line: line["event"] == "reloaded", since=mark)
        with RawBank(daemon.port) as bank:
            bank.sign_in()
        assert daemon.stop() == 0
    finally:
        daemon.kill()
    assert not [line for line in daemon.output if soft_token.PIN in line]


def test_a_site_moves_from_a_file_to_a_token(reference: str, tmp_path: Path) -> None:
    """The banks' keys and the journal stay; the old master key opens nothing any more."""
    site = init_demo(tmp_path / "site", 10)
    config = site / "fep.toml"
    before = done(fep("keys", "list", "--config", config)).stdout
    done(fep("keys", "retire", "0105", "1", "--yes", "--config", config))
    done(fep("keys", "make-master", reference))
    told = done(fep("keys", "reseal", reference, "--config", config)).stderr
    assert f'master_key = "{reference}"' in told

    refused = fep("keys", "list", "--config", config)
    assert refused.returncode == 2
    assert "another master key sealed it" in refused.stderr
    (old,) = [line for line in config.read_text("utf-8").splitlines() if line.startswith("master_key")]
    config.write_text(config.read_text("utf-8").replace(old, f'master_key = "{reference}"'), "utf-8")
    after = done(fep("keys", "list", "--config", config)).stdout
    assert [line for line in before.splitlines() if not line.startswith("0105")] == after.splitlines()
    journal = done(fep("keys", "journal", "--config", config)).stdout
    assert [line.split("\t")[2] for line in journal.splitlines()[1:]] == ["retire", "reseal"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("object=fep-master", "object=other"), "there is no such key; make it"),
        ((f"token={soft_token.TOKEN}", "token=other"), "there is no such token"),
        (("module-path=/usr", "module-path=/nowhere"), "the module fails"),
        (("pin-source=file:", "pin-source=env:NOWHERE/"), "the variable is not set"),
        (("object=fep-master", "thing=fep-master"), "it is not a PKCS#11 reference"),
    ],
)
def test_a_key_that_is_not_to_be_had(reference: str, tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """Each is told for what it is, exit code 2, and nothing is made."""
    done(fep("keys", "make-master", reference))
    refused = fep("init", tmp_path / "site", "--master-key", reference.replace(*change))
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not (tmp_path / "site").exists()


def test_a_wrong_pin_is_told_and_not_shown(reference: str, tmp_path: Path) -> None:
    """A token locks after a few; the message says so, and neither PIN stands in it."""
    (tmp_path / "pin").write_text("004711")
    refused = fep("keys", "make-master", reference)
    assert refused.returncode == 2
    assert "the PIN is wrong; correct it: a token locks after a few" in refused.stderr
    assert "004711" not in refused.stderr + refused.stdout


def test_a_master_key_is_never_replaced(reference: str, tmp_path: Path) -> None:
    """Neither in a token nor in a file: what it has sealed would be lost."""
    done(fep("keys", "make-master", reference))
    assert "the token has an object of this label" in fep("keys", "make-master", reference).stderr
    done(fep("keys", "make-master", f"file:{tmp_path / 'master.key'}"))
    refused = fep("keys", "make-master", f"file:{tmp_path / 'master.key'}")
    assert refused.returncode == 2
    assert "it exists already" in refused.stderr
