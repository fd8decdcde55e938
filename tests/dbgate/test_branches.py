"""Branches: three databases behind one gate; what goes where, and what a branch that is down costs the others."""

import threading
from dataclasses import replace
from datetime import date

import pytest

from dbgate.branches import Branches
from dbgate.bulk import load_rows
from dbgate.errors import DatabaseUnavailable, DecisionFailed
from dbgate.load_kinds import ACCOUNTS
from dbgate.records import AccountKey, DayTotals, Payment
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, account_no, account_row, deposit, identity, read, settle, undo, work
from tests.dbgate.three_branches import WAIT_S, Utility

pytestmark = pytest.mark.engine("sqlite")

PAYMENTS = "SELECT bank_serial FROM payments WHERE movement = 'pay' ORDER BY bank_serial"
METER, PASSBOOK = AccountKey("meter_no", "DM101"), AccountKey("passbook", "62220101")


def serial(number: int) -> str:
    return f"{number:012d}"


# --- one account


def test_money_goes_to_the_database_of_its_account(utility: Utility) -> None:
    """Each payment stands in one database, under a number that begins with that database's."""
    rows = utility.ask(settle(201, 1, invoice=True), settle(1, 2, invoice=True), settle(101, 3, invoice=True))

    assert utility.stored(PAYMENTS) == [[serial(2)], [serial(3)], [serial(1)]]
    for row, number in zip(rows, ("13", "11", "12"), strict=True):
        assert isinstance(row, Payment)
        assert f"{row.fep_serial:012d}"[:2] == row.invoice_no[:2] == number


def test_reads_of_an_account_go_to_its_database(utility: Utility) -> None:
    """By the number of the account, whatever else is wanted of it."""
    utility.take_away(0)
    utility.take_away(2)

    def _answer(records: WorkingSet, moment: Moment) -> object:
        return moment.clearing_date

    for needs in ({"account_no": account_no(101)}, {"routed_by": account_no(101)}):
        assert utility.ask(read(_answer, **needs)) == [DAY]


def test_an_account_that_fits_no_prefix(utility: Utility) -> None:
    """It is looked for in the first database, which has none such."""
    found = utility.ask(read(lambda records, moment: records.account(account_no(900)), account_no=account_no(900)))
    assert found == [None]
    assert utility.gate.home_of(Needs(BANK, account_no=account_no(900))) is utility.branches[0]


def test_where_work_goes(utility: Utility) -> None:
    """What names no account goes to all databases."""
    assert utility.gate.home_of(Needs(BANK, account_no=account_no(201))) is utility.branches[2]
    assert utility.gate.home_of(Needs(BANK, routed_by=account_no(101))) is utility.branches[1]
    assert utility.gate.home_of(Needs(BANK, account_key=METER)) is None


def test_the_longest_prefix_decides(utility: Utility) -> None:
    """A branch may have a part of another one's range."""
    prefixes = {utility.branches[0]: ("01",), utility.branches[1]: ("01000001", "02")}
    gate = Branches(prefixes)
    numbers = [account_no(1), account_no(101), "0200000001"]
    assert [gate.home_of(Needs(BANK, account_no=number)) for number in numbers] == [
        utility.branches[0],
        utility.branches[1],
        utility.branches[1],
    ]


def test_money_without_an_account(utility: Utility) -> None:
    """The first database takes it."""
    assert utility.ask(work(lambda records, moment: Decision(moment.fep_serial), serial=True)) == [11_0000000001]


@pytest.mark.engine("postgresql")
def test_a_day_on_three_servers(utility: Utility) -> None:
    """On PostgreSQL too: payments apart, a meter found, an undo that asks all others, totals of everything."""
    paid = utility.ask(settle(1, 1), settle(101, 2), settle(201, 3))
    assert utility.stored(PAYMENTS) == [[serial(1)], [serial(2)], [serial(3)]]
    assert utility.ask(settle(201, 3)) == [("repeat", paid[2])]

    def _answer(records: WorkingSet, moment: Moment) -> object:
        return [account.account_no for account in records.accounts_by(METER)]

    assert utility.ask(read(_answer, account_key=METER)) == [[account_no(101)]]
    undone, entombed = utility.ask(undo(101, 4, identity(2)), undo(101, 5, identity(6)))
    assert isinstance(undone, Payment)
    assert isinstance(entombed, Payment)
    assert (undone.outcome, entombed.outcome) == (1, 2)
    assert isinstance(utility.ask(undo(1, 7, identity(3)))[0], DecisionFailed)
    totals = utility.ask(read(lambda records, moment: records.totals(BANK, DAY), totals_of=DAY))
    assert totals == [DayTotals(3, 900, 0, 0, 1, 300)]


# --- a branch that is down


def test_a_closed_branch_fails_its_own_accounts_only(utility: Utility) -> None:
    """The others take payments meanwhile."""
    utility.take_away(1)

    answers = utility.ask(settle(101, 1), settle(1, 2), settle(201, 3))

    assert isinstance(answers[0], DatabaseUnavailable)
    assert "yangcheng has not been opened" in str(answers[0])
    assert [type(answer) for answer in answers[1:]] == [Payment, Payment]
    assert utility.stored(PAYMENTS) == [[serial(2)], [], [serial(3)]]


def test_a_branch_that_hangs_holds_up_nobody_else(utility: Utility) -> None:
    """While one database does not answer, payments to the others are made."""
    began, go = threading.Event(), threading.Event()

    def _hang(records: WorkingSet, moment: Moment) -> Decision:
        began.set()
        assert go.wait(WAIT_S)
        return Decision("late")

    late: list[object] = []
    blocker = replace(work(_hang, account_no=account_no(101)), done=late.append)
    utility.gate.submit(blocker)
    assert began.wait(WAIT_S)

    assert [type(answer) for answer in utility.ask(settle(1, 1), settle(201, 2))] == [Payment, Payment]
    assert late == []
    go.set()
    utility.loop.run_until(lambda: late == ["late"])


