"""PAY 交费: the order of its checks, what it settles, its invoice and its daily limit."""

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

from dbgate.records import (
    AccountState,
    Allocation,
    BillState,
    CollectMode,
    Invoice,
    LimitKey,
    Movement,
    PaymentState,
)
from handlers.query_references import QueryReferences
from handlers.terms import AMOUNT_CEILING_FEN, Hours, PayWindow, Rules
from protocol.canonical.business import ListedBill, PayReply, PayRequest, QueryReply, QueryRequest
from protocol.canonical.codes import PayMode
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    NOW,
    TODAY,
    account,
    bill,
    deposit_request,
    pay_request,
    query_request,
    terms,
)
from tests.support.replies import code_of, reply_in

# Due 2026-09-25, paid 2026-11-21: 57 days, 684.
OVERDUE = bill("B1", 12_000, month=202608, due_date=date(2026, 9, 25))
CURRENT = bill("B2", 5_000, month=202610)


def _ledger(*bills: Any, rules: Rules | None = None, **changes: Any) -> PaperLedger:
    return PaperLedger(Utility((account(**changes),), bills, rules or Rules()))


def test_settles_everything() -> None:
    """Settling takes exactly what is payable and settles every bill with its late fee."""
    ledger = _ledger(OVERDUE, CURRENT, balance_fen=684)
    answer = ledger.ask(pay_request(17_000, expected_payable_fen=17_000))

    assert reply_in(answer, PayReply) == PayReply(
        account_no=ACCOUNT,
        name="王建国",
        amount_fen=17_000,
        settled_principal_fen=17_000,
        settled_late_fee_fen=684,
        balance_change_fen=-684,
        balance_after_fen=0,
        due_after_fen=0,
        settled_count=2,
        invoice_no="",
        first_month=202608,
        last_month=202610,
    )
    assert (answer.repeat, answer.clearing_date) == (False, TODAY)
    serial = answer.fep_serial
    assert serial is not None
    assert ledger.account(ACCOUNT).balance_fen == 0
    assert [(b.state, b.settled_by) for b in ledger.bills_of(ACCOUNT)] == [(BillState.SETTLED, serial)] * 2
    assert ledger.allocations() == [Allocation(serial, "B1", 12_000, 684), Allocation(serial, "B2", 5_000, 0)]


def test_journal_row() -> None:
    """The row keeps who paid what where, and when."""
    ledger = _ledger(CURRENT)
    request = pay_request(5_000, channel=7)
    ledger.ask(request)
    row = ledger.row(request)
    assert (row.movement, row.state, row.account_no, row.amount_fen) == (
        Movement.PAY,
        PaymentState.POSTED,
        ACCOUNT,
        5_000,
    )
    assert (row.branch_code, row.teller_id, row.channel, row.instrument) == ("010200000001", "T0000001", 7, 1)
    assert (row.created_at, row.clearing_date, row.digest) == (NOW, TODAY, request.digest)
    assert (row.original, row.original_fep_serial, row.outcome) == (None, None, None)


@pytest.mark.parametrize(
    ("amount_fen", "settled", "balance_change_fen", "due_after_fen"),
    [
        (12_683, 0, 12_683, 17_684),  # one fen short of the oldest
        (12_684, 1, 0, 5_000),  # just the oldest
        (17_683, 1, 4_999, 5_000),  # one fen short of both
        (17_684, 2, 0, 0),
        (20_000, 2, 2_316, 0),
    ],
)
def test_deposit(amount_fen: int, settled: int, balance_change_fen: int, due_after_fen: int) -> None:
    """A deposit settles whole bills, oldest first, and keeps the rest as balance."""
    ledger = _ledger(CURRENT, OVERDUE)
    reply = reply_in(ledger.ask(deposit_request(amount_fen)), PayReply)
    assert (reply.settled_count, reply.balance_change_fen) == (settled, balance_change_fen)
    assert (reply.balance_after_fen, reply.due_after_fen) == (balance_change_fen, due_after_fen)
    assert ledger.account(ACCOUNT).balance_fen == balance_change_fen
    assert [b.state for b in ledger.bills_of(ACCOUNT)].count(BillState.SETTLED) == settled


