"""Operators and a real daemon: links listed and closed, banks suspended, roles by real users, acts recorded. 操作"""

import grp
import json
import os
import pty
import re
import select
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import ROOT, done, environment, fep, set_key
from tests.support.operators import shared_directory
from tests.support.raw_bank import today
from tests.system.checks import ask
from tests.system.messages import DEPOSIT, PAY, QUERY, STATUS, pay, query, status

CLERK = 61_003
"""A user that no machine has a name for."""

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")


def english(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return fep("--lang", "en", *words)


def links_of(config: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done(fep("links", "--json", "--config", config)).stdout)
    return found


@pytest.fixture
def config(fresh_site) -> Path:
    fresh_site.daemon.start()
    return fresh_site.directory / "fep.toml"


def acts_of(config: Path) -> list[tuple[str, str]]:
    """Return act and bank of every operator's act in the trail of today, in order."""
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
    printed = done(fep("audit", "list", "--date", day, "--lang", "en", "--config", config)).stdout
    return [
        (act, "0102")
        for line in printed.splitlines()
        for act in ("link closed", "bank suspended", "bank resumed", "frames watched")
        if act in line and "0102" in line
    ]


def test_a_link_is_closed_and_the_bank_may_come_back(fresh_site, config):
    """It is named by its number; the act is in the record of operators, with its reason."""
    bank = fresh_site.bank()
    (link,) = [each for each in links_of(config) if each["bank_code"] == "0102"]
    assert (link["state"], link["peer"]) == ("signed_in", "127.0.0.1")
    closed = english("link", "close", str(link["link"]), "--reason", "线路检修", "--config", config)
    assert (closed.returncode, closed.stdout) == (0, f"link {link['link']} is closing\n")
    bank.until_closed()
    fresh_site.hang_up()
    deadline = time.monotonic() + 10
    while links_of(config):
        assert time.monotonic() < deadline
    ask(fresh_site.bank(), STATUS, status("0199700001", 7, today()))
    assert acts_of(config) == [("link closed", "0102")]


def test_a_suspended_bank_is_answered_1012_over_a_reload(fresh_site, config):
    """STATUS still tells it what became of its payments; another bank pays; resumed, it pays too."""
    bank, other = fresh_site.bank(), fresh_site.bank("0103")
    account = fresh_site.take("empty")
    done(english("bank", "suspend", "0102", "--config", config))
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "1012"
    assert bank.request(STATUS, status(account.account_no, 7, today())).code == "0000"
    ask(other, PAY, pay(account.account_no, 700, DEPOSIT))
    shown = done(english("status", "--config", config)).stdout
    assert re.search(r"^0102\t.*\tyes\t", shown, re.MULTILINE), shown
    assert re.search(r"^0103\t.*\tno\t", shown, re.MULTILINE), shown
    mark = fresh_site.daemon.mark()
    os.kill(fresh_site.daemon.pid, 1)
    fresh_site.daemon.wait_for_event(lambda event: event.get("event") == "reloaded", mark)
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "1012"
    done(english("bank", "resume", "0102", "--config", config))
    ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    assert acts_of(config) == [("bank suspended", "0102"), ("bank resumed", "0102")]


def test_what_cannot_be_done_is_told(fresh_site, config):
    """Exit code 2 for what there is not, 3 without a daemon; --watch needs a terminal."""
    no_link = english("link", "close", "999", "--config", config)
    assert (no_link.returncode, no_link.stderr) == (2, "there is no such link; fep links lists them\n")
    no_bank = english("bank", "suspend", "9999", "--config", config)
    assert (no_bank.returncode, no_bank.stderr) == (2, "the daemon serves no such bank\n")
    watched = english("links", "--watch", "--config", config)
    assert (watched.returncode, watched.stderr) == (2, "--watch needs a terminal\n")
    fresh_site.daemon.stop()
    silent = english("bank", "suspend", "0102", "--config", config)
    assert silent.returncode == 3
    assert "no daemon answers at" in silent.stderr
    fresh_site.daemon.start()


@pytest.mark.parametrize(("command", "shown"), [("links", "signed in"), ("status", "clearing date")])
def test_live_tables_end_with_ctrl_c(fresh_site, config, command, shown):
    """On a terminal the table is drawn again and again, and Ctrl-C is its ordinary end."""
    bank = fresh_site.bank()
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "fep", "--lang", "en", command, "--watch", "--config", str(config)]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**environment(), "TERM": "xterm", "COLUMNS": "120", "LINES": "60"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        read_until(master, lambda text: shown in text and "0102" in text)
        read_until(master, lambda text: shown in text and "0102" in text)  # drawn anew
        process.send_signal(2)
        read_to_end(master)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
    bank.close()


