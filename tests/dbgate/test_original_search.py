"""The search for an original: at home, then everywhere else, and nothing stored before all have answered."""

from dataclasses import replace

import pytest

from dbgate.changes import Changes
from dbgate.errors import DatabaseUnavailable, DecisionFailed, GateBusy
from dbgate.records import Identity, Movement, Payment
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import account_no, deposit, identity, payment, read, undo, work
from tests.dbgate.three_branches import Utility

pytestmark = pytest.mark.engine("sqlite")

JOURNAL = "SELECT movement FROM payments ORDER BY movement"


def status(original: Identity, number: int = 1) -> Work:
    """A read that answers the original, and where its account is said to be."""
    return read(lambda records, moment: records.payment(original), routed_by=account_no(number), original=original)


def look(original: Identity, number: int = 1, own: int = 9) -> Work:
    """Money work that answers the original and changes nothing."""

    def _decide(records: WorkingSet, moment: Moment) -> Decision:
        return Decision(records.payment(original))

    return work(_decide, account_no=account_no(number), own=identity(own), original=original)


def serials(answers: list[object]) -> list[int | None]:
    assert all(isinstance(answer, Payment) for answer in answers), answers
    return [answer.fep_serial for answer in answers]  # type: ignore[attr-defined]


# --- found at home


def test_an_original_at_home_is_undone_there(utility: Utility) -> None:
    """No other database is asked, so none needs to be there."""
    [paid] = utility.ask(deposit(101, 1, 5))
    utility.take_away(0)
    utility.take_away(2)

    [undone] = utility.ask(undo(101, 2, identity(1)))

    assert isinstance(paid, Payment)
    assert isinstance(undone, Payment)
    assert (undone.outcome, undone.original_fep_serial) == (1, paid.fep_serial)
    assert utility.stored(JOURNAL) == [[], ["pay", "reverse"], []]


def test_the_state_of_an_original_at_home(utility: Utility) -> None:
    """It is read there alone."""
    paid = utility.ask(deposit(101, 1, 5))
    utility.take_away(0)
    assert serials(utility.ask(status(identity(1), 101))) == serials(paid)


def test_a_repeat_is_answered_without_asking_others(utility: Utility) -> None:
    """What stands under the own identity comes before everything else, here with an original that is nowhere."""
    first = utility.ask(
        work(_store_only_own, account_no=account_no(1), own=identity(9), original=identity(7), serial=True)
    )
    utility.take_away(2)
    again = utility.ask(
        work(_store_only_own, account_no=account_no(1), own=identity(9), original=identity(7), serial=True)
    )
    assert again == [("repeat", first[0])]


def _store_only_own(records: WorkingSet, moment: Moment) -> Decision:
    if (stored := records.payment(identity(9))) is not None:
        return Decision(("repeat", stored))
    row = payment(identity(9), moment, 1, 0, movement=Movement.REVERSE)
    return Decision(row, Changes(journal=(row,)))


# --- found elsewhere


def test_an_original_in_another_database_is_seen(utility: Utility) -> None:
    """The decision is made at home, on the account's own records and the original as it stands elsewhere."""
    paid = utility.ask(deposit(201, 1, 5))
    assert serials(utility.ask(look(identity(1), 1))) == serials(paid)


def test_an_original_elsewhere_is_never_changed(utility: Utility) -> None:
    """Undoing it would take two databases, which cannot commit together: the request fails and nothing is stored."""
    utility.ask(deposit(201, 1, 5))
    [answer] = utility.ask(undo(1, 2, identity(1)))
    assert isinstance(answer, DecisionFailed)
    assert utility.stored(JOURNAL) == [[], [], ["pay"]]


def test_the_state_of_an_original_elsewhere(utility: Utility) -> None:
    """It is told, even while a third database is away."""
    paid = utility.ask(deposit(201, 1, 5))
    utility.take_away(1)
    assert serials(utility.ask(status(identity(1), 1))) == serials(paid)
    assert serials(utility.ask(look(identity(1), 1))) == serials(paid)


def test_the_state_of_an_original_elsewhere_while_its_home_is_away(utility: Utility) -> None:
    """The state is a read: whoever has the original tells it."""
    paid = utility.ask(deposit(201, 1, 5))
    utility.take_away(0)
    assert serials(utility.ask(status(identity(1), 1))) == serials(paid)


