"""CONSUMPTION 用电信息: one row for each bill, newest first, with the balance around its settling."""

import pytest

from dbgate.records import BillState
from protocol.canonical import codes
from protocol.canonical.business import ConsumptionReply, ConsumptionRow
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import ACCOUNT, TODAY, account, bill, consumption_request, deposit_request
from tests.support.replies import code_of, reply_in

BILLS = (
    bill("B1", 400, month=202609, energy_centikwh=111),
    bill("B2", 500, month=202610, energy_centikwh=222),
    bill("B3", 600, month=202610, seq=2, energy_centikwh=333, state=BillState.IN_DEBIT),
)


def test_rows() -> None:
    """A settled bill shows the balance before and after what settled it, an unsettled one the present balance."""
    ledger = PaperLedger(Utility((account(balance_fen=70),), BILLS[:2]))
    ledger.ask(deposit_request(350, serial=1))  # settles B1: 70 before, 20 after
    ledger.ask(deposit_request(30, serial=2))  # 50 now
    ledger.set_bill(BILLS[2])
    answer = ledger.ask(consumption_request(page=3))
    assert reply_in(answer, ConsumptionReply) == ConsumptionReply(
        ACCOUNT,
        "王建国",
        3,
        (
            ConsumptionRow(202610, 2, 333, 600, 50, 50, codes.BillState.IN_DEBIT),
            ConsumptionRow(202610, 1, 222, 500, 50, 50, codes.BillState.OPEN),
            ConsumptionRow(202609, 1, 111, 400, 70, 20, codes.BillState.SETTLED),
        ),
    )
    assert (answer.fep_serial, answer.clearing_date) == (None, TODAY)


def test_settled_by_what_is_not_in_the_journal() -> None:
    """A bill that was settled before this journal began shows the present balance."""
    settled = bill("B1", 400, state=BillState.SETTLED, settled_by=7)
    ledger = PaperLedger(Utility((account(balance_fen=70),), (settled,)))
    (row,) = reply_in(ledger.ask(consumption_request()), ConsumptionReply).rows
    assert (row.balance_before_fen, row.balance_after_fen) == (70, 70)


@pytest.mark.parametrize(
    ("months", "shown"),
    [(0, [202611, 202610, 202609]), (1, [202611]), (12, [202611, 202610, 202609, 202608, 202512])],
)
@pytest.mark.parametrize("generous", [False, True])
def test_months(months: int, shown: list[int], generous: bool) -> None:
    """Calendar months are shown, the current one included; 0 means three."""
    issued = [202511, 202512, 202608, 202609, 202610, 202611]
    bills = tuple(bill(f"B{month}", month=month) for month in issued)
    ledger = PaperLedger(Utility((account(),), bills), generous=generous)
    rows = reply_in(ledger.ask(consumption_request(months)), ConsumptionReply).rows
    assert [row.month for row in rows] == shown


def test_refused() -> None:
    """An account that is missing is refused, and so are more than 24 months."""
    ledger = PaperLedger(Utility((account(),)))
    assert code_of(ledger.ask(consumption_request(account_no="0100000009"))) == "2001"
    assert code_of(ledger.ask(consumption_request(25))) == "1003"
