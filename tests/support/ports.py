"""TCP ports of the loopback for processes under test. 测试端口

A port that was free is taken by somebody else before a daemon listens there, if the kernel gives it to an outgoing
connection in between. So ports are drawn from below those, and by chance, for other test runs draw too.
"""

import random
import socket

BELOW_THE_EPHEMERAL = range(20_000, 32_000)
"""Ports that no outgoing connection takes, so that one is free as long as nobody listens."""

_TRIES = 1_000
_RANDOM = random.SystemRandom()  # a seed that two test runs share would give them the same ports


def free_port() -> int:
    """Return a port that nobody listens on."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """Return the first of some ports in a row that nobody listens on."""
    for _ in range(_TRIES):
        first = _RANDOM.choice(BELOW_THE_EPHEMERAL)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
