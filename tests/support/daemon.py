"""The real daemon as a process of its own: started, watched, stopped and killed by tests. 被测守护进程

Nothing of the product is imported; it is reached through its command line, its sockets, its configuration files and
what it prints. Every wait has a deadline, and no process outlives its test.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 30.0


def environment() -> dict[str, str]:
    """Return the environment of a product process: this checkout first, warnings shown, output not held back."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def fep(*words: str | Path, timeout_s: float = 90.0) -> subprocess.CompletedProcess[str]:
    """Run one ``fep`` command to its end and return its exit code and output."""
    return subprocess.run(
        [sys.executable, "-m", "fep", *map(str, words)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def done(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Return the result of a command that must have succeeded."""
    assert result.returncode == 0, f"{result.args}\nexit code {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def init_demo(directory: Path, accounts: int = 200, *, database: str = "") -> Path:
    """Make a demo directory and return it; ``database``: URL of one that is not a file in it."""
    options = ["--database", database] if database else []
    done(fep("init", directory, "--demo", "--accounts", str(accounts), "--port", str(free_port()), *options))
    return directory


def copy_directory(template: Path, directory: Path) -> Path:
    """Copy a demo directory; a path to the template that stands in a configuration file follows it."""
    shutil.copytree(template, directory)
    for path in directory.rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if str(template) in text:
            path.write_text(text.replace(str(template), str(directory)), encoding="utf-8")
    return directory


def set_key(path: Path, section: str, key: str, value: str) -> None:
    """Set ``key = value`` (TOML text) in a section of a configuration file; ``section`` is empty for the top level."""
    lines, current, header = path.read_text(encoding="utf-8").splitlines(), "", None
    for number, line in enumerate(lines):
        if found := re.fullmatch(r"\s*\[([^\[\]]+)\]\s*(#.*)?", line):
            current = found[1].strip()
            header = number if current == section else header
        elif current == section and re.match(rf"\s*{re.escape(key)}\s*=", line):
            lines[number] = f"{key} = {value}"
            break
    else:
        if section and header is None:
            lines += ["", f"[{section}]", f"{key} = {value}"]
        else:
            lines.insert(0 if header is None else header + 1, f"{key} = {value}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Daemon:
    """One ``fep run`` over a directory that ``fep init`` made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "fep.toml"
        self.port = free_port()
        self.other_ports: list[int] = []  # it listens on too
        self.was_killed = False
        self.notify_socket: Path | None = None  # where a service manager listens
        self.watchdog_s = 0.0
        self.environment: dict[str, str] = {}  # beside that of all product processes
        self.log_path: Path | None = None  # a file that takes stdout; nothing is collected from it
        self.handed_over: socket.socket | None = None  # listens on ``port`` before and after each run
        self.socket_name = "standard"
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []  # every line of stdout and stderr, of all runs, as it came
        self.stdout: list[str] = []
        self._arrived = threading.Condition()
        self._readers: list[threading.Thread] = []

    # -- configuration

    def configure(self, section: str = "link", **values: Any) -> Self:
        """Set keys of its configuration; they hold from the next start."""
        for key, value in values.items():
            set_key(self.config, section, key, json.dumps(value))
        return self

    def configure_bank(self, bank_code: str, section: str = "", **values: Any) -> Self:
        """Set keys of a bank's file; they hold from the next start."""
        (path,) = (self.directory / "banks").glob(f"{bank_code}*.toml")
        for key, value in values.items():
            set_key(path, section, key, json.dumps(value))
        return self

    # -- the process

    def start(self, *, wait: bool = True) -> Self:
        """Start the daemon and wait until it listens."""
        assert self.process is None
        command = [sys.executable, "-m", "fep", "run", "--config", str(self.config)]
        with nullcontext(subprocess.PIPE) if self.log_path is None else self.log_path.open("ab") as stdout:
            self.process = subprocess.Popen(
                [*self._manager_command(), *command, *self._listen_options()],
                cwd=ROOT,
                env=environment() | self._manager_environment() | self.environment,
                pass_fds=[self.handed_over.fileno()] if self.handed_over else [],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        self._readers = [
            threading.Thread(target=self._collect, args=(stream, stream is self.process.stdout), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()
        if wait:
            self.wait_until_it_listens()
        return self

    def _listen_options(self) -> list[str]:
        return [word for port in (self.port, *self.other_ports) for word in ("--listen", f"127.0.0.1:{port}")]

    def _manager_command(self) -> list[str]:
        """Return what hands the socket over as systemd does: from descriptor 3 on, by the number of the process."""
        if self.handed_over is None:
            return []
        steps = (
            "import os, sys",
            f"os.dup2({self.handed_over.fileno()}, 3)",
            f"os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='{self.socket_name}')",
            "os.execv(sys.argv[1], sys.argv[1:])",
        )
        return [sys.executable, "-c", "; ".join(steps)]

    def _manager_environment(self) -> dict[str, str]:
        told = {} if self.notify_socket is None else {"NOTIFY_SOCKET": str(self.notify_socket)}
        return told | ({"WATCHDOG_USEC": str(int(self.watchdog_s * 1_000_000))} if self.watchdog_s else {})

    def _collect(self, stream: Iterable[str], is_stdout: bool) -> None:
        for line in stream:
            with self._arrived:
                self.output.append(line.rstrip("\n"))
                if is_stdout:
                    self.stdout.append(line.rstrip("\n"))
                self._arrived.notify_all()

    def wait_until_it_listens(self) -> None:
        """Wait until the daemon accepts connections; fail when it has ended instead."""
        deadline = time.monotonic() + START_DEADLINE_S
        while not self.accepts():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                state = self.process.poll()
                self.kill()
                raise AssertionError(f"the daemon does not listen (exit code {state}):\n" + "\n".join(self.output))
            time.sleep(0.02)

    def accepts(self) -> bool:
        """Return whether somebody listens on the daemon's port."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the daemon."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, timeout_s: float = STOP_DEADLINE_S) -> int:
        """Wait for the end of the process and return its exit code; all its output has been read then."""
        assert self.process is not None
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self.process = None
        return code

    def stop(self, timeout_s: float = STOP_DEADLINE_S) -> int:
        """Stop the daemon with SIGTERM and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self) -> None:
        """Kill the daemon as a power failure would (SIGKILL)."""
        if self.process is not None:
            self.was_killed = True
            self.process.kill()
            self.wait()

    def restart(self) -> Self:
        """Stop the daemon in order and start it again."""
        code = self.stop()
        assert code == 0, f"exit code {code}\n" + "\n".join(self.output[-20:])
        return self.start()

    def resident_bytes(self) -> int:
        """Return the daemon's resident memory in bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024  # type: ignore[index]

    # -- the log

    @contextmanager
    def stalled_log(self) -> Iterator[None]:
        """Read nothing of what the daemon prints, as a log collector that hangs."""
        with self._arrived:  # the readers wait for it, so the pipe fills up
            yield

    def mark(self) -> int:
        """Return a position in the log; lines that come later are read from it."""
        with self._arrived:
            return len(self.stdout)

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the log lines since a mark; each must be one JSON object."""
        with self._arrived:
            return [json.loads(line) for line in self.stdout[since:]]

    def wait_for_event(
        self, condition: Callable[[dict[str, Any]], bool], since: int = 0, timeout_s: float = 5.0
    ) -> dict[str, Any]:
        """Return the first log line since a mark that fulfils the condition."""
        deadline, at = time.monotonic() + timeout_s, since
        with self._arrived:
            while True:
                for line in self.stdout[at:]:
                    if condition(event := json.loads(line)):
                        return event
                at = len(self.stdout)
                if not self._arrived.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    raise AssertionError("no such log line; there are:\n" + "\n".join(self.stdout[since:]))

    def transaction_event(self, bank_serial: int, since: int = 0) -> dict[str, Any]:
        """Return the canonical log line of a transaction."""
        return self.wait_for_event(
            lambda event: event.get("event") == "transaction" and int(event.get("bank_serial") or 0) == bank_serial,
            since,
        )

    def leaks(self, words: Iterable[str], patterns: Iterable[str] = ()) -> list[str]:
        """Return the words (in lower case) and the matches of the patterns in anything the daemon printed."""
        with self._arrived:
            text = "\n".join(self.output).lower()
        return [word for word in words if word in text] + [
            found for form in patterns for found in re.findall(form, text)
        ]


def forms(secret: str) -> set[str]:
    """Return a text in lower case as it is, as JSON escapes it, and as hex of UTF-8 and of GB18030."""
    written = secret, json.dumps(secret).strip('"'), secret.encode("gb18030").hex(), secret.encode().hex()
    return {form.lower() for form in written}
