"""QUERY 欠费查询: by what an account is found, its totals, and whether it can be paid now."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from dbgate.records import AccountState, BillState, CollectMode
from handlers.terms import Hours, PayWindow, Rules
from protocol.canonical import codes
from protocol.canonical.business import BillRow, QueryReply
from protocol.canonical.codes import KeyKind
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import ACCOUNT, NEVER_DUE, TODAY, account, bill, deposit_request, query_request, terms
from tests.support.replies import code_of, reply_in

OTHER = "0100000002"
# Due 2026-09-25, asked 2026-11-21: 57 days, 684.
OVERDUE = bill("B1", 12_000, month=202608, due_date=date(2026, 9, 25))
CURRENT = bill("B2", 5_000, month=202610, seq=2)


def test_reply() -> None:
    """The teller sees the account, what it owes over all unsettled bills, and each of them, oldest first."""
    settled = bill("B0", 9_999, month=202607, state=BillState.SETTLED, settled_by=5)
    ledger = PaperLedger(Utility((account(balance_fen=684),), (CURRENT, OVERDUE, settled)), generous=True)
    answer = ledger.ask(query_request(page=2))
    assert reply_in(answer, QueryReply) == QueryReply(
        account_no=ACCOUNT,
        name="王建国",
        address="人民路1号",
        supply_branch="0101",
        account_state=codes.AccountState.ACTIVE,
        collect_mode=codes.CollectMode.COUNTER,
        payable_now=True,
        balance_fen=684,
        principal_due_fen=17_000,
        late_fee_due_fen=684,
        total_due_fen=17_684,
        payable_fen=17_000,
        page=2,
        rows=(
            BillRow(202608, 1, "B1", 20_000, 12_000, 684, date(2026, 9, 25), codes.BillState.OPEN),
            BillRow(202610, 2, "B2", 20_000, 5_000, 0, NEVER_DUE, codes.BillState.OPEN),
        ),
    )
    assert (answer.fep_serial, answer.clearing_date, answer.repeat) == (None, TODAY, False)


def test_bills_in_debit_count() -> None:
    """A bill in a debit batch is owed and shown, but nothing can be paid now."""
    ledger = PaperLedger(Utility((account(),), (CURRENT, replace(OVERDUE, state=BillState.IN_DEBIT))))
    reply = reply_in(ledger.ask(query_request()), QueryReply)
    assert (reply.total_due_fen, reply.payable_now) == (17_684, False)
    assert [row.state for row in reply.rows] == [codes.BillState.IN_DEBIT, codes.BillState.OPEN]


def test_no_debt() -> None:
    """An account that owes nothing is answered too, and its balance is not a negative debt."""
    reply = reply_in(PaperLedger(Utility((account(balance_fen=50),))).ask(query_request()), QueryReply)
    assert (reply.total_due_fen, reply.payable_fen, reply.rows, reply.payable_now) == (0, 0, (), True)


@pytest.mark.parametrize(
    ("key", "kind", "code"),
    [
        (ACCOUNT, KeyKind.ACCOUNT_NO, "0000"),
        ("M1", KeyKind.METER_NO, "0000"),
        ("P1", KeyKind.PASSBOOK, "0000"),
        ("P2", KeyKind.PASSBOOK, "2018"),
        ("M1", KeyKind.ACCOUNT_NO, "2001"),
        (ACCOUNT, KeyKind.METER_NO, "2001"),
        ("M9", KeyKind.METER_NO, "2001"),
        ("", KeyKind.ACCOUNT_NO, "2001"),
        ("", KeyKind.PASSBOOK, "2001"),
    ],
)
def test_keys(key: str, kind: KeyKind, code: str) -> None:
    """An account is found by its number, its meter or its passbook; a passbook of several accounts says so."""
    ledger = PaperLedger(
        Utility(
            (
                account(ACCOUNT, meter_no="M1", passbook="P1"),
                account(OTHER, meter_no="M2", passbook="P2"),
                account("0100000003", meter_no="M3", passbook="P2"),
                account("0100000004", meter_no="M4", passbook=""),
            )
        )
    )
    answer = ledger.ask(query_request(key, kind))
    assert code_of(answer) == code
    if code == "0000":
        assert reply_in(answer, QueryReply).account_no == ACCOUNT


CLOSED_WINDOW = Rules(pay_windows={"0101": PayWindow(hours=Hours(time(0), time(1)))})


@pytest.mark.parametrize(
    ("changes", "rules", "payable_now"),
    [
        ({}, Rules(), True),
        ({"collect_mode": CollectMode.DEBIT}, Rules(), True),
        ({"state": AccountState.SUSPENDED}, Rules(), False),
        ({"state": AccountState.CLOSED}, Rules(), False),
        ({"collect_mode": CollectMode.CARD}, Rules(), False),
        ({"pay_at_utility": True}, Rules(), False),
        ({}, CLOSED_WINDOW, False),
    ],
)
def test_payable_now(changes: dict[str, Any], rules: Rules, payable_now: bool) -> None:
    """Payable now is what a deposit of 1 fen would find."""
    ledger = PaperLedger(Utility((account(**changes),), (CURRENT,), rules))
    reply = reply_in(ledger.ask(query_request()), QueryReply)
    assert reply.payable_now is payable_now
    assert reply.account_state.name == account(**changes).state.name
    assert reply.collect_mode.name == account(**changes).collect_mode.name
    assert (code_of(ledger.ask(deposit_request(1))) == "0000") is payable_now


def test_payable_now_over_this_channel() -> None:
    """A channel over which nothing may be paid says so."""
    bank = terms(single_limit_fen={1: 1, 3: 0})
    ledger = PaperLedger(Utility((account(),), ()))
    assert not reply_in(ledger.ask(query_request(channel=3), bank), QueryReply).payable_now
    assert reply_in(ledger.ask(query_request(channel=1), bank), QueryReply).payable_now
