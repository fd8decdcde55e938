"""Difference book 差异登记簿: each step of four eyes happens once, from the state that it starts from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dbgate.books.difference_book import DifferenceBook
from dbgate.books.differences import Difference
from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.books.tables import differences
from dbgate.database import Database
from tests.dbgate.fixtures import BANK, DAY, Clock
from tests.support.databases import stored

NUMBER = 10_000_000_007
ACTS = "SELECT operator, act, subject, reason FROM operator_acts ORDER BY id"


@pytest.fixture
def book(empty: Database) -> DifferenceBook:
    """One open difference, which only the bank has."""
    with empty.money_engine.begin() as connection:
        connection.execute(
            differences.insert().values(
                difference_no=NUMBER,
                bank_code=BANK,
                clearing_date=DAY,
                bank_date=DAY,
                bank_serial="000000000001",
                matching=4,
                bank_account_no="0100000001",
                bank_txn=2002,
                bank_amount_fen=300,
                bank_state=1,
                state=DifferenceState.OPEN,
            )
        )
    return DifferenceBook(empty)


def loaded(book: DifferenceBook) -> Difference:
    found, _ = book.load(NUMBER)
    assert found is not None
    return found


def proposed(book: DifferenceBook, operator: str = "li") -> Difference:
    assert book.propose(loaded(book), DifferenceAct.POST, 300, "理由", operator)
    return loaded(book)


def test_from_open_to_done(book: DifferenceBook, empty: Database, clock: Clock) -> None:
    """Who proposed and approved it, when, and the number of the movement; each step with its act."""
    before = proposed(book)
    assert (before.state, before.act, before.amount_fen) == (DifferenceState.PROPOSED, DifferenceAct.POST, 300)
    assert (before.proposed_by, before.reason, before.approved_at) == ("li", "理由", None)
    clock.moment += timedelta(minutes=5)
    assert book.claim(before, "wang")
    claimed = loaded(book)
    assert (claimed.state, claimed.approved_by) == (DifferenceState.PROPOSED, "wang")
    assert book.finish(claimed, "wang", 990_001)
    done = loaded(book)
    assert done == replace(claimed, state=DifferenceState.DONE, adjustment_serial=990_001)
    assert done.proposed_at is not None
    assert done.approved_at == done.proposed_at + timedelta(minutes=5)
    assert stored(empty, ACTS) == [
        ("li", "difference_propose", f"{NUMBER} post", "理由"),
        ("wang", "difference_approve", f"{NUMBER} post", None),
        ("wang", "difference_done", f"{NUMBER} post", None),
    ]


def test_what_is_recorded_only(book: DifferenceBook, empty: Database) -> None:
    """It is approved and done in one step."""
    assert book.propose(loaded(book), DifferenceAct.REFUND, 300, "x", "li")
    assert book.finish(loaded(book), "wang", None)
    done = loaded(book)
    assert (done.state, done.approved_by, done.adjustment_serial) == (DifferenceState.DONE, "wang", None)
    assert stored(empty, ACTS)[1] == ("wang", "difference_approve", f"{NUMBER} refund", None)


def test_each_step_once(book: DifferenceBook, empty: Database) -> None:
    """Whoever comes second with what he saw before changes nothing, and no act is kept of it."""
    seen_open = loaded(book)
    before = proposed(book)
    assert not book.propose(seen_open, DifferenceAct.REFUND, 300, "y", "wang")
    assert book.claim(before, "wang")
    assert not book.claim(before, "zhao")
    claimed = loaded(book)
    assert book.finish(claimed, "wang", 7)
    assert not book.finish(claimed, "wang", 8)
    assert not book.reject(claimed, "zhao", "x")
    assert not book.release(claimed, "wang", "x")
    assert loaded(book).adjustment_serial == 7
    assert len(stored(empty, ACTS)) == 3


def test_what_is_claimed_is_not_rejected_unseen(book: DifferenceBook) -> None:
    """Somebody has approved it meanwhile: the money may be moving."""
    before = proposed(book)
    assert book.claim(before, "wang")
    assert not book.reject(before, "zhao", "x")
    assert book.reject(loaded(book), "zhao", "x")
    again = loaded(book)
    assert (again.state, again.act, again.approved_by, again.proposed_by) == (DifferenceState.OPEN, None, "", "")


def test_another_proposal_is_not_approved_for_the_one_that_was_seen(book: DifferenceBook, clock: Clock) -> None:
    """It was rejected and proposed anew, perhaps by the very person who approves now."""
    seen = proposed(book)
    assert book.reject(seen, "zhao", "x")
    clock.moment += timedelta(seconds=1)
    proposed(book, "wang")
    assert not book.claim(seen, "wang")
    assert not book.finish(seen, "wang", None)
    assert loaded(book).state is DifferenceState.PROPOSED


def test_a_claim_is_given_back_by_who_holds_it(book: DifferenceBook, clock: Clock) -> None:
    """Not when somebody has taken it over meanwhile."""
    before = proposed(book)
    assert book.claim(before, "wang")
    first = loaded(book)
    clock.moment += timedelta(minutes=4)
    assert book.claim(first, "zhao")
    assert not book.release(first, "wang", "in_debit")
    assert book.release(loaded(book), "zhao", "in_debit")
    assert loaded(book) == before


def test_a_difference_that_is_none(book: DifferenceBook) -> None:
    """Nothing is found under another number."""
    assert book.load(NUMBER + 1)[0] is None
