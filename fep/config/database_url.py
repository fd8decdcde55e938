"""Database URLs 数据库地址: as SQLAlchemy writes them, but without a password.

    sqlite:///billing.db                              a file; a relative path is relative to the configuration
    postgresql+psycopg://fep@db.example:5432/billing
    oracle+oracledb://fep@db.example:1521/?service_name=billing

Only looked at here, never opened: that is the gate's.
"""

import re
from pathlib import Path
from urllib.parse import unquote

from fep.config.converters import expected
from fep.config.findings import Place
from fep.config.settings import PORT_MAX

SERVED_DRIVERS = (
    "sqlite",
    "sqlite+pysqlite",
    "postgresql",
    "postgresql+psycopg",
    "oracle",
    "oracle+oracledb",
    "oracle+cx_oracle",
)

_URL = re.compile(r"(?P<driver>[\w+]+)://(?:(?P<user>[^:@/?]*)(?::(?P<password>[^@]*))?@)?(?P<rest>.*)", re.ASCII)
_PASSWORD_OPTION = re.compile(r"[?&;](?:password|passwd|pwd)=", re.IGNORECASE)
_SECRET_OPTION = re.compile(
    r"[?&;](sslpassword|wallet_password|oauth_client_secret|scram_client_key|scram_server_key)=", re.IGNORECASE
)
_HOST_AND_PORT = re.compile(r"(?:\[[0-9a-f:.%]+\]|[^\[\]:/?#@\s]*)(?::(?P<port>[0-9]{1,5}))?(?:[/?].*)?", re.IGNORECASE)
_PORT_OPTION = re.compile(r"[?&]port=([^&]*)")
_SQLITE_PREFIX = re.compile(r"(sqlite(?:\+pysqlite)?:///)(?!:memory:)(?P<path>[^?]+)(?P<options>.*)")


def url_without_password(value: object, place: Place) -> str:
    """Take a database URL; the relative path of an SQLite file is made absolute.

    No finding shows the URL, for the password may stand in it in any shape.
    """
    match = _URL.fullmatch(value) if isinstance(value, str) else None
    if match is None or match["driver"] not in SERVED_DRIVERS:
        drivers = ", ".join(SERVED_DRIVERS)
        raise expected(
            place,
            f"a database URL that begins with one of {drivers}, as postgresql+psycopg://user@host:5432/name",
            f"数据库地址, 以下列之一开头: {drivers}; 如 postgresql+psycopg://user@host:5432/name",
            match["driver"] if match else type(value).__name__,
        )
    _refuse_secrets(match, place)
    if not match["driver"].startswith("sqlite"):
        _require_host_and_port(match["rest"], place)
    elif not sqlite_path(match[0]):
        raise place.unfit(
            "names no file: an SQLite database in memory ends with the process and loses every payment; "
            "write sqlite:///billing.db",
            "未指明文件: 内存中的 SQLite 数据库随进程消失, 交费记录会全部丢失; 请写 sqlite:///billing.db",
        )
    return absolute_url(match[0], place.file.parent)


def _refuse_secrets(match: re.Match[str], place: Place) -> None:
    rest = unquote(match["rest"])
    if match["password"] is not None or "@" in match["rest"] or _PASSWORD_OPTION.search(rest):
        raise place.unfit(
            'holds a password; take it out and write a reference beside the URL: password = "file:database.secret" '
            "(that file with mode 0600; env: and credential: do as well)",
            '含有密码; 请删去, 在该地址旁改写引用: password = "file:database.secret" (该文件权限 0600; '
            "也可用 env: 或 credential:)",
        )
    if found := _SECRET_OPTION.search(rest):
        raise place.unfit(
            f"holds a secret in its option {found[1]}; take it out, and keep the key in a file that needs no password "
            "(mode 0600)",
            f"选项 {found[1]} 中含有机密; 请删去, 密钥改存无需口令的单独文件 (权限 0600)",
        )


def _require_host_and_port(rest: str, place: Place) -> None:
    """Refuse what is no host and port; where the host was forgotten, the password stands in its place."""
    match = _HOST_AND_PORT.fullmatch(rest)
    ports = [] if match is None or match["port"] is None else [match["port"]]
    ports += [port for option in _PORT_OPTION.findall(rest) for port in unquote(option).split(",") if port]
    if match is None or not all(port.isdecimal() and 0 < int(port) <= PORT_MAX for port in ports):
        raise place.unfit(
            "host and port cannot be read; expected a URL as postgresql+psycopg://user@host:5432/name, "
            f"the port from 1 to {PORT_MAX}",
            f"主机和端口无法识别; 应为 postgresql+psycopg://user@host:5432/name, 端口为 1 到 {PORT_MAX}",
        )


def absolute_url(url: str, directory: Path) -> str:
    """Return ``url`` with the path of an SQLite file made absolute in ``directory``."""
    match = _SQLITE_PREFIX.fullmatch(url)
    return url if match is None else f"{match[1]}{(directory / match['path']).absolute()}{match['options']}"


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL, None for other databases and for one in memory."""
    match = _SQLITE_PREFIX.fullmatch(url)
    return None if match is None else Path(match["path"])


def split_password(url: str) -> tuple[str, str]:
    """Return the URL without its password, and the password, empty when it has none.

    Raises:
        ValueError: ``url`` is no URL, or an ``@`` inside its password is not written ``%40``.
    """
    match = _URL.fullmatch(url)
    if match is None or "@" in match["rest"]:
        raise ValueError("not a database URL")
    if match["password"] is None:
        return url, ""
    return f"{match['driver']}://{match['user']}@{match['rest']}", unquote(match["password"])
