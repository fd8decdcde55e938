"""Errors of batch files 文件错误: what is wrong with a file, where, in both languages, without quoting it."""

from enum import Enum

from protocol.errors import ProtocolError, RemoteProtocolError
from protocol.layout import Field


class Fault(Enum):
    """What a file is refused for: its words in English and in Chinese."""

    EMPTY = ("the file is empty", "文件为空")
    LF_ALONE = ("LF without CR, lines end with CR LF", "只有 LF, 行尾应为 CR LF")
    CR_ALONE = ("CR without LF", "只有 CR, 没有 LF")
    CR_LF = ("CR LF, lines end with LF alone", "行尾为 CR LF, 应为 LF")
    UNENDED = ("the last line has no line end", "最后一行没有行尾符")
    CONTROL = ("a NUL byte or another control character", "含 NUL 或其他控制字符")
    LINE_TOO_LONG = ("longer than {} bytes", "超过 {} 字节")
    LINE_LENGTH = ("{} bytes instead of {}", "长 {} 字节, 应为 {} 字节")
    CELL_COUNT = ("{} fields instead of {}", "有 {} 个字段, 应为 {} 个")
    CHARSET = ("not {}", "不是 {} 编码")
    MARKER = ("does not begin with {}", "行首应为 {}")
    FIELD = ("{}", "{}")
    DISAGREES = ("does not agree with the other fields", "与其他域不符")
    REPEAT_DIFFERS = ("another than the row before, which has its serial", "与流水号相同的上一行不符")
    OTHER_FILE = ("another than expected", "与预期不符")
    NO_TAIL = ("the file has no tail", "缺少文件尾")
    TAIL = ("the tail is not T and 8 upper-case hexadecimal digits", "文件尾应为 T 和 8 位大写十六进制数")
    CRC = ("CRC-32 is not that of the lines before", "CRC-32 与前面各行不符")
    AFTER_TAIL = ("lines behind the tail", "文件尾之后还有内容")
    ROW_COUNT = ("{} rows, the head says {}", "明细 {} 行, 文件头为 {} 行")
    TOTAL = ("total of the rows is another than the head's", "明细合计与文件头总金额不符")

    def __init__(self, english: str, chinese: str) -> None:
        self.english = english
        self.chinese = chinese


class FileInvalid(RemoteProtocolError):
    """A file does not fit its description, so nothing of it may be used.

    Attributes:
        fault: what is wrong.
        line: where, counted from 1.
        field: name of the field, empty when it is the whole line.
        reason: in English, without a value of the file.
        gloss: the same in Chinese.
    """

    def __init__(
        self, fault: Fault, line: int, *details: object, field: Field | None = None, chinese: str | None = None
    ) -> None:
        """Take the words of ``fault`` with ``details`` in them; ``chinese`` stands for them in that language."""
        named, glossed = (f"{field.name}: ", f"{field.name} {field.gloss}: ") if field else ("", "")
        self.fault = fault
        self.line = line
        self.field = field.name if field else ""
        self.reason = named + fault.english.format(*details)
        self.gloss = glossed + (fault.chinese.format(*details) if chinese is None else chinese)
        super().__init__(f"line {line}: {self.reason}")


class FileChanged(ProtocolError):
    """A file that is read again is another than the one that was checked; no row that was not checked has come out."""

    def __init__(self) -> None:
        super().__init__("the file has changed since it was checked")


class FileNameInvalid(RemoteProtocolError):
    """A name is none that a file may have, or none of the names of this kind of files."""
