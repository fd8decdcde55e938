"""The document of the files says what the layouts do, in both languages, and the ones in docs are the newest."""

import re
from pathlib import Path

import pytest

from protocol.files.document import file_document, main
from protocol.files.reading import check_file
from protocol.files.standard import LAYOUTS, RECONCILE_DETAIL
from tests.protocol.files.golden import FILES

DOCS = Path(__file__).parents[3] / "docs"
each_language = pytest.mark.parametrize(("language", "name"), [("en", "files.md"), ("zh", "files.zh-CN.md")])


@each_language
def test_docs_are_not_stale(language: str, name: str) -> None:
    """Run ``python -m protocol.files.document [zh]`` into ``docs`` after a change of a layout."""
    assert (DOCS / name).read_text("utf-8") == file_document(language)


@each_language
def test_it_is_complete(language: str, name: str) -> None:
    """Every field of every file with its offset and its Chinese gloss; no marker is left."""
    sections = re.split(r"^## (\w+).*$", (DOCS / name).read_text("utf-8"), flags=re.MULTILINE)
    by_name = dict(zip(sections[1::2], sections[2::2], strict=True))

    for layout in LAYOUTS.values():
        for lines in (layout.head, layout.rows):
            offset = 0
            for field in lines.sheet.fields:
                row = f"| {offset} | {field.type.size} | `{field.name}` | {field.type.wire_name} |"
                assert re.search(f"^{re.escape(row)}.*{re.escape(field.gloss)}", by_name[layout.name], re.MULTILINE)
                offset += field.type.size
    assert "<<" not in file_document(language)


@each_language
def test_example_is_a_file(language: str, name: str) -> None:
    """What an integrator copies is accepted."""
    lines = re.findall(r"^    (.+)$", (DOCS / name).read_text("utf-8"), re.MULTILINE)
    data = "".join(line + "\r\n" for line in lines).encode("ascii")
    _, _, head, rows = FILES["DZ"]
    checked = check_file(RECONCILE_DETAIL, [data], {})
    assert (checked.head, list(checked.rows([data]))) == (head, rows)


def test_both_languages_have_the_same_shape() -> None:
    """Section for section, bullet for bullet and row for row, the two say as much."""
    for shape in (r"^#+", r"^- ", r"^\|", r"^ {4,}"):
        counts = [len(re.findall(shape, file_document(language), re.MULTILINE)) for language in ("en", "zh")]
        assert counts[0] == counts[1], shape


def test_command(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """It prints the language that is asked for, and says how it is used."""
    main(["zh"])
    assert capfdbinary.readouterr().out.decode() == file_document("zh")
    for arguments in (["de"], ["en", "zh"]):
        with pytest.raises(SystemExit, match="usage"):
            main(arguments)