def test_an_original_that_arrives_at_home_meanwhile(utility: Utility) -> None:
    """Then it counts, and what was found elsewhere under the same identity does not."""
    utility.ask(deposit(201, 1, 5))
    answers: list[object] = []
    search = replace(look(identity(1), 1), done=answers.append)
    utility.gate.submit(search)
    home = utility.branches[0]
    original = deposit(1, 1, 7)
    arrived: list[object] = []
    original.done = arrived.append
    home.submit(original)

    utility.loop.run_until(lambda: answers and arrived)

    assert serials(answers) == serials(arrived)


def test_nothing_is_stored_while_others_are_asked(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """A COMMIT of the first look held others' changes: who waits no longer is told that nothing was done."""
    asked: list[Work] = []
    for branch in utility.branches[1:]:
        monkeypatch.setattr(branch.gate, "submit", asked.append)
    answers: list[object] = []
    search = replace(undo(1, 2, identity(1)), done=answers.append)
    search.fate.may_be_stored = True
    utility.gate.submit(search)

    utility.loop.run_until(lambda: len(asked) == 2)

    assert not search.fate.may_be_stored
    for inquiry in asked:
        inquiry.done(DatabaseUnavailable("down"))
    assert [type(answer) for answer in answers] == [DatabaseUnavailable]


# --- found nowhere


def test_a_tombstone_stands_at_home(utility: Utility) -> None:
    """Only when no database has the original; the decision is made once more and stored."""
    [answer] = utility.ask(undo(101, 2, identity(1)))
    assert isinstance(answer, Payment)
    assert answer.outcome == 2
    assert utility.stored(JOURNAL) == [[], ["reverse", "tombstone"], []]


def test_no_tombstone_while_a_database_cannot_be_asked(utility: Utility) -> None:
    """The PAY may stand there."""
    utility.take_away(2)
    [answer] = utility.ask(undo(101, 2, identity(1)))
    assert isinstance(answer, DatabaseUnavailable)
    assert utility.stored(JOURNAL) == [[], [], []]


def test_no_state_while_a_database_cannot_be_asked(utility: Utility) -> None:
    """To say that the original is unknown would be a guess."""
    utility.take_away(2)
    [answer] = utility.ask(status(identity(1), 101))
    assert isinstance(answer, DatabaseUnavailable)


def test_an_unknown_original(utility: Utility) -> None:
    """All have been asked, none has it."""
    works = status(identity(1), 101), look(identity(1), 1)
    assert utility.ask(*works) == [None, None]
    assert all(each.batch_size for each in works)


@pytest.mark.parametrize("index", [1, 2])
def test_nobody_else_can_be_asked(utility: Utility, index: int) -> None:
    """Whether some or all others are away, the request fails."""
    utility.take_away(1)
    utility.take_away(index)
    for answer in utility.ask(status(identity(1)), undo(1, 2, identity(1))):
        assert isinstance(answer, DatabaseUnavailable)


# --- at home


def test_money_whose_home_is_away(utility: Utility) -> None:
    """Wherever the original is, money moves at home only."""
    utility.ask(deposit(201, 1, 5))
    utility.take_away(0)
    assert isinstance(utility.ask(undo(1, 2, identity(1)))[0], DatabaseUnavailable)


def test_an_unknown_original_whose_home_is_away(utility: Utility) -> None:
    """Its home is the one that cannot be asked."""
    utility.take_away(0)
    [answer] = utility.ask(status(identity(1), 1))
    assert isinstance(answer, DatabaseUnavailable)
    assert "jincheng" in str(answer)


def test_a_home_that_is_busy_is_not_searched_around(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that is full refuses at once; asking the others would only spread the load."""

    def full(_work: Work) -> None:
        raise GateBusy("full")

    monkeypatch.setattr(utility.branches[0].gate, "submit", full)
    for request in (status(identity(1), 1), undo(1, 2, identity(1))):
        with pytest.raises(GateBusy):
            utility.gate.submit(request)


def test_a_home_that_is_busy_afterwards(utility: Utility, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has been stored, so it is simply busy."""
    gate = utility.branches[0].gate
    submit, asked = gate.submit, []

    def full_later(work: Work) -> None:
        asked.append(work)
        if len(asked) > 1:
            raise GateBusy("full")
        submit(work)

    monkeypatch.setattr(gate, "submit", full_later)
    assert isinstance(utility.ask(undo(1, 2, identity(1)))[0], GateBusy)
    assert utility.stored(JOURNAL) == [[], [], []]


def test_a_bug_at_home_ends_the_search(utility: Utility) -> None:
    """What the decision at home answers is the answer, errors included."""
    utility.ask(deposit(1, 1, 5))
    answers = utility.ask(work(lambda records, moment: 1 / 0, account_no=account_no(1), original=identity(1)))  # type: ignore[arg-type,return-value]
    assert isinstance(answers[0], DecisionFailed)
