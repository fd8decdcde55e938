"""The line between a daemon and its database 数据库线路: a proxy in a process of its own, and the end that commands it.

In the process of the tellers it would compete with them for the interpreter.
"""

import subprocess
import sys
from contextlib import suppress
from typing import Self

from tests.support.daemon import ROOT, environment
from tests.support.tcp_proxy import AtCommit, TcpProxy

_COMMIT_WAIT_S = 3.0  # a daemon under load commits many times in a second; behind an outage none may come
_END_WAIT_S = 15.0


class Line:
    """Commands a proxy.

    Attributes:
        url: the database, through the proxy.
    """

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.line", url],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the proxy did not start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the proxy; it ends with its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def lose_answers(self, count: int) -> None:
        """Let the next ``count`` COMMITs reach the server, and cut the connection instead of passing the answer on."""
        self._say(f"lose {count}")

    def cut(self) -> None:
        """Cut all connections."""
        self._say("cut")

    def silence(self) -> None:
        """Pass the next COMMIT on to the server, and then nothing more in either direction."""
        self._say("silence")

    def forward(self) -> None:
        """Pass everything on again, what was held back first."""
        self._say("forward")

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()


def _obey(proxy: TcpProxy, command: str) -> None:
    word, _, count = command.partition(" ")
    if word == "lose":
        for _ in range(int(count)):
            proxy.at_commit(AtCommit.CUT_ANSWER)
            proxy.acted.wait(_COMMIT_WAIT_S)
    elif word == "silence":
        proxy.at_commit(AtCommit.HOLD_ANSWER)
        proxy.acted.wait(_COMMIT_WAIT_S)
        proxy.silence()
    else:
        {"cut": proxy.cut, "forward": proxy.forward}[word]()


def main() -> None:
    """Run a proxy to the URL on the command line until the input ends."""
    with TcpProxy(sys.argv[1]) as proxy:
        print(proxy.url, flush=True)
        for line in sys.stdin:
            _obey(proxy, line.strip())


if __name__ == "__main__":
    main()
