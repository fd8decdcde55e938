"""What is sent to the engines: stored for a DBA's eyes, unchanged unless renewed, and fit for Oracle."""

import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dbgate.batch import MoneyLane, ReadLane
from dbgate.books.acts import Act, record_act
from dbgate.books.debit_lists import number_debits
from dbgate.books.due_pushes import aged_pushes, due_pushes, push_counts
from dbgate.books.outbox import Outbox, PushTargets
from dbgate.books.records import Debit, Mandate
from dbgate.books.states import DebitState, MandateState, PushState
from dbgate.bulk import load_rows
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.drawing import draw_fep_serials
from dbgate.load_kinds import ACCOUNTS
from dbgate.loading import load_days
from dbgate.records import AccountKey, DaySlice, Identity, InvoicePrint
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import (
    BANK,
    DAY,
    Clock,
    account_no,
    account_row,
    answers,
    bill_rows,
    deposit,
    fill,
    identity,
    read,
    refusal,
    settle,
    undo,
    work,
)
from tests.dbgate.stored_texts import (
    DIALECTS,
    PATHS,
    RENEW,
    ddl_text,
    normal_form,
    statements,
    stored_statements,
    text_of,
)

# Oracle SQL Language Reference 19c, "Oracle SQL Reserved Words".
_RESERVED = """
    ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COLUMN_VALUE COMMENT COMPRESS CONNECT
    CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT GROUP
    HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG
    MAXEXTENTS MINUS MLSLABEL MODE MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE
    OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE
    SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR
    VARCHAR2 VIEW WHENEVER WHERE WITH
    """
RESERVED = frozenset(_RESERVED.split())

OF_COMMANDS = {
    "insert_operator_acts",
    "insert_audit_seals",
    "select_candidates",
    "select_candidates_among",
    "insert_differences",
    "insert_reconciliations",
    "move_reconciliation_counts",
    "select_day_keys",
    "select_day_keys_but_debits",
    "select_undos_of_accounts",
    "settle_differences",
    "select_dead_push",
    "select_bill_state",
}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_texts_are_as_stored(path: Path) -> None:
    """Whoever changes a statement or a table sees what each engine gets, and so does whoever reviews it."""
    assert text_of(path) == path.read_text(encoding="utf-8"), f"the texts differ; when that is meant: {RENEW}"


def names(ddl: str) -> set[str]:
    """Tables, columns, indexes and constraints of a script."""
    found = re.findall(r"(?:TABLE|INDEX|CONSTRAINT) (\w+)", ddl)
    return {*found, *re.findall(r"^    (?!CONSTRAINT)(\w+) ", ddl, re.MULTILINE)}


def test_names_of_oracle() -> None:
    """No name is longer than Oracle 12.1 takes, none is a word of its own, none needs quotes."""
    ddl = ddl_text("oracle")
    found = names(ddl)

    assert len(found) > 90
    assert [name for name in found if len(name) > 30 or name.upper() in RESERVED] == []
    assert '"' not in ddl
    # What a DBA's tool would stumble over.
    assert ":" not in ddl
    assert ddl.rstrip().endswith("COMMIT\n\n/")


def test_types_of_oracle() -> None:
    """Characters are counted, not bytes; no date with a time in it, no boolean, no float."""
    ddl = ddl_text("oracle")
    types = set(re.findall(r"^    (?!CONSTRAINT)\w+ (\w+(?:\([^)]*\))?)", ddl, re.MULTILINE))

    assert {re.sub(r"\d+", "n", type_) for type_ in types} == {"VARCHARn(n CHAR)", "NUMBER(n)", "INTEGER", "SMALLINT"}


def test_statements_of_oracle() -> None:
    """Every wait for a lock is bounded, a constant is no empty string, and nothing of another engine's is left."""
    foreign = r"ON CONFLICT|FOR SHARE|\bLIMIT\b|RETURNING|POSTCOMPILE|::|%s|\?|\btrue\b|\bfalse\b|''"
    found = statements("oracle")

    assert len(found) > 40
    assert [name for name, text in found.items() if re.search(foreign, text, re.IGNORECASE)] == []
    locking = [text for text in found.values() if "FOR UPDATE" in text]
    bounded = re.compile(r"FOR UPDATE (WAIT 2|NOWAIT|SKIP LOCKED)$")
    assert len(locking) == 7
    assert [text for text in locking if not bounded.search(text)] == []
    assert [name for name, text in found.items() if any(len(word) > 30 for word in re.findall(r"\w+", text))] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_normal_forms(dialect: str) -> None:
    """What is compared below leaves nothing of a statement out but how many keys there are."""
    forms = {normal_form(text) for text in statements(dialect).values()}
    assert len(forms) > 40
    assert forms == stored_statements(dialect)
    assert normal_form("a IN (:1, :2)\n AND b") == normal_form("a IN (:3) AND b") == "a IN (…) AND b"
    assert normal_form("a IN (?)") != normal_form("b IN (?)")


def recorded(database: Database) -> list[str]:
    """Return a list that grows by each text that is executed on connections opened from now on."""
    executed: list[str] = []

    class _Cursor(sqlite3.Cursor):
        def execute(self, query: str, *arguments: Any) -> Any:
            executed.append(query)
            return super().execute(query, *arguments)

        def executemany(self, query: str, *arguments: Any) -> Any:
            executed.append(query)
            return super().executemany(query, *arguments)

    class _Recording:
        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def cursor(self) -> sqlite3.Cursor:
            return self._connection.cursor(_Cursor)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    for engine in (database.money_engine, database.read_engine):
        pool: Any = engine.pool
        pool._creator = lambda connect=pool._creator: _Recording(connect())
    return executed


