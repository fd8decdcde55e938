"""Format documents 格式文档: the interface document of a described format, printed from its description.

``python -m protocol.format_document NAME [zh]`` prints one; ``docs/NAME.md`` and ``docs/NAME.zh-CN.md`` are what it
printed last, which a test compares.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from protocol.described import DescribedDialect
from protocol.dialects.elec02 import prose as elec02_prose
from protocol.dialects.iso8583 import prose as iso8583_prose
from protocol.dialects.registry import DIALECTS, KINDS
from protocol.format import Format, Message
from protocol.format_tables import WORDS, Words, code_table, message_tables, option_table, part_table

_MARKER = re.compile(r"^<<(\w+)(?: (.+))?>>$", re.MULTILINE)
_USAGE = "usage: python -m protocol.format_document NAME [en|zh]"


def _format(name: str) -> Format:
    dialect = DIALECTS[name]
    assert isinstance(dialect, DescribedDialect)
    return dialect.format


FORMATS: Mapping[str, tuple[Format, Mapping[str, str]]] = MappingProxyType(
    {
        name: (_format(name), templates)
        for name, templates in (("elec02", elec02_prose.TEMPLATES), ("iso8583", iso8583_prose.TEMPLATES))
    }
)
"""Description and prose of each, by its name."""


def format_document(name: str, language: str = "en") -> str:
    """Return the interface document of a format, as Markdown.

    Args:
        name: of the format.
        language: ``en`` or ``zh``.
    """
    format_, templates = FORMATS[name]
    words = WORDS[language]
    return _MARKER.sub(lambda marker: _replaced(format_, words, *marker.groups()), templates[language])


def _replaced(format_: Format, words: Words, kind: str, code: str | None) -> str:
    """Return the table that a marker stands for."""
    match kind:
        case "message":
            message = _message(format_.messages, code)
            return message_tables(message, message.refusal or format_.refusal, words)
        case "own":
            return message_tables(_message(format_.own_messages, code), None, words)
        case "codes":
            return code_table(format_, words)
        case "options":
            return option_table(KINDS[format_.name].options, words)
    return part_table(getattr(format_, kind), words)


def _message(messages: Sequence[Message], code: str | None) -> Message:
    [message] = [message for message in messages if message.code == code]
    return message


def main(arguments: list[str]) -> None:
    """Print the document that ``arguments`` name, as UTF-8."""
    name, *rest = arguments or [""]
    language = rest[0] if rest else "en"
    if name not in FORMATS or len(rest) > 1 or language not in WORDS:
        sys.exit(_USAGE)
    sys.stdout.buffer.write(format_document(name, language).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
