"""Control port 控制端口: the UNIX socket on which operators reach a daemon."""

from collections.abc import Mapping
from typing import Any

import structlog
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort

from fep.audit.lines import Kind
from fep.audit.log import AuditLog
from fep.config.settings import ControlSettings
from fep.control.connection import Command, ControlFactory
from fep.control.roles import Peer, Roles, open_to_roles

_log = structlog.get_logger()


def listen_for_operators(
    reactor: Any, settings: ControlSettings, commands: Mapping[str, Command], audit: AuditLog
) -> list[IListeningPort]:
    """Return what listens: nothing when another daemon of the same directory serves operators already."""
    path, roles = settings.socket, Roles(settings)

    def refused(peer: Peer, command: str, reason: str) -> bool:
        names = sorted(role.value for role in roles.of(peer))
        who = {"operator": peer.name, "uid": peer.uid, "roles": names}
        told = {**who, "act": command, "result": "refused", "reason": reason}
        if not names:
            return audit.stranger_refused(told)
        audit.acted(Kind.OPERATOR_ACT, told)
        return True

    factory = ControlFactory(commands, roles, refused=refused)
    try:
        port = reactor.listenUNIX(str(path), factory, mode=0o600, wantPID=True)
    except CannotListenError:
        _log.warning("control_socket_taken", path=str(path))
        return []
    open_to_roles(path, roles)
    return [port]
