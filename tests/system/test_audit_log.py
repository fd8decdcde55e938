"""The audit log of real daemons: all that happens stands in it, and neither a hand nor a crash breaks it unseen."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.audit_logs import lines_of_site, movements_told
from tests.support.daemon import done, fep
from tests.support.raw_bank import new_serial, today
from tests.system.database import movements
from tests.system.messages import CANCEL, DEPOSIT, PAY, QUERY, pay, query, undo

Line = dict[str, Any]


def run(site, *words: str | Path) -> str:
    """Run a command that must succeed on the site."""
    return done(fep("--lang", "en", *words, "--config", site.directory / "fep.toml")).stdout


def wait_for_lines(site, condition: Callable[[Line], object], timeout_s: float = 20.0) -> tuple[Line, list[Line]]:
    """Return the first line that fulfils a condition, as soon as it is written, and all that stand there then."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            lines = lines_of_site(site.directory)
        except (AssertionError, ValueError):  # half a line, which is being written
            lines = []
        found = next((line for line in lines if condition(line)), None)
        if found is not None:
            return found, lines
        assert time.monotonic() < deadline, "no such line"
        time.sleep(0.05)


def wait_for(site, condition: Callable[[Line], object]) -> Line:
    """Return the first line that fulfils a condition, as soon as it is written."""
    return wait_for_lines(site, condition)[0]


def serial_is(serial: int) -> Callable[[Line], bool]:
    return lambda line: line.get("bank_serial") == f"{serial:012d}"


@pytest.fixture
def audited(fresh_site):
    """A site whose log is sealed every second."""
    fresh_site.daemon.configure("audit", seal_interval=1)
    fresh_site.daemon.start()
    return fresh_site


def test_all_that_happens(audited) -> None:
    """Who, when, from where, what and with what result: banks, operators, commands, keys and settings."""
    bank = audited.bank()
    account, paid, cancelled, refused = audited.take("owing"), new_serial(), new_serial(), new_serial()
    number = account.account_no
    assert bank.request(PAY, pay(number, 12_300, mode=DEPOSIT), serial=paid).code == "0000"
    assert bank.request(PAY, pay(number, 12_300, mode=DEPOSIT), serial=paid).code == "0000"
    assert bank.request(CANCEL, undo(number, 12_300, paid), serial=cancelled).code == "0000"
    assert bank.request(PAY, pay("0199999999", 100, mode=DEPOSIT), serial=refused).code == "2001"
    audited.connect("0103").request(QUERY, query(number))  # before sign-in: 1001
    audited.daemon.configure_bank("0104", cut_off="22:00").configure("link", echo_timeout=11)
    audited.daemon.signal(signal.SIGHUP)
    wait_for(audited, lambda line: line.get("cause") == "reload")
    (audited.directory / "banks" / "0102_icbc.toml").rename(audited.directory / "away")
    (audited.directory / "banks" / "0102_icbc.toml").write_text("nonsense = 1\n")
    audited.daemon.signal(signal.SIGHUP)
    wait_for(audited, lambda line: line["kind"] == "configuration" and line["result"] == "refused")
    (audited.directory / "away").rename(audited.directory / "banks" / "0102_icbc.toml")
    run(audited, "bank", "suspend", "0105", "--reason", "a customer's name")
    run(audited, "keys", "retire", "0403", "1", "--yes")
    assert fep("link", "close", "999", "--config", audited.directory / "fep.toml").returncode != 0

    # Written beside the answer, behind all else.
    _, lines = wait_for_lines(audited, lambda line: line.get("act") == "link_close")
    money = next(line for line in lines if serial_is(paid)(line))
    shown = ("kind", "counted", "transaction", "amount_fen", "response_code", "bank_date", "peer")
    assert [money[name] for name in shown] == [
        *("money", "pay", "pay", 12_300, "0000"),
        today().strftime("%Y%m%d"),
        "127.0.0.1",
    ]
    assert [line["counted"] for line in lines if serial_is(paid)(line)] == ["pay", ""]  # the second is a repeat
    of_cancel = next(line for line in lines if serial_is(cancelled)(line))
    assert (of_cancel["counted"], of_cancel["original_serial"], of_cancel["outcome"]) == ("cancel", f"{paid:012d}", 1)
    of_refusal = next(line for line in lines if serial_is(refused)(line))
    assert (of_refusal["kind"], of_refusal["response_code"]) == ("refusal", "2001")
    assert any(line["kind"] == "refusal" and line.get("response_code") == "1001" for line in lines)
    assert any(line["kind"] == "link" and line["transaction"] == "sign_in" for line in lines)
    start, reload = [line for line in lines if line["kind"] == "configuration" and line["result"] == "taken"]
    assert start["settings"]["link.echo_timeout"] == "10.0"
    assert reload["changed"] == {"banks.0104.cut_off": [start["settings"]["banks.0104.cut_off"], "22:00:00"]} | {
        "link.echo_timeout": ["10.0", "11.0"]
    }
    assert start["files"]["fep.toml"] != reload["files"]["fep.toml"]
    acts = [(line["act"], line.get("bank_code"), line["result"]) for line in lines if line["kind"] == "operator_act"]
    assert acts == [("bank_suspend", "0105", "done"), ("link_close", None, "refused")]
    keys = [(line.get("command") or line.get("act"), line["result"]) for line in lines if line["kind"] == "key_act"]
    assert keys == [("keys retire", "begun"), ("retire", "stored"), ("keys retire", "done")]
    text = json.dumps(lines, ensure_ascii=False)
    assert number not in text
    assert "a customer's name" not in text


