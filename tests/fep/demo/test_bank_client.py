"""The bank's side: it signs in, believes no reply without a MAC, and knows when an outcome is unknown."""

from typing import Any

import pytest

from crypto.keys import Key
from crypto.suites import SUITES
from fep.demo.bank_client import REPLY_TIMEOUT_S, BankClient, BankIdentity, NoReply
from protocol.canonical.business import QueryReply, QueryRequest, StatusReply, StatusRequest
from protocol.canonical.codes import KeyKind, PushOutcome
from protocol.canonical.link import NoBody
from protocol.canonical.push import PushReply, PushRequest
from protocol.dialect import OwnReply
from protocol.dialects.registry import DIALECTS
from protocol.transactions import Transaction
from tests.support import raw_bank
from tests.support.ledger import Utility
from tests.support.ledger_gate import LedgerGate
from tests.support.memory_socket import MemorySocket
from tests.support.raw_bank import AK, ENCRYPTED, KEK
from tests.support.records import ACCOUNT, NOW, TODAY, account, bill
from tests.support.rim import Rim

QUERY = QueryRequest(ACCOUNT, KeyKind.ACCOUNT_NO, 1)


class Line:
    """What a client speaks to: a rim over a ledger, and the sockets it has opened."""

    def __init__(self) -> None:
        self.rim = Rim(gate=LedgerGate(Utility((account(),), (bill("B1", 10_000),))))
        self.sockets: list[MemorySocket] = []

    def open(self, address: tuple[str, int], timeout: float) -> MemorySocket:
        assert (address, timeout) == (("fep.example", 9700), REPLY_TIMEOUT_S)
        self.sockets.append(MemorySocket(self.rim))
        return self.sockets[-1]

    def client(self, bank_code: str = "0102", **options: Any) -> BankClient:
        suite = SUITES[raw_bank.SUITES[bank_code]]
        identity = BankIdentity(bank_code, "BR0001", "T0001", suite, Key("AK", AK), Key("KEK", KEK))
        return BankClient(("fep.example", 9700), identity, DIALECTS["standard"], **options)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, logs: object) -> Line:
    line = Line()
    monkeypatch.setattr("fep.demo.bank_client.socket.create_connection", line.open)
    monkeypatch.setattr("fep.demo.bank_client.shanghai_now", lambda: NOW)
    return line


@pytest.mark.parametrize("encrypt", [False, True])
@pytest.mark.parametrize("bank_code", raw_bank.SUITES)
def test_a_request_in_every_suite(line, bank_code, encrypt):
    """The client signs in, proves its keys and asks, plain and encrypted."""
    with line.client(bank_code, encrypt=encrypt) as client:
        assert client.sign_in().code == "0000"
        assert line.sockets[0].connection.link.machine.is_proven
        sent: list[bytes] = []
        line.sockets[0].sendall = lambda data: (sent.append(data), line.sockets[0].connection.dataReceived(data))
        reply = client.call(Transaction.QUERY, QUERY)

    assert (reply.code, reply.message) == ("0000", "")
    assert isinstance(reply.body, QueryReply)
    assert (reply.body.account_no, reply.body.payable_fen) == (ACCOUNT, 10_000)
    assert (sent[0][3] == ENCRYPTED) is encrypt
    assert sent[0][14:34] == b"BR0001      T0001   "
    assert sent[0][48:50] == b"01"
    assert client.clearing_date == TODAY
    assert line.sockets[0].is_closed


def test_a_refusal_is_a_reply(line):
    """A code that is not 0000 comes with the message for the teller, and without a body."""
    client = line.client()
    client.sign_in()
    reply = client.call(Transaction.QUERY, QueryRequest("0199999999", KeyKind.ACCOUNT_NO, 1))
    assert (reply.code, reply.message, reply.body) == ("2001", "无此户号", None)


def test_a_serial_may_be_used_again(line):
    """A request is repeated under its own serial; without one each gets the next."""
    client = line.client()
    client.sign_in()
    body = StatusRequest(TODAY, "000000000001", ACCOUNT)
    first, second = client.call(Transaction.STATUS, body), client.call(Transaction.STATUS, body)
    assert int(second.bank_serial) == int(first.bank_serial) + 1
    again = client.call(Transaction.STATUS, body, serial=first.bank_serial)
    assert again.bank_serial == first.bank_serial
    assert isinstance(again.body, StatusReply)


