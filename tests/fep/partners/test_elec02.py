"""Asking a bank in ELEC02 itself: what a bank's program, by plain struct, is asked, and what its answers mean."""

import socket
from collections.abc import Callable
from datetime import date

import pytest
from twisted.internet.defer import Deferred

from fep.partners.errors import PartnerSilent, Reason
from fep.partners.partner import Partner
from protocol.canonical.codes import PushOutcome
from protocol.canonical.link import WorkDay
from protocol.canonical.push import PushReply, PushRequest
from protocol.dialect import OwnReply
from protocol.dialects.registry import DIALECTS
from protocol.transactions import Transaction
from tests.fep.partners.conftest import Turning
from tests.support import partner_bank
from tests.support.partner_bank import BANK_SERIAL, Asked, Manner, PartnerBank, refuse, reply
from tests.support.records import NOW

SERIAL = 700_000_000_001
BILL = PushRequest(
    "0100000001", "测试户", "6222021234567890", 202610, 1, "B000000000000001", 12_000, 345, date(2026, 11, 30)
)
SERIAL_OF_REPLY = 10 + 175 + 60  # TLogNo, behind length, header, WTC, LogNo, WDO, OWC and KKB


@pytest.fixture
def partner(bank: PartnerBank, make_partner: Callable[..., Partner]) -> Partner:
    """The partner whose bank is ``bank``, asked in ELEC02."""
    return make_partner(bank.port, DIALECTS["elec02"])


def push(partner: Partner) -> "Deferred[OwnReply]":
    return partner.ask(Transaction.BILL_PUSH, BILL, SERIAL)


def test_a_bill_is_debited(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """20 says who is to be debited for which bill; the answer tells under which identity the bank has done it."""
    answer = turning.result(push(partner))
    assert (answer.is_approved, answer.code) == (True, "00")
    assert answer.body == PushReply(PushOutcome.DEBITED, "", NOW.date(), BANK_SERIAL, 12_345, BILL.passbook)

    [asked] = bank.asked
    assert (asked.head[2], asked.head[4], asked.head[5]) == ("301", f"{NOW:%Y%m%d}", f"{NOW:%Y%m%d%H%M%S}")
    assert int(asked.message_id) == int(asked.body[2]) == SERIAL
    assert (asked.work_date, asked.body[5], asked.body[7]) == (f"{NOW:%Y%m%d}", "0100000001", "6222021234567890")
    assert (asked.body[9], int(asked.body[10]), asked.body[12]) == ("RMB", 12_345, "测试户")
    assert (int(asked.body[14]), int(asked.body[15])) == (345, 12_000)
    assert (asked.body[19], int(asked.body[20]), asked.body[22]) == ("202610", 1, "B000000000000001")


def test_a_bill_is_refused(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """The bank's code says why, its text is for people."""
    bank.manner = refuse("75", "余额不足")
    answer = turning.result(push(partner))
    assert (answer.is_approved, answer.code, answer.message) == (False, "75", "余额不足")
    assert answer.body == PushReply(PushOutcome.REFUSED, "75")


@pytest.mark.parametrize(("transaction", "code"), [(Transaction.SIGN_IN, "90"), (Transaction.SIGN_OUT, "91")])
@pytest.mark.parametrize("manner", [partner_bank.approve, partner_bank.trickle, partner_bank.chatter])
def test_a_day_is_opened_and_closed(
    turning: Turning, partner: Partner, bank: PartnerBank, transaction: Transaction, code: str, manner: Manner
) -> None:
    """90 and 91 name the day, which is the clearing date, not the calendar's."""
    bank.manner = manner
    assert turning.result(partner.ask(transaction, WorkDay(date(2026, 11, 23)), SERIAL)).is_approved
    [asked] = bank.asked
    assert (asked.code, asked.work_date, asked.body[2:]) == (code, "20261123", ["", ""])


@pytest.mark.parametrize("code", ["0e", "0p", "05", "79"])
def test_a_code_that_leaves_it_open(turning: Turning, partner: Partner, bank: PartnerBank, code: str) -> None:
    """The account may have been debited before the fault: nothing says that it was not."""
    bank.manner = refuse(code, "系统错误")
    answer = turning.result(push(partner))
    assert (answer.is_approved, answer.code, answer.body) == (False, code, None)


def of_another_bill(_bank: PartnerBank, connection: socket.socket, asked: Asked) -> None:
    """Answer under the right message id, but for another serial of the utility."""
    frame = bytearray(reply(asked))
    frame[SERIAL_OF_REPLY : SERIAL_OF_REPLY + 16] = b"700000000009".ljust(16)
    connection.sendall(frame)


def without_its_body(_bank: PartnerBank, connection: socket.socket, asked: Asked) -> None:
    """Approve, and leave out what was debited."""
    connection.sendall(b"%010d" % 175 + reply(asked)[10 : 10 + 175])


def without_its_serial(_bank: PartnerBank, connection: socket.socket, asked: Asked) -> None:
    """Approve, and leave open by which payment."""
    connection.sendall(reply(asked).replace(BANK_SERIAL.encode(), b" " * 16))


@pytest.mark.parametrize("manner", [partner_bank.another, of_another_bill, without_its_body, without_its_serial])
def test_what_is_no_reply_to_a_bill(turning: Turning, partner: Partner, bank: PartnerBank, manner: Manner) -> None:
    """Whether the account was debited is unknown then, and nothing else is believed."""
    bank.manner = manner
    with pytest.raises(PartnerSilent) as raised:
        turning.result(push(partner))
    assert raised.value.reason is Reason.NOT_A_REPLY
    assert "6222" not in raised.value.detail
