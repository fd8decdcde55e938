"""A teller's day against the real links and handlers: each step as expected, and an end at the first that is not."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from crypto.keys import Key
from crypto.suites import SUITES
from fep.demo.bank_client import BankClient, BankIdentity
from fep.demo.demo_data import households
from fep.demo.teller_day import NOT_DUE, RESIDENTIAL, Mismatch, TellerDay, yuan
from fep.language import choose
from protocol.canonical.business import PayRequest
from protocol.canonical.codes import Instrument, PayMode
from protocol.dialect import BankReply
from protocol.dialects.registry import DIALECTS
from protocol.transactions import Transaction
from tests.support.ledger import Utility
from tests.support.ledger_gate import LedgerGate
from tests.support.memory_socket import MemorySocket
from tests.support.raw_bank import AK, KEK
from tests.support.records import NOW, TODAY
from tests.support.rim import Rim

Change = Callable[[Transaction, BankReply], BankReply]


class Meddler:
    """A client whose replies are changed on their way."""

    def __init__(self, client: BankClient, change: Change) -> None:
        self._client = client
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def call(self, transaction: Transaction, body: Any, **options: Any) -> BankReply:
        return self._change(transaction, self._client.call(transaction, body, **options))


@pytest.fixture
def gate() -> LedgerGate:
    demo = list(households(20, 1, TODAY))
    return LedgerGate(Utility(tuple(h.account for h in demo), tuple(b for h in demo for b in h.bills)))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, logs: object, gate: LedgerGate) -> BankClient:
    rim = Rim(gate=gate)
    monkeypatch.setattr("fep.demo.bank_client.socket.create_connection", lambda *_, **__: MemorySocket(rim))
    for module in ("bank_client", "teller_day"):
        monkeypatch.setattr(f"fep.demo.{module}.shanghai_now", lambda: NOW)
    identity = BankIdentity("0103", "010300000001", "T0000042", SUITES["aes"], Key("AK", AK), Key("KEK", KEK))
    return BankClient(("fep.example", 9700), identity, DIALECTS["standard"], encrypt=True)


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    yield
    choose(None)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def console_() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            (
                "paid 209.74: bills settled: 2, balance 0.00",
                "the same request again: the first reply, nothing posted",
                "nothing left to pay",
                "undone",
                "the original is cancelled",
                "the original never arrived and never will",
                "it arrives after its reversal",
                "payments in three months",
                "agrees with the teller's own",
            ),
        ),
        ("zh", ("交费 209.74: 结清 2 笔", "不重复入账", "已撤销", "原交易状态: 2", "原交易迟到", "与柜员账一致")),
    ],
)
def test_the_whole_day(client, gate, language, texts):
    """Each step is answered as expected and printed, one line each; 120.00 overdue for 27 days, 86.50 not yet due."""
    choose(language)
    console = console_()
    day = TellerDay(client, console)
    day.run()
    text = printed(console)

    lines = [line for line in text.splitlines() if line[:1].isupper()]
    assert len(lines) == day.steps == 17
    for one in texts:
        assert one in text
    assert gate.ledger.account(RESIDENTIAL).balance_fen == 0
    assert gate.ledger.account("0100000004").balance_fen == 5_000


def test_a_reply_that_is_not_expected_ends_the_day(client, gate):
    """What has been asked so far is printed, and the step is named with both codes."""
    gate.ledger.set_account(replace(gate.ledger.account(RESIDENTIAL), pay_at_utility=True))
    console = console_()
    with pytest.raises(Mismatch, match=r"PAY: 2017 \(0000\)"):
        TellerDay(client, console).run()
    assert "2017" in printed(console)
    assert "需到供电公司办理" in printed(console)


def test_a_repeat_must_be_the_first_reply(client):
    """A repeated payment that is not told as a repeat is a fault of the FEP."""

    def forget(_: Transaction, reply: BankReply) -> BankReply:
        return replace(reply, repeat=False)

    with pytest.raises(Mismatch, match="another one"):
        TellerDay(Meddler(client, forget), console_()).run()


def test_a_day_without_a_clearing_date(client, monkeypatch):
    """Reconciling needs the day that the FEP has told."""
    monkeypatch.setattr(BankClient, "clearing_date", property(lambda _: None, lambda *_: None), raising=False)
    with pytest.raises(Mismatch, match="a clearing date"):
        TellerDay(client, console_()).run()


def test_other_tellers_pay_too(client, monkeypatch):
    """Totals that are not the teller's own alone are no fault."""
    choose("en")
    console = console_()
    day = TellerDay(client, console)
    day._sign_in()
    deposit = PayRequest(NOT_DUE, 5, PayMode.DEPOSIT, Instrument.CASH, False, "", -1)
    assert client.call(Transaction.PAY, deposit).code == "0000"
    monkeypatch.setattr(day, "_sign_in", lambda: None)
    day.run()
    assert "other tellers paid too" in printed(console)


def test_amounts_as_people_read_them():
    """Yuan with two digits and commas; never a float."""
    assert [yuan(fen) for fen in (0, 5, 123_456, 10**15)] == ["0.00", "0.05", "1,234.56", "10,000,000,000,000.00"]