def test_a_sign_in_that_is_refused(line):
    """The reply says why; until it succeeds nothing can be asked."""
    client = line.client()
    line.rim.wall_now = NOW.replace(hour=23)
    assert client.sign_in().code == "1008"
    with pytest.raises(NoReply, match="not signed in"):
        client.call(Transaction.ECHO, NoBody())


def test_a_reply_without_a_right_mac_is_no_reply(line):
    """A zero MAC, or a wrong one, leaves the outcome unknown."""
    client = line.client()
    client.sign_in()
    line.sockets[0].connection.link.ring = None  # so that the FEP knows the keys no more: 1005 with a zero MAC
    with pytest.raises(NoReply, match="not authentic"):
        client.call(Transaction.QUERY, QUERY)


def test_nothing_in_time(line):
    """Thirty seconds without a reply, and the outcome is unknown; how long is waited shrinks as time passes."""
    client = line.client()
    client.sign_in()
    line.sockets[0].sendall = lambda _data: None
    with pytest.raises(NoReply, match="in time"):
        client.call(Transaction.QUERY, QUERY)
    assert 0 < line.sockets[0].timeouts[-1] <= REPLY_TIMEOUT_S


def test_the_fep_hangs_up(line):
    """The end of the connection instead of a reply leaves the outcome unknown."""
    client = line.client()
    client.sign_in()
    assert client.call(Transaction.SIGN_OUT, NoBody()).code == "0000"
    with pytest.raises(NoReply, match="closed"):
        client.call(Transaction.QUERY, QUERY)


def test_what_is_not_the_reply_is_read_over(line):
    """An ECHO of the FEP and the late reply to an earlier request come first: neither is taken for the reply."""
    client = line.client()
    client.sign_in()
    sock = line.sockets[0]
    body = StatusRequest(TODAY, "000000000001", ACCOUNT)
    held: list[bytes] = []
    direct, sock.sendall = sock.sendall, held.append
    with pytest.raises(NoReply):
        client.call(Transaction.STATUS, body)
    line.rim.pass_time(60)
    sock.sendall = direct
    sock.sendall(held[0])
    line.rim.gate.run()

    reply = client.call(Transaction.QUERY, QUERY)
    assert (reply.transaction, reply.code) == (Transaction.QUERY, "0000")


PUSHED = PushRequest(ACCOUNT, "王建国", "6222", 202610, 1, "B1", 10_000, 100, TODAY)
DEBITED = PushReply(PushOutcome.DEBITED, "0000", TODAY, "000000000042", 10_100)


@pytest.mark.parametrize("bank_code", ["0102", "0403"])
def test_what_the_fep_asks_is_answered(line, bank_code):
    """A pushed bill by what the bank does about it, an ECHO at once; both while a reply is awaited, and while idle."""
    seen: list[PushRequest] = []
    answers: list[object] = []
    with line.client(bank_code, on_push=lambda asked: (seen.append(asked), DEBITED)[1]) as client:
        client.sign_in()
        link = line.sockets[0].connection.link
        link.own_requests.ask(Transaction.BILL_PUSH, PUSHED, 77, answers.append)
        link.own_requests.ask(Transaction.ECHO, NoBody(), 78)
        assert client.call(Transaction.QUERY, QUERY).code == "0000"
        assert (seen, answers) == ([PUSHED], [OwnReply(True, "0000", "", DEBITED)])
        link.own_requests.ask(Transaction.BILL_PUSH, PUSHED, 79, answers.append)
        client.serve(0.05)
        assert (len(answers), len(link.own_requests)) == (2, 0)


def test_a_bank_without_pushes_does_not_answer_them(line):
    """The request waits for its time limit; the client goes on."""
    answers: list[object] = []
    with line.client() as client:
        client.sign_in()
        link = line.sockets[0].connection.link
        link.own_requests.ask(Transaction.BILL_PUSH, PUSHED, 77, answers.append)
        assert client.call(Transaction.QUERY, QUERY).code == "0000"
        assert answers == []
        link.own_requests.forget(77)
        assert len(link.own_requests) == 0
