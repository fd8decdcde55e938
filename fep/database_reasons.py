"""Database reasons 数据库错误: what keeps a database from being used, in Chinese, from the reason that the gate gives.

One table, pattern by pattern; a reason that stands in none is shown as it is.
"""

import re
from collections.abc import Mapping

from fep.language import language

_SERVED = "this version serves SQLite, PostgreSQL and Oracle"
_SERVED_ZH = "本版本支持 SQLite、PostgreSQL 和 Oracle"

REASONS: Mapping[str, str] = {
    r"the driver (\S+) is not installed; (pip install .*)": r"未安装驱动 \1; 请执行 \2",
    r"the driver cannot be imported \((.*)\); (pip install .*)": r"驱动无法导入 (\1); 请执行 \2",
    rf"no support for (\S+); {_SERVED}": rf"不支持 \1; {_SERVED_ZH}",
    r"cannot connect: no answer within (\S+) s": r"无法连接: \1 秒内无应答",
    r"cannot connect: (.*)": r"无法连接: \1",
    r"the schema cannot be read: (.*)": r"无法读取表结构: \1",
    r"the schema was not upgraded: (.*)": r"表结构未升级: \1",
    r"nothing was loaded: (.*)": r"未装入任何数据: \1",
}


def database_reason_text(reason: str) -> str:
    """Return the gate's reason in the user's language."""
    if language() == "en":
        return reason
    for pattern, chinese in REASONS.items():
        if match := re.fullmatch(pattern, reason):
            return match.expand(chinese)
    return reason
