"""Mandates 代扣协议: what each row of a bank's file changes, and what an operator is told of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dbgate.books.records import Mandate
from dbgate.books.states import MandateState
from dbgate.records import AccountState
from dbgate.work import Moment
from dbgate.working_set import WorkingSet
from handlers import mandates
from handlers.mandates import Finding
from protocol.files.canonical import MandateAction, MandateRow
from tests.support.records import ACCOUNT, BANK, NOW, TODAY, account

DAY_BEFORE = date(2026, 11, 20)


def row(action: MandateAction = MandateAction.ADD, **changes: Any) -> MandateRow:
    return replace(MandateRow(ACCOUNT, "王建国", "6222", action), **changes)


def mandate(**changes: Any) -> Mandate:
    return replace(Mandate(ACCOUNT, BANK, "王建国", "6222", MandateState.ACTIVE, TODAY, NOW), **changes)


def records(known: Mandate | None = None, **changes: Any) -> WorkingSet:
    found = WorkingSet()
    found.add_accounts([account(**changes)])
    found.books.add_mandates([] if known is None else [known])
    return found


def decide(own: WorkingSet, given: MandateRow, day: date = TODAY) -> Any:
    decision = mandates.decide(BANK, day, given, lambda name: name[:4], own, Moment(NOW, TODAY, None, None))
    own.apply(decision.changes)
    return decision.answer


def test_begins_and_ends() -> None:
    """A mandate begins, changes its passbook, ends, and begins again; the same row twice changes nothing."""
    own = records()
    for given, expected in (
        (row(), mandate()),
        (row(passbook="6333"), mandate(passbook="6333")),
        (row(MandateAction.END), mandate(passbook="6333", state=MandateState.ENDED)),
        (row(MandateAction.END), mandate(passbook="6333", state=MandateState.ENDED)),
        (row(), mandate()),
    ):
        assert decide(own, given) is None
        assert own.books.mandate(ACCOUNT) == expected


@pytest.mark.parametrize(
    ("own", "given", "day", "finding"),
    [
        (WorkingSet(), row(), TODAY, Finding.NO_ACCOUNT),
        (records(state=AccountState.CLOSED), row(), TODAY, Finding.ACCOUNT_CLOSED),
        (records(mandate(bank_code="0103")), row(), TODAY, Finding.OTHER_BANK),
        (records(mandate(bank_code="0103")), row(MandateAction.END), TODAY, Finding.NO_MANDATE),
        (records(), row(MandateAction.END), TODAY, Finding.NO_MANDATE),
        (
            records(mandate(state=MandateState.ENDED, file_date=DAY_BEFORE)),
            row(MandateAction.END),
            TODAY,
            Finding.NO_MANDATE,
        ),
        (records(mandate()), row(passbook="6333"), DAY_BEFORE, Finding.OUTDATED),
        (records(mandate()), row(MandateAction.END), DAY_BEFORE, Finding.OUTDATED),
    ],
)
def test_rows_that_are_not_taken(own: WorkingSet, given: MandateRow, day: date, finding: Finding) -> None:
    """Each leaves the mandate as it was."""
    before = own.books.mandate(ACCOUNT)
    assert decide(own, given, day) is finding
    assert own.books.mandate(ACCOUNT) == before


def test_suspended_accounts_and_ended_mandates_of_others_are_no_hindrance() -> None:
    """An account that is suspended may get a mandate, and one whose mandate at another bank has ended."""
    own = records(mandate(bank_code="0103", state=MandateState.ENDED), state=AccountState.SUSPENDED)
    assert decide(own, row()) is None
    assert own.books.mandate(ACCOUNT) == mandate()


def test_an_account_that_is_closed_or_gone_may_end_its_mandate() -> None:
    """Ending needs no account."""
    own = WorkingSet()
    own.books.add_mandates([mandate()])
    assert decide(own, row(MandateAction.END)) is None


def test_names() -> None:
    """Another name than ours is told and taken; one that the file has cut, or left out, is none."""
    assert decide(records(name="李四"), row()) is Finding.NAME_DIFFERS
    assert decide(records(name="王建国有限公司"), row(name="王建国有")) is None
    assert decide(records(name="李四"), row(name="")) is None
