"""Control client 控制口客户端: asks a running daemon over its local socket."""

import json
import socket
from pathlib import Path
from typing import Any

ANSWER_TIMEOUT_S = 5.0
"""The daemon answers from memory; five seconds mean that it hangs."""

_ANSWER_BYTES_MAX = 4 << 20
"""A thousand banks with all their counters are some 300 kB."""


class DaemonSilent(Exception):
    """No daemon answers at the socket 无前置机应答: none runs, another user's does, or it hangs."""


def ask(path: Path, command: str) -> dict[str, Any]:
    """Return the daemon's answer to a command.

    Raises:
        DaemonSilent: there is no answer, or none that can be read.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(f"{command}\n".encode("ascii"))
            answer: Any = json.loads(_read_line(connection))
    except OSError as error:
        raise DaemonSilent(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DaemonSilent(f"{path}: {error}") from error
    if not isinstance(answer, dict):
        raise DaemonSilent(f"{path}: not an answer")
    return answer


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
