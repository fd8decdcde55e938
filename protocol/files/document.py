"""File document 批量文件接口文档: docs/files.md, printed from the layouts that files are read and written by.

``python -m protocol.files.document [zh]`` prints it; ``docs/files.md`` and ``docs/files.zh-CN.md`` are what it printed
last, which a test compares.
"""

import re
import sys

from protocol.files import elec02, elec02_prose, prose
from protocol.files.errors import Fault
from protocol.files.layout import FileLayout, Lines
from protocol.files.standard import LAYOUTS
from protocol.format_tables import WORDS, Words, part_table, table

TEMPLATES = {language: prose.TEMPLATES[language] + elec02_prose.TEMPLATES[language] for language in prose.TEMPLATES}
"""By language: the standard files, then those of other formats."""

_OTHERS = [each for each in elec02.layouts("0104", "123456789").values() if each not in LAYOUTS.values()]
"""Layouts of a bank that nobody is; its codes are not printed."""

_MARKER = re.compile(r"^<<(\w+)>>$", re.MULTILINE)
_USAGE = "usage: python -m protocol.files.document [en|zh]"

_TITLES = {
    "en": ("Head, {} bytes:", "Row, {} bytes:", ("type", "name", "what", "中文"), ("refused for",)),
    "zh": ("文件头, {} 字节:", "明细行, {} 字节:", ("类型", "文件名", "内容"), ("拒收原因",)),
}
_DETAILS = {
    Fault.LINE_TOO_LONG: ("N",),
    Fault.LINE_LENGTH: ("N", "M"),
    Fault.CELL_COUNT: ("N", "M"),
    Fault.CHARSET: ("GB18030",),
    Fault.MARKER: ("H / D",),
    Fault.ROW_COUNT: ("N", "M"),
}
_BANKS_OWN = frozenset({Fault.CELL_COUNT, Fault.CHARSET, Fault.CR_LF, Fault.DISAGREES, Fault.REPEAT_DIFFERS})
"""Which only layouts of a bank's own are refused for."""


def file_document(language: str = "en") -> str:
    """Return the interface document of the files, as Markdown, in ``en`` or ``zh``."""
    return _MARKER.sub(lambda marker: _replaced(marker[1], language), TEMPLATES[language])


def _replaced(name: str, language: str) -> str:
    """Return the tables that a marker stands for."""
    if name == "names":
        return _names(language)
    if name == "faults":
        return _faults(language)
    [layout] = [layout for layout in (*LAYOUTS.values(), *_OTHERS) if layout.name == name]
    return _lines_of(layout, language)


def _lines_of(layout: FileLayout[object, object], language: str) -> str:
    head, row, *_ = _TITLES[language]
    words = WORDS[language]
    return f"{_titled(head, layout.head, words)}\n\n{_titled(row, layout.rows, words)}"


def _titled(title: str, lines: Lines[object], words: Words) -> str:
    return f"{title.format(lines.bytes_max)}\n\n{part_table(lines.sheet, words)}"


def _names(language: str) -> str:
    words = WORDS[language]
    rows = []
    for kind, layout in sorted(LAYOUTS.items(), key=lambda item: item[0].value):
        period = "YYYYMMNN" if kind.is_numbered else "YYYYMMDD"
        name = f"`{kind.prefix}<bank_code>{period}.txt`"
        rows.append((kind.value, name, *words.says(layout.meaning, layout.gloss)))
    return table(_TITLES[language][2], rows)


def _faults(language: str) -> str:
    """Return what a file is refused for; what is wrong with a field is said by its name and type."""
    rows = []
    for fault in Fault:
        if fault not in _BANKS_OWN and fault is not Fault.FIELD:
            said = fault.english if language == "en" else fault.chinese
            rows.append((said.format(*_DETAILS.get(fault, ())),))
    return table(_TITLES[language][3], rows)


def main(arguments: list[str]) -> None:
    """Print the document in the language that ``arguments`` name, as UTF-8."""
    language = arguments[0] if arguments else "en"
    if len(arguments) > 1 or language not in TEMPLATES:
        sys.exit(_USAGE)
    sys.stdout.buffer.write(file_document(language).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
