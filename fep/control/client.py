"""Control client 控制口客户端: asks a running daemon over its local socket."""

import json
import socket
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from fep.language import Text

ANSWER_TIMEOUT_S = 5.0
"""The daemon answers from memory; five seconds mean that it hangs."""

_ANSWER_BYTES_MAX = 4 << 20
"""A thousand banks with all their counters are some 300 kB."""


class Silence(Enum):
    """Why no daemon answers."""

    ABSENT = Text("is it running?", "是否已启动?")
    FORBIDDEN = Text(
        "you may not ask this; ask as the user that runs the daemon, or as a member of a group that [control] names",
        "无权限; 请以运行前置机的用户或 [control] 所列用户组的成员执行",
    )
    HANGING = Text("it takes too long to answer", "应答超时")
    UNREADABLE = Text("what answers is no daemon of this version", "应答者不是本版本的前置机")


class DaemonSilent(Exception):
    """No daemon answers at the socket 无前置机应答; ``silence`` says why, as far as can be seen."""

    def __init__(self, path: Path, silence: Silence) -> None:
        super().__init__(f"{path}: {silence.value.en}")
        self.path = path
        self.silence = silence


def ask(path: Path, command: str, **arguments: object) -> dict[str, Any]:
    """Return the daemon's answer to a command.

    Raises:
        DaemonSilent: there is no answer, or none that can be read.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(_line(command, arguments))
            answer: Any = json.loads(_read_line(connection))
    except TimeoutError as error:
        raise DaemonSilent(path, Silence.HANGING) from error
    except PermissionError as error:
        raise DaemonSilent(path, Silence.FORBIDDEN) from error
    except OSError as error:
        raise DaemonSilent(path, Silence.ABSENT) from error
    except ValueError as error:
        raise DaemonSilent(path, Silence.UNREADABLE) from error
    if not isinstance(answer, dict):
        raise DaemonSilent(path, Silence.UNREADABLE)
    if answer.get("error") == "forbidden":
        raise DaemonSilent(path, Silence.FORBIDDEN)
    return answer


def follow(path: Path, command: str, quiet_s: float, **arguments: object) -> Iterator[dict[str, Any]]:
    """Yield the lines of the daemon's answer to a command as they come, until it closes.

    Args:
        path: of the socket.
        command: its name.
        quiet_s: how long nothing may come.
        arguments: of the command.

    Raises:
        DaemonSilent: as for ``ask``.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(_line(command, arguments))
            with connection.makefile("rb") as lines:
                for line in lines:
                    connection.settimeout(quiet_s)
                    answer: dict[str, Any] = json.loads(line)
                    if answer.get("error") == "forbidden":
                        raise DaemonSilent(path, Silence.FORBIDDEN)
                    yield answer
    except (OSError, ValueError) as error:
        raise DaemonSilent(path, _silence_of(error)) from error


def _silence_of(error: Exception) -> Silence:
    match error:
        case TimeoutError():
            return Silence.HANGING
        case PermissionError():
            return Silence.FORBIDDEN
        case OSError():
            return Silence.ABSENT
        case _:
            return Silence.UNREADABLE


def _line(command: str, arguments: Mapping[str, object]) -> bytes:
    """Return the line to send: the bare word where there is nothing to say beside it, as every version reads."""
    return (json.dumps({"command": command, **arguments}) if arguments else command).encode("ascii") + b"\n"


def _read_line(connection: socket.socket) -> bytes:
    content = bytearray()
    while b"\n" not in content:
        part = connection.recv(65_536)
        if not part:
            break
        content += part
        if len(content) > _ANSWER_BYTES_MAX:
            raise ValueError("answer too long")
    return bytes(content)
