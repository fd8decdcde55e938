"""Database state 数据库状态: what an operator asks about the billing databases, without any daemon."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import date

from dbgate import schema
from dbgate.database import Database, DatabaseUnserved
from dbgate.errors import GateError, SchemaMismatch
from dbgate.loading import load_days
from dbgate.working_set import WorkingSet
from fep.config.database_url import sqlite_path
from fep.config.findings import ConfigInvalid
from fep.config.settings import Settings
from fep.database_reasons import database_reason_text
from fep.databases import open_database
from fep.language import say


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What was found.

    Attributes:
        is_reachable: it answered.
        is_current: it has the schema of this program.
        problem: why not, empty when all is well.
        is_served: this installation could use it; False: wrong engine, or no driver.
        clearing_dates: by bank code; those of the configured banks that have one.
        remarks: what about the server an operator should know before he relies on it.
    """

    is_reachable: bool
    is_current: bool
    problem: str = ""
    is_served: bool = True
    clearing_dates: dict[str, date] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def database_states(settings: Settings) -> list[DatabaseState]:
    """Ask all billing databases at the same time, as one that hangs must delay no other; in the order of the file."""
    count = len(settings.billing.databases)
    with ThreadPoolExecutor(count) as pool:  # each thread speaks the user's language
        asked = [pool.submit(copy_context().run, database_state, settings, index) for index in range(count)]
        return [each.result() for each in asked]


def database_state(settings: Settings, index: int = 0) -> DatabaseState:
    """Ask one billing database; to look at an SQLite file that is not there must not make one."""
    path = sqlite_path(settings.billing.databases[index].url)
    if path is not None and not path.exists():
        problem = say(en=f"{path} does not exist; run fep db upgrade", zh=f"{path} 不存在; 请执行 fep db upgrade")
        return DatabaseState(is_reachable=False, is_current=False, problem=problem)
    try:
        database = open_database(settings, index)
    except DatabaseUnserved as error:
        problem = _problem(error)
        return DatabaseState(is_reachable=False, is_current=False, problem=problem, is_served=False)
    except GateError as error:
        return DatabaseState(is_reachable=False, is_current=False, problem=_problem(error))
    except ConfigInvalid as error:
        return DatabaseState(is_reachable=False, is_current=False, problem=str(error))
    try:
        schema.check(database.read_engine)
        remarks = tuple(map(database_reason_text, database.remarks()))
        return DatabaseState(True, True, clearing_dates=clearing_dates(database, settings.banks), remarks=remarks)
    except SchemaMismatch as error:
        return DatabaseState(is_reachable=True, is_current=False, problem=_problem(error))
    except GateError as error:
        return DatabaseState(is_reachable=False, is_current=False, problem=_problem(error))
    finally:
        database.dispose()


def _problem(error: GateError) -> str:
    """Return what the gate says in the user's language, on one line of a report."""
    return database_reason_text(str(error)).replace("\n", "; ")


def clearing_dates(database: Database, bank_codes: Iterable[str]) -> dict[str, date]:
    """Return the clearing dates of these banks, as stored."""
    working_set = WorkingSet()
    with database.connect(money=False) as connection, connection.begin():
        load_days(connection, sorted(bank_codes), working_set)
    days = {bank_code: working_set.day(bank_code) for bank_code in bank_codes}
    return {bank_code: day.clearing_date for bank_code, day in sorted(days.items()) if day is not None}


def clearing_dates_text(dates: Mapping[str, date]) -> str:
    """Return clearing dates on one line: the one date of all banks, or each bank's; empty when there is none."""
    if len(set(dates.values())) == 1:
        return str(next(iter(dates.values())))
    return ", ".join(f"{bank_code} {day}" for bank_code, day in dates.items())
