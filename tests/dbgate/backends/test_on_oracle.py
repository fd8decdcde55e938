"""The gate's own tests once more, on its way to Oracle: the dialect's texts, the driver's calls, slots, batch errors.

The database is an emulation (``tests/support/oracle_emulation.py``), or a real one where ``oracle_server.py`` finds it.
"""

# ruff: noqa: F403 - the tests of these modules are run here

from collections.abc import Iterator

import pytest

from tests.dbgate.stored_texts import normal_form, stored_statements
from tests.dbgate.test_batch import *
from tests.dbgate.test_bulk import *
from tests.dbgate.test_clearing import *
from tests.dbgate.test_details import *
from tests.dbgate.test_drawing import *
from tests.dbgate.test_gate import *
from tests.dbgate.test_job import *
from tests.dbgate.test_numbers import *
from tests.dbgate.test_reading import *
from tests.support.oracle_emulation import Emulation
from tests.support.oracle_server import real_oracle_url

pytestmark = pytest.mark.engine("oracle")

ELSEWHERE = {
    # They start programs of their own, in which the driver is the real one.
    "test_crash_between_store_and_commit",
    "test_two_processes_over_one_database",
    "test_processes_draw_different_numbers",
    # They know how the other engines begin, end or say something: see test_oracle.py.
    "test_statements_follow_the_order_of_the_locks",
    "test_nothing_to_store_is_not_committed",
    "test_errors_do_not_quote_values",
    "test_database_without_schema",
    "test_read_connection_cannot_write",
}

for _name, _test in list(globals().items()):
    # What is about other engines by name has been run on them.
    if _name in ELSEWHERE or any(mark.name == "engine" for mark in getattr(_test, "pytestmark", ())):
        del globals()[_name]

# What SQLAlchemy and the tests send themselves.
_OF_OTHERS = (
    "begin",
    "select sys_context",
    "ALTER SESSION ",
    "INSERT INTO limit_uses VALUES ('0102'",
    "SELECT 1.1 FROM DUAL",
    "SET TRANSACTION READ ONLY",
    "UPDATE number_blocks SET next_number = 99",
)


@pytest.fixture(autouse=True)
def only_stored_statements(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever these tests make the gate do, it sends nothing but what stands in ``statements/oracle.txt``."""
    if "engine" not in request.fixturenames or real_oracle_url() is not None:
        yield
        return
    oracle: Emulation = request.getfixturevalue("oracle")
    yield
    sent = {text for text in oracle.texts if not text.strip().startswith(_OF_OTHERS)}
    assert {normal_form(text) for text in sent} - stored_statements("oracle") == set()
