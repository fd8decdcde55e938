"""The interface document says what the codec does, and the one in docs is the newest."""

import runpy
from pathlib import Path

import pytest

from protocol.dialects.standard.catalogue import CATALOGUE
from protocol.document import interface_document
from protocol.response_codes import ResponseCode

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"


def test_docs_are_not_stale() -> None:
    """Run ``python -m protocol.document > docs/protocol.md`` after a change of a description."""
    assert DOCUMENT.read_text("utf-8") == interface_document()


def test_it_is_complete() -> None:
    """Every transaction, every response code and every field with its Chinese gloss is in it; no marker is left."""
    text = interface_document()

    assert "<<" not in text
    for transaction, message in CATALOGUE.items():
        assert f"### {message.code} {transaction.name} {transaction.gloss}" in text
        for layout in (message.request, message.reply):
            for placed in layout.fields:
                assert f"| {placed.offset} | {placed.field.type.size} | `{placed.field.name}` |" in text
                assert placed.field.gloss in text
    for code in ResponseCode:
        assert f"| `{code.code}` | {code.meaning} | {code.gloss} |" in text


def test_a_row_of_the_field_table() -> None:
    """Offset, size, name, type, meaning with its values, and the gloss."""
    line = "| 24 | 1 | `mode` | u8 | everything that is due, or a deposit (1 settle, 2 deposit) | 交费方式 |"

    assert line in interface_document().splitlines()


def test_it_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """``python -m protocol.document`` prints it as UTF-8."""
    with pytest.warns(RuntimeWarning, match="found in sys.modules"):
        runpy.run_module("protocol.document", run_name="__main__")
    out, _err = capfdbinary.readouterr()

    assert out.decode("utf-8") == interface_document()
