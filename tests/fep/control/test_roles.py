"""Who asks at the control socket is known from the kernel, and what he may ask from his groups."""

import os
import socket
import stat
from pathlib import Path

import pytest

from fep.config.settings import ControlSettings
from fep.control import roles as module
from fep.control.roles import EVERY_ROLE, Peer, Role, Roles, open_to_roles, peer_of

NUMBERS = {"fep-operators": 701, "fep-security": 702, "fep-auditors": 703}
STRANGER = 65_001


@pytest.fixture(autouse=True)
def _groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system know three groups."""

    class Entry:
        def __init__(self, name: str) -> None:
            self.gr_gid = NUMBERS[name]

    monkeypatch.setattr(module.grp, "getgrnam", Entry)


def roles(**names: str) -> Roles:
    return Roles(ControlSettings(Path("fep.sock"), **names))


def test_groups_give_roles():
    """A member of one group has its role and no other; one of none has none."""
    three = roles(operators="fep-operators", security_officers="fep-security", auditors="fep-auditors")
    assert three.of(Peer(STRANGER, frozenset({5, 701}))) == {Role.OPERATOR}
    assert three.of(Peer(STRANGER, frozenset({702, 703}))) == {Role.SECURITY_OFFICER, Role.AUDITOR}
    assert three.of(Peer(STRANGER, frozenset({5}))) == frozenset()


def test_one_group_may_have_several_roles():
    """A small site has one group of people who do everything."""
    assert roles(operators="fep-operators", auditors="fep-operators").of(Peer(STRANGER, frozenset({701}))) == {
        Role.OPERATOR,
        Role.AUDITOR,
    }


def test_the_daemons_own_user_and_root_may_all():
    """They could do it anyhow; as it has always been."""
    assert roles().of(Peer(os.geteuid(), frozenset())) == EVERY_ROLE
    assert roles().of(Peer(0, frozenset())) == EVERY_ROLE


def test_a_group_that_the_system_does_not_know_gives_nobody_anything(logs):
    """It is told at the start; the others count."""
    two = roles(operators="fep-operaters", auditors="fep-auditors")
    assert dict(two.groups) == {703: {Role.AUDITOR}}
    assert [(event["event"], event["group"]) for event in logs] == [("control_group_unknown", "fep-operaters")]


def test_the_socket_is_as_open_as_the_roles_need():
    """Nobody else while there are no groups; its group where there is one; anybody, who is asked then, with several."""
    assert (roles().socket_mode, roles().socket_group) == (0o600, None)
    one = roles(operators="fep-operators", auditors="fep-operators")
    assert (one.socket_mode, one.socket_group) == (0o660, 701)
    two = roles(operators="fep-operators", auditors="fep-auditors")
    assert (two.socket_mode, two.socket_group) == (0o666, None)


def test_a_group_that_the_daemon_may_not_give_is_told(tmp_path, logs, monkeypatch):
    """The socket stays closed to all others: nothing is opened by half."""
    path = tmp_path / "fep.sock"
    path.touch(0o600)

    def refuse(*_args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(module.os, "chown", refuse)
    open_to_roles(path, roles(operators="fep-operators"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [(event["event"], event["reason"]) for event in logs] == [
        ("control_group_not_set", "Operation not permitted; is the daemon's user a member of the group?")
    ]


def test_a_peer_is_who_the_kernel_says():
    """This very process, with all its groups."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer = peer_of(ours)
    assert peer == Peer(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))


def test_a_peer_without_a_name_is_called_by_his_number():
    """For the log and the record of operators."""
    assert Peer(STRANGER, frozenset()).name == f"uid-{STRANGER}"
    assert Peer(0, frozenset()).name == "root"


def test_a_daemon_that_is_not_root_is_asked_by_its_own_user(monkeypatch):
    """And by nobody else who has no group."""
    monkeypatch.setattr(module.os, "geteuid", lambda: 4242)
    assert roles().of(Peer(4242, frozenset())) == EVERY_ROLE
    assert roles().of(Peer(4243, frozenset())) == frozenset()
