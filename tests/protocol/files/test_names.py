"""File names: each name is one file, and each file has one name."""

from datetime import date

import pytest

from protocol.files.errors import FileNameInvalid
from protocol.files.names import FileKind, FileName, checked_name, file_name

NAMES = {
    "DZ010220261121.txt": FileName(FileKind.RECONCILE_DETAIL, "0102", date(2026, 11, 21)),
    "DZR010220261121.txt": FileName(FileKind.RECONCILE_RESULT, "0102", date(2026, 11, 21)),
    "WT010220240229.txt": FileName(FileKind.MANDATES, "0102", date(2024, 2, 29)),
    "DK040320261101.txt": FileName(FileKind.DEBIT_LIST, "0403", 202611, 1),
    "DKR040320261199.txt": FileName(FileKind.DEBIT_RESULT, "0403", 202611, 99),
}


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_both_ways(text: str, name: FileName) -> None:
    """Read and made."""
    assert file_name(text) == name
    assert str(name) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "DZ", "DZ010220261121", "DZ010220261121.TXT", "dz010220261121.txt", "DX010220261121.txt"),
        *("DZ010220261131.txt", "WT010220230229.txt", "DZ010200000000.txt", "DZ01022026112.txt", "DZ0102202611211.txt"),
        *(
            "DK010220261301.txt",
            "DK010220261100.txt",
            "DK010200001101.txt",
            "DZ０10220261121.txt",
            "DZ010a20261121.txt",
        ),
        *("DZ010220261121.txt\n", "../DZ010220261121.txt", " DZ010220261121.txt", "DZZ010220261121.txt"),
    ],
)
def test_what_is_no_name(text: str) -> None:
    """Neither a day that does not exist, nor a batch 00, nor anything around it."""
    with pytest.raises(FileNameInvalid) as caught:
        file_name(text)
    assert "0102" not in str(caught.value)


@pytest.mark.parametrize("text", ["a", "A-b_c.9", "x" * 64, "301dz20261121.txt", "-", "_."])
def test_names_of_any_layout(text: str) -> None:
    """Letters, digits, point, hyphen and underscore, at most 64."""
    assert checked_name(text) == text


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".a", "x" * 65, "a/b", "a\\b", "a b", "a\0", "a\n", "户.txt", "a:b", "a*"]
)
def test_dangerous_names(text: str) -> None:
    """Nothing that names another folder, or hides."""
    with pytest.raises(FileNameInvalid):
        checked_name(text)


@pytest.mark.parametrize(
    "name",
    [
        FileName(FileKind.RECONCILE_DETAIL, "102", date(2026, 11, 21)),
        FileName(FileKind.RECONCILE_DETAIL, "0102", 202611, 1),
        FileName(FileKind.RECONCILE_DETAIL, "0102", date(2026, 11, 21), 1),
        FileName(FileKind.DEBIT_LIST, "0102", date(2026, 11, 21), 1),
        FileName(FileKind.DEBIT_LIST, "0102", 202613, 1),
        FileName(FileKind.DEBIT_LIST, "0102", 202611, 0),
        FileName(FileKind.DEBIT_LIST, "0102", 202611, 100),
    ],
)
def test_files_without_a_name(name: FileName) -> None:
    """A name is made only of what can be read from it again."""
    with pytest.raises(FileNameInvalid):
        str(name)


def test_what_the_head_must_say() -> None:
    """By the names of its attributes."""
    assert file_name("DZ010220261121.txt").expected == {"bank_code": "0102", "clearing_date": date(2026, 11, 21)}
    assert file_name("WT010220261121.txt").expected == {"bank_code": "0102", "file_date": date(2026, 11, 21)}
    assert file_name("DKR010220261102.txt").expected == {"bank_code": "0102", "month": 202611}


def test_name_of_the_answer() -> None:
    """A detail is answered by a result, a list by its result, and nothing else by anything."""
    assert str(file_name("DZ010220261121.txt").result) == "DZR010220261121.txt"
    assert str(file_name("DK010220261102.txt").result) == "DKR010220261102.txt"
    for text in ("DZR010220261121.txt", "DKR010220261102.txt", "WT010220261121.txt"):
        with pytest.raises(FileNameInvalid):
            _ = file_name(text).result


def test_types_of_files() -> None:
    """As FILE_LIST names them."""
    assert [kind.value for kind in FileKind] == ["01", "02", "03", "04", "05"]
