"""Format documents 格式文档: the interface document of a described format, printed from its description.

``python -m protocol.format_document NAME [zh]`` prints one; ``docs/NAME.md`` and ``docs/NAME.zh-CN.md`` are what it
printed last, which a test compares.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from protocol.bindings import Constant, Echo, Equal
from protocol.described import DescribedDialect
from protocol.dialects.elec02 import prose as elec02_prose
from protocol.dialects.registry import DIALECTS
from protocol.format import Format, Message, Part
from protocol.layout import Field
from protocol.response_codes import ResponseCode
from protocol.sheet import Sheet

_MARKER = re.compile(r"^<<(\w+)(?: (\w+))?>>$", re.MULTILINE)
_USAGE = "usage: python -m protocol.format_document NAME [en|zh]"


@dataclass(frozen=True, slots=True)
class _Words:
    """How one language says what tables say."""

    request: str
    reply: str
    refusal: str
    size: str
    empty: str
    rows: str
    columns: tuple[str, ...]
    codes: tuple[str, ...]
    echo: str
    equal: str
    constant: str
    unused: str
    row_number: str
    no_reply: str


_WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        "en": _Words(
            request="Request",
            reply="Reply, approved",
            refusal="Reply, not approved",
            size="{title}, {size} bytes:",
            empty="{title}: no body.",
            rows="Then rows to the end of the message, {size} bytes each, at most {most}. Offsets in a row:",
            columns=("offset", "size", "field", "type", "meaning", "中文", "value"),
            codes=("code", "meaning", "中文", "canonical"),
            echo="as the request's `{0}`",
            equal="blank, or as `{0}`",
            constant="`{0}`",
            unused="not used",
            row_number="from 1",
            no_reply="no reply",
        ),
        "zh": _Words(
            request="请求",
            reply="应答 (成功)",
            refusal="应答 (未成功)",
            size="{title}, {size} 字节:",
            empty="{title}: 无报文体。",
            rows="其后为明细行, 直到报文结束, 每行 {size} 字节, 最多 {most} 行。行内偏移:",
            columns=("偏移", "长度", "域名", "类型", "含义", "取值"),
            codes=("返回码", "含义", "对应"),
            echo="同请求 `{0}`",
            equal="空, 或同 `{0}`",
            constant="`{0}`",
            unused="不使用",
            row_number="从 1 起",
            no_reply="不应答",
        ),
    }
)



def _format(name: str) -> Format:
    dialect = DIALECTS[name]
    assert isinstance(dialect, DescribedDialect)
    return dialect.format


FORMATS: Mapping[str, tuple[Format, Mapping[str, str]]] = MappingProxyType(
    {name: (_format(name), templates) for name, templates in (("elec02", elec02_prose.TEMPLATES),)}
)
"""Description and prose of each, by its name."""


def format_document(name: str, language: str = "en") -> str:
    """Return the interface document of a format, as Markdown.

    Args:
        name: of the format.
        language: ``en`` or ``zh``.
    """
    format_, templates = FORMATS[name]
    words = _WORDS[language]
    return _MARKER.sub(lambda marker: _replaced(format_, words, language, *marker.groups()), templates[language])


def _replaced(format_: Format, words: _Words, language: str, kind: str, code: str | None) -> str:
    assert isinstance(format_.request_head, Sheet)
    assert isinstance(format_.reply_head, Sheet)
    if code is not None:
        [message] = [message for message in format_.messages if message.code == code]
        return _message(message, message.refusal or format_.refusal, words, language)
    if kind == "codes":
        return _codes(format_, words, language)
    return _fields(format_.request_head if kind == "request_head" else format_.reply_head, words, language)


def _message(message: Message, refusal: Part, words: _Words, language: str) -> str:
    bodies = ((words.request, message.request), (words.reply, message.reply), (words.refusal, refusal))
    return "\n\n".join(_body(title, sheet, words, language) for title, sheet in bodies)


def _body(title: str, sheet: Part, words: _Words, language: str) -> str:
    assert isinstance(sheet, Sheet)
    if not sheet.fields:
        return words.empty.format(title=title)
    text = f"{words.size.format(title=title, size=sheet.size)}\n\n{_fields(sheet, words, language)}"
    if sheet.rows is None:
        return text
    rows = sheet.rows
    intro = words.rows.format(size=rows.sheet.size, most=rows.rows_max)
    return f"{text}\n\n{intro}\n\n{_fields(rows.sheet, words, language)}"


def _fields(sheet: Sheet, words: _Words, language: str) -> str:
    lines = []
    offset = 0
    for field in sheet.fields:
        says = (field.meaning, field.gloss) if language == "en" else (field.gloss,)
        cells = (str(offset), str(field.type.size), f"`{field.name}`", field.type.wire_name, *says)
        lines.append((*cells, _value(field, words)))
        offset += field.type.size
    return _table(words.columns, lines)


def _value(field: Field, words: _Words) -> str:
    match field.attribute:
        case Echo(name):
            return words.echo.format(name)
        case Equal(name):
            return words.equal.format(name)
        case Constant(value):
            return words.constant.format(value)
        case "":
            return words.unused
        case "#":
            return words.row_number
    return field.type.accepts


def _codes(format_: Format, words: _Words, language: str) -> str:
    lines = []
    for code in ResponseCode:
        wire = format_.codes[code]
        says = (code.meaning, code.gloss) if language == "en" else (code.gloss,)
        lines.append((words.no_reply if wire is None else f"`{wire}`", *says, f"`{code.code}`"))
    return _table(words.codes, lines)


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (titles, ("---",) * len(titles), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(arguments: list[str]) -> None:
    """Print the document that ``arguments`` name, as UTF-8."""
    name, *rest = arguments or [""]
    language = rest[0] if rest else "en"
    if name not in FORMATS or len(rest) > 1 or language not in _WORDS:
        sys.exit(_USAGE)
    sys.stdout.buffer.write(format_document(name, language).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
