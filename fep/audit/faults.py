"""Faults 断链: what can be wrong with a chain, in words."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fep.language import Text


class Fault(Enum):
    """What is wrong with the first line that is; the value is what a program reads."""

    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"
    INSERTED = "inserted"
    UNREADABLE = "unreadable"
    FILE_MISSING = "file_missing"
    FILE_OUT_OF_PLACE = "file_out_of_place"
    SEAL_WRONG = "seal_wrong"
    SEAL_KEY = "seal_key"
    SEAL_COUNTS = "seal_counts"
    NOT_AS_WITNESSED = "not_as_witnessed"
    TRUNCATED = "truncated"
    CHAIN_MISSING = "chain_missing"

    @property
    def text(self) -> Text:
        """Return it in words."""
        return _TEXTS[self]


_TEXTS = {
    Fault.CHANGED: Text(
        "its hash does not fit: it was changed, or the line before it was replaced", "哈希不符: 本行或前一行被改动"
    ),
    Fault.MISSING: Text("lines before it are missing", "此前有行缺失"),
    Fault.OUT_OF_ORDER: Text("lines were put in another order", "行的顺序被改动"),
    Fault.INSERTED: Text("a line of this number stands before already: it was inserted", "行号重复: 被插入的行"),
    Fault.UNREADABLE: Text("it is no line of an audit log", "不是审计日志行"),
    Fault.FILE_MISSING: Text("a file before this one is missing", "此前的文件缺失"),
    Fault.FILE_OUT_OF_PLACE: Text("this file does not belong here", "文件不属于此处"),
    Fault.SEAL_WRONG: Text(
        "the seal's MAC is wrong: who made it does not have the key, or what it seals was replaced",
        "封存校验码错: 制作者无密钥, 或被封存的内容被替换",
    ),
    Fault.SEAL_KEY: Text("the seal is under a key that this key store does not give", "封存密钥不是本密钥库的密钥"),
    Fault.SEAL_COUNTS: Text("the seal's counts are not those of the lines", "封存的笔数金额与各行不符"),
    Fault.NOT_AS_WITNESSED: Text("the database knows another line of this number", "与数据库记录的封存不同"),
    Fault.TRUNCATED: Text("the chain ends before a seal that the database knows", "链早于数据库记录的封存结束: 被截短"),
    Fault.CHAIN_MISSING: Text("the database knows a chain that is not there", "数据库记录的链不存在"),
}


@dataclass(frozen=True, slots=True)
class Break:
    """The first link of a chain that does not hold.

    Attributes:
        path: of the file, or of the folder where no file is to blame.
        file_line: from 1, in the file; 0 where none is to blame.
        line_no: the number that is due there.
    """

    fault: Fault
    path: Path
    file_line: int
    line_no: int
