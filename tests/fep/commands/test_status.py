"""``fep status``: with a daemon, and without."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from errno import EACCES, ETIMEDOUT
from pathlib import Path
from typing import Any

import pytest

from fep.config.configuration import load
from fep.control.client import DaemonSilent, Silence, ask
from fep.database_state import database_state
from tests.fep.commands.conftest import Run

ANSWER: dict[str, Any] = {
    "pid": 4711,
    "started_at": "2026-11-21 08:00:00",
    "addresses": ["127.0.0.1:9700"],
    "connections": 2,
    "in_work": 3,
    "is_draining": False,
    "banks": {"0102": {"name": "工商银行", "links": 2, "clearing_date": "2026-11-21"}},
    "transactions": [{"bank_code": "0102", "transaction": "pay", "response_code": "0000", "count": 17}],
    "events": {"mac_failed": 5},
}


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path, bytes], list[bytes]]]:
    """A socket that answers one connection with these bytes and keeps what it was asked."""
    threads: list[threading.Thread] = []

    def answer(path: Path, content: bytes) -> list[bytes]:
        asked: list[bytes] = []
        listener = socket.socket(socket.AF_UNIX)
        listener.settimeout(20)
        listener.bind(str(path))
        listener.listen(1)

        def serve() -> None:
            with closing(listener), closing(listener.accept()[0]) as connection:
                asked.append(connection.recv(256))
                connection.sendall(content)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return asked

    yield answer
    for thread in threads:
        thread.join(30)


def test_a_running_daemon_is_shown(run: Run, site: Path, daemon: Callable[[Path, bytes], list[bytes]]) -> None:
    """Links and counters from the daemon, clearing dates from the database, exit code 0."""
    asked = daemon(site / "fep.sock", json.dumps(ANSWER).encode() + b"\n")
    outcome = run("status", "--config", site / "fep.toml")
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert asked == [b"status\n"]
    day = database_state(load(site / "fep.toml")).clearing_dates["0102"]
    assert f"0102\t工商银行 (演示)\t2\t{day}" in outcome.out
    assert "process\t4711" in outcome.out
    assert "0102\tpay\t0000\t17" in outcome.out
    assert "mac_failed\t5" in outcome.out


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "1 since 2025-11-21 10:15 until 2026-11-28 00:00, 2 since 2026-11-21 10:15"),
        ("zh", "1 自 2025-11-21 10:15 至 2026-11-28 00:00, 2 自 2026-11-21 10:15"),
    ],
)
def test_key_versions_are_shown(
    run: Run, site: Path, daemon: Callable[[Path, bytes], list[bytes]], language: str, shown: str
) -> None:
    """Which keys the daemon has, so that an operator sees whether it has taken new ones over."""
    old = {"version": 1, "state": "retiring", "valid_from": "2025-11-21 10:15:30", "valid_until": "2026-11-28 00:00:00"}
    new = {"version": 2, "state": "active", "valid_from": "2026-11-21 10:15:30", "valid_until": ""}
    banks = {"0102": {"name": "", "links": 0, "keys": [old, new]}, "0103": {"name": "", "links": 0, "keys": []}}
    daemon(site / "fep.sock", json.dumps({**ANSWER, "banks": banks}).encode() + b"\n")
    lines = run("--lang", language, "status", "--config", site / "fep.toml").out.splitlines()
    assert [line for line in lines if line.startswith("0102\t工商银行") and line.endswith(f"\t{shown}")]
    assert [line for line in lines if line.startswith("0103\t") and line.endswith("\t-")]


@pytest.mark.parametrize(
    ("language", "trouble"), [("en", "sign_in: the bank refuses (51)"), ("zh", "sign_in: 银行拒绝 (51)")]
)
def test_partners_are_shown(
    run: Run, site: Path, daemon: Callable[[Path, bytes], list[bytes]], language: str, trouble: str
) -> None:
    """Banks that the daemon asks: the day that is signed in, or why none is; an unknown reason is shown as it is."""
    refused = {"address": "10.1.2.3:9800", "day": "", "trouble": "sign_in", "reason": "refused", "code": "51"}
    signed_in = {"address": "10.1.2.4:9800", "day": "2026-11-21", "trouble": "", "reason": "", "code": ""}
    newer = {**refused, "reason": "something_new", "code": ""}
    partners = {"0102": refused, "0103": signed_in, "0104": newer, "0105": {"address": "10.1.2.5:9800"}}
    banks = {code: {"name": "", "links": 0, "partner": partner} for code, partner in partners.items()}
    daemon(site / "fep.sock", json.dumps({**ANSWER, "banks": banks}).encode() + b"\n")
    shown = run("--lang", language, "status", "--config", site / "fep.toml").out
    assert f"0102\t10.1.2.3:9800\t-\t{trouble}" in shown
    assert "0103\t10.1.2.4:9800\t2026-11-21\t" in shown
    assert "0104\t10.1.2.3:9800\t-\tsign_in: something_new" in shown
    assert "0105\t10.1.2.5:9800\t-\t" in shown


def test_the_answer_can_be_had_as_json(run: Run, site: Path, daemon: Callable[[Path, bytes], list[bytes]]) -> None:
    """For a monitoring system: what the daemon said, untouched, and the database beside it."""
    daemon(site / "fep.sock", json.dumps(ANSWER).encode() + b"\n")
    outcome = run("status", "--json", "--config", site / "fep.toml")
    assert outcome.exit_code == 0
    answer = json.loads(outcome.out)
    assert answer["daemon"] == ANSWER
    assert answer["databases"][0]["is_current"]
    assert list(answer["databases"][0]["clearing_dates"]) == ["0102", "0103", "0104", "0105", "0403"]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "no daemon answers at {}: is it running? fep run"), ("zh", "无前置机应答 ({}): 是否已启动? fep run")],
)
def test_without_a_daemon_the_exit_code_is_3_and_the_database_is_shown(
    run: Run, site: Path, language: str, said: str
) -> None:
    """A monitor sees at once that nothing runs, an operator sees that the database is well."""
    outcome = run("--lang", language, "status", "--config", site / "fep.toml")
    assert outcome.exit_code == 3
    assert f"{said.format(site / 'fep.sock')} --config {site / 'fep.toml'}\n" == outcome.err
    day = database_state(load(site / "fep.toml")).clearing_dates["0403"]
    assert f"0403\t邮政储蓄 (演示)\t-\t{day}" in outcome.out


def test_without_a_daemon_json_says_null(run: Run, site: Path) -> None:
    """And the exit code is 3 all the same."""
    outcome = run("status", "--json", "--config", site / "fep.toml")
    assert outcome.exit_code == 3
    assert json.loads(outcome.out)["daemon"] is None


@pytest.mark.parametrize(
    ("changed", "english", "chinese"),
    [
        ({"is_draining": True}, "the daemon ends and takes no new business", "正在停止"),
        ({"ailments": ["port 9700 accepts no connections"]}, "port 9700 accepts no connections", "port 9700"),
        (
            {"databases": [{"name": "billing", "number": 1, "is_up": False}]},
            "database billing: it answers here, but the daemon cannot work with it",
            "数据库 billing",
        ),
    ],
)
def test_what_is_wrong_is_said_and_the_exit_code_is_1(
    run: Run,
    site: Path,
    daemon: Callable[[Path, bytes], list[bytes]],
    changed: dict[str, Any],
    english: str,
    chinese: str,
) -> None:
    """A monitor learns by the exit code that not everybody is served, an operator by a line, in both languages."""
    for language, said in (("en", f"not well: {english}"), ("zh", "异常: ")):
        (site / "fep.sock").unlink(missing_ok=True)
        daemon(site / "fep.sock", json.dumps({**ANSWER, **changed}).encode() + b"\n")
        outcome = run("--lang", language, "status", "--config", site / "fep.toml")
        assert outcome.exit_code == 1
        assert outcome.err.startswith(said)
        assert (english if language == "en" else chinese) in outcome.out


def test_a_database_that_is_down_is_no_good_news(
    run: Run, site: Path, daemon: Callable[[Path, bytes], list[bytes]]
) -> None:
    """Exit code 1 with its name and what it is, in the table, on stderr and in JSON."""
    (site / "billing.db").rename(site / "aside.db")
    for words in ((), ("--json",)):
        (site / "fep.sock").unlink(missing_ok=True)
        daemon(site / "fep.sock", json.dumps(ANSWER).encode() + b"\n")
        outcome = run("status", *words, "--config", site / "fep.toml")
        assert outcome.exit_code == 1
        assert outcome.err.startswith("not well: database billing: ")
    (problem,) = json.loads(outcome.out)["problems"]
    assert problem.startswith("database billing: ")


def test_a_schema_that_is_not_ours_is_said(run: Run, site: Path) -> None:
    """With the command that mends it."""
    (site / "billing.db").write_bytes(b"")
    assert "run fep db upgrade" in run("status", "--config", site / "fep.toml").out


@pytest.mark.parametrize("content", [b"", b"half of an ans", b"[1, 2]\n", b"\xff\xfe\n"])
def test_an_answer_that_is_none_counts_as_silence(
    tmp_path: Path, daemon: Callable[[Path, bytes], list[bytes]], content: bytes
) -> None:
    """Whatever else listens there does not confuse the command."""
    daemon(tmp_path / "s", content)
    with pytest.raises(DaemonSilent) as raised:
        ask(tmp_path / "s", "status")
    assert raised.value.silence is Silence.UNREADABLE


def test_a_socket_that_nobody_serves_counts_as_silence(tmp_path: Path) -> None:
    """Left behind by a daemon that was killed."""
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "s"))
    with pytest.raises(DaemonSilent) as raised:
        ask(tmp_path / "s", "status")
    assert raised.value.silence is Silence.ABSENT


@pytest.mark.parametrize(("errno", "silence"), [(EACCES, Silence.FORBIDDEN), (ETIMEDOUT, Silence.HANGING)])
def test_a_daemon_that_cannot_be_asked_is_told_from_one_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errno: int, silence: Silence
) -> None:
    """Another user's socket, and a daemon that hangs, are not mended by starting another."""

    class Refusing(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError(errno, "as the system says it")

    monkeypatch.setattr("fep.control.client.socket.socket", Refusing)
    with pytest.raises(DaemonSilent) as raised:
        ask(tmp_path / "s", "status")
    assert raised.value.silence is silence


def test_who_may_not_ask_is_not_told_that_nothing_runs(
    run: Run, site: Path, daemon: Callable[[Path, bytes], list[bytes]]
) -> None:
    """An operator without the group asks for the group, and starts no second daemon."""
    daemon(site / "fep.sock", b'{"error": "forbidden"}\n')
    outcome = run("--lang", "en", "status", "--config", site / "fep.toml")
    assert outcome.exit_code == 3
    assert outcome.err.startswith(f"refused at {site / 'fep.sock'}: you may not ask this; ask as the user that runs")
