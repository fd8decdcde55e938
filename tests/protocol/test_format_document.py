"""Documents of described formats say what the codec does, in both languages, and the ones in docs are the newest."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.bindings import Constant
from protocol.bound import BoundFields
from protocol.elements import Composite, Elements
from protocol.format_document import FORMATS, format_document
from protocol.layout import Field
from protocol.part import Part
from protocol.response_codes import ResponseCode

DOCS = Path(__file__).parents[2] / "docs"
each_document = pytest.mark.parametrize(
    ("name", "language"), [(name, language) for name in FORMATS for language in ("en", "zh")]
)


def rows_of(part: Part) -> Iterator[tuple[str, Field]]:
    """How the row of each field begins, as far as the two kinds of tables agree."""
    assert isinstance(part, BoundFields)
    offset = 0
    for field in part.fields:
        if not isinstance(part, Elements):
            yield f"| {offset} | {field.type.size} | `{field.name}` |", field
            offset += field.type.size
        elif field.attribute not in ("", Constant("301")):
            yield f"| {field.name} |", field
        if isinstance(field.type, Composite):
            yield from rows_of(field.type.sheet)


@each_document
def test_docs_are_not_stale(name: str, language: str) -> None:
    """Run ``python -m protocol.format_document NAME [zh]`` into ``docs`` after a change of a description."""
    path = DOCS / (f"{name}.md" if language == "en" else f"{name}.zh-CN.md")
    assert path.read_text("utf-8") == format_document(name, language)


@each_document
def test_it_is_complete(name: str, language: str) -> None:
    """Every field with its offset and its Chinese gloss, every wire code; no marker is left."""
    text = format_document(name, language)
    format_, _ = FORMATS[name]
    bodies = [body for message in format_.messages for body in (message.request, message.reply)]
    asked = [body for message in format_.own_messages for body in (message.request, message.reply)]
    heads = [head for head in (format_.own_head, format_.own_reply_head) if head is not None]

    assert "<<" not in text
    for part in (format_.request_head, format_.reply_head, format_.refusal, *bodies, *asked, *heads):
        for row, field in rows_of(part):
            assert re.search(f"^{re.escape(row)}.*{re.escape(field.gloss)}", text, re.MULTILINE), field.name
    for code in ResponseCode:
        wire = format_.codes[code]
        assert re.search(rf"^\| {'.*' if wire is None else f'`{wire}`'} \|.*`{code.code}` \|$", text, re.MULTILINE)


@pytest.mark.parametrize("name", FORMATS)
def test_both_languages_have_the_same_shape(name: str) -> None:
    """Section for section, bullet for bullet and row for row, the two say as much."""
    english, chinese = (format_document(name, language) for language in ("en", "zh"))
    for shape in (r"^#+", r"^- ", r"^\|", r"^ {4,}"):
        assert len(re.findall(shape, english, re.MULTILINE)) == len(re.findall(shape, chinese, re.MULTILINE)), shape
