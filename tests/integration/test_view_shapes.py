"""What PostgreSQL locks and reads through views of other shapes: the tables of the document. 各种视图能否加锁"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import errors, sql

from tests.integration.utility import Utility, explained


@pytest.fixture(scope="module")
def utility(make_site) -> Utility:
    """A database without a daemon."""
    return make_site().utility


SET_UPDATE = """
    UPDATE bills SET state = v.new, settled_by = v.by
    FROM unnest(%s::varchar[], '{open,open}'::varchar[], '{settled,settled}'::varchar[], '{7,7}'::bigint[])
        AS v (key, old, new, by)
    WHERE bills.bill_no = v.key AND bills.state = v.old"""

# What a view may look like that the gate locks; each shape over the same two tables of one account.
SHAPES = {
    "join": "SELECT k.yhbh, z.ye FROM k JOIN z USING (yhbh)",
    "outer join": "SELECT k.yhbh, z.ye FROM k LEFT JOIN z USING (yhbh)",
    "subquery in the SELECT list": "SELECT k.yhbh, (SELECT z.ye FROM z WHERE z.yhbh = k.yhbh) AS ye FROM k",
    "GROUP BY": "SELECT k.yhbh, sum(z.ye) AS ye FROM k JOIN z USING (yhbh) GROUP BY k.yhbh",
    "DISTINCT": "SELECT DISTINCT k.yhbh, z.ye FROM k JOIN z USING (yhbh)",
    "window function": "SELECT k.yhbh, sum(z.ye) OVER () AS ye FROM k JOIN z USING (yhbh)",
    "lateral aggregate": "SELECT k.yhbh, s.ye FROM k, LATERAL (SELECT sum(ye) AS ye FROM z WHERE z.yhbh = k.yhbh) AS s",
    "UNION ALL": "SELECT yhbh, ye FROM z WHERE yhbh < 'B' UNION ALL SELECT yhbh, ye FROM z WHERE yhbh >= 'B'",
    "WITH": "WITH w AS (SELECT * FROM z) SELECT yhbh, ye FROM w",
    "OFFSET 0": "SELECT yhbh, ye FROM z OFFSET 0",
}
# (the other account's balance is locked too, this account's customer, this account's balance); None: refused.
LOCKS = {
    "join": (False, True, True),
    "outer join": None,
    "subquery in the SELECT list": (False, True, False),
    "GROUP BY": None,
    "DISTINCT": None,
    "window function": None,
    "lateral aggregate": None,
    "UNION ALL": (False, False, False),
    "WITH": (False, False, False),
    "OFFSET 0": (True, False, True),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_for_update_locks_in_views_of_other_shapes(utility, shape):
    """The document's table of views: which are refused, and which lock nothing or too much without a word."""
    _make_shape(utility, shape)
    locks: tuple[bool, ...] | None = None
    with utility.program() as gate:
        try:
            gate.execute("SELECT yhbh, ye FROM shapes.v WHERE yhbh = 'A' ORDER BY yhbh FOR UPDATE").fetchall()
        except errors.FeatureNotSupported:
            gate.rollback()
        else:
            locks = tuple(_is_locked(utility, table, key) for table, key in (("z", "C"), ("k", "A"), ("z", "A")))

    assert locks == LOCKS[shape]


def _make_shape(utility: Utility, shape: str) -> None:
    utility.execute("DROP SCHEMA IF EXISTS shapes CASCADE")
    with utility.program() as program:
        program.execute("CREATE SCHEMA shapes")
        program.execute("SET search_path = shapes")
        program.execute("CREATE TABLE k (yhbh varchar PRIMARY KEY)")
        program.execute("CREATE TABLE z (yhbh varchar PRIMARY KEY, ye numeric)")
        program.execute("INSERT INTO k VALUES ('A'), ('C')")
        program.execute("INSERT INTO z VALUES ('A', 1), ('C', 1)")
        program.execute(f"CREATE VIEW v AS {SHAPES[shape]}".encode())
        program.commit()


def _is_locked(utility: Utility, table: str, key: str) -> bool:
    statement = sql.SQL("SELECT 1 FROM shapes.{} WHERE yhbh = %s FOR UPDATE SKIP LOCKED")
    with utility.program() as program:
        return program.execute(statement.format(sql.Identifier(table)), [key]).fetchall() == []


@pytest.mark.parametrize(("shape", "seen"), [("join", 2), ("subquery in the SELECT list", 1)])
def test_what_is_read_after_the_wait_for_a_lock(utility, shape, seen):
    """A joined table is read as it is after the wait; a subquery's value is the one from before it."""
    _make_shape(utility, shape)
    with utility.program() as program, utility.program() as gate, ThreadPoolExecutor() as pool:
        program.execute("UPDATE shapes.z SET ye = 2 WHERE yhbh = 'A'")
        program.execute("UPDATE shapes.k SET yhbh = yhbh WHERE yhbh = 'A'")
        read = pool.submit(lambda: gate.execute("SELECT ye FROM shapes.v WHERE yhbh = 'A' FOR UPDATE").fetchone())
        utility.wait_until_blocked(program)
        program.commit()

        assert read.result(timeout=10) == (seen,)


def test_a_grouped_view_makes_a_set_update_read_everything(utility):
    """The gate's UPDATE of many bills cannot reach through GROUP BY; through the subquery of the example it can."""
    utility.execute("DROP SCHEMA IF EXISTS shapes CASCADE")
    utility.execute("CREATE SCHEMA shapes")
    utility.execute(
        "CREATE VIEW shapes.bills AS SELECT ysdh AS bill_no, fep_books.bill_state(zt) AS state, fep_lsh AS settled_by,"
        " sum(je) AS principal FROM yx.yx_ysdz GROUP BY ysdh, zt, fep_lsh"
    )
    utility.execute(
        "CREATE TRIGGER never INSTEAD OF UPDATE ON shapes.bills FOR EACH ROW EXECUTE FUNCTION fep_books.update_bill()"
    )
    with utility.program() as gate:
        gate.execute("SET search_path = shapes")
        plan = explained(gate, SET_UPDATE, ["B7-3", "B8-3"])

    assert "Index Cond" not in plan