def test_deposit_stops_at_the_first_that_does_not_fit() -> None:
    """A later bill is not settled before an older one, though there is money for it."""
    ledger = _ledger(OVERDUE, bill("B2", 1, month=202610))
    reply = reply_in(ledger.ask(deposit_request(100)), PayReply)
    assert (reply.settled_count, reply.first_month, reply.last_month) == (0, None, None)


def test_deposit_uses_the_balance() -> None:
    """A deposit reaches as far as balance and amount together."""
    ledger = _ledger(CURRENT, balance_fen=4_000)
    reply = reply_in(ledger.ask(deposit_request(1_500)), PayReply)
    assert (reply.settled_principal_fen, reply.balance_change_fen, reply.balance_after_fen) == (5_000, -3_500, 500)


def test_same_month_by_seq() -> None:
    """Of two bills of a month the one with the lower number is the older one."""
    ledger = _ledger(bill("B1", 300, seq=2), bill("B2", 300, seq=1))
    ledger.ask(deposit_request(300))
    assert [b.state for b in ledger.bills_of(ACCOUNT)] == [BillState.OPEN, BillState.SETTLED]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (pay_request(4_999), "2003"),
        (pay_request(5_001), "2003"),
        (pay_request(5_000, expected_payable_fen=4_999), "2003"),
        (deposit_request(1, expected_payable_fen=0), "2003"),
        (deposit_request(1, expected_payable_fen=5_000), "0000"),
        (pay_request(0), "2012"),
        (deposit_request(-1), "2012"),
        (deposit_request(100_000_001), "2012"),
        (deposit_request(100_000_000), "0000"),
        (pay_request(5_000, account_no="0100000009"), "2001"),
    ],
)
def test_amounts(request_: Request, code: str) -> None:
    """An amount that is not payable, not what the teller saw, or outside the limits is refused and changes nothing."""
    ledger = _ledger(CURRENT)
    assert code_of(ledger.ask(request_)) == code
    assert (ledger.account(ACCOUNT).balance_fen == 0) is (code != "0000")


@pytest.mark.parametrize(
    ("request_", "is_short"),
    [
        (pay_request(4_999), True),
        (pay_request(5_001), False),
        (pay_request(5_000, expected_payable_fen=4_999), False),
    ],
)
def test_a_refusal_says_whether_the_amount_is_short(request_: Request, is_short: bool) -> None:
    """Some banks' formats tell the teller that the money is not enough, others only that the amount differs."""
    answer = _ledger(CURRENT).ask(request_)
    assert (code_of(answer), answer.is_short) == ("2003", is_short)


@pytest.mark.parametrize("balance_fen", [5_000, 6_000])
def test_nothing_to_pay(balance_fen: int) -> None:
    """Settling is refused when the balance covers everything, and when nothing is owed."""
    assert code_of(_ledger(CURRENT, balance_fen=balance_fen).ask(pay_request(5_000))) == "2002"
    assert code_of(_ledger(balance_fen=balance_fen).ask(pay_request(5_000))) == "2002"


def test_single_limit_of_the_channel() -> None:
    """A channel's own single limit goes before the bank's."""
    bank = terms(single_limit_fen={3: 1_000})
    ledger = _ledger()
    assert code_of(ledger.ask(deposit_request(1_001, channel=3), bank)) == "2012"
    assert code_of(ledger.ask(deposit_request(1_000, channel=3), bank)) == "0000"
    assert code_of(ledger.ask(deposit_request(1_001, channel=1, serial=2), bank)) == "0000"


def test_ceiling() -> None:
    """No amount and no balance exceeds the hard ceiling, whatever the bank's limit."""
    bank = terms(default_single_limit_fen=AMOUNT_CEILING_FEN * 10)
    ledger = _ledger(balance_fen=1)
    assert code_of(ledger.ask(deposit_request(AMOUNT_CEILING_FEN + 1), bank)) == "2012"
    assert code_of(ledger.ask(deposit_request(AMOUNT_CEILING_FEN), bank)) == "2012"
    assert code_of(ledger.ask(deposit_request(AMOUNT_CEILING_FEN - 1), bank)) == "0000"


