"""Debit batches in the database: their numbers, and that each step finds the batch as it was read."""

from datetime import date, timedelta

import pytest

from dbgate.books import debit_batches, debit_lists
from dbgate.books.acts import Act
from dbgate.books.debit_batches import BatchKey, BatchMoved, NumbersUsedUp
from dbgate.books.records import DebitBatch
from dbgate.books.states import BatchState
from dbgate.database import Database
from dbgate.reports.snapshots import snapshot
from tests.dbgate.fixtures import BANK, DAY, Clock
from tests.support.databases import driver_connection, stored

ACT = Act("wang", "debit_out", BANK, "1 DK010220261001.txt", "why")


def known(database: Database, batch: DebitBatch) -> DebitBatch | None:
    with snapshot(database) as reading:
        return debit_batches.batch(reading, batch.batch_no)


def test_numbers(empty: Database) -> None:
    """They count for each bank and month; the batch number begins with that of the database."""
    made = [
        debit_batches.begin(empty, *key) for key in ((BANK, 202610), (BANK, 202610), (BANK, 202611), ("0103", 202610))
    ]
    assert [each.number_in_month for each in made] == [1, 2, 1, 1]
    assert [each.batch_no for each in made] == [10_000_000_001, 10_000_000_002, 10_000_000_003, 10_000_000_004]
    assert {each.fee_date for each in made} == {DAY}
    assert [known(empty, each) for each in made] == made
    with snapshot(empty) as reading:
        assert debit_batches.batch_of_file(reading, BatchKey(BANK, 202610, 2)) == made[1]
        assert debit_batches.batch_of_file(reading, BatchKey(BANK, 202610, 3)) is None
        assert len(debit_batches.batches(reading, banks=[BANK])) == 3
        assert debit_batches.batches(reading, month=202611, states=[BatchState.PREPARING]) == [made[2]]
        assert debit_batches.batches(reading, states=[BatchState.OUT]) == []


def test_a_month_has_99(empty: Database) -> None:
    """The file's name has two digits for them."""
    debit_batches.begin(empty, BANK, 202610)
    with driver_connection(empty.money_engine.url) as connection:
        connection.execute("UPDATE debit_batches SET number_in_month = 99")
    with pytest.raises(NumbersUsedUp):
        debit_batches.begin(empty, BANK, 202610)


def test_steps(empty: Database, clock: Clock) -> None:
    """From preparation to its end; each step is kept with its moment, and with who made it."""
    batch = debit_batches.begin(empty, BANK, 202610)
    clock.moment += timedelta(days=1)
    renewed = debit_batches.renew(empty, batch)
    assert (renewed.fee_date, renewed.made_at.date()) == (date(2026, 11, 23), date(2026, 11, 23))
    assert debit_batches.renew(empty, renewed) is renewed
    counted = debit_batches.set_counts(empty, renewed, 3, 900)
    assert counted.is_numbered
    out = debit_batches.set_out(empty, counted, ACT)
    assert (out.state, out.out_at) == (BatchState.OUT, renewed.made_at)
    back = debit_batches.set_back(empty, out, "ab" * 32, 2, 600, ACT)
    assert known(empty, batch) == back
    assert (back.state, back.result_digest, back.debited_count, back.debited_fen) == (
        BatchState.BACK,
        "ab" * 32,
        2,
        600,
    )
    assert stored(empty, "SELECT operator, act, subject FROM operator_acts") == [("wang", "debit_out", ACT.subject)] * 2


def test_a_batch_that_has_moved_is_left_alone(empty: Database) -> None:
    """Whoever read it before does nothing, and no act of his is kept."""
    batch = debit_batches.begin(empty, BANK, 202610)
    proposed = debit_batches.propose_release(empty, batch, ACT)
    assert (proposed.proposed_by, proposed.reason, proposed.state) == ("wang", "why", BatchState.PREPARING)
    for step in (
        lambda: debit_batches.set_counts(empty, batch, 1, 1),
        lambda: debit_batches.set_out(empty, batch, ACT),
        lambda: debit_batches.propose_release(empty, batch, ACT),
    ):
        with pytest.raises(BatchMoved):
            step()
    assert stored(empty, "SELECT count(*) FROM operator_acts") == [(1,)]
    released = debit_batches.set_released(empty, proposed, Act("li", "debit_release_approve"))
    assert (released.state, released.approved_by) == (BatchState.RELEASED, "li")
    with pytest.raises(BatchMoved):
        debit_batches.set_released(empty, proposed, ACT)


def test_statements_of_oracle() -> None:
    """What the export asks has a text for Oracle too: no LIMIT, no empty string."""
    from sqlalchemy.dialects.oracle.oracledb import dialect

    text = str(debit_lists.joining_statement(BANK, 202610).limit(5).compile(dialect=dialect()))
    assert "FETCH FIRST" in text
    assert "LIMIT" not in text
