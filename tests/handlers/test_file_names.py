"""Names of files: whose they are, in the bank's own format."""

import pytest

from handlers.errors import Refusal
from handlers.file_names import name_of, named
from protocol.files.formats import STANDARD, FileFormat
from protocol.files.names import FileKind, FileName, file_name


def test_a_name_of_the_banks():
    """The same, as a question and as a demand."""
    assert name_of("DZ010220261121.txt", "0102", STANDARD) == named("DZ010220261121.txt", "0102", STANDARD)


@pytest.mark.parametrize("text", ["DZ010320261121.txt", "../DZ010220261121.txt", ".x", "", "Ā" * 64])
def test_a_name_that_is_not(text):
    """Another bank's, and none at all."""
    assert name_of(text, "0102", STANDARD) is None
    with pytest.raises(Refusal) as refused:
        named(text, "0102", STANDARD)
    assert refused.value.response_code.code == "4001"


def test_a_kind_that_is_not_exchanged():
    """A format without a layout for it has no such files."""
    only = FileFormat("only", {FileKind.MANDATES: STANDARD.layouts[FileKind.MANDATES]})
    assert name_of("WT010220261121.txt", "0102", only)
    assert name_of("DZ010220261121.txt", "0102", only) is None


def test_a_format_with_names_of_its_own_cannot_lead_elsewhere():
    """However a format reads names, only safe ones come to it."""

    def lenient(text: str) -> FileName:
        return file_name("DZ010220261121.txt")

    anything = FileFormat("any", STANDARD.layouts, lenient)
    assert name_of("anything", "0102", anything)
    assert name_of("../anything", "0102", anything) is None