CLOSED_WINDOW = Rules(pay_windows={"0101": PayWindow(hours=Hours(time(0), time(1)))})

# Each row has the trouble of its own and of all rows below it; the first in the specified order answers.
ORDER: list[tuple[str, dict[str, Any]]] = [
    ("2012", {"amount_fen": 0}),
    ("2001", {"account_no": "0100000009"}),
    ("2004", {"state": AccountState.SUSPENDED}),
    ("2017", {"collect_mode": CollectMode.CARD}),
    ("2005", {"rules": CLOSED_WINDOW}),
    ("2011", {"bill_state": BillState.IN_DEBIT}),
    ("2003", {"expected_payable_fen": 1}),
    ("2002", {"mode": PayMode.SETTLE}),
    ("2012", {"daily_limit_fen": 0}),
]


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[f"{n} {code}" for n, (code, _) in enumerate(ORDER)])
def test_order_of_checks(first: int) -> None:
    """When several reasons apply, the first in the order of the wire specification is told."""
    trouble: dict[str, Any] = {}
    for _, changes in ORDER[first:]:
        trouble |= changes
    loaded = account(
        state=trouble.get("state", AccountState.ACTIVE),
        collect_mode=trouble.get("collect_mode", CollectMode.COUNTER),
        balance_fen=10_000,
    )
    owed = replace(CURRENT, state=trouble.get("bill_state", BillState.OPEN))
    request = pay_request(
        trouble.get("amount_fen", 100),
        trouble.get("mode", PayMode.DEPOSIT),
        trouble.get("account_no", ACCOUNT),
        expected_payable_fen=trouble.get("expected_payable_fen", -1),
    )
    ledger = PaperLedger(Utility((loaded,), (owed,), trouble.get("rules", Rules())))
    bank = terms(daily_limit_fen={1: trouble["daily_limit_fen"]})
    assert code_of(ledger.ask(request, bank)) == ORDER[first][0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": AccountState.CLOSED}, "2004"),
        ({"pay_at_utility": True}, "2017"),
        ({"collect_mode": CollectMode.DEBIT}, "0000"),
    ],
)
def test_kinds_of_accounts(changes: dict[str, Any], code: str) -> None:
    """Closed accounts and those flagged pay-at-utility are refused; those under direct debit may pay too."""
    assert code_of(_ledger(CURRENT, **changes).ask(pay_request(5_000))) == code


@pytest.mark.parametrize(("branch", "code"), [("0101", "2005"), ("0102", "0000")])
def test_pay_window_of_the_branch(branch: str, code: str) -> None:
    """The pay window is that of the account's supply branch; a branch without one always collects."""
    ledger = _ledger(CURRENT, rules=CLOSED_WINDOW, supply_branch=branch)
    assert code_of(ledger.ask(pay_request(5_000))) == code


@pytest.mark.parametrize("mode", PayMode)
def test_in_debit(mode: PayMode) -> None:
    """While one bill is in a debit batch no bill of the account can be paid."""
    ledger = _ledger(CURRENT, replace(OVERDUE, state=BillState.IN_DEBIT))
    assert code_of(ledger.ask(pay_request(17_684, mode))) == "2011"


def test_invoice_at_once() -> None:
    """Asked to print, a payment gets its invoice number at once, and that is the first print."""
    ledger = _ledger(CURRENT)
    answer = ledger.ask(pay_request(5_000, print_invoice=True))
    invoice_no = reply_in(answer, PayReply).invoice_no
    assert invoice_no
    assert list(ledger.invoices.values()) == [Invoice(invoice_no, answer.fep_serial or 0, 1)]


def test_invoice_of_the_utility() -> None:
    """An account under direct debit gets no invoice from the bank."""
    ledger = _ledger(CURRENT, collect_mode=CollectMode.DEBIT)
    assert reply_in(ledger.ask(pay_request(5_000, print_invoice=True)), PayReply).invoice_no == ""
    assert ledger.invoices == {}


