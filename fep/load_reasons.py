"""Load reasons 装入错误: why a row of a file is bad, in Chinese, from the reason that the loader gives in English.

One table, pattern by pattern; a reason that stands in none is shown as it is.
"""

import re
from collections.abc import Mapping

from fep.language import language

REASONS: Mapping[str, str] = {
    r"has (\d+) fields, the header has (\d+)": r"有 \1 列, 表头有 \2 列",
    r"is no CSV: (.*)": r"不是 CSV: \1",
    r"(\w+) is empty": r"\1 为空",
    r"(\w+) has (\d+) characters, at most (\d+) are allowed": r"\1 有 \2 个字符, 最多 \3 个",
    r"(\w+) contains a control character": r"\1 含控制字符",
    r"(\w+) must be (\d+) to (\d+) digits": r"\1 应为 \2 到 \3 位数字",
    r"(\w+) must be (\d+) to (\d+) printable ASCII characters without spaces": (
        r"\1 应为 \2 到 \3 个 ASCII 字符, 不含空格"
    ),
    r"(\w+) must be an integer from (-?\d+) to (-?\d+)": r"\1 应为 \2 到 \3 的整数",
    r"(\w+) must be one of (.*)": r"\1 应为下列之一: \2",
    r"(\w+) must be 0 or 1": r"\1 应为 0 或 1",
    r"(\w+) must be a month YYYYMM": r"\1 应为年月 YYYYMM",
    r"(\w+) must be a date YYYYMMDD": r"\1 应为日期 YYYYMMDD",
    r"(\w+) has a character that the database does not hold, its encoding is (\S+)": (r"\1 含数据库字符集 \2 没有的字"),
    r"nothing was loaded: a text has a character that the database does not hold": "有数据库字符集没有的字",
    r"another load stored some of these rows meanwhile; nothing was loaded, load again": (
        "另一次装入同时存入了其中某些行; 请重新装入"
    ),
    r"differs from what was loaded before under the same key": r"与先前装入的同一主键的数据不同",
    r"account_no is not known": r"户号不存在",
    r"account_no fits the prefixes of no database": r"户号不符合任何数据库的前缀",
    r"has the same key as line (\d+)": r"与第 \1 行主键重复",
    r"the file is empty": r"文件为空",
    r"the file is UTF-16, convert it first: (.*)": r"文件为 UTF-16 编码, 请先转换: \1",
    r"the header row is no CSV: (.*)": r"表头不是 CSV: \1",
    r"the header is not one of accounts or bills: expected (\S+) or ([\w,]+)(.*)": (
        r"表头既非户也非应收: 应为 \1 或 \2\3"
    ),
    r"this looks like a file of accounts, but has (.*)": r"像是户文件, 但表头有误: \1",
    r"this looks like a file of bills, but has (.*)": r"像是应收文件, 但表头有误: \1",
    r"byte (\d+) is no UTF-8; if the file is GB18030 or GBK, convert it first: (.*)": (
        r"第 \1 字节不是 UTF-8; 若文件为 GB18030 或 GBK 编码, 请先转换: \2"
    ),
    r"has (\d+) bytes or more: this is no file of accounts or bills": r"一行达 \1 字节: 不是户或应收文件",
}
_HEADER_PROBLEMS = {
    "unknown columns": "多余的列",
    "columns that appear twice": "重复的列",
    "missing columns": "缺少的列",
    "the columns are separated by semicolons, commas are wanted": "列以分号分隔, 应为逗号",
    "the columns are separated by tabs, commas are wanted": "列以制表符分隔, 应为逗号",
    "the columns are separated by vertical bars, commas are wanted": "列以竖线分隔, 应为逗号",
    "the columns are separated by full-width commas, commas are wanted": "列以全角逗号分隔, 应为半角逗号",
    "the names must be in lower case": "列名须为小写",
}


def reason_text(reason: str) -> str:
    """Return the loader's reason in the user's language."""
    return reason if language() == "en" else reason_zh(reason)


def reason_zh(reason: str) -> str:
    """Return the loader's reason in Chinese; as it is when the table does not have it."""
    for pattern, chinese in REASONS.items():
        if match := re.fullmatch(pattern, reason):
            text = match.expand(chinese)
            for english, problem in _HEADER_PROBLEMS.items():
                text = text.replace(english, problem)
            return text
    return reason
