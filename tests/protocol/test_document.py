"""The interface document says what the codec does, in both languages, and the ones in docs are the newest."""

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol import layout
from protocol.dialects.standard.description import ERROR_REPLY, FORMAT
from protocol.dialects.standard.header import REQUEST_HEAD
from protocol.dialects.standard.prose_zh_phrases import PHRASES
from protocol.document import interface_document
from protocol.layout import Layout, Placed
from protocol.response_codes import ResponseCode
from protocol.whole import Whole

ROOT = Path(__file__).parents[2]
DOCUMENTS = {"en": ROOT / "docs" / "protocol.md", "zh": ROOT / "docs" / "protocol.zh-CN.md"}
VECTORS = ROOT / "tests" / "vectors" / "standard.json"

each_language = pytest.mark.parametrize("language", DOCUMENTS)


def placed_fields() -> Iterator[Placed]:
    """Every field of every layout, rows included."""
    for message in (*FORMAT.messages, *FORMAT.own_messages):
        for part in (message.request, message.reply):
            assert isinstance(part, Whole)
            yield from fields_of(part.layout)
    for sheet in (REQUEST_HEAD, ERROR_REPLY):
        yield from layout.placed_fields(sheet.fields)[0]


def fields_of(described: Layout[Any]) -> Iterator[Placed]:
    """The fields of one layout, then those of its rows."""
    yield from described.fields
    if described.rows is not None:
        yield from fields_of(described.rows.layout)


@each_language
def test_docs_are_not_stale(language: str) -> None:
    """Run ``python -m protocol.document [zh]`` into ``docs`` after a change of a description."""
    assert DOCUMENTS[language].read_text("utf-8") == interface_document(language)


@each_language
def test_it_is_complete(language: str) -> None:
    """Every transaction, response code and field with its Chinese gloss is in it; no marker is left."""
    text = interface_document(language)

    assert "<<" not in text
    for message in (*FORMAT.messages, *FORMAT.own_messages):
        assert f"### {message.code} {message.transaction.name} {message.transaction.gloss}" in text
    for placed in placed_fields():
        row = re.escape(f"| {placed.offset} | {placed.field.type.size} | `{placed.field.name}` |")
        assert re.search(f"^{row}.*{re.escape(placed.field.gloss)}", text, re.MULTILINE)
    for code in ResponseCode:
        assert re.search(rf"^\| `{code.code}` \|.*{code.gloss}", text, re.MULTILINE)


def test_every_phrase_is_translated_and_used() -> None:
    """A description without a Chinese phrase, or a phrase of no description, is found by its text."""
    texts = {placed.field.meaning for placed in placed_fields()}
    texts |= {placed.field.type.accepts for placed in placed_fields()} - {""}
    texts |= {code.meaning for code in ResponseCode}

    assert set(PHRASES) == texts


def test_both_languages_have_the_same_shape() -> None:
    """Section for section, bullet for bullet and code for code, the two say as much."""
    english, chinese = (interface_document(language) for language in DOCUMENTS)

    for shape in (r"^#+ *[\d.]*", r"^(?:- |\d+\. )", r"^<<.*>>$", r"^ {4,}.*(?:[0-9a-f]{16})"):
        assert len(re.findall(shape, english, re.MULTILINE)) == len(re.findall(shape, chinese, re.MULTILINE))
    assert sorted(re.findall(r"`\d{4}`", prose_of(english))) == sorted(re.findall(r"`\d{4}`", prose_of(chinese)))


def prose_of(text: str) -> str:
    """The document without its tables."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("|"))


@each_language
def test_mac_examples_are_golden_vectors(language: str) -> None:
    """Key, data and MAC of each example stand in the vectors that the document points to, one for each algorithm."""
    vectors = {
        (vector["key"], vector["data_hex"], vector["mac"]): vector["algorithm"]
        for vector in json.loads(VECTORS.read_text("utf-8"))["mac"]
    }
    hexes = re.findall(r"^ {7}(?:key|data|MAC|密钥|数据) +([0-9a-f]+)", interface_document(language), re.MULTILINE)
    examples = zip(hexes[0::3], hexes[1::3], hexes[2::3], strict=True)

    assert [vectors[example] for example in examples] == ["x9.9", "x9.19", "cups"]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "| 24 | 1 | `mode` | u8 | everything that is due, or a deposit (1 settle, 2 deposit) | 交费方式 |"),
        ("zh", "| 24 | 1 | `mode` | u8 | 交费方式: 缴清全部应交, 或预存 (1 缴清, 2 预存) |"),
        ("zh", "| 184 | 1 | `account_state` | u8 | 用户状态 (1 正常, 2 暂停, 3 销户) |"),
        ("zh", "| `9002` | 结果未知 | 请用 STATUS 查询或发 REVERSE |"),
    ],
)
def test_a_row_of_a_table(language: str, line: str) -> None:
    """Offset, size, name, type, meaning with its values, and the gloss, which is first in Chinese."""
    assert line in interface_document(language).splitlines()


@pytest.mark.parametrize(("arguments", "language"), [([], "en"), (["en"], "en"), (["zh"], "zh")])
def test_it_is_printed(
    arguments: list[str], language: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``python -m protocol.document [en|zh]`` prints it as UTF-8."""
    run(arguments, monkeypatch)
    out, _err = capfdbinary.readouterr()

    assert out.decode("utf-8") == interface_document(language)


@pytest.mark.parametrize("arguments", [["fr"], ["en", "zh"]])
def test_another_language_is_refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but one known language ends with the usage."""
    with pytest.raises(SystemExit, match="usage"):
        run(arguments, monkeypatch)


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the module as Python's ``-m`` does."""
    monkeypatch.setattr("sys.argv", ["protocol.document", *arguments])
    with pytest.warns(RuntimeWarning, match="found in sys.modules"):
        runpy.run_module("protocol.document", run_name="__main__")
