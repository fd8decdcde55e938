"""Database reasons 数据库错误: what keeps a database from being used, in Chinese, from the reason that the gate gives.

One table, pattern by pattern; a reason that stands in none is shown as it is. What a reason names may be one itself.
"""

import re
from collections.abc import Mapping

from fep.language import language

_SERVED = "this version serves SQLite, PostgreSQL and Oracle"
_SERVED_ZH = "本版本支持 SQLite、PostgreSQL 和 Oracle"

# Said with the codes in brackets behind them.
_ORACLE = {
    "the user is locked": "用户已被锁定",
    "the password has expired": "密码已过期",
    "the user may not do this": "用户权限不足",
    "the user or the password is not accepted": "用户名或密码不正确",
    "the listener does not know the service": "监听器中没有该服务",
    "nobody listens at the address": "该地址无服务监听",
    "the host or the net service name is not known": "主机名或网络服务名无法解析",
    "there is no way to the host": "无法到达该主机",
    "there was no answer in time": "超时无应答",
    "the server has no connection left": "服务器连接数已满",
    "the server is starting or stopping": "服务器正在启动或停止",
    "the server wants Oracle's own network encryption: use TCPS, or oracle+cx_oracle": (
        "服务器要求 Oracle 自有的网络加密: 请改用 TCPS 或 oracle+cx_oracle"
    ),
    "the server is too old for python-oracledb: use oracle+cx_oracle": (
        "服务器版本过低, python-oracledb 不支持: 请改用 oracle+cx_oracle"
    ),
    "the user's password must be set again, in a present format": "须以现行格式重设该用户的密码",
    "the libraries of Oracle Client are not installed": "未安装 Oracle Client 库",
    "Oracle Client is older than 18": "Oracle Client 版本低于 18",
}

