"""Connect reasons 连接失败原因: why PostgreSQL was not to be had, from what libpq says, which gives no code for it.

Nothing of a customer's can stand in these messages: no statement has been sent yet. Of the message itself only host,
port, user and database are shown, for servers word the rest in a language of their own.
"""

import re
from collections.abc import Sequence

# First that fits wins. Phrases of libpq, of psycopg and of the server (PostgreSQL 12 to 18, English).
_REASONS: Sequence[tuple[str, str]] = (
    (r"password authentication failed|no password supplied", "the user or the password is not accepted"),
    (r'database "([^"]*)" does not exist', "there is no database {0}"),
    (r'role "([^"]*)" does not exist', "there is no user {0}"),
    (r"no pg_hba\.conf entry", "the server does not admit this host, user and database (pg_hba.conf)"),
    (r"failed to resolve host '([^']*)'", "the host {0} is not known"),
    (r'could not translate host name "([^"]*)"', "the host {0} is not known"),
    (r'at "([^"]*)", port (\d+) failed: Connection refused', "nobody listens at {0}:{1}"),
    (r"No route to host|Network is unreachable", "there is no way to the host"),
    (r"timeout expired|timed out", "there was no answer in time"),
    (r"slots are reserved|too many clients|too many connections", "the server has no connection left"),
    (r"starting up|shutting down|in recovery mode|not accepting connections", "the server is starting or stopping"),
    (r"\bSSL\b|certificate", "server and URL do not agree on SSL (sslmode)"),
)
CONNECT_REASONS = tuple(dict.fromkeys(reason for _, reason in _REASONS))
"""Every reason there is, with ``{}`` for what it names."""

_CONNECTING = re.compile(r"connection failed|connection to server|failed to resolve host|connection timeout expired")


def connect_reason(error: BaseException) -> str | None:
    """Return why a connection was not to be had; None when ``error`` is of another kind, or says nothing we know."""
    # Errors of statements have a SQLSTATE; those of connecting have none.
    if not hasattr(error, "sqlstate") or error.sqlstate is not None:
        return None
    message = str(error)
    if not _CONNECTING.search(message):
        return None
    for pattern, reason in _REASONS:
        if found := re.search(pattern, message):
            return reason.format(*found.groups())
    return None
