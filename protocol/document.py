"""Interface document 接口文档: made from the descriptions that the codec runs on, so it cannot drift from them.

``python -m protocol.document`` prints it; ``docs/protocol.md`` is what it printed last, which a test compares.
"""

import re
import sys
from collections.abc import Iterable
from typing import Any

from protocol.dialects.standard.catalogue import CATALOGUE
from protocol.dialects.standard.header import HEADER
from protocol.dialects.standard.messages.error import ERROR_REPLY
from protocol.dialects.standard.prose import TEMPLATE
from protocol.layout import Layout, Placed
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

_MARKER = re.compile(r"^<<(\w+)(?: (\w+))?>>$", re.MULTILINE)


def interface_document() -> str:
    """Return the interface document of the standard link, as Markdown."""
    return _MARKER.sub(_replacement, TEMPLATE)


def _replacement(marker: re.Match[str]) -> str:
    kind, name = marker.groups()
    if kind == "message":
        return _message(Transaction[name])
    return {"header": _field_table(HEADER), "error": _field_table(ERROR_REPLY), "codes": _code_table()}[kind]


def _message(transaction: Transaction) -> str:
    message = CATALOGUE[transaction]
    return "\n\n".join(
        (
            f"### {message.code} {transaction.name} {transaction.gloss}",
            _body("Request 请求", message.request),
            _body("Reply 应答", message.reply),
        )
    )


def _body(title: str, layout: Layout[Any]) -> str:
    if not layout.size:
        return f"{title}: no body."
    return f"{title}, {layout.size} bytes:\n\n{_field_table(layout)}"


def _field_table(layout: Layout[Any]) -> str:
    table = _table(("offset", "size", "field", "type", "meaning", "中文"), map(_field_row, layout.fields))
    if layout.rows is None:
        return table
    rows = layout.rows
    begin = layout.size - rows.size
    intro = (
        f"`rows`, from offset {begin}: {rows.capacity} rows of {rows.layout.size} bytes, unused ones are zero bytes."
    )
    return f"{table}\n\n{intro} Offsets in a row:\n\n{_field_table(rows.layout)}"


def _field_row(placed: Placed) -> tuple[str, ...]:
    field = placed.field
    meaning = f"{field.meaning} ({field.type.accepts})" if field.type.accepts else field.meaning
    return str(placed.offset), str(field.type.size), f"`{field.name}`", field.type.wire_name, meaning, field.gloss


def _code_table() -> str:
    return _table(("code", "meaning", "中文"), ((f"`{code.code}`", code.meaning, code.gloss) for code in ResponseCode))


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (titles, ("---",) * len(titles), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.stdout.buffer.write(interface_document().encode())
