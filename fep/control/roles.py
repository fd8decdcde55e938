"""Roles 角色: who asks at the control socket, as the kernel knows him, and what he may ask.

The kernel says who is at the other end of a Unix socket (SO_PEERCRED); nothing that he sends is believed about it. The
daemon's own user and root have all roles: they could do everything anyhow.
"""

import grp
import os
import pwd
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from socket import SO_PEERCRED, SOL_SOCKET, socket
from types import MappingProxyType

import structlog

from fep.config.settings import ControlSettings

_PEER = struct.Struct("3i")
_SO_PEERGROUPS = 59
"""Linux 4.13; the module ``socket`` has no name for it."""

_GROUPS_BYTES = 1024
"""The most that ``getsockopt`` takes: 256 groups."""

_log = structlog.get_logger()


class Role(Enum):
    """What somebody is to the daemon; the value is its name in the log."""

    OPERATOR = "operator"  # 操作员: watches, closes links, suspends banks
    SECURITY_OFFICER = "security_officer"  # 安全员: watches, closes links
    AUDITOR = "auditor"  # 审计员: watches, and sees masked frames


EVERY_ROLE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, and all of his groups."""

    uid: int
    groups: frozenset[int]

    @property
    def name(self) -> str:
        """His login name, ``uid-N`` when he has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid-{self.uid}"


def peer_of(connected: socket) -> Peer:
    """Return who is at the other end of a connected Unix socket.

    Raises:
        OSError: he has gone.
    """
    _, uid, gid = _PEER.unpack(connected.getsockopt(SOL_SOCKET, SO_PEERCRED, _PEER.size))
    return Peer(uid, frozenset({gid, *_groups_of(connected, uid, gid)}))


def _groups_of(connected: socket, uid: int, gid: int) -> Iterable[int]:
    """Return the groups that his process has; where the kernel does not tell, those that he would get at a login."""
    try:
        found = connected.getsockopt(SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_BYTES)
    except OSError:
        try:
            return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
        except KeyError:
            return ()
    return struct.unpack(f"{len(found) // 4}I", found)


class Roles:
    """Which groups have which role; names are looked up once, for that may take a directory server's time.

    Attributes:
        groups: the roles of each group that the configuration names and the system knows, by number.
    """

    def __init__(self, settings: ControlSettings) -> None:
        named = {
            Role.OPERATOR: settings.operators,
            Role.SECURITY_OFFICER: settings.security_officers,
            Role.AUDITOR: settings.auditors,
        }
        found: dict[int, frozenset[Role]] = {}
        for role, name in named.items():
            number = _number_of(name) if name else None
            if number is not None:
                found[number] = found.get(number, frozenset()) | {role}
        self.groups: Mapping[int, frozenset[Role]] = MappingProxyType(found)

    def of(self, peer: Peer) -> frozenset[Role]:
        """Return the roles of a peer."""
        if peer.uid in (0, os.geteuid()):
            return EVERY_ROLE
        return frozenset(role for group in peer.groups for role in self.groups.get(group, ()))

    @property
    def socket_mode(self) -> int:
        """The mode of the socket: whoever has a role must be able to connect, and is looked at then.

        A file has one group. Where roles have several, anybody may connect, and who has no role is told so.
        """
        return {0: 0o600, 1: 0o660}.get(len(self.groups), 0o666)

    @property
    def socket_group(self) -> int | None:
        """The group of the socket, None where it keeps the daemon's own."""
        return next(iter(self.groups)) if len(self.groups) == 1 else None


def _number_of(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        _log.warning("control_group_unknown", group=name)
        return None


def open_to_roles(path: Path, roles: Roles) -> None:
    """Let whoever has a role connect to the socket; what the system does not allow is told, and nobody is let in."""
    if not roles.groups:
        return
    try:
        if roles.socket_group is not None:
            os.chown(path, -1, roles.socket_group)
        path.chmod(roles.socket_mode)
    except OSError as error:
        reason = f"{error.strerror or error}; is the daemon's user a member of the group?"
        _log.error("control_group_not_set", path=str(path), reason=reason)
