"""A command asks a bank by itself: what the answer means, and what is certain when there is none."""

import socket
import struct
import threading
from collections.abc import Iterator
from datetime import date

import pytest

from fep.config.settings import Address, BankSettings
from fep.partners.asking import ask_once
from fep.partners.errors import PartnerError, PartnerSilent, PartnerUnreachable, Reason
from protocol.canonical.link import NoBody
from protocol.dialect import OwnReply
from protocol.dialects.registry import DIALECTS
from protocol.files.names import FileKind
from protocol.files.notices import BatchCancel, BatchCancelReply, CancelOutcome, FileNotice
from protocol.transactions import Transaction
from tests.support import partner_bank
from tests.support.partner_bank import Manner, PartnerBank, refuse
from tests.support.ports import free_port
from tests.support.records import NOW
from tests.support.rim import settings_of

SERIAL = 700_000_000_001
NAME = "301445500ds20261101.txt"
READY = FileNotice(NAME, FileKind.DEBIT_LIST, 3)
CANCEL = BatchCancel(NAME, 3, date(2026, 11, 20), "未回盘")
TIMEOUT_S = 5.0


@pytest.fixture
def bank() -> Iterator[PartnerBank]:
    """The bank's program."""
    bank = PartnerBank()
    yield bank
    bank.close()


def settings_at(port: int) -> BankSettings:
    return settings_of("0104", dialect=DIALECTS["elec02"], node="301", partner=Address("127.0.0.1", port))


def ask(port: int, timeout_s: float = TIMEOUT_S) -> OwnReply:
    return ask_once(settings_at(port), Transaction.FILE_NOTICE, READY, SERIAL, NOW, timeout_s)


@pytest.mark.parametrize("manner", [partner_bank.approve, partner_bank.trickle, partner_bank.chatter])
def test_a_bank_is_told_of_a_list(bank: PartnerBank, manner: Manner) -> None:
    """22 has the name and the rows; the answer may come in pieces, and what follows it is dropped."""
    bank.manner = manner
    reply = ask(bank.port)
    assert (reply.is_approved, reply.body) == (True, NoBody())
    [asked] = bank.asked
    assert (asked.code, asked.head[8], asked.head[7], int(asked.message_id)) == ("22", NAME, "3", SERIAL)


def test_a_list_is_cancelled(bank: PartnerBank) -> None:
    """24 says which list and why, and is answered for that list."""
    reply = ask_once(settings_at(bank.port), Transaction.BATCH_CANCEL, CANCEL, SERIAL, NOW, TIMEOUT_S)
    assert reply.body == BatchCancelReply(CancelOutcome.CANCELLED)
    [asked] = bank.asked
    assert asked.body[1:] == [NAME, "20261120", f"{NOW:%Y%m%d}", "3", "未回盘"]


def test_a_bank_refuses(bank: PartnerBank) -> None:
    """Its code and its words are for the operator."""
    bank.manner = refuse("70", "上一批未处理完")
    reply = ask(bank.port)
    assert (reply.is_approved, reply.code, reply.message) == (False, "70", "上一批未处理完")


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        (partner_bank.hang_up, Reason.CUT_OFF),
        (partner_bank.cut, Reason.CUT_OFF),
        (partner_bank.another, Reason.NOT_A_REPLY),
        (partner_bank.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.NOT_A_REPLY),
        (partner_bank.hold, Reason.REPLY_TIMED_OUT),
    ],
)
def test_no_answer_that_counts(bank: PartnerBank, manner: Manner, reason: Reason) -> None:
    """Whatever it was, the bank may have done it."""
    bank.manner = manner
    with pytest.raises(PartnerSilent) as caught:
        ask(bank.port, 0.5)
    assert caught.value.reason is reason


def test_a_bank_that_resets() -> None:
    """A connection that is cut hard after the request is no different from one that ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            assert connection.recv(4096)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(PartnerSilent) as caught:
            ask(listener.getsockname()[1])
        thread.join(TIMEOUT_S)
    assert caught.value.reason is Reason.CUT_OFF


def test_nobody_listens() -> None:
    """Nothing has been sent, so nothing has happened."""
    with pytest.raises(PartnerUnreachable) as caught:
        ask(free_port())
    error: PartnerError = caught.value
    assert error.reason is Reason.NOT_CONNECTED
