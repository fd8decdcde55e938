"""A utility of three branches, each account in a database of its own, is to a bank what one with one database is."""

from dataclasses import replace

from hypothesis import given, settings

from protocol.canonical.business import StatusReply
from protocol.canonical.codes import KeyKind
from protocol.canonical.messages import Answer
from protocol.canonical.reconciliation import Totals
from tests.support.branch_ledger import BranchLedger
from tests.support.histories import UTILITY, History, check_branches_alike, histories
from tests.support.ledger import Ledger, PaperLedger, Utility
from tests.support.records import (
    TODAY,
    invoice_request,
    payments_request,
    query_request,
    status_request,
    terms,
    totals_request,
)

NOBODY = "0100000009"
ACCOUNT_NOS = [account.account_no for account in UTILITY.accounts]
METERS = Utility(
    tuple(replace(one, meter_no=f"M{at}", passbook="P" * (at > 0)) for at, one in enumerate(UTILITY.accounts)),
    UTILITY.bills,
    UTILITY.rules,
)
"""The utility of the histories, each account with a meter of its own, two of them with one passbook."""


@settings(max_examples=100, deadline=None)
@given(history=histories())
def test_every_request_is_answered_alike(history: History) -> None:
    """Whatever is paid, undone and repeated; originals in another database than their account's included."""
    check_branches_alike(PaperLedger(METERS), BranchLedger(METERS), history)


@settings(max_examples=30, deadline=None)
@given(history=histories())
def test_every_question_is_answered_alike(history: History) -> None:
    """After any history: states, histories, meters, passbooks and totals, numbers apart."""
    alone, apart = PaperLedger(METERS), BranchLedger(METERS)
    check_branches_alike(alone, apart, history)
    assert questions(apart) == questions(alone)


def questions(ledger: Ledger) -> list[Answer]:
    """Ask all that there is to ask; the numbers of movements, which two ledgers draw differently, are left out."""
    asked = [query_request(key) for key in (*ACCOUNT_NOS, NOBODY, "")]
    asked += [query_request(f"M{at}", KeyKind.METER_NO) for at in range(4)]
    asked += [query_request(key, KeyKind.PASSBOOK) for key in ("P", "Q")]
    asked += [payments_request(account_no=NOBODY), totals_request(TODAY, Totals())]
    asked += [invoice_request(99, account_no, serial=60) for account_no in ACCOUNT_NOS]
    asked += [status_request(serial, account_no) for serial in range(1, 25) for account_no in (*ACCOUNT_NOS, NOBODY)]
    return [_unnumbered(ledger.submit([(request, terms())])[0]) for request in asked]


def _unnumbered(answer: Answer) -> Answer:
    if isinstance(answer.body, StatusReply):
        return replace(answer, body=replace(answer.body, original_fep_serial=None))
    return answer
