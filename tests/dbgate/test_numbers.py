"""Numbers: unique across daemons, of the right width, gaps allowed."""

import subprocess
import sys
import time

import pytest

from dbgate.database import Database
from dbgate.drawing import draw_fep_serials
from dbgate.errors import StatementFailed
from dbgate.numbers import FEP_SERIAL, INVOICE_NO, Numbers, fep_serial_of, take_block
from tests.support.databases import stored


def take(database: Database, count: int) -> range:
    with database.connect(money=True) as connection, database.begin(connection, time.monotonic() + 5):
        return take_block(connection, FEP_SERIAL, count)


def stock(database: Database, numbers: Numbers, fep_serials: int, invoice_nos: int) -> None:
    with database.connect(money=True) as connection, database.begin(connection, time.monotonic() + 5):
        blocks = numbers.refill(connection, fep_serials, invoice_nos)
    numbers.stock(blocks)


def test_blocks_follow_each_other(empty: Database) -> None:
    """Each block begins where the last one ended."""
    assert take(empty, 3) == range(1, 4)
    assert take(empty, 2) == range(4, 6)


def test_widths() -> None:
    """A fep_serial has 12 digits and an invoice number 16, and both begin with the number of the database."""
    numbers = Numbers(7)
    numbers.stock([(FEP_SERIAL, range(1, 2)), (INVOICE_NO, range(42, 43))])

    assert f"{numbers.fep_serial():012d}" == "070000000001"
    assert numbers.invoice_no() == "0700000000000042"
    assert fep_serial_of(99, 10**10 - 1) == 999_999_999_999


def test_stock_lasts_over_several_blocks(empty: Database) -> None:
    """A lane takes a new block before the old one is used up, and uses both."""
    numbers = Numbers(1)
    assert numbers.lacks(1, 0)
    stock(empty, numbers, 1, 0)
    assert not numbers.lacks(1000, 0)
    assert numbers.lacks(1001, 0)
    assert numbers.lacks(0, 1)
    stock(empty, numbers, 1001, 30)

    assert [numbers.fep_serial() for _ in range(2000)] == list(range(10_000_000_001, 10_000_002_001))
    assert [numbers.invoice_no()[-3:] for _ in range(30)] == [f"{number:03d}" for number in range(1, 31)]
    assert numbers.lacks(1, 0)


def test_series_used_up(empty: Database) -> None:
    """When the digits are used up no number is drawn twice: drawing fails."""
    take(empty, 1)
    with empty.money_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE number_blocks SET next_number = 9999999999")

    assert take(empty, 1) == range(9_999_999_999, 10_000_000_000)
    with pytest.raises(StatementFailed, match="used up"):
        take(empty, 1)


_DRAW = """
import sys
from dbgate.database import Database
from dbgate.drawing import draw_fep_serials
database = Database(sys.argv[1])
for _ in range(50):
    print(*draw_fep_serials(database, 3))
"""


def test_processes_draw_different_numbers(empty: Database, url: str) -> None:
    """Daemons that draw at the same time never get the same number."""
    daemons = [
        subprocess.Popen([sys.executable, "-c", _DRAW, url], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    drawn = [number for daemon in daemons for number in daemon.communicate(timeout=60)[0].split()]
    drawn += map(str, draw_fep_serials(empty, 1))

    assert len(drawn) == len(set(drawn)) == 301
    assert stored(empty, "SELECT name, next_number FROM number_blocks") == [("fep_serial", 302)]
