"""The documents quote what is run here, in both languages. 文档与脚本一致"""

import re
from textwrap import dedent

import pytest

from tests.integration.conftest import SQL
from tests.support.daemon import ROOT

DOCUMENTS = [ROOT / "docs" / "integration.md", ROOT / "docs" / "integration.zh-CN.md"]
_BLOCK = re.compile(r"^( *)```sql\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def _blocks(path):
    return [dedent(block) for _, block in _BLOCK.findall(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_quotation_stands_in_a_file_that_is_run(path):
    """Each block of SQL in the document is a part of one of the files beside it, word for word."""
    files = [file.read_text(encoding="utf-8") for file in SQL.glob("*.sql")]

    assert [block for block in _blocks(path) if not any(block in file for file in files)] == []


def test_both_languages_quote_the_same():
    """The Chinese document has the same SQL as the English one, in the same order."""
    english, chinese = map(_blocks, DOCUMENTS)

    assert len(english) > 8
    assert chinese == english
