"""The views as the gate uses them, in plain SQL: what is locked, what is counted, who may do what. 视图与触发器"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors, sql

from tests.integration.conftest import PASSWORD, Site, run_file
from tests.integration.utility import Bill, Utility, explained


@pytest.fixture(scope="module")
def books(make_site) -> Site:
    """A site without a daemon: only its database is looked at."""
    return make_site()


@pytest.fixture(scope="module")
def utility(books: Site) -> Utility:
    return books.utility


@pytest.fixture
def gate(utility: Utility) -> Iterator[psycopg.Connection]:
    """A connection as the daemons have it."""
    with psycopg.connect(f"{utility.conninfo} user=fep password={PASSWORD}") as connection:
        yield connection
        connection.rollback()


# --- locks


@pytest.mark.parametrize("table", ["yx_khda", "yx_yszh"])
def test_locking_an_account_locks_both_of_its_rows(utility, gate, table):
    """FOR UPDATE on the view locks the customer's row and the balance's."""
    customer = utility.enrol()

    gate.execute("SELECT * FROM accounts WHERE account_no = ANY (%s) ORDER BY account_no FOR UPDATE", [[customer.yhbh]])

    statement = sql.SQL("SELECT 1 FROM yx.{} WHERE yhbh = %s FOR UPDATE NOWAIT").format(sql.Identifier(table))
    with utility.program() as program, pytest.raises(errors.LockNotAvailable):
        program.execute(statement, [customer.yhbh])


# --- updates

# The gate's UPDATE in the shapes that a driver may send it in; values are (bill_no, old state, new state, settled_by).
ONE_BY_ONE = "UPDATE bills SET state = %(new)s, settled_by = %(by)s WHERE bill_no = %(key)s AND state = %(old)s"
FROM_ARRAYS = """
    UPDATE bills SET state = v.new, settled_by = v.by
    FROM unnest(%(key)s::varchar[], %(old)s::varchar[], %(new)s::varchar[], %(by)s::bigint[]) AS v (key, old, new, by)
    WHERE bills.bill_no = v.key AND bills.state = v.old"""
FROM_VALUES = """
    UPDATE bills SET state = v.new, settled_by = v.by FROM (VALUES {}) AS v (key, old, new, by)
    WHERE bills.bill_no = v.key AND bills.state = v.old"""


def _one_by_one(gate, moves):
    cursor = gate.cursor()
    cursor.executemany(ONE_BY_ONE, [dict(zip(("key", "old", "new", "by"), move, strict=True)) for move in moves])
    return cursor.rowcount


def _from_arrays(gate, moves):
    columns = zip(*moves, strict=True)
    return gate.execute(FROM_ARRAYS, dict(zip(("key", "old", "new", "by"), map(list, columns), strict=True))).rowcount


def _from_values(gate, moves):
    values = ", ".join(["(%s::varchar, %s::varchar, %s::varchar, %s::bigint)"] * len(moves))
    return gate.execute(FROM_VALUES.format(values), [value for move in moves for value in move]).rowcount


WAYS = pytest.mark.parametrize("update", [_one_by_one, _from_arrays, _from_values])


@WAYS
def test_updates_count_the_bills_they_moved(utility, gate, update):
    """Each bill that moved counts once, however many rows it has in the utility's table."""
    bills = utility.enrol(Bill(("1.00", "2.00", "3.00")), Bill(), Bill()).bills

    assert update(gate, [(bill.ysdh, "open", "settled", 7) for bill in bills]) == 3
    assert update(gate, [(bill.ysdh, "settled", "open", None) for bill in bills[:2]]) == 2
    gate.commit()

    assert utility.states(bills) == ["01", "01", "03"]
    assert [len(utility.rows(bill)) for bill in bills] == [3, 1, 1]


@WAYS
def test_updates_leave_out_what_is_not_as_it_was(utility, gate, update):
    """A bill that is settled, withdrawn or unknown by now is not counted, and the others are."""
    bills = utility.enrol(Bill(), Bill(), Bill()).bills
    utility.execute("UPDATE yx.yx_ysdz SET zt = '03' WHERE ysdh = %s", bills[0].ysdh)
    utility.execute("UPDATE yx.yx_ysdz SET zt = '09' WHERE ysdh = %s", bills[1].ysdh)
    keys = [*(bill.ysdh for bill in bills), "no such bill"]

    assert update(gate, [(key, "open", "settled", 7) for key in keys]) == 1


@WAYS
def test_a_bill_that_moves_between_reading_and_writing_is_not_counted(utility, gate, update):
    """What another transaction has moved when its lock is released is looked at again, and left alone."""
    bills = utility.enrol(Bill(), Bill()).bills
    moves = [(bill.ysdh, "open", "settled", 7) for bill in bills]
    with utility.program() as counter, ThreadPoolExecutor() as pool:
        counter.execute("UPDATE yx.yx_ysdz SET zt = '03' WHERE ysdh = %s", [bills[0].ysdh])
        counted = pool.submit(update, gate, moves)
        utility.wait_until_blocked(counter)
        counter.commit()

    assert counted.result(timeout=10) == 1


BALANCE = "UPDATE accounts SET balance_fen = %s WHERE account_no = %s AND balance_fen = %s"
BALANCES_FROM_ARRAYS = """
    UPDATE accounts SET balance_fen = v.new
    FROM unnest(%s::varchar[], %s::bigint[], %s::bigint[]) AS v (key, old, new)
    WHERE accounts.account_no = v.key AND accounts.balance_fen = v.old"""


