"""Tables of formats 格式表: fields, elements, codes and options of a described format, as Markdown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from protocol.bindings import Blank, Constant, Echo, Equal
from protocol.bitmap import written_as
from protocol.elements import MTI, Composite, Elements
from protocol.format import Format, Message
from protocol.layout import Field
from protocol.options import Option
from protocol.part import Part
from protocol.response_codes import ResponseCode
from protocol.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says what tables say.

    Attributes:
        english: meanings are told in English, with the Chinese beside them; else in Chinese alone.
    """

    english: bool
    request: str
    reply: str
    refusal: str
    size: str
    empty: str
    rows: str
    columns: tuple[str, ...]
    elements: str
    no_elements: str
    element_columns: tuple[str, ...]
    inner: str
    codes: tuple[str, ...]
    options: tuple[str, ...]
    echo: str
    equal: str
    constant: str
    unused: str
    row_number: str
    no_reply: str
    free_text: str

    def says(self, meaning: str, gloss: str) -> tuple[str, ...]:
        """Return the cells that say what something means."""
        return (meaning, gloss) if self.english else (gloss,)


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "en": Words(
            english=True,
            request="Request",
            reply="Reply, approved",
            refusal="Reply, not approved",
            size="{title}, {size} bytes:",
            empty="{title}: no body.",
            rows="Then rows to the end of the message, {size} bytes each, at most {most}. Offsets in a row:",
            columns=("offset", "size", "field", "type", "meaning", "中文", "value"),
            elements="{title}:",
            no_elements="{title}: nothing beside the common elements.",
            element_columns=("DE", "", "format", "meaning", "中文", "value"),
            inner="DE {name}, {size} bytes:",
            codes=("code", "meaning", "中文", "canonical"),
            options=("option", "values", "meaning", "中文"),
            echo="as the request's `{0}`",
            equal="blank, or as `{0}`",
            constant="`{0}`",
            unused="not used",
            row_number="from 1",
            no_reply="no reply",
            free_text="text, blank when not given",
        ),
        "zh": Words(
            english=False,
            request="请求",
            reply="应答 (成功)",
            refusal="应答 (未成功)",
            size="{title}, {size} 字节:",
            empty="{title}: 无报文体。",
            rows="其后为明细行, 直到报文结束, 每行 {size} 字节, 最多 {most} 行。行内偏移:",
            columns=("偏移", "长度", "域名", "类型", "含义", "取值"),
            elements="{title}:",
            no_elements="{title}: 除公共数据元外无其他。",
            element_columns=("域", "", "格式", "含义", "取值"),
            inner="域 {name}, {size} 字节:",
            codes=("返回码", "含义", "对应"),
            options=("可选项", "取值", "含义"),
            echo="同请求 `{0}`",
            equal="空, 或同 `{0}`",
            constant="`{0}`",
            unused="不使用",
            row_number="从 1 起",
            no_reply="不应答",
            free_text="文字, 缺省为空",
        ),
    }
)


def message_tables(message: Message, refusal: Part | None, words: Words) -> str:
    """Return the bodies of a message, one behind the other; without a refusal when that is None."""
    bodies = [(words.request, message.request), (words.reply, message.reply)]
    if refusal is not None:
        bodies.append((words.refusal, refusal))
    return "\n\n".join(_body(title, part, words) for title, part in bodies)


def part_table(part: Part, words: Words) -> str:
    """Return the fields of a header or body."""
    return _elements(part, words) if isinstance(part, Elements) else _fields(part, words)


def _body(title: str, part: Part, words: Words) -> str:
    if isinstance(part, Elements):
        if not part.fields:
            return words.no_elements.format(title=title)
        return f"{words.elements.format(title=title)}\n\n{_elements(part, words)}"
    assert isinstance(part, Sheet)
    if not part.fields:
        return words.empty.format(title=title)
    return f"{words.size.format(title=title, size=part.size)}\n\n{_fields(part, words)}"


def _fields(part: Part, words: Words) -> str:
    assert isinstance(part, Sheet)
    lines = []
    offset = 0
    for field in part.fields:
        cells = (str(offset), str(field.type.size), f"`{field.name}`", field.type.wire_name)
        lines.append((*cells, *words.says(field.meaning, field.gloss), _value(field, words)))
        offset += field.type.size
    text = table(words.columns, lines)
    if part.rows is None:
        return text
    intro = words.rows.format(size=part.rows.sheet.size, most=part.rows.rows_max)
    return f"{text}\n\n{intro}\n\n{_fields(part.rows.sheet, words)}"


def _elements(part: Elements, words: Words) -> str:
    lines = [
        (
            "MTI" if field.name == MTI else field.name,
            "" if isinstance(field.attribute, Echo) else "O" if field.name in part.optional else "M",
            written_as(field.name),
            *words.says(field.meaning, field.gloss),
            _value(field, words) if field.attribute else "",
        )
        for field in sorted(part.fields, key=lambda field: 0 if field.name == MTI else int(field.name))
    ]
    texts = [table(words.element_columns, lines)]
    for field in part.fields:
        if isinstance(field.type, Composite):
            size = field.type.sheet.size
            texts.append(words.inner.format(name=field.name, size=size))
            texts.append(_fields(field.type.sheet, words))
    return "\n\n".join(texts)


def _value(field: Field, words: Words) -> str:
    match field.attribute:
        case Echo(name):
            return words.echo.format(name)
        case Equal(name):
            return words.equal.format(name.removeprefix("asked."))
        case Constant(""):
            return ""
        case Constant(value):
            return words.constant.format(value)
        case Blank():
            return words.unused
        case "":
            return words.unused
        case "#":
            return words.row_number
    return field.type.accepts


def code_table(format_: Format, words: Words) -> str:
    """Return the wire code of every response code."""
    lines = []
    for code in ResponseCode:
        wire = format_.codes[code]
        said = words.no_reply if wire is None else f"`{wire}`"
        lines.append((said, *words.says(code.meaning, code.gloss), f"`{code.code}`"))
    return table(words.codes, lines)


def option_table(options: Iterable[Option], words: Words) -> str:
    """Return what a site may choose, each default first."""
    lines = []
    for option in options:
        values = words.free_text if option.pattern else ", ".join(f"`{value}`" for value in option.values)
        lines.append((f"`{option.name}`", values, *words.says(option.meaning, option.gloss)))
    return table(words.options, lines)


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = (titles, ("---",) * len(titles), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