def read_until(master: int, is_enough: Callable[[str], bool]) -> str:
    text, deadline = "", time.monotonic() + 30
    while not is_enough(text):
        assert select.select([master], [], [], deadline - time.monotonic())[0], text
        text += os.read(master, 65_536).decode("utf-8", "replace")
    return text


def read_to_end(master: int) -> None:
    """Take what a terminal still gets: a process does not end before it is taken."""
    try:
        while os.read(master, 65_536):
            pass
    except OSError:
        pass


# --- roles


@pytest.fixture
def groups() -> list[str]:
    """Return the names of three groups of this system that root is not in."""
    own = {os.getegid(), *os.getgroups()}
    found = [group.gr_name for group in grp.getgrall() if group.gr_gid not in own]
    assert len(found) >= 3
    return found[:3]


@pytest.fixture
def shared() -> Iterator[Path]:
    with shared_directory() as path:
        yield path


def asked_as(path: Path, group: str | None, line: str) -> dict[str, Any]:
    """Ask the socket as another user, in a process of his own; ``PermissionError`` as an answer when it is closed."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([grp.getgrnam(group).gr_gid] if group else [])
            os.setresgid(CLERK, CLERK, CLERK)
            os.setresuid(CLERK, CLERK, CLERK)
            os.write(write, spoken(path, line))
        except PermissionError:
            os.write(write, b'{"error": "closed"}')
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answers:
        answer: dict[str, Any] = json.loads(answers.read())
    os.waitpid(child, 0)
    return answer


def spoken(path: Path, line: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(line.encode() + b"\n")
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def logged(daemon: Any, count: int, *names: str) -> list[dict[str, Any]]:
    """Return the log lines of these names once there are ``count``: the log is written beside the answers."""
    deadline = time.monotonic() + 10
    while len(told := [event for event in daemon.events() if event["event"] in names]) < count:
        assert time.monotonic() < deadline, told
    return told


@needs_root
def test_users_have_the_roles_of_their_groups(fresh_site, groups, shared):
    """The kernel says who asks: auditors look, security officers close links, operators suspend too."""
    path = shared / "fep.sock"
    operators, officers, auditors = groups
    fresh_site.daemon.configure(
        "control", socket=str(path), operators=operators, security_officers=officers, auditors=auditors
    ).start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    bank = fresh_site.bank()
    suspend, links = '{"command": "bank_suspend", "bank": "0102"}', "links"
    every_role = ["auditor", "operator", "security_officer"]
    assert asked_as(path, None, "status") == {"error": "forbidden", "roles": every_role}
    for group in (officers, auditors):
        assert asked_as(path, group, suspend) == {"error": "forbidden", "roles": ["operator"]}
    assert bank.request(QUERY, query(fresh_site.take("empty").account_no)).code == "0000"
    (link,) = asked_as(path, auditors, links)["links"]
    close = json.dumps({"command": "link_close", "link": link["link"]})
    assert asked_as(path, auditors, close)["error"] == "forbidden"
    assert asked_as(path, officers, close) == {"done": True, "is_recorded": True}
    assert asked_as(path, operators, suspend) == {"done": True, "is_recorded": True}
    told = logged(fresh_site.daemon, 6, "control_denied", "operator_act")
    assert {event["operator"] for event in told} == {f"uid-{CLERK}"}
    assert [event["event"] for event in told].count("control_denied") == 4
    assert acts_of(fresh_site.directory / "fep.toml") == [("link closed", "0102"), ("bank suspended", "0102")]


@needs_root
def test_without_groups_the_socket_is_the_daemons_own(fresh_site, shared):
    """As it has always been: nobody else can even connect."""
    path = shared / "fep.sock"
    fresh_site.daemon.configure("control", socket=str(path)).start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert asked_as(path, None, "status") == {"error": "closed"}


@needs_root
def test_one_group_is_the_sockets_group(fresh_site, groups, shared):
    """Members connect, others cannot."""
    path = shared / "fep.sock"
    fresh_site.daemon.configure("control", socket=str(path), operators=groups[0]).start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert path.group() == groups[0]
    assert "pid" in asked_as(path, groups[0], "status")
    assert asked_as(path, groups[1], "status") == {"error": "closed"}


def test_a_group_that_does_not_exist_is_told_at_the_start(fresh_site):
    """The daemon serves banks all the same, and its own user may still ask."""
    set_key(fresh_site.directory / "fep.toml", "control", "operators", '"no-such-group-here"')
    fresh_site.daemon.start()
    event = fresh_site.daemon.wait_for_event(lambda event: event.get("event") == "control_group_unknown")
    assert event["group"] == "no-such-group-here"
    assert links_of(fresh_site.directory / "fep.toml") == []
