"""What stands in the audit log's folders may be anybody's work: no command of root's is led elsewhere by it."""

import os
from pathlib import Path

import pytest

from fep.audit.chain import Chain
from fep.audit.folders import chain_folders, is_held, open_to_read
from fep.audit.verifying import Verifier
from tests.fep.audit.chains import KEY, act, made

DAEMON_UID = 61_003
"""The user of a daemon; no machine has a name for it."""


def owned_by_daemon(directory: Path) -> None:
    """Give a directory with all that is in it to the daemon's user, where tests run as root."""
    if os.getuid() == 0:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, DAEMON_UID, DAEMON_UID, follow_symlinks=False)


def victim_of(tmp_path: Path) -> Path:
    """Make a file that only root may write, as /etc/shadow is."""
    victim = tmp_path / "shadow"
    victim.write_text("root's own\n")
    victim.chmod(0o600)
    return victim


@pytest.mark.parametrize("name", ["lock", "000000000001.jsonl"])
def test_a_link_leads_to_no_other_file(tmp_path: Path, name: str) -> None:
    """The daemon's user plants a link and root runs a command: the file is neither written nor given away."""
    victim, folder = victim_of(tmp_path), tmp_path / "audit" / "commands-1"
    folder.mkdir(parents=True)
    (folder / name).symlink_to(victim)
    owned_by_daemon(tmp_path / "audit")
    before = victim.stat()
    with pytest.raises(OSError, match="symbolic links"):
        Chain.of_commands(tmp_path / "audit", 0.0)
    after = victim.stat()
    assert victim.read_text() == "root's own\n"
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_what_is_torn_is_put_aside_into_no_other_file(tmp_path: Path) -> None:
    """Nor is a file emptied that stands behind the name of what a crash has left."""
    victim, folder = victim_of(tmp_path), made(tmp_path / "audit", name="commands-1")
    last = max(folder.glob("*.jsonl"))
    size = last.stat().st_size
    with last.open("ab") as file:
        file.write(b"half a line")
    (folder / f"{last.stem}.torn-{size}").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        Chain.of_commands(tmp_path / "audit", 0.0)
    assert victim.read_text() == "root's own\n"


def test_a_folder_that_is_a_link_is_not_written(tmp_path: Path) -> None:
    """No lock is made in a directory of somebody else's."""
    elsewhere = tmp_path / "etc"
    elsewhere.mkdir()
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "commands-1").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        Chain.of_commands(tmp_path / "audit", 0.0)
    assert not list(elsewhere.iterdir())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of others")
def test_what_root_makes_is_the_daemons(tmp_path: Path) -> None:
    """Folder, lock and file of a command that root runs may be written by the daemon's user afterwards."""
    owned_by_daemon(tmp_path)
    chain = Chain.of_commands(tmp_path / "audit", 0.0)
    chain.append([act("x")])
    chain.close()
    made_there = [tmp_path / "audit", *(tmp_path / "audit").rglob("*")]
    assert len(made_there) == 4
    assert {path.stat().st_uid for path in made_there} == {DAEMON_UID}


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Verifying says that it cannot read one in the place of a file; it does not hang, and neither does a daemon."""
    folder = made(tmp_path)
    last = max(folder.glob("*.jsonl"))
    last.unlink()
    os.mkfifo(last)
    with pytest.raises(OSError, match="not a plain file"):
        open_to_read(last)
    with pytest.raises(OSError, match="not a plain file"):
        Verifier([KEY]).walk(folder, None)
    with pytest.raises(OSError, match="not a plain file"):
        Chain.of_slot(tmp_path, "daemon")
    (folder / "lock").unlink()
    os.mkfifo(folder / "lock")
    assert not is_held(folder)


def test_a_machine_may_have_had_many_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container gets another name each time; the log is begun anew each time too, and all of them are verified."""
    for number in range(70):
        monkeypatch.setattr("fep.audit.folders.socket.gethostname", lambda number=number: f"container-{number}")
        chain = Chain.of_slot(tmp_path, "daemon")
        chain.close()
    assert chain.folder.name == "daemon-70"
    (tmp_path / "daemon-1234").mkdir()
    found = [folder.name for folder in chain_folders(tmp_path)]
    assert found == [*(f"daemon-{number}" for number in range(1, 71)), "daemon-1234"]
