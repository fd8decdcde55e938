"""``fep demo``: what it starts, what it prints, and what it leaves behind."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fep.commands import demo
from fep.demo import teller_day
from fep.exits import CommandFailed
from fep.language import choose


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    choose("en")
    yield
    choose(None)


class Daemon:
    """A daemon's process: it runs until it is told to end, or has ended by itself."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.signals: list[int] = []
        self.waited: list[float | None] = []
        self.exit_code: int | None = None

    def poll(self) -> int | None:
        return self.exit_code

    def send_signal(self, number: int) -> None:
        self.signals.append(number)
        self.exit_code = 0

    def wait(self, timeout: float | None = None) -> int:
        self.waited.append(timeout)
        return 0


class Machine:
    """Stands for everything that the command starts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.site = tmp_path / "made" / "site"
        self.daemon = Daemon()
        self.init_words: list[str] = []
        self.init_exit_code = 0
        self.refused = 0
        self.handlers: dict[int, Any] = {}
        self.ended: list[str] = []
        self.error: Exception | None = None
        self.now = 0.0
        monkeypatch.setattr(demo.tempfile, "mkdtemp", self.mkdtemp)
        monkeypatch.setattr(demo.subprocess, "run", self.run)
        monkeypatch.setattr(demo.subprocess, "Popen", self.popen)
        monkeypatch.setattr(demo.signal, "signal", lambda number, handler: self.handlers.update({number: handler}))
        monkeypatch.setattr(demo.time, "sleep", self.sleep)
        monkeypatch.setattr(demo.time, "monotonic", lambda: self.now)
        monkeypatch.setattr("fep.demo.bank_client.BankClient", self.client)
        monkeypatch.setattr(teller_day, "TellerDay", self.day)

    def mkdtemp(self, prefix: str) -> str:
        self.site.parent.mkdir()
        return str(self.site.parent)

    def run(self, words: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        self.init_words = words[1:]
        self.site.mkdir()
        return subprocess.CompletedProcess(words, self.init_exit_code)

    def popen(self, words: list[str], stdout: Any, **_: Any) -> Daemon:
        self.daemon.words = words[1:]
        stdout.write(b"the daemon's own words\n")
        stdout.flush()
        self.log = stdout
        self.tell_when_started()
        return self.daemon

    def tell_when_started(self) -> None:
        if self.refused == 0:
            self.log.write(b'{"event": "started"}\n')
            self.log.flush()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.refused -= 1
        self.tell_when_started()

    def client(self, *_: Any, **__: Any) -> Any:
        machine = self

        class Client:
            def __enter__(self) -> "Client":
                return self

            def __exit__(self, *_: object) -> None:
                machine.ended.append("client")

        return Client()

    def day(self, _client: Any, _console: Console) -> Any:
        machine = self

        class Day:
            steps = 17

            def run(self) -> None:
                if machine.error is not None:
                    raise machine.error

        return Day()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def run(*, once: bool = True, accounts: int = 20, port: int = 9777) -> int:
    assert demo.demo.callback is not None
    code: int = demo.demo.callback(once=once, accounts=accounts, port=port)
    return code


def test_a_demonstration(machine, capsys):
    """A directory, a daemon on the port that was asked for, the day, SIGTERM, and nothing is left."""
    machine.refused = 3
    assert run() == 0

    init = ["-m", "fep", "init", str(machine.site), "--demo", "--accounts", "20", "--port", "9777"]
    assert machine.init_words == init
    assert machine.daemon.words == ["-m", "fep", "run", "--config", str(machine.site / "fep.toml")]
    assert machine.daemon.signals == [signal.SIGTERM]
    assert machine.daemon.waited == [30]
    assert machine.ended == ["client"]
    assert not machine.site.parent.exists()
    text = capsys.readouterr().out
    assert "making a demo with 20 accounts" in text
    assert "17 requests answered as expected" in text


def test_the_daemon_stays_up(machine, capsys):
    """Without --once the daemon goes on until Ctrl-C, and the user is told what else to try."""
    assert run(once=False) == 0
    assert machine.daemon.waited == [None, 30]
    assert f"fep status --config {machine.site}/fep.toml" in capsys.readouterr().out


def test_ctrl_c_is_an_end_like_any_other(machine, monkeypatch):
    """Ctrl-C ends with exit code 0, the daemon drained and the directory gone."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_stay", interrupted)
    assert run(once=False) == 0
    assert machine.daemon.signals == [signal.SIGTERM]
    assert not machine.site.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_like_ctrl_c(machine, monkeypatch, number):
    """SIGTERM and a closed terminal leave no daemon and no directory behind either."""
    monkeypatch.setattr(demo, "_stay", lambda *_: machine.handlers[number](number, None))
    assert run(once=False) == 0
    assert machine.daemon.signals == [signal.SIGTERM]
    assert not machine.site.parent.exists()


def test_a_daemon_that_does_not_drain_is_killed(machine, monkeypatch):
    """Its directory goes, so a daemon that ignores SIGTERM goes too."""
    killed: list[bool] = []

    def wait(timeout: float | None = None) -> int:
        if timeout is not None:
            raise subprocess.TimeoutExpired("fep", timeout)
        return -9

    monkeypatch.setattr(machine.daemon, "wait", wait)
    monkeypatch.setattr(machine.daemon, "kill", lambda: killed.append(True), raising=False)
    assert run() == 0
    assert killed == [True]


def test_a_day_that_goes_wrong(machine, capsys):
    """A reply that was not expected is a finding: exit code 1, and the daemon does not stay."""
    machine.error = teller_day.Mismatch("PAY", "0000", "9003")
    assert run(once=False) == 1
    assert "the day went wrong: PAY: 9003 (0000)" in capsys.readouterr().out
    assert machine.daemon.waited == [30]


def test_a_directory_that_cannot_be_made(machine):
    """The exit code of ``fep init`` is that of the demonstration; no daemon is started."""
    machine.init_exit_code = 3
    assert run() == 3
    assert machine.daemon.words == []
    assert not machine.site.parent.exists()


@pytest.mark.parametrize("has_ended", [True, False], ids=["ended", "silent"])
def test_a_daemon_that_does_not_start(machine, has_ended):
    """A daemon that ends, or does not listen within the limit, is told with its own words: exit code 3."""
    machine.refused = 1_000_000
    machine.daemon.exit_code = 3 if has_ended else None
    with pytest.raises(CommandFailed, match="the daemon's own words") as raised:
        run()
    assert raised.value.exit_code == 3
    assert machine.daemon.signals == ([] if has_ended else [signal.SIGTERM])
    assert not machine.site.parent.exists()
    assert (machine.now >= demo.START_LIMIT_S) is not has_ended


def test_any_free_port(machine):
    """Without a port one is taken that nobody listens on."""
    assert run(port=0) == 0
    assert 1024 <= int(machine.init_words[-1]) <= 65535


def test_lines_are_not_folded_in_a_pipe(machine, monkeypatch, capsys):
    """In a pipe lines are as wide as they need, on a terminal as wide as it is."""
    widths: list[int] = []
    monkeypatch.setattr(demo, "_demonstrate", lambda console, *_, **__: widths.append(console.width) or 0)
    assert run() == 0
    monkeypatch.setattr(demo, "Console", lambda: Console(force_terminal=True, width=70))
    assert run() == 0
    assert widths[0] > 120
    assert widths[1] == 70