# --- reads of what may stand anywhere


@pytest.mark.parametrize("key", [METER, PASSBOOK])
def test_a_meter_or_passbook_is_looked_for_everywhere(utility: Utility, key: AccountKey) -> None:
    """The account comes with its bills, wherever it stands, and its own database's day."""

    def _answer(records: WorkingSet, moment: Moment) -> object:
        [account] = records.accounts_by(key)
        return account.account_no, len(records.unsettled_bills(account.account_no)), moment.clearing_date

    assert utility.ask(read(_answer, account_key=key)) == [(account_no(101), 2, DAY)]


def test_accounts_of_several_branches_fit(utility: Utility) -> None:
    """A firm's passbook that pays for accounts of two branches fits both."""
    load_rows(utility.branches[2].database, ACCOUNTS, [_with_passbook(account_row(250), "62220101")])

    def _answer(records: WorkingSet, moment: Moment) -> object:
        return [account.account_no for account in records.accounts_by(PASSBOOK)]

    assert utility.ask(read(_answer, account_key=PASSBOOK)) == [[account_no(101), account_no(250)]]


def test_what_a_database_still_has_of_a_moved_account(utility: Utility) -> None:
    """An account is shown from the database that its number leads to, once."""
    load_rows(utility.branches[0].database, ACCOUNTS, [account_row(101, balance=777)])

    def _answer(records: WorkingSet, moment: Moment) -> object:
        return [(account.account_no, account.balance_fen) for account in records.accounts_by(METER)]

    assert utility.ask(read(_answer, account_key=METER)) == [[(account_no(101), 0)]]


def test_one_that_cannot_be_asked_fails_the_read(utility: Utility) -> None:
    """Nobody can tell that an account does not stand in the database that is away, so nobody says so."""
    utility.take_away(2)
    [answer] = utility.ask(read(lambda records, moment: "decided", account_key=METER))
    assert isinstance(answer, DatabaseUnavailable)


def test_none_that_can_be_asked(utility: Utility) -> None:
    """The work is not even taken."""
    for index in range(3):
        utility.take_away(index)
    with pytest.raises(DatabaseUnavailable):
        utility.gate.submit(read(lambda records, moment: "decided", account_key=METER))


def test_a_bug_in_a_decision_on_several_databases(utility: Utility) -> None:
    """It is answered as one in a batch is."""
    [answer] = utility.ask(read(lambda records, moment: 1 // 0, account_key=METER))
    assert isinstance(answer, DecisionFailed)
    assert isinstance(answer.__cause__, ZeroDivisionError)


def test_totals_add_up_over_all_branches(utility: Utility) -> None:
    """The bank sends one set of totals for the day, whatever database its payments are in."""
    utility.ask(deposit(1, 1, 5), deposit(1, 2, 10), deposit(201, 3, 100))
    totals = read(lambda records, moment: records.totals(BANK, DAY), totals_of=DAY)
    assert utility.ask(totals) == [DayTotals(3, 115)]
    assert totals.batch_size == 1


# --- clearing dates


def close_day(utility: Utility, index: int) -> None:
    utility.branches[index].gate.close_day(BANK, DAY)


def test_the_day_is_closed_when_the_last_database_has_rolled(utility: Utility) -> None:
    """Until then the bank's date is the old one, and its totals are those of a day still open."""
    day = read(lambda records, moment: (records.day(BANK), moment.clearing_date), totals_of=DAY)
    close_day(utility, 0)
    close_day(utility, 2)
    assert utility.gate.clearing_date(BANK) == DAY
    [(open_day, moment_day)] = utility.ask(day)  # type: ignore[misc]
    assert (open_day.clearing_date, moment_day) == (DAY, DAY)

    close_day(utility, 1)

    assert utility.gate.clearing_date(BANK) == date(2026, 11, 23)
    assert utility.ask(day)[0][1] == date(2026, 11, 23)  # type: ignore[index]


def test_a_bank_that_is_not_known(utility: Utility) -> None:
    """It has no clearing date anywhere."""
    assert utility.gate.clearing_date("9999") is None


# --- closing


def test_closing_finishes_what_was_taken(utility: Utility) -> None:
    """In all databases; afterwards none takes anything."""
    answers: list[object] = []
    for number in (1, 101, 201):
        utility.gate.submit(replace(settle(number, number), done=answers.append))
    assert utility.gate.close(WAIT_S)
    utility.loop.run_until(lambda: len(answers) == 3)
    assert [type(answer) for answer in answers] == [Payment] * 3


def test_closing_tells_when_time_is_up(utility: Utility) -> None:
    """A branch that hangs does not keep the others from closing."""
    began, go = threading.Event(), threading.Event()

    def _hang(records: WorkingSet, moment: Moment) -> Decision:
        began.set()
        assert go.wait(WAIT_S)
        return Decision("late")

    utility.gate.submit(work(_hang, account_no=account_no(1)))
    assert began.wait(WAIT_S)
    answers: list[object] = []
    utility.gate.submit(replace(settle(101, 1), done=answers.append))
    try:
        assert not utility.gate.close(0.1)
    finally:
        go.set()
    utility.loop.run_until(lambda: answers)
    assert [type(answer) for answer in answers] == [Payment]


def _with_passbook(row: tuple[object, ...], passbook: str) -> tuple[object, ...]:
    return (*row[:4], passbook, *row[5:])
