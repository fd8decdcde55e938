"""Row locks 行锁: FOR UPDATE, with the longest wait where the engine wants it in the statement itself."""

from typing import Any

from sqlalchemy import Select

from dbgate.backends.base import LOCK_WAIT_S


def for_update(statement: Select[Any]) -> Select[Any]:
    """Return ``statement`` locking the rows it finds; SQLite, which locks the whole database, does without.

    PostgreSQL bounds the wait by the session's settings, Oracle by WAIT.
    """
    return statement.with_for_update().suffix_with(f"WAIT {LOCK_WAIT_S}", dialect="oracle")
