"""The daemon under measurement, and what processes have cost."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BANKS = {"3des": "0102", "aes": "0103", "sm4": "0104", "cups": "0105", "des": "0403"}
"""Demo banks by their suite."""


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process so far, 0 when it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


class Daemon:
    """The real daemon as a subprocess."""

    def __init__(self, directory: Path, port: int, *options: str) -> None:
        self.log = (directory / "daemon.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fep", "run", "--config", str(directory / "fep.toml"), *options],
            stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit(f"the daemon did not start: see {directory / 'daemon.log'}") from None
                time.sleep(0.05)

    def cpu_s(self) -> float:
        return cpu_s(self.process.pid)

    def rss_mb(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
