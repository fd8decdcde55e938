"""Difference acts 差异处理: which acts each kind of difference allows, and how much money each moves."""

from datetime import date

import pytest

from dbgate.books.differences import Difference, Side
from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.records import Identity
from handlers.difference_acts import ACTS, amount_fen, case_of
from protocol.files.canonical import Matching
from tests.support.records import ACCOUNT, BANK

DAY = date(2026, 11, 21)
POSTED, CANCELLED, REVERSED, BEFORE_ARRIVAL = 1, 2, 3, 4


def side(amount_fen: int = 100, state: int = POSTED, txn: int = 2002, account_no: str = ACCOUNT) -> Side:
    return Side(account_no, txn, amount_fen, state)


def difference(matching: Matching, bank: Side | None, fep: Side | None) -> Difference:
    return Difference(
        difference_no=10000000001,
        identity=Identity(BANK, DAY, "000000000007"),
        clearing_date=DAY,
        matching=int(matching),
        bank=bank,
        fep=fep,
        fep_serial=None,
        other_date=None,
        undo=None,
        state=DifferenceState.OPEN,
    )


# By hand from the table that operators are given.
WORKED = {
    "only bank": (difference(Matching.ONLY_BANK, side(), None), {"post": 100, "refund": 100}),
    "only FEP": (difference(Matching.ONLY_FEP, None, side()), {"undo": 100, "claim": 100}),
    "bank has more": (
        difference(Matching.AMOUNT_DIFFERS, side(130), side(100)),
        {"refund": 30, "undo": 100},
    ),
    "bank has less": (
        difference(Matching.AMOUNT_DIFFERS, side(70), side(100)),
        {"undo": 100, "claim": 30},
    ),
    "other account": (
        difference(Matching.AMOUNT_DIFFERS, side(130, account_no="0100000002"), side(100)),
        {"undo": 100},
    ),
    "stands at the bank": (
        difference(Matching.STATE_DIFFERS, side(), side(state=REVERSED)),
        {"post": 100, "refund": 100},
    ),
    "stands here": (
        difference(Matching.STATE_DIFFERS, side(state=CANCELLED), side()),
        {"undo": 100, "claim": 100},
    ),
}


@pytest.mark.parametrize(("given", "amounts"), WORKED.values(), ids=WORKED)
def test_what_mends_it(given: Difference, amounts: dict[str, int]) -> None:
    """Each kind of difference has its acts, and each act its amount."""
    case = case_of(given)
    assert case is not None
    assert {act.value: amount_fen(given, case, act) for act in ACTS[case]} == amounts


CLOSED = {
    "an undo that the bank alone has": difference(Matching.ONLY_BANK, side(txn=2003), None),
    "an undo that the FEP alone has": difference(Matching.ONLY_FEP, None, side(txn=2004)),
    "a PAY against a CANCEL": difference(Matching.STATE_DIFFERS, side(), side(txn=2003)),
    "only bank, undone there": difference(Matching.ONLY_BANK, side(state=CANCELLED), None),
    "only FEP, undone here": difference(Matching.ONLY_FEP, None, side(state=BEFORE_ARRIVAL)),
    "undone on both sides": difference(Matching.STATE_DIFFERS, side(state=CANCELLED), side(state=REVERSED)),
    "other amounts, one undone": difference(Matching.AMOUNT_DIFFERS, side(130, CANCELLED), side(100)),
}


@pytest.mark.parametrize("given", CLOSED.values(), ids=CLOSED)
def test_what_is_closed(given: Difference) -> None:
    """Where no money differs, or nobody can tell whose, nothing moves; but it does not stay open for ever."""
    case = case_of(given)
    assert case is not None
    assert {act.value: amount_fen(given, case, act) for act in ACTS[case]} == {"close": 0}


@pytest.mark.parametrize("matching", [Matching.MATCHED, Matching.IN_FLIGHT])
def test_what_is_no_difference(matching: Matching) -> None:
    """There is nothing to do about it."""
    assert case_of(difference(matching, side(), None)) is None


def test_every_act_mends_something() -> None:
    """No act is there for nothing."""
    assert {act for acts in ACTS.values() for act in acts} == set(DifferenceAct)