def test_days_that_are_closed(audited) -> None:
    """A day is sealed with its counts and sums; the database knows the seal, and a tail that was cut off is found."""
    bank = audited.bank("0103")
    account = audited.take("owing")
    reply = bank.request(PAY, pay(account.account_no, 700, mode=DEPOSIT), serial=new_serial())
    day = reply.clearing_date
    run(audited, "day", "close", "0103", "--date", f"{day[:4]}-{day[4:6]}-{day[6:]}")
    assert bank.request(PAY, pay(account.account_no, 9, mode=DEPOSIT), serial=new_serial()).clearing_date > day
    seal = wait_for(audited, lambda line: line["kind"] == "seal" and line["days"])
    assert {name: seal["days"][0][name] for name in ("bank_code", "clearing_date", "pay_count", "pay_fen")} == {
        "bank_code": "0103",
        "clearing_date": day,
        "pay_count": 1,
        "pay_fen": 700,
    }
    assert "holds, being written" in run(audited, "audit", "verify")
    assert audited.daemon.stop() == 0
    last = max((audited.directory / "audit" / "daemon-1").glob("*.jsonl"))
    kept = last.read_bytes()
    last.unlink()
    found = fep("--lang", "en", "audit", "verify", "--config", audited.directory / "fep.toml")
    assert (found.returncode, "truncated" in found.stdout) == (1, True)
    last.write_bytes(kept)


def test_killed_under_load(audited) -> None:
    """kill -9 while payments flow breaks nothing: the next start goes on, and says what it has found."""
    bank, account = audited.bank(), audited.take("owing")
    for _ in range(20):
        bank.send(*(bank.build(PAY, pay(account.account_no, 1, mode=DEPOSIT), serial=new_serial()) for _ in range(10)))
    wait_for(audited, lambda line: line["kind"] == "money")
    audited.daemon.kill()
    audited.daemon.start()
    bank = audited.bank()
    assert bank.request(PAY, pay(account.account_no, 1, mode=DEPOSIT), serial=new_serial()).code == "0000"
    assert audited.daemon.stop() == 0
    opened = [line for line in lines_of_site(audited.directory) if line["kind"] == "opened"]
    assert opened[-1]["after"] == "crash"
    said = run(audited, "audit", "verify")
    assert "the writer before had not ended in order" in said or "a crash had left" in said


def test_two_daemons_of_one_directory(audited) -> None:
    """Each has a chain of its own; together they tell of every movement."""
    audited.add_daemon()
    for number in (0, 1):
        bank, account, serial = audited.bank(daemon=number), audited.take("owing"), new_serial()
        assert bank.request(PAY, pay(account.account_no, 5, mode=DEPOSIT), serial=serial).code == "0000"
        wait_for(audited, serial_is(serial))  # else the second might begin when the first has ended
    audited.hang_up()
    for daemon in audited.daemons:
        assert daemon.stop() == 0
    chains = sorted(path.name for path in (audited.directory / "audit").glob("daemon-*"))
    assert chains == ["daemon-1", "daemon-2"]
    assert movements_told(audited.directory) == movements(audited.directory)