def test_balances_count_likewise(utility, gate):
    """A balance is written in yuan when it is as it was, and not counted when it is not."""
    customers = [utility.enrol(ye=ye) for ye in ("0.00", "1.10", "2.20")]
    keys = [customer.yhbh for customer in customers]

    assert gate.execute(BALANCES_FROM_ARRAYS, [keys, [0, 110, 999], [1, 111, 222]]).rowcount == 2
    assert gate.execute(BALANCE, [33, keys[2], 220]).rowcount == 1
    gate.commit()

    assert [utility.balance(customer) for customer in customers] == ["0.01", "1.11", "0.33"]


@pytest.mark.parametrize("is_set", [False, True])
def test_a_balance_that_moves_between_reading_and_writing_is_not_counted(utility, gate, is_set):
    """A balance that another transaction moves while the gate's UPDATE waits is left as that one has made it."""
    customer = utility.enrol(ye="5.00")
    key, old, new = customer.yhbh, 500, 600
    statement, values = (BALANCES_FROM_ARRAYS, [[key], [old], [new]]) if is_set else (BALANCE, [new, key, old])
    with utility.program() as program, ThreadPoolExecutor() as pool:
        program.execute("UPDATE yx.yx_yszh SET ye = ye + 7 WHERE yhbh = %s", [key])
        counted = pool.submit(lambda: gate.execute(statement, values).rowcount)
        utility.wait_until_blocked(program)
        program.commit()

    assert counted.result(timeout=10) == 0
    gate.commit()
    assert utility.balance(customer) == "12.00"


def test_a_frozen_balance_stops_the_whole_statement(utility, gate):
    """A refusal of the trigger undoes the statement; its text tells no customer's data."""
    customers = [utility.enrol() for _ in range(2)]
    utility.execute("UPDATE yx.yx_yszh SET djbz = '1' WHERE yhbh = %s", customers[1].yhbh)
    keys = [customer.yhbh for customer in customers]

    with pytest.raises(errors.RaiseException, match=r"^the balance is frozen\n"):
        gate.execute(BALANCES_FROM_ARRAYS, [keys, [0, 0], [1, 1]])
    gate.rollback()

    assert {utility.balance(customer) for customer in customers} == {"0.00"}


# --- ways in

SET_UPDATE = """
    UPDATE bills SET state = v.new, settled_by = v.by
    FROM unnest(%s::varchar[], '{open,open}'::varchar[], '{settled,settled}'::varchar[], '{7,7}'::bigint[])
        AS v (key, old, new, by)
    WHERE bills.bill_no = v.key AND bills.state = v.old"""

ARRAY = [["0000000007", "0000000008"]]
BILLS = [["B7-3", "B8-3"]]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT * FROM accounts WHERE account_no = ANY (%s) ORDER BY account_no FOR UPDATE", ARRAY),
        ("SELECT * FROM accounts WHERE account_no IN (%s, %s) ORDER BY account_no FOR UPDATE", *ARRAY),
        ("SELECT * FROM accounts WHERE meter_no = ANY (%s)", [["B7"]]),
        ("SELECT * FROM accounts WHERE passbook = ANY (%s)", [["62227"]]),
        ("SELECT * FROM bills WHERE account_no = ANY (%s) AND state IN ('open', 'in_debit')", ARRAY),
        ("SELECT * FROM bills WHERE bill_no = ANY (%s)", BILLS),
        ("SELECT * FROM bills WHERE account_no = %s AND month >= 202602", ARRAY[0][:1]),
        (SET_UPDATE, BILLS),
        (BALANCES_FROM_ARRAYS, [*ARRAY, [0, 0], [1, 1]]),
    ],
)  # fmt: skip
def test_every_way_in_has_an_index(gate, statement, values):
    """No access of the gate reads a whole table of the utility's."""
    plan = explained(gate, statement, *values)

    assert "Index" in plan
    assert "Seq Scan" not in plan


# --- rights


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET name = 'x'",
        "UPDATE bills SET account_no = 'x'",
        "INSERT INTO accounts (account_no) VALUES ('x')",
        "COPY bills FROM STDIN",
        "DELETE FROM bills",
        "SELECT * FROM yx.yx_khda",
        "SELECT * FROM fep.accounts",
        "DELETE FROM payments",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_the_daemons_may_do_no_more_than_they_need(gate, statement):
    """The daemons' role moves balances and states of bills and writes the FEP's own tables, nothing else."""
    # ObjectNotInPrerequisiteState: a view over two tables takes no rows by itself.
    with pytest.raises((errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState)):
        gate.execute(statement)


# --- later versions


def test_a_later_version_finds_tables_and_the_views_are_compared(utility, gate):
    """A migration meets the FEP's own empty tables; what it adds to them is what the views then lack."""
    owner = psycopg.connect(f"{utility.conninfo} user=fep_owner password={PASSWORD}")
    assert utility.execute("SELECT * FROM fep_books.view_differences") == []

    with owner:
        owner.execute("ALTER TABLE accounts ADD COLUMN remark varchar(20)")
        owner.execute("ALTER TABLE bills ALTER COLUMN seq TYPE integer")

    check = "SELECT column_name, wanted_type, given_type FROM fep_books.view_differences ORDER BY 1"
    assert utility.execute(check) == [
        ("remark", "character varying", None),
        ("seq", "integer", "smallint"),
    ]
    assert gate.execute("SELECT count(*) FROM accounts WHERE account_no = '0000000007'").fetchone() == (1,)


def test_the_sql_may_be_run_again(utility):
    """What connects the tables is run again after a change, on a database that has it."""
    customer = utility.enrol(Bill())

    with psycopg.connect(utility.conninfo) as connection:
        run_file(connection, "postgresql.sql")

    assert utility.execute("SELECT state FROM fep_books.bills WHERE bill_no = %s", customer.bills[0].ysdh) == [
        ("open",)
    ]
