"""The classes of rows against a reference that walks through the rules, on days as odd as can be."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.books.day_keys import JournalDay, identity_of
from dbgate.books.differences import Difference, Side
from dbgate.books.states import DifferenceState
from dbgate.records import Identity, Movement, Payment, PaymentState
from handlers.reconciliation.classes import bank_classes, fep_rows
from handlers.reconciliation.entries import BankEntry, Day
from handlers.reconciliation.exact import ExactMatching
from handlers.reconciliation.journal import carried_entries, counted_dates, left_entries, originals_of
from handlers.reconciliation.keys import key_of_side, side_of_payment
from handlers.reconciliation.matching import match
from handlers.reconciliation.outcome import new_differences
from tests.handlers.reconciliation.reference import AMOUNT, CANCEL, MATCHED, PAY, REVERSE, STATE, Row, World
from tests.support.records import NOW

BANK = "0102"
DAY = date(2026, 11, 20)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
ACCOUNTS = ("0100000001", "0100000002")
AMOUNTS = (100, 200)


def identities(last: int = 9) -> st.SearchStrategy[Identity]:
    """Few, so that they meet."""
    return st.builds(
        lambda day, serial: Identity(BANK, day, f"{serial:012d}"),
        st.sampled_from([DAY, DAY, DAY, BEFORE, AFTER]),
        st.integers(1, last),
    )


@st.composite
def journals(draw: st.DrawFn) -> list[Row]:
    """What our journal has of the day: payments, some of them undone, as the daemon writes them."""
    names = draw(st.lists(identities(), unique=True, max_size=9))
    rows: list[Row] = []
    while names:
        name = names.pop()
        account, amount = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(AMOUNTS))
        undo = draw(st.sampled_from([None, CANCEL, REVERSE])) if names else None
        state = 1 if undo is None else undo - CANCEL + 2
        rows.append(Row(name, account, PAY, amount, state))
        if undo is not None:
            rows.append(Row(names.pop(), account, undo, amount, 1, undoes=name))
    return rows


def strange_rows() -> st.SearchStrategy[Row]:
    """Anything that a file may say."""
    return st.builds(
        Row,
        identities(),
        st.sampled_from(ACCOUNTS),
        st.sampled_from([PAY, PAY, CANCEL, REVERSE]),
        st.sampled_from(AMOUNTS),
        st.integers(1, 4),
    )


@st.composite
def files(draw: st.DrawFn, journal: Sequence[Row]) -> list[Row]:
    """A file that has much of the journal, some of it changed, and something of its own."""
    rows = [Row(*row.content) for row in journal if draw(st.integers(0, 3))]
    for row in rows:
        change = draw(st.integers(0, 7))
        if change == 0:
            row.amount = draw(st.sampled_from(AMOUNTS))
        elif change == 1:
            row.state = draw(st.integers(1, 4))
        elif change == 2:
            row.identity = draw(identities())
    rows += draw(st.lists(strange_rows(), max_size=4))
    rows += [Row(*row.content) for row in rows if not draw(st.integers(0, 9))]
    return draw(st.permutations(rows))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A day and what is around it."""
    fep = draw(journals())
    bank = draw(files(fep))
    here = {row.identity for row in fep}
    names = [row.identity for row in bank if row.identity not in here]
    elsewhere = {
        name: draw(st.sampled_from([BEFORE, AFTER, AFTER + timedelta(9)])) for name in names if draw(st.booleans())
    }
    reconciled = draw(st.sets(st.sampled_from([BEFORE, AFTER])))
    carried_bank, carried_fep = [], []
    if reconciled:  # nothing is carried here from a day that has not been reconciled
        own = [*fep, *draw(st.lists(strange_rows(), max_size=1))]
        carried_bank = [Row(*row.content) for row in own if not draw(st.integers(0, 4))]
        theirs = [Row(*row.content) for row in bank if row.identity in elsewhere and row.txn == PAY]
        carried_fep = _one_each([row for row in theirs if not draw(st.integers(0, 2))])
        for row in carried_fep:
            row.state = 1
    for row in carried_bank:
        if not draw(st.integers(0, 3)):
            row.amount = draw(st.sampled_from(AMOUNTS))
    carried_bank = _one_each(carried_bank)
    for number, row in enumerate([*carried_bank, *carried_fep], 1):
        row.carried = number
    first = draw(st.sampled_from([BEFORE - timedelta(9), DAY]))
    return World(DAY, first, bank, fep, carried_bank, carried_fep, elsewhere, reconciled)


