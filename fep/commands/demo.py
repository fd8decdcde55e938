"""``fep demo`` 演示: a demo directory, the real daemon, and a teller's day against it over TCP."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from fep.command_line import WholeNumber, command, option
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.language import say

BANK_CODE = "0103"
_PIPE_WIDTH = 150
"""Columns when nobody says how wide the output is: the longest line of the day, unfolded."""

START_LIMIT_S = 30.0
"""The daemon listens within a second; a slow disk may take several to make the journal durable."""

END_LIMIT_S = 30.0
"""How long its drain may take: what has begun ends within ``db_timeout``, the links within ``drain_timeout``."""


@command(
    "demo",
    en="Try the product: a demo directory, the daemon, and a teller's day against it over TCP.",
    zh="试用: 建立演示目录, 启动守护进程, 并通过 TCP 演示柜员的一天。",
)
@option("--once", is_flag=True, en="End after the teller's day.", zh="演示完毕即结束。")
@option("--accounts", type=WholeNumber(20, 10_000_000), default=1000, en="Number of demo accounts.", zh="演示户数。")
@option("--port", type=WholeNumber(0, 65535), default=0, en="Port; 0 takes a free one.", zh="端口; 0 为任一空闲端口。")
def demo(once: bool, accounts: int, port: int) -> int:
    """Run the demonstration in a directory of its own, which is removed at the end."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    directory = Path(tempfile.mkdtemp(prefix="fep-demo-"))
    for number in (signal.SIGTERM, signal.SIGHUP):  # whatever ends it, its daemon ends and its directory goes
        signal.signal(number, _interrupt)
    try:
        return _demonstrate(console, directory / "site", accounts, port or _free_port(), once=once)
    except KeyboardInterrupt:
        return EXIT_DONE
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _demonstrate(console: Console, site: Path, accounts: int, port: int, *, once: bool) -> int:
    fep = [sys.executable, "-m", "fep"]
    console.print(say(en=f"making a demo with {accounts} accounts …", zh=f"正在建立 {accounts} 户的演示 …"))
    made = subprocess.run(
        [*fep, "init", str(site), "--demo", "--accounts", str(accounts), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if made.returncode:
        return made.returncode
    log = (site / "fep.log").open("wb")
    daemon = subprocess.Popen([*fep, "run", "--config", str(site / "fep.toml")], stdout=log, stderr=log)
    try:
        _wait_until_started(daemon, site)
        console.print(say(en=f"the daemon listens on 127.0.0.1:{port}\n", zh=f"守护进程已在 127.0.0.1:{port} 监听\n"))
        exit_code = _teller_day(console, port)
        if not once and exit_code == EXIT_DONE:
            _stay(console, daemon, site, port)
        return exit_code
    finally:
        _end(daemon)
        log.close()


def _end(daemon: "subprocess.Popen[bytes]") -> None:
    """Let the daemon drain; one that does not end in time is killed, for its directory goes too."""
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _teller_day(console: Console, port: int) -> int:
    from crypto.keys import Key
    from crypto.suites import SUITES
    from fep.demo.bank_client import BankClient, BankIdentity, NoReply
    from fep.demo.demo_banks import DEMO_AK, DEMO_KEK
    from fep.demo.teller_day import Mismatch, TellerDay
    from protocol.dialects.registry import DEFAULT

    identity = BankIdentity(
        BANK_CODE, "010300000001", "T0000042", SUITES["aes"], Key("demo AK", DEMO_AK), Key("demo KEK", DEMO_KEK)
    )
    with BankClient(("127.0.0.1", port), identity, DEFAULT, encrypt=True) as client:
        day = TellerDay(client, console)
        try:
            day.run()
        except (Mismatch, NoReply) as error:
            console.print(say(en=f"the day went wrong: {error}", zh=f"演示出错: {error}"))
            return EXIT_FINDINGS
    console.print(
        say(
            en=f"\n{day.steps} requests answered as expected, encrypted and MACed with AES.",
            zh=f"\n{day.steps} 笔请求应答均符合预期, 报文以 AES 加密并带 MAC。",
        )
    )
    return EXIT_DONE


def _stay(console: Console, daemon: "subprocess.Popen[bytes]", site: Path, port: int) -> None:
    console.print(
        say(
            en=f"The daemon stays up on port {port} until Ctrl-C. In another terminal:\n"
            f"  .venv/bin/python -m fep status --config {site}/fep.toml\n  tail -f {site}/fep.log",
            zh=f"守护进程在端口 {port} 继续运行, 按 Ctrl-C 结束。可在另一终端执行:\n"
            f"  .venv/bin/python -m fep status --config {site}/fep.toml\n  tail -f {site}/fep.log",
        ),
        soft_wrap=True,
    )
    daemon.wait()


def _wait_until_started(daemon: "subprocess.Popen[bytes]", site: Path) -> None:
    """Wait until this very daemon says that it listens: whoever answers on the port might be another one."""
    log = site / "fep.log"
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if any(_event_of(line) == "started" for line in log.read_text(errors="replace").splitlines()):
            return
        if daemon.poll() is not None:
            break
        time.sleep(0.05)
    text = log.read_text(errors="replace")
    raise CommandFailed(EXIT_CANNOT_RUN, en=f"the daemon did not start:\n{text}", zh=f"守护进程未能启动:\n{text}")


def _event_of(line: str) -> object:
    try:
        return json.loads(line).get("event")
    except (ValueError, AttributeError):  # a line that is still being written
        return None


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
