"""Inquiries: every database answers or fails once, and then the one who asked is told."""

import pytest

from dbgate.errors import DatabaseUnavailable, GateError
from dbgate.inquiry import Finding, Inquiry
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
    return Inquiry(Needs(BANK, totals_of=DAY), deposit(1, 1, 1).deadline, asker)


def test_all_answer(utility: Utility) -> None:
    """One finding for each database, with its moment."""
    asker = Asker()
    asking = inquiry(asker)
    asking.ask(utility.branches)
    utility.loop.run_until(lambda: asker.told)
    [(findings, errors)] = asker.told
    assert ({finding.branch for finding in findings}, errors) == (set(utility.branches), [])
    assert {finding.moment.clearing_date for finding in findings} == {DAY}
    assert asking.batch_size == 1


def test_some_cannot_be_asked(utility: Utility) -> None:
    """Their errors come with what the others said."""
    utility.take_away(1)
    asker = Asker()
    inquiry(asker).ask(utility.branches)
    utility.loop.run_until(lambda: asker.told)
    [(findings, errors)] = asker.told
    assert {finding.branch for finding in findings} == {utility.branches[0], utility.branches[2]}
    assert [type(error) for error in errors] == [DatabaseUnavailable]


def test_some_fail(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do errors that come later; what is told twice counts once."""
    asked: list[Work] = []
    monkeypatch.setattr(utility.branches[1].gate, "submit", asked.append)
    asker = Asker()
    inquiry(asker).ask(utility.branches)
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
        inquiry(asker).ask(utility.branches)
    assert asker.told == []