def _one_each(rows: Sequence[Row]) -> list[Row]:
    return list({row.identity: row for row in rows}.values())


def payment_of(row: Row, number: int, clearing_date: date = DAY) -> Payment:
    """A row of the journal as the database has it."""
    movement = {PAY: Movement.PAY, CANCEL: Movement.CANCEL, REVERSE: Movement.REVERSE}[row.txn]
    states = (PaymentState.POSTED, PaymentState.CANCELLED, PaymentState.REVERSED, PaymentState.REVERSED_BEFORE_ARRIVAL)
    return Payment(
        identity=row.identity,
        fep_serial=number,
        movement=movement,
        state=states[row.state - 1],
        account_no=row.account,
        account_name="",
        amount_fen=row.amount,
        settled_principal_fen=0,
        settled_late_fee_fen=0,
        balance_change_fen=0,
        balance_after_fen=0,
        due_after_fen=0,
        settled_count=0,
        first_month=None,
        last_month=None,
        invoice_no="",
        original=row.undoes,
        original_fep_serial=None,
        outcome=1 if row.undoes is not None else None,
        branch_code="",
        teller_id="",
        channel=1,
        instrument=None,
        clearing_date=clearing_date,
        created_at=NOW,
        digest="",
    )


def side_of(row: Row) -> Side:
    """A row as one side."""
    return Side(row.account, row.txn, row.amount, row.state)


def carried_difference(row: Row, *, of_bank: bool) -> Difference:
    """What another day has carried here."""
    assert row.carried is not None
    bank, fep = (side_of(row), None) if of_bank else (None, side_of(row))
    state = DifferenceState.CARRIED
    return Difference(row.carried, row.identity, BEFORE, 6, bank, fep, row.carried, DAY, None, state)


def reconciled(world: World) -> tuple[list[int], dict[Identity, int], set[int]]:
    """Classes of the file's rows and of ours, and the carried ones that were found, as the product has them."""
    exact = ExactMatching(1000)
    exact.add(key_of_side(row.identity, side_of(row)) for row in world.bank)
    exact.begin()
    journal = {row.identity: payment_of(row, number) for number, row in enumerate(world.fep, 1)}
    keys = [key_of_side(each.identity, side_of_payment(each)) for each in journal.values()]
    left = [journal[identity_of(BANK, key)] for key in exact.left_of(keys)]
    undos = [row for row in journal.values() if row.original is not None]
    rows = [world.bank[place] for place in exact.left_places()]
    bank = [BankEntry(row.identity, side_of(row)) for row in rows]
    others = [
        payment_of(Row(name, ACCOUNTS[0], PAY, 1, 1), 1000 + number, day)
        for number, (name, day) in enumerate(world.elsewhere.items())
    ]
    seen = [row for row in [*journal.values(), *others] if row.identity in {each.identity for each in bank}]
    day = Day(DAY, world.first, frozenset(world.reconciled), counted_dates(seen, JournalDay(BANK, DAY)))
    carried = [carried_difference(row, of_bank=True) for row in world.carried_bank]
    carried += [carried_difference(row, of_bank=False) for row in world.carried_fep]
    carried_bank, carried_fep = carried_entries(carried)
    entries = [*left_entries(left, undos), *carried_fep]
    findings = match(day, [*bank, *carried_bank], entries, originals_of(seen))
    differences = new_differences(findings, day)
    classes = bank_classes(differences, exact)
    of_fep = {Identity(BANK, row.bank_date, row.bank_serial): int(row.matching) for row in fep_rows(differences)}
    return [int(classes.get(place, MATCHED)) for place in range(len(world.bank))], of_fep, set(findings.found)


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_against_the_reference(world: World) -> None:
    """Rows of the file, rows that only we have, and what other days have carried here: all as the rules say."""
    of_bank, of_fep, found = reconciled(world)
    world.classify()
    there = {row.identity for row in world.bank}
    carried = {row.identity for row in world.carried_bank}
    alone = {row.identity: row.matching for row in world.fep if row.identity not in there and row.matching != MATCHED}
    met = {name for name, matching in alone.items() if name in carried and matching in {AMOUNT, STATE}}
    assert of_bank == [row.matching for row in world.bank]
    assert of_fep == {name: matching for name, matching in alone.items() if name not in met}
    assert found == world.found