def print_again(number: int, serial: int, original: Identity) -> Work:
    """An INVOICE request."""
    own = identity(serial)

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        paid = working_set.payment(original)
        assert paid is not None
        assert paid.fep_serial is not None
        invoice = working_set.invoice(paid.fep_serial)
        assert invoice is not None
        printed = InvoicePrint(own, "cd" * 16, invoice.invoice_no, invoice.fep_serial, 2)
        changes = Changes(invoices=(replace(invoice, print_count=2),), invoice_prints=(printed,))
        return Decision("printed", changes)

    return work(_decide, account_no=account_no(number), original=original, invoice_print=own)


def debits(number: int) -> list[Work]:
    """A mandate given and one row of a debit batch, then both moved."""
    own = account_no(number)
    mandate = Mandate(own, BANK, "王", "6222", MandateState.ACTIVE, DAY, Clock()())
    debit = Debit(1, "B", own, None, "王", "6222", 202610, 1, 100, 0, DebitState.LISTED)
    given = Changes(mandates=(mandate,), debits=(debit,))
    moved = Changes(
        mandates=(replace(mandate, state=MandateState.ENDED),), debits=(replace(debit, state=DebitState.RELEASED),)
    )
    needs: dict[str, Any] = {"account_no": own, "mandate": True, "debit_batch": 1, "pushing": True}
    return [work(lambda *_, changes=each: Decision("done", changes), **needs) for each in (given, moved)]


def push(database: Database, lane: MoneyLane, number: int) -> list[object]:
    """A mandate, a bill that is to be pushed for it, and the push moved; return the answers."""
    own, (bill_no, *_) = account_no(number), bill_rows(number)[0]
    mandate = Mandate(own, BANK, "王", "6222", MandateState.ACTIVE, DAY, Clock()())
    given = work(lambda *_: Decision("given", Changes(mandates=(mandate,))), account_no=own, mandate=True)
    done = answers(lane.run([given]))
    with database.connect(money=True) as connection, database.begin(connection, 1e9):
        Outbox(connection, PushTargets([BANK]), Clock()()).add(bill_rows(number)[:1])

    def _pushed(records: WorkingSet, moment: Moment) -> Decision:
        found = records.books.push(bill_no)
        assert found is not None
        return Decision("pushed", Changes(pushes=(replace(found, tries=1, due_at=moment.now),)))

    return done + answers(lane.run([work(_pushed, account_no=own, pushing=True)]))


def a_day() -> tuple[list[Work], list[Work]]:
    """Money work and read work that need every statement between them."""
    key = AccountKey("meter_no", "DM1")
    money = [
        settle(1, 1, invoice=True),
        deposit(2, 2, 50, limit_fen=1_000_000),
        undo(3, 3, identity(99)),
        refusal(4),
        undo(1, 5, identity(1)),
        undo(2, 6, identity(2)),
        settle(4, 7, invoice=True),
        print_again(4, 8, identity(7)),
        *debits(5),
    ]

    def _look(working_set: WorkingSet, moment: object) -> object:
        return len(working_set.accounts_by(key))

    about: dict[str, Any] = {"payments_since": DAY, "bills_since": 202601, "totals_of": DAY}
    about |= {"original": identity(1), "reconciled": True, "reconciliation_of": DAY}
    keys = [AccountKey("passbook", "62220001"), AccountKey("account_no", account_no(1)), key]
    reads = [read(_look, account_no=account_no(4), account_key=each, **about) for each in keys]
    return money, reads


@pytest.mark.engine("sqlite")
def test_no_statement_is_sent_that_is_not_stored(empty: Database, clock: Clock) -> None:
    """A day of loading, payments, queries, cut-off and start-up sends nothing but what stands in the stored text."""
    executed = recorded(empty)
    clearing = ClearingDates()
    fill(empty)
    load_rows(empty, ACCOUNTS, [account_row(20, 500)])
    cut_off = CutOff(empty, clearing)
    cut_off.ensure([BANK])
    cut_off.recount_limits()
    money, reader = MoneyLane(empty, clearing), ReadLane(empty, clearing)
    works, reads = a_day()
    done = [answer for each in works for answer in answers(money.run([each]))] + answers(reader.run(reads))
    done += push(empty, money, 6)
    money.prove(1e9)
    reader.prove(1e9)
    money.close()
    cut_off.recount_limits()
    cut_off.close_day(BANK, DAY)
    cut_off.roll_all()
    done += answers(reader.run([read(lambda records, _: records.day(BANK), details=DaySlice(DAY, 0, 20))]))
    reader.close()
    draw_fep_serials(empty, 2)
    assert [found.bill_no for found in due_pushes(empty, [BANK])] == ["DB000006A"]
    assert aged_pushes(empty, {BANK: timedelta(1)}) == []
    assert push_counts(empty, [BANK]) == {BANK: {PushState.WAITING: 1}}
    with empty.money_engine.begin() as connection:
        record_act(connection, Act("somebody", "day_close"), clock())
    number_debits(empty, 1, [(1, "B"), (2, "C")])
    with empty.connect(money=False) as connection:
        load_days(connection, [BANK], WorkingSet())

    assert [answer for answer in done if isinstance(answer, Exception)] == []
    stored = stored_statements("sqlite")
    sent = {normal_form(text) for text in executed if text != "PRAGMA read_uncommitted"}  # SQLAlchemy's own
    assert sorted(sent - stored) == []
    # What this day did not need: a file's check, what only some failures lead to, and what operators' commands do.
    unsent = {name for name, text in statements("sqlite").items() if normal_form(text) not in sent}
    assert unsent <= {"load_known_accounts", "lock_free_accounts", "select_account_nos"} | OF_COMMANDS