REASONS: Mapping[str, str] = {
    **{rf"{re.escape(reason)} \((.*)\)": rf"{chinese} (\1)" for reason, chinese in _ORACLE.items()},
    r"the driver (\S+) is not installed; (pip install .*)": r"未安装驱动 \1; 请执行 \2",
    r"the driver cannot be imported \((.*)\); (pip install .*)": r"驱动无法导入 (\1); 请执行 \2",
    rf"no support for (\S+); {_SERVED}": rf"不支持 \1; {_SERVED_ZH}",
    r"the database URL is malformed: expected (.*)": r"数据库地址格式错误: 应为 \1",
    r"unexpected error: (.*)": r"意外错误: \1",
    r"the database keeps no encoding \(SQL_ASCII\): create it with (.*)": (
        r"数据库未设字符编码 (SQL_ASCII): 请用 \1 创建"
    ),
    r"cannot connect: no answer within (\S+) s": r"无法连接: \1 秒内无应答",
    r"cannot connect: no thread can be started": "无法连接: 无法创建线程",
    r"cannot connect: (.*)": r"无法连接: \1",
    r"the schema cannot be read: (.*)": r"无法读取表结构: \1",
    r"the schema was not upgraded: (.*)": r"表结构未升级: \1",
    r"the server's settings cannot be read: (.*)": r"无法读取服务器设置: \1",
    r"it keeps characters as (\S+): one that this lacks, in a name or an address, is stored as another": (
        r"数据库字符集为 \1: 姓名、地址中该字符集没有的字会被存成别的字"
    ),
    r"(fsync) is (\S+): after a crash of the machine the whole database may be lost": (
        r"\1 为 \2: 服务器断电或崩溃后可能丢失整个数据库"
    ),
    r"(full_page_writes) is (\S+): after a crash of the machine the database may be damaged": (
        r"\1 为 \2: 服务器断电或崩溃后数据库可能损坏"
    ),
    r"(synchronous_commit) is (\S+): after a crash payments may be lost": r"\1 为 \2: 崩溃后可能丢失已应答的交费",
    r"(server_encoding) is (\S+): a character that this lacks, in a name or an address, is refused": (
        r"\1 为 \2: 姓名、地址中该字符集没有的字会被拒绝"
    ),
    r"the report was not made: (.*)": r"报表未生成: \1",
    r"balances cannot be read: (.*)": r"无法读取预存余额: \1",
    r"clearing dates were not rolled: (.*)": r"清算日期未日切: \1",
    r"nothing was done: (.*)": r"未做任何更改: \1",
    r"the account is locked": "户已被锁定",
    r"the disk of the database has less than (\d+) MiB left": r"数据库所在磁盘剩余空间不足 \1 MiB",
    r"COMMIT was sent": "已发出提交, 结果未知",
    r"COMMIT was sent: (.*)": r"已发出提交, 结果未知: \1",
    r"not started": "未开始",
    r"nothing was loaded: (.*)": r"未装入任何数据: \1",
    r"a text has a character that the database does not hold": "有数据库字符集没有的字",
    r"another load stored some of these rows meanwhile; nothing was loaded, load again": (
        "另一次装入同时存入了其中某些行; 未装入任何数据, 请重新装入"
    ),
    r"the database has no schema, this program needs (\S+)": r"数据库没有表结构, 本程序需要 \1",
    r"the database has schema (\S+), this program needs (\S+)": r"数据库表结构为 \1, 本程序需要 \2",
    (
        r"the database has schema (\S+), which is newer than this program: "
        r"install the newer program on this machine too, and where needed with it"
    ): r"数据库表结构 \1 比本程序新: 请在本机也安装新版程序, 必要时用新版",
    r"run fep db upgrade": "请执行 fep db upgrade",
    r"there is no database file (.*)": r"数据库文件 \1 不存在",
    r"tables of another program are there: (.*); this one needs a database of its own": (
        r"已有其他程序的表: \1; 本程序须使用独立的数据库"
    ),
    r"the user or the password is not accepted": "用户名或密码不正确",
    r"there is no database (\S+)": r"数据库 \1 不存在",
    r"there is no user (\S+)": r"用户 \1 不存在",
    r"the server does not admit this host, user and database \(pg_hba\.conf\)": (
        "服务器不接受该主机、用户及数据库 (pg_hba.conf)"
    ),
    r"the host (\S+) is not known": r"主机名 \1 无法解析",
    r"nobody listens at (\S+)": r"\1 无服务监听",
    r"nobody listens at the socket (.*)": r"套接字 \1 无服务监听",
    r"there is no way to the host": "无法到达该主机",
    r"there was no answer in time": "超时无应答",
    r"the server has no connection left": "服务器连接数已满",
    r"the server is starting or stopping": "服务器正在启动或停止",
    r"server and URL do not agree on SSL \(sslmode\)": "服务器与数据库地址的 SSL 设置不一致 (sslmode)",
    r"the port (\S+) of the database URL is none: 1 to 65535": r"数据库地址中的端口 \1 无效: 须为 1 到 65535",
    r"the database URL has an option that PostgreSQL does not know: (.*)": r"数据库地址含 PostgreSQL 不认识的选项: \1",
    r"the option (\S+) of the database URL has a bad value: (.*)": r"数据库地址的选项 \1 取值无效: \2",
    r"the option options of the database URL is not understood": "数据库地址的选项 options 无法识别",
    r"the option options of the database URL sets (\S+), which the server does not know": (
        r"数据库地址的选项 options 设置了服务器不认识的参数 \1"
    ),
    r"the server closed the connection: its log has the reason, unless no PostgreSQL listens there": (
        "服务器关闭了连接: 原因见服务器日志; 也可能该端口上不是 PostgreSQL"
    ),
    r"no server of the database URL is as target_session_attrs wants it": (
        "数据库地址中没有符合 target_session_attrs 的服务器"
    ),
    r"the connection cannot be begun: (.*)": r"无法发起连接: \1",
    r"the server refused the connection to (\S*) \(user (.*), database (.*)\): its log has the reason": (
        r"服务器 \1 拒绝连接 (用户 \2, 数据库 \3): 原因见服务器日志"
    ),
    r"the server refused the connection: its log has the reason": "服务器拒绝连接: 原因见服务器日志",
}


def database_reason_text(reason: str) -> str:
    """Return the gate's reason in the user's language, line by line."""
    if language() == "en":
        return reason
    return "\n".join(map(_chinese, reason.split("\n")))


def _chinese(reason: str) -> str:
    for pattern, chinese in REASONS.items():
        if match := re.fullmatch(pattern, reason):
            return re.sub(r"\\(\d)", lambda number: _chinese(match[int(number[1])]), chinese)
    return reason
