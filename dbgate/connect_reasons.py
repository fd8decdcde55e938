"""Connect reasons 连接失败原因: why PostgreSQL was not to be had, from what libpq says, which gives no code for it.

Nothing of a customer's can stand in these messages: no statement has been sent yet. Of what the server says only host,
port, user, database and the names of settings are shown. It says so in a language of its own, which nobody can choose
before the login: Chinese and English are known, of others its log is pointed to.
"""

import re
from collections.abc import Sequence

_BAD_OPTION = "the option {0} of the database URL has a bad value: {1}"
_NOBODY_LISTENS = "nobody listens at {0}:{1}"
_NO_HOST = "the host {0} is not known"
_NO_DATABASE = "there is no database {0}"
_NO_USER = "there is no user {0}"

# First that fits wins. Phrases of libpq, of psycopg and of the server (PostgreSQL 12 to 18), in English and in zh_CN.
_REASONS: Sequence[tuple[str, str]] = (
    (
        r"password authentication failed|no password supplied|(?:password|密码|口令).{0,4}认证失败|提供(?:密码|口令)",
        "the user or the password is not accepted",
    ),
    (r'database "([^"]*)" does not exist', _NO_DATABASE),
    (r'数据库\s*["“]([^"”]*)["”]\s*不存在', _NO_DATABASE),
    (r'role "([^"]*)" does not exist', _NO_USER),
    (r'(?:角色|用户)\s*["“]([^"”]*)["”]\s*不存在', _NO_USER),
    (
        r"no pg_hba\.conf entry|没有.*pg_hba\.conf",
        "the server does not admit this host, user and database (pg_hba.conf)",
    ),
    (r"failed to resolve host '([^']*)'", _NO_HOST),
    (r'could not translate host name "([^"]*)"', _NO_HOST),
    (r'无法解释主机名 "([^"]*)"', _NO_HOST),
    (r'at "([^"]*)"(?: \([^)]*\))?, port (\d+) failed: (?:Connection refused|拒绝连接)', _NOBODY_LISTENS),
    (r'连接到"([^"]*)"(?: \([^)]*\))?上的服务器，端口(\d+)失败：\s*(?:Connection refused|拒绝连接)', _NOBODY_LISTENS),
    (
        r'(?:on socket |连接到套接字)"([^"]*)".*(?:No such file|Connection refused|没有那个文件|拒绝连接)',
        "nobody listens at the socket {0}",
    ),
    (r"No route to host|Network is unreachable|没有到主机的路由|网络不可达", "there is no way to the host"),
    (r"timeout expired|timed out|超时", "there was no answer in time"),
    (
        r"slots are reserved|too many clients|too many connections|太多的?(?:客户|连接)"
        r"|连接(?:位置|槽).*[保预]留|[保预]留.*连接(?:位置|槽)",
        "the server has no connection left",
    ),
    (
        r"starting up|shutting down|in recovery mode|not accepting connections"
        r"|数据库系统.*(?:启动|关闭|关机|停止|恢复)",
        "the server is starting or stopping",
    ),
    (r'invalid port number: "([^"]*)"|无效端口号: "([^"]*)"', "the port {0} of the database URL is none: 1 to 65535"),
    (
        r'invalid connection option "([^"]*)"|非法联接选项 "([^"]*)"',
        "the database URL has an option that PostgreSQL does not know: {0}",
    ),
    (r"bad value for (\w+): '([^']*)'", _BAD_OPTION),
    (r'invalid (\w+) value: "([^"]*)"', _BAD_OPTION),
    (r'无效的 (\w+?) ?值: "([^"]*)"', _BAD_OPTION),
    (r'invalid value for parameter "([^"]*)": "([^"]*)"', _BAD_OPTION),
    (r'invalid integer value "(?P<value>[^"]*)" for connection option "(?P<option>[^"]*)"', _BAD_OPTION),
    (r'连接选项"([^"]*)"的整数值"([^"]*)"无效', _BAD_OPTION),
    (r"invalid command-line argument", "the option options of the database URL is not understood"),
    (
        r'unrecognized configuration parameter "([^"]*)"|未认可的配置参数\s*"([^"]*)"',
        "the option options of the database URL sets {0}, which the server does not know",
    ),
    (
        r"server closed the connection unexpectedly|服务器意外地关闭了联接",
        "the server closed the connection: its log has the reason, unless no PostgreSQL listens there",
    ),
    (
        r"(?<![A-Za-z])SSL(?![A-Za-z])|certificate|证书",
        "server and URL do not agree on SSL (sslmode)",
    ),
    (
        r"server is (?:not )?in hot standby|session is (?:not )?read-only",
        "no server of the database URL is as target_session_attrs wants it",
    ),
    # libpq's own words, before it has asked any server.
    (r"connection is bad: (?!connection to|连接到)([^\n]+)", "the connection cannot be begun: {0}"),
)
_REFUSED = "the server refused the connection to {0}:{1} (user {2}, database {3}): its log has the reason"
_REFUSED_UNKNOWN = "the server refused the connection: its log has the reason"
CONNECT_REASONS = tuple(dict.fromkeys([*(reason for _, reason in _REASONS), _REFUSED, _REFUSED_UNKNOWN]))
"""Every reason there is, with ``{}`` for what it names."""

_CONNECTING = re.compile(
    "connection failed|connection is bad|connection to server|failed to resolve host|connection timeout expired"
    "|invalid connection option|bad value for|server closed the connection|服务器意外地关闭了联接"
)


def connect_reason(error: BaseException) -> str | None:
    """Return why a connection was not to be had; None when ``error`` is of another kind."""
    # Errors of statements have a SQLSTATE; those of connecting have none.
    if not hasattr(error, "sqlstate") or error.sqlstate is not None:
        return None
    message = str(error)
    if not _CONNECTING.search(message):
        return None
    for pattern, reason in _REASONS:
        if found := re.search(pattern, message, re.IGNORECASE):
            return reason.format(*_named(found))
    return _refused(error)


def _named(found: re.Match[str]) -> list[str]:
    """Return what a message names, in the order of its reason."""
    if "option" in found.groupdict():
        return [found["option"], found["value"]]
    return [group for group in found.groups() if group is not None]


def _refused(error: BaseException) -> str:
    connection = getattr(error, "pgconn", None)
    if connection is None:
        return _REFUSED_UNKNOWN
    told = (connection.host, connection.port, connection.user, connection.db)
    return _REFUSED.format(*(value.decode(errors="replace") for value in told))
