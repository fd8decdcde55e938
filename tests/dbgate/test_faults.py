"""Faults: each error of a driver means to try again, to connect again, or to look for the guilty request."""

import sqlite3
from types import SimpleNamespace

import oracledb
import psycopg
import pytest
from oracledb import errors as oracledb_errors
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
        (server_error("25006"), Fault.UNAVAILABLE, "Exception 25006"),
        (server_error("25P03"), Fault.UNAVAILABLE, "Exception 25P03"),
        (psycopg.OperationalError("the connection is closed"), Fault.UNAVAILABLE, "OperationalError"),
        (psycopg.errors.PipelineAborted("pipeline aborted"), Fault.STATEMENT, "PipelineAborted"),
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


PASSWORD = "the user or the password is not accepted"
FULL = "the server has no connection left"
SILENT = "there was no answer in time"
CLIENT = "the libraries of Oracle Client are not installed"


def by_oracledb(message: str, code: int = 0) -> Exception:
    """An error as python-oracledb raises it, which turns some numbers into codes of its own."""
    error = oracledb_errors._Error(message, code=code)  # type: ignore[no-untyped-call]
    raised: Exception = error.exc_type(error)
    return raised


def by_cx_oracle(message: str, code: int = 0) -> Exception:
    """An error as cx_Oracle raises it: no ``full_code``, and no code for what the driver itself has found."""
    return Exception(SimpleNamespace(code=code, message=message, context="", offset=0, isrecoverable=False))


@pytest.mark.parametrize(
    ("error", "fault", "label"),
    [
        (by_oracledb("ORA-00060: deadlock detected", 60), Fault.LOCKED, "DatabaseError ORA-00060"),
        (by_oracledb("ORA-30006: resource busy", 30006), Fault.LOCKED, "DatabaseError ORA-30006"),
        (by_oracledb("ORA-08177: can't serialize access", 8177), Fault.LOCKED, "DatabaseError ORA-08177"),
        (by_oracledb("DPY-4024: call timeout of 4000 ms exceeded"), Fault.LOCKED, "DatabaseError DPY-4024"),
        (by_oracledb("DPI-1067: call timeout of 4000 ms"), Fault.LOCKED, "DatabaseError DPY-4024 DPI-1067"),
        (by_oracledb("DPY-4011: closed"), Fault.UNAVAILABLE, "DatabaseError DPY-4011"),
        (by_oracledb("ORA-03113: end-of-file", 3113), Fault.UNAVAILABLE, "DatabaseError DPY-4011 ORA-03113"),
        (by_oracledb("ORA-01012: not logged on", 1012), Fault.UNAVAILABLE, "DatabaseError DPY-4011 ORA-01012"),
        (by_oracledb("DPY-1001: not connected"), Fault.UNAVAILABLE, "InterfaceError DPY-1001"),
        (by_oracledb("DPI-1010: not connected"), Fault.UNAVAILABLE, "InterfaceError DPY-1001 DPI-1010"),
        (by_oracledb("DPY-5004: out of step"), Fault.UNAVAILABLE, "InternalError DPY-5004"),
        (by_oracledb("DPY-6005: cannot connect"), Fault.UNAVAILABLE, "OperationalError DPY-6005"),
        (by_oracledb("ORA-12516: no handler", 12516), Fault.UNAVAILABLE, f"{FULL} (DatabaseError ORA-12516)"),
        (by_oracledb("ORA-01017: no", 1017), Fault.STATEMENT, f"{PASSWORD} (DatabaseError ORA-01017)"),
        (by_cx_oracle("DPI-1047: Cannot locate"), Fault.STATEMENT, f"{CLIENT} (Exception DPI-1047)"),
        (by_oracledb("ORA-25408: cannot replay", 25408), Fault.UNAVAILABLE, "DatabaseError ORA-25408"),
        (by_oracledb("ORA-01654: no space for index FEP.X", 1654), Fault.UNAVAILABLE, "DatabaseError ORA-01654"),
        (by_oracledb("ORA-00001: unique constraint (FEP.PK) violated", 1), Fault.STATEMENT, "IntegrityError ORA-00001"),
        (by_oracledb("ORA-01400: cannot insert NULL", 1400), Fault.STATEMENT, "IntegrityError ORA-01400"),
        (by_oracledb("ORA-01795: more than 1000 in a list", 1795), Fault.STATEMENT, "DatabaseError ORA-01795"),
        (by_oracledb("DPY-4009: 2 positional binds"), Fault.STATEMENT, "DatabaseError DPY-4009"),
        (by_cx_oracle("ORA-00054: resource busy", 54), Fault.LOCKED, "Exception ORA-00054"),
        (by_cx_oracle("DPI-1067: call timeout exceeded with ORA-3136"), Fault.LOCKED, "Exception DPI-1067 ORA-3136"),
        (by_cx_oracle("DPI-1080: connection was closed by ORA-3135"), Fault.UNAVAILABLE, "Exception DPI-1080 ORA-3135"),
        (by_cx_oracle("DPI-1010: not connected"), Fault.UNAVAILABLE, "Exception DPI-1010"),
        (by_cx_oracle("ORA-12170: TNS", 12170), Fault.UNAVAILABLE, f"{SILENT} (Exception ORA-12170)"),
        (by_cx_oracle("ORA-02396: exceeded maximum idle time", 2396), Fault.UNAVAILABLE, "Exception ORA-02396"),
        (by_cx_oracle("ORA-12899: value too large for column", 12899), Fault.STATEMENT, "Exception ORA-12899"),
        (by_cx_oracle("DPI-1043: invalid number"), Fault.STATEMENT, "Exception DPI-1043"),
    ],
)  # fmt: skip
def test_what_an_error_of_oracle_means(error: Exception, fault: Fault, label: str) -> None:
    """By either driver: busy is tried again, broken is connected again, all else is the statement's own fault."""
    assert fault_of(error) is fault
    assert fault_of(OperationalError("s", {}, error)) is fault
    assert label_of(error) == label


def test_what_the_driver_calls_closed_is_unavailable() -> None:
    """Every ORA number after which python-oracledb gives its connection up, by whichever driver it comes."""
    closed = [
        number
        for number, meaning in oracledb_errors.ERR_ORACLE_ERROR_XREF.items()
        if meaning == oracledb_errors.ERR_CONNECTION_CLOSED
    ]
    assert len(closed) > 20
    assert [n for n in closed if fault_of(by_cx_oracle(f"ORA-{n:05d}: text", n)) is not Fault.UNAVAILABLE] == []
    # What it calls recoverable: the same work may succeed on another connection.
    recoverable = oracledb_errors.ERR_RECOVERABLE_ERROR_CODES
    assert len(recoverable) > 5
    assert [n for n in recoverable if fault_of(by_cx_oracle(f"ORA-{n:05d}: text", n)) is not Fault.UNAVAILABLE] == []


def test_the_text_of_an_error_is_never_said() -> None:
    """It may quote a customer's values, or what a user has written."""
    error = oracledb.DatabaseError(oracledb_errors._Error('ORA-12899: value "0100000001" too large'))
    assert "0100000001" not in label_of(error)


def test_what_is_certain_afterwards() -> None:
    """Only a lost COMMIT leaves the outcome open."""
    assert GateBusy.certainty is Certainty.NOT_DONE
    assert OutcomeUnknown.certainty is Certainty.UNKNOWN
