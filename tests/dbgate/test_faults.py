"""Faults: each error of a driver means to try again, to connect again, or to look for the guilty request."""

import sqlite3
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from dbgate.errors import Certainty, DatabaseUnavailable, GateBusy, OutcomeUnknown
from dbgate.faults import Fault, fault_of, label_of


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("text with 0100000001")
    error.sqlite_errorcode = code
    error.sqlite_errorname = f"CODE_{code}"
    return error


def server_error(sqlstate: str | None = None, ora: int | None = None) -> Exception:
    error = Exception(SimpleNamespace(code=ora, full_code=f"ORA-{ora:05d}")) if ora else Exception()
    if sqlstate:
        error.sqlstate = sqlstate  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "fault", "label"),
    [
        (sqlite_error(5), Fault.LOCKED, "OperationalError CODE_5"),
        (sqlite_error(261), Fault.LOCKED, "OperationalError CODE_261"),  # SQLITE_BUSY_RECOVERY
        (sqlite_error(778), Fault.UNAVAILABLE, "OperationalError CODE_778"),  # SQLITE_IOERR_WRITE
        (sqlite_error(13), Fault.UNAVAILABLE, "OperationalError CODE_13"),
        (sqlite_error(1555), Fault.STATEMENT, "OperationalError CODE_1555"),  # SQLITE_CONSTRAINT_PRIMARYKEY
        (server_error("40P01"), Fault.LOCKED, "Exception 40P01"),
        (server_error("55P03"), Fault.LOCKED, "Exception 55P03"),
        (server_error("08006"), Fault.UNAVAILABLE, "Exception 08006"),
        (server_error("57P01"), Fault.UNAVAILABLE, "Exception 57P01"),
        (server_error("23505"), Fault.STATEMENT, "Exception 23505"),
        (server_error(ora=30006), Fault.LOCKED, "Exception ORA-30006"),
        (server_error(ora=3113), Fault.UNAVAILABLE, "Exception ORA-03113"),
        (server_error(ora=1), Fault.STATEMENT, "Exception ORA-00001"),
        (DatabaseUnavailable("no way"), Fault.UNAVAILABLE, "DatabaseUnavailable"),
        (KeyError("bug"), Fault.STATEMENT, "KeyError"),
        (KeyError(), Fault.STATEMENT, "KeyError"),
        (OperationalError("s", {}, Exception(), connection_invalidated=True), Fault.UNAVAILABLE, "Exception"),
        (OperationalError("s", {}, sqlite_error(5)), Fault.LOCKED, "OperationalError CODE_5"),
    ],
)
def test_what_an_error_means(error: Exception, fault: Fault, label: str) -> None:
    """The engine's own code decides; what is said of it quotes no value."""
    assert fault_of(error) is fault
    assert label_of(error) == label


def test_what_is_certain_afterwards() -> None:
    """Only a lost COMMIT leaves the outcome open."""
    assert GateBusy.certainty is Certainty.NOT_DONE
    assert OutcomeUnknown.certainty is Certainty.UNKNOWN
