"""What a daemon tells of answers: who, what, with which result; and how much a stranger can make it write."""

import json
from datetime import date, time
from types import SimpleNamespace

import pytest

from fep.audit.lines import Counted
from fep.audit.log import AuditLog
from fep.audit.unlisted import LISTED_MAX
from fep.links.transaction_log import TransactionLog
from protocol.canonical.business import PayRequest, UndoReply, UndoRequest
from protocol.canonical.codes import Instrument, PayMode, UndoOutcome
from protocol.canonical.messages import Answer, Head
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

DAY = date(2026, 11, 22)
HEAD = Head("0102", '0102"0117', "T\\0042", DAY, time(10, 0), 1, "000000000117")
PAY = PayRequest("0102000000000007", 12_300, PayMode.DEPOSIT, Instrument.CASH, False, "6222020001", -1)
UNDO = UndoRequest(DAY, "000000000116", "0102000000000007", 12_300, 1)
LINK = SimpleNamespace(origin='"peer": "10.1.2.3", "link": 7')


class Told:
    """An audit log and what it has told."""

    def __init__(self) -> None:
        self.entries: list = []
        self.now = 0.0
        self.log = AuditLog(self.entries.append, lambda: self.now)

    def answered(self, transaction, body, answer, *, is_known: bool = True, **options) -> dict:
        """Have an answer told; return the line's fields."""
        request = None if body is None else SimpleNamespace(transaction=transaction, head=HEAD, body=body)
        exchange = SimpleNamespace(request=request, authenticator=object() if is_known else None)
        said = TransactionLog.said("0102", transaction, {"bank_serial": "000000000117"}, answer)
        self.log.answered(LINK, exchange, answer, said, **options)
        return json.loads("{" + self.entries[-1][0] + "}")


@pytest.fixture
def told() -> Told:
    return Told()


def approved(body=None, **changes) -> Answer:
    return Answer(ResponseCode.APPROVED, body, fep_serial=42, clearing_date=DAY, **changes)


def test_a_payment(told) -> None:
    """Counted once, its account masked; whatever a bank's outlet is called."""
    said = told.answered(Transaction.PAY, PAY, approved())
    assert said.pop("at").endswith("+08:00")
    assert said == {
        "kind": "money",
        "counted": "pay",
        "clearing_date": "20261122",
        "amount_fen": 12_300,
        "bank_code": "0102",
        "transaction": "pay",
        "bank_serial": "000000000117",
        "fep_serial": "000000000042",
        "response_code": "0000",
        "account_no": "010200******0007",
        "branch_code": '0102"0117',
        "teller_id": "T\\0042",
        "peer": "10.1.2.3",
        "link": 7,
    }
    assert told.entries[-1][1] == Counted("0102", "20261122", "pay", 12_300)


@pytest.mark.parametrize(
    ("transaction", "body", "answer", "kind", "counted"),
    [
        (Transaction.PAY, PAY, approved(repeat=True), "money", ""),
        (Transaction.PAY, PAY, Answer(ResponseCode.OUTCOME_UNKNOWN), "money", ""),
        (Transaction.PAY, PAY, Answer(ResponseCode.AMOUNT_DIFFERS), "refusal", None),
        (Transaction.CANCEL, UNDO, approved(UndoReply("", 1, 7, 0, 0, UndoOutcome.UNDONE)), "money", "cancel"),
        (Transaction.REVERSE, UNDO, approved(UndoReply("", 1, 7, 0, 0, UndoOutcome.UNDONE)), "money", "reverse"),
        (Transaction.REVERSE, UNDO, approved(UndoReply("", 1, None, 0, 0, UndoOutcome.NEVER_ARRIVED)), "money", ""),
        (Transaction.SIGN_IN, None, Answer(ResponseCode.APPROVED), "link", None),
        (Transaction.QUERY, None, Answer(ResponseCode.BUSY), "refusal", None),
    ],
)
def test_what_counts(told, transaction, body, answer, kind, counted) -> None:
    """As in the totals of a day: posted once, and undone when something was."""
    said = told.answered(transaction, body, answer)
    assert (said["kind"], said.get("counted")) == (kind, counted)
    assert (told.entries[-1][1] is not None) == bool(counted)


def test_what_was_committed_late(told) -> None:
    """After the bank had been told that the outcome is unknown: it counts, and says so."""
    said = told.answered(Transaction.PAY, PAY, approved(), is_late=True)
    assert (said["late"], said["counted"]) == (True, "pay")


def test_what_is_wanted(told) -> None:
    """Approved queries are not told; every refusal is."""
    approved_code, refused = ResponseCode.APPROVED, ResponseCode.ACCOUNT_NOT_FOUND
    assert [told.log.wants(each, approved_code) for each in (Transaction.PAY, Transaction.QUERY, None)] == [
        *(True, False, False)
    ]
    assert told.log.wants(Transaction.QUERY, refused)
    assert told.log.wants(None, ResponseCode.MAC_INCORRECT)


def test_a_flood_of_strangers(told) -> None:
    """Beyond some hundred a minute they are counted in one line; banks that are signed in always have theirs."""
    for _ in range(LISTED_MAX + 50):
        told.answered(Transaction.QUERY, None, Answer(ResponseCode.NOT_SIGNED_IN), is_known=False)
    assert len(told.entries) == LISTED_MAX
    told.answered(Transaction.QUERY, None, Answer(ResponseCode.BUSY))
    told.log.refused_unread(LINK, "0102", "address")
    assert len(told.entries) == LISTED_MAX + 1
    told.log.look()
    assert len(told.entries) == LISTED_MAX + 1
    told.now = 60.0
    told.log.look()
    told.log.look()
    assert len(told.entries) == LISTED_MAX + 2
    assert json.loads("{" + told.entries[-1][0] + "}")["count"] == 51
    told.log.refused_unread(LINK, "0102", "address")
    assert json.loads("{" + told.entries[-1][0] + "}")["reason"] == "address"


def test_a_flood_at_the_operators_socket(told) -> None:
    """Somebody of this machine without a role, who asks and asks, fills no disk: he is counted."""
    act = {"operator": "uid-65001", "act": "status", "result": "refused", "reason": "forbidden"}
    listed = [told.log.stranger_refused(act) for _ in range(LISTED_MAX + 7)]
    assert (sum(listed), len(told.entries)) == (LISTED_MAX, LISTED_MAX)
    told.now = 60.0
    told.log.look()
    line = json.loads("{" + told.entries[-1][0] + "}")
    assert (line["kind"], line["result"], line["count"]) == ("operator_act", "refused", 7)
