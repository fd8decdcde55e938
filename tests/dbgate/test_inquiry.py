"""Inquiries: every database answers or fails once, and then the one who asked is told."""

import pytest

from dbgate.branch import Branch
from dbgate.errors import DatabaseUnavailable, GateError
from dbgate.inquiry import Finding, Inquiry
from dbgate.records import AccountKey
from dbgate.work import Needs, Work
from tests.dbgate.fixtures import BANK, DAY, deposit
from tests.dbgate.three_branches import Utility

pytestmark = pytest.mark.engine("sqlite")


class Asker:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[list[Finding], list[GateError]]] = []

    def __call__(self, findings: list[Finding], errors: list[GateError]) -> None:
        self.told.append((findings, errors))


def inquiry(asker: Asker) -> Inquiry:
    return Inquiry(deposit(1, 1, 1).deadline, asker)


def totals(utility: Utility) -> dict[Branch, Needs]:
    """What is asked of each."""
    return dict.fromkeys(utility.branches, Needs(BANK, totals_of=DAY))


def test_all_answer(utility: Utility) -> None:
    """One finding for each database, with its moment."""
    asker = Asker()
    asking = inquiry(asker)
    asking.ask(totals(utility))
    utility.loop.run_until(lambda: asker.told)
    [(findings, errors)] = asker.told
    assert ({finding.branch for finding in findings}, errors) == (set(utility.branches), [])
    assert {finding.moment.clearing_date for finding in findings} == {DAY}
    assert asking.batch_size == 1


def test_each_is_asked_for_its_own(utility: Utility) -> None:
    """What one database is to give, another need not."""
    asker = Asker()
    meters = [AccountKey("meter_no", f"DM{number}") for number in (1, 101)]
    needs = [Needs(BANK, account_key=key) for key in meters]
    inquiry(asker).ask(dict(zip(utility.branches, needs, strict=False)))
    utility.loop.run_until(lambda: asker.told)
    [(findings, _)] = asker.told
    found = {finding.branch: [len(finding.records.accounts_by(key)) for key in meters] for finding in findings}
    assert found == {utility.branches[0]: [1, 0], utility.branches[1]: [0, 1]}


def test_some_cannot_be_asked(utility: Utility) -> None:
    """Their errors come with what the others said."""
    utility.take_away(1)
    asker = Asker()
    inquiry(asker).ask(totals(utility))
    utility.loop.run_until(lambda: asker.told)
    [(findings, errors)] = asker.told
    assert {finding.branch for finding in findings} == {utility.branches[0], utility.branches[2]}
    assert [type(error) for error in errors] == [DatabaseUnavailable]


def test_some_fail(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do errors that come later; what is told twice counts once."""
    asked: list[Work] = []
    monkeypatch.setattr(utility.branches[1].gate, "submit", asked.append)
    asker = Asker()
    inquiry(asker).ask(totals(utility))
    failure = DatabaseUnavailable("down")
    asked[0].done(failure)
    asked[0].done(failure)
    utility.loop.run_until(lambda: asker.told)
    [(findings, errors)] = asker.told
    assert (len(findings), errors) == (2, [failure])


def test_none_can_be_asked(utility: Utility) -> None:
    """It is said at once, and not a second time."""
    for index in range(3):
        utility.take_away(index)
    asker = Asker()
    with pytest.raises(DatabaseUnavailable):
        inquiry(asker).ask(totals(utility))
    assert asker.told == []
