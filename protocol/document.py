"""Interface document 接口文档: made from the descriptions that the codec runs on, so it cannot drift from them.

``python -m protocol.document`` prints it in English, ``python -m protocol.document zh`` in Chinese;
``docs/protocol.md`` and ``docs/protocol.zh-CN.md`` are what it printed last, which a test compares.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from protocol.dialects.standard.description import ERROR_REPLY, FORMAT
from protocol.dialects.standard.header import REQUEST_HEAD
from protocol.dialects.standard.prose import TEMPLATE as ENGLISH_TEMPLATE
from protocol.dialects.standard.prose_zh import TEMPLATE as CHINESE_TEMPLATE
from protocol.dialects.standard.prose_zh_phrases import PHRASES
from protocol.layout import Layout, Placed, placed_fields
from protocol.response_codes import ResponseCode
from protocol.sheet import Sheet
from protocol.transactions import Transaction
from protocol.whole import Whole

_MARKER = re.compile(r"^<<(\w+)(?: (\w+))?>>$", re.MULTILINE)
_MESSAGES = MappingProxyType({each.transaction: each for each in (*FORMAT.messages, *FORMAT.own_messages)})
_SHEETS: Mapping[str, Sheet] = MappingProxyType({"header": REQUEST_HEAD, "error": ERROR_REPLY})
_USAGE = "usage: python -m protocol.document [en|zh]"


@dataclass(frozen=True, slots=True)
class _Edition:
    """The document in one language: its prose, and how a table says things.

    Attributes:
        template: the prose, with markers for the tables.
        request: title of the request's body.
        reply: title of the reply's body.
        no_body: sentence for a message without a body, of its ``{title}``.
        body: line above the fields of a body, of its ``{title}`` and ``{size}`` in bytes.
        rows: paragraph above the fields of a row, of ``{begin}``, ``{capacity}`` and ``{size}``.
        field_titles: the columns of a field table.
        field_meaning: the last columns of a field's row.
        code_titles: the columns of the table of response codes.
        code_meaning: the last columns of a code's row.
    """

    template: str
    request: str
    reply: str
    no_body: str
    body: str
    rows: str
    field_titles: tuple[str, ...]
    field_meaning: Callable[[Placed], tuple[str, ...]]
    code_titles: tuple[str, ...]
    code_meaning: Callable[[ResponseCode], tuple[str, ...]]


def _english_meaning(placed: Placed) -> tuple[str, ...]:
    field = placed.field
    meaning = f"{field.meaning} ({field.type.accepts})" if field.type.accepts else field.meaning
    return meaning, field.gloss


def _chinese_meaning(placed: Placed) -> tuple[str, ...]:
    """The gloss first, then what the phrases add to it."""
    field = placed.field
    phrase = _chinese(field.meaning)
    values = f" ({_chinese(field.type.accepts)})" if field.type.accepts else ""
    return (f"{field.gloss}: {phrase}{values}" if phrase else f"{field.gloss}{values}",)


def _chinese(text: str) -> str:
    """Return the phrase for an English text, or the text itself while it has none, which a test reports."""
    return PHRASES.get(text, text)


_EDITIONS: Mapping[str, _Edition] = MappingProxyType(
    {
        "en": _Edition(
            template=ENGLISH_TEMPLATE,
            request="Request 请求",
            reply="Reply 应答",
            no_body="{title}: no body.",
            body="{title}, {size} bytes:",
            rows="`rows`, from offset {begin}: {capacity} rows of {size} bytes, unused ones are zero bytes. "
            "Offsets in a row:",
            field_titles=("offset", "size", "field", "type", "meaning", "中文"),
            field_meaning=_english_meaning,
            code_titles=("code", "meaning", "中文"),
            code_meaning=lambda code: (code.meaning, code.gloss),
        ),
        "zh": _Edition(
            template=CHINESE_TEMPLATE,
            request="请求",
            reply="应答",
            no_body="{title}: 无报文体。",
            body="{title}, {size} 字节:",
            rows="`rows` 从偏移 {begin} 起, 共 {capacity} 行, 每行 {size} 字节, 未用的行全为零字节。行内偏移:",
            field_titles=("偏移", "长度", "域名", "类型", "含义"),
            field_meaning=_chinese_meaning,
            code_titles=("响应码", "含义", "说明"),
            code_meaning=lambda code: (code.gloss, _chinese(code.meaning)),
        ),
    }
)


def interface_document(language: str = "en") -> str:
    """Return the interface document of the standard link, as Markdown.

    Args:
        language: ``en`` or ``zh``.
    """
    edition = _EDITIONS[language]
    return _MARKER.sub(lambda marker: _replacement(edition, *marker.groups()), edition.template)


def _replacement(edition: _Edition, kind: str, name: str | None) -> str:
    if name is not None:
        return _message(edition, Transaction[name])
    if kind == "codes":
        return _code_table(edition)
    return _field_table(edition, _SHEETS[kind])


def _message(edition: _Edition, transaction: Transaction) -> str:
    message = _MESSAGES[transaction]
    assert isinstance(message.request, Whole)
    assert isinstance(message.reply, Whole)
    return "\n\n".join(
        (
            f"### {message.code} {transaction.name} {transaction.gloss}",
            _body(edition, edition.request, message.request.layout),
            _body(edition, edition.reply, message.reply.layout),
        )
    )


def _body(edition: _Edition, title: str, layout: Layout[Any]) -> str:
    if not layout.size:
        return edition.no_body.format(title=title)
    return f"{edition.body.format(title=title, size=layout.size)}\n\n{_field_table(edition, layout)}"


def _field_table(edition: _Edition, layout: Layout[Any] | Sheet) -> str:
    fields = layout.fields if isinstance(layout, Layout) else placed_fields(layout.fields)[0]
    table = _table(edition.field_titles, (_field_row(edition, placed) for placed in fields))
    if isinstance(layout, Sheet) or layout.rows is None:
        return table
    rows = layout.rows
    intro = edition.rows.format(begin=layout.size - rows.size, capacity=rows.capacity, size=rows.layout.size)
    return f"{table}\n\n{intro}\n\n{_field_table(edition, rows.layout)}"


def _field_row(edition: _Edition, placed: Placed) -> tuple[str, ...]:
    field = placed.field
    cells = (str(placed.offset), str(field.type.size), f"`{field.name}`", field.type.wire_name)
    return cells + edition.field_meaning(placed)


def _code_table(edition: _Edition) -> str:
    return _table(edition.code_titles, ((f"`{code.code}`", *edition.code_meaning(code)) for code in ResponseCode))


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (titles, ("---",) * len(titles), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(arguments: list[str]) -> None:
    """Print the document in the language that ``arguments`` names, as UTF-8; English when they name none."""
    language = arguments[0] if arguments else "en"
    if len(arguments) > 1 or language not in _EDITIONS:
        sys.exit(_USAGE)
    sys.stdout.buffer.write(interface_document(language).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