def test_daily_limit() -> None:
    """A channel's payments of a clearing date stay within its daily limit; other channels are not counted."""
    bank = terms(daily_limit_fen={4: 1_000})
    ledger = _ledger()
    codes = [
        code_of(ledger.ask(deposit_request(amount_fen, channel=channel, serial=serial), bank))
        for serial, (amount_fen, channel) in enumerate([(600, 4), (401, 4), (5_000, 1), (400, 4), (1, 4)], start=1)
    ]
    assert codes == ["0000", "2012", "0000", "0000", "2012"]
    assert ledger.limit_used(LimitKey(BANK, 4, TODAY)) == 1_000
    assert ledger.limit_used(LimitKey(BANK, 1, TODAY)) == 0


def test_payments_in_one_batch_see_each_other() -> None:
    """Of two payments of the same debt in one batch the second is told that nothing is left to pay."""
    ledger = _ledger(CURRENT)
    answers = ledger.submit([(pay_request(5_000, serial=serial), terms()) for serial in (1, 2)])
    assert [code_of(answer) for answer in answers] == ["0000", "2002"]


def test_serials_differ() -> None:
    """Every payment has a number of its own."""
    ledger = _ledger()
    serials = [ledger.ask(deposit_request(100, serial=serial)).fep_serial or 0 for serial in (1, 2, 3)]
    assert all(earlier < later for earlier, later in pairwise(serials))


LISTED = (ListedBill("B1", 12_684), ListedBill("B2", 5_000))


@pytest.mark.parametrize(
    ("bills", "code"),
    [
        (LISTED, ResponseCode.APPROVED),
        (LISTED[::-1], ResponseCode.APPROVED),
        (LISTED[:1], ResponseCode.AMOUNT_DIFFERS),
        ((*LISTED, ListedBill("B3", 1)), ResponseCode.AMOUNT_DIFFERS),
        ((*LISTED, LISTED[0]), ResponseCode.AMOUNT_DIFFERS),
        ((ListedBill("B1", 12_000), LISTED[1]), ResponseCode.AMOUNT_DIFFERS),
        ((), ResponseCode.AMOUNT_DIFFERS),
    ],
)
def test_a_list_of_bills_is_exactly_what_is_open(bills: tuple[ListedBill, ...], code: ResponseCode) -> None:
    """Each bill once, with its late fee of today; in any order."""
    answer = _ledger(OVERDUE, CURRENT).ask(_with(pay_request(17_684), bills=bills))

    assert answer.code is code


def test_a_list_where_nothing_is_open() -> None:
    """The reason is that there is nothing to pay, whatever was listed."""
    assert _ledger().ask(_with(pay_request(17_684), bills=LISTED)).code is ResponseCode.NOTHING_TO_PAY


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(30, ResponseCode.APPROVED), (31, ResponseCode.AMOUNT_DIFFERS), (-1, ResponseCode.AMOUNT_DIFFERS)],
)
def test_a_payment_goes_back_to_a_query_of_late(minutes: int, code: ResponseCode) -> None:
    """Within half an hour of it; and what was paid so is repeated however old the query is by then."""
    rules = Rules(query_references=QueryReferences(b"secret"))
    ledger = _ledger(CURRENT, rules=rules)
    reference = rules.query_references.issue(BANK, ACCOUNT, NOW - timedelta(minutes=minutes))
    request = _with(pay_request(5_000), reference=reference)

    first = ledger.ask(request)
    assert first.code is code
    if code is ResponseCode.APPROVED:
        ledger.now += timedelta(hours=2)
        assert ledger.ask(request) == replace(first, repeat=True)


def test_a_query_gives_the_reference_that_its_payment_needs() -> None:
    """When its format asks for one."""
    ledger = _ledger(CURRENT, rules=Rules(query_references=QueryReferences(b"secret")))
    asked = query_request(ACCOUNT)
    assert isinstance(asked.body, QueryRequest)
    reply = reply_in(ledger.ask(replace(asked, body=replace(asked.body, wants_reference=True))), QueryReply)

    assert reply_in(ledger.ask(asked), QueryReply).reference is None
    assert ledger.ask(_with(pay_request(5_000), reference=reply.reference)).code is ResponseCode.APPROVED


def _with(request: Request, **changes: Any) -> Request:
    assert isinstance(request.body, PayRequest)
    return replace(request, body=replace(request.body, **changes))
