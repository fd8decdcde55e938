"""Visitors 来访者: connections that nobody wants, as many as one core makes, from thousands of loopback addresses.

A process of its own, on a core of its own. What they do is in ``visitor_kinds``. ``idle`` opens nothing and burns the
core all the same, which is what a storm is held against.
"""

import argparse
import errno
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle

from visitor_kinds import BUSY, INSIDE, KINDS, OUTSIDE, WITHIN_LIMITS, Tools, Visitor

ADDRESSES = 4000
"""Of each network: more than the daemon remembers failures of."""

NO_LINGER = struct.pack("ii", 1, 0)
"""A socket that is closed so is reset."""


class Storm:
    """All visitors of one process."""

    def __init__(self, address: tuple[str, int], kinds: list[str], connections: int) -> None:
        self.counts: Counter[str] = Counter()
        self._address = address
        self._poll = select.epoll()
        self._by_fd: dict[int, Visitor] = {}
        self._sources = {network: _sources(network) for network in (OUTSIDE, INSIDE, BUSY)}
        tools = Tools(self._leave)
        chosen = cycle(kinds)
        self._visitors = [KINDS[next(chosen)](tools) for _ in range(connections)]
        self._waiting = list(self._visitors)
        self._is_over = False

    def run(self, seconds: float) -> None:
        """Storm for so long, or until the process is told to end."""
        end = time.monotonic() + seconds
        second = time.monotonic() + 1
        while not self._is_over and (now := time.monotonic()) < end:
            waiting, self._waiting = self._waiting, []
            for visitor in waiting:
                self._open(visitor)
            for fd, event in self._poll.poll(0, 512):
                self._happened(fd, event)
            if now >= second:
                second = now + 1
                for visitor in self._visitors:
                    if visitor.is_connected:
                        self._send(visitor, visitor.second_passed())
        self.counts["open_at_end"] = sum(visitor.is_connected for visitor in self._visitors)

    def end(self, *_: object) -> None:
        """Come to an end."""
        self._is_over = True

    def _open(self, visitor: Visitor) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.bind((next(self._sources[visitor.network]), 0))
            code = sock.connect_ex(self._address)
        except OSError as error:  # no port is free for the moment
            code = error.errno or -1
        if code not in (0, errno.EINPROGRESS):
            self.counts[f"connect_{errno.errorcode.get(code, code)}"] += 1
            sock.close()
            self._waiting.append(visitor)
            return
        visitor.socket, visitor.is_connected = sock, False
        self._by_fd[sock.fileno()] = visitor
        self._poll.register(sock.fileno(), select.EPOLLOUT)
        self.counts["opened"] += 1

    def _happened(self, fd: int, event: int) -> None:
        visitor = self._by_fd.get(fd)
        if visitor is None or visitor.socket is None:
            return None
        if not visitor.is_connected:
            if event & (select.EPOLLERR | select.EPOLLHUP):
                self.counts["reset"] += 1
                return self._leave(visitor)
            visitor.is_connected = True
            self.counts["connected"] += 1
            if visitor.leaves_at_once:
                if self.counts["connected"] % 2:
                    visitor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                return self._leave(visitor)
            self._poll.modify(fd, select.EPOLLIN)
            return self._send(visitor, visitor.connected())
        if event & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
            try:
                data = visitor.socket.recv(65536)
            except BlockingIOError:
                return None
            except OSError:
                data = b""
            if not data:
                self.counts["closed"] += 1
                return self._leave(visitor)
            self.counts["bytes_received"] += len(data)
            was_flooding = visitor.is_flooding
            self._send(visitor, visitor.received(data))
            if visitor.is_flooding and not was_flooding and visitor.socket is not None:
                self._poll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        if event & select.EPOLLOUT and visitor.is_flooding:
            self._flood(visitor)
        return None

    def _flood(self, visitor: Visitor) -> None:
        """Send whole batches; what the socket does not take of one is sent before anything else."""
        data = visitor.rest_of_batch or visitor.writable()
        sent = self._send(visitor, data)
        visitor.rest_of_batch = data[sent or 0 :]

    def _send(self, visitor: Visitor, data: bytes) -> int | None:
        if not data or visitor.socket is None:
            return 0
        try:
            sent = visitor.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._leave(visitor)
            return None
        self.counts["bytes_sent"] += sent
        return sent

    def _leave(self, visitor: Visitor) -> None:
        """Close and come again."""
        assert visitor.socket is not None
        del self._by_fd[visitor.socket.fileno()]
        visitor.socket.close()
        visitor.socket, visitor.is_connected, visitor.is_flooding = None, False, False
        visitor.rest_of_batch = b""
        self._waiting.append(visitor)


def _sources(network: str) -> Iterator[str]:
    return cycle([f"{network}.{number // 250}.{number % 250 + 1}" for number in range(ADDRESSES)])


def burn(seconds: float, is_over: Callable[[], bool]) -> None:
    """Keep the core as busy as a storm does, with system calls but without a connection."""
    poll = select.epoll()
    end = time.monotonic() + seconds
    while not is_over() and time.monotonic() < end:
        poll.poll(0, 512)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("kinds", nargs="+", choices=["idle", "all", *KINDS])
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--core", type=int, help="the only one that is used")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if arguments.kinds == ["idle"]:
        over: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
        print("ready", flush=True)
        burn(arguments.seconds, lambda: bool(over))
        print(json.dumps({}))
        return
    kinds = [kind for kind in KINDS if kind not in WITHIN_LIMITS] if arguments.kinds == ["all"] else arguments.kinds
    storm = Storm(("127.0.0.1", arguments.port), kinds, arguments.connections)
    signal.signal(signal.SIGTERM, storm.end)
    print("ready", flush=True)
    storm.run(arguments.seconds)
    print(json.dumps(storm.counts))
    sys.stdout.flush()
    os._exit(0)  # ten thousand sockets are closed by the kernel at once


if __name__ == "__main__":
    main()
