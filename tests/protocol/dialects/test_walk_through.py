"""The walk-through in docs/dialects.md: its format works as it stands there."""

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from protocol.canonical.business import QueryRequest
from protocol.canonical.codes import KeyKind
from protocol.canonical.messages import Answer
from protocol.dialect import Sealing
from protocol.dialects import registry
from protocol.dialects.registry import DIALECTS
from protocol.errors import MessageInvalid
from protocol.response_codes import ResponseCode
from tests.protocol.dialects.elec02.test_description import ACCOUNT

DOCUMENT = Path(__file__).parents[3] / "docs" / "dialects.md"
NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - the wall clock of the link
FRAME = b"Q301 20261122S0000007" + b"0900000001"


@pytest.mark.parametrize("document", ["dialects.md", "dialects.zh-CN.md"])
def test_the_lines_are_counted(document: str) -> None:
    """The table says how long each description is."""
    said = dict(re.findall(r"^\| `(\w+)` \| (\d+)", DOCUMENT.with_name(document).read_text("utf-8"), re.MULTILINE))
    folder = Path(registry.__file__).parent
    counted = {
        name: sum(
            len(path.read_text("utf-8").splitlines())
            for path in (folder / name).rglob("*.py")
            if path.name != "__init__.py" and not path.name.startswith("prose")
        )
        for name in DIALECTS
    }
    assert {name: int(lines) for name, lines in said.items()} == counted


@pytest.fixture(scope="module")
def toy() -> Any:
    """What the document's code makes."""
    [code] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(DOCUMENT), "exec"), names)
    return names["TOY"]


def test_a_query_and_its_reply(toy: Any) -> None:
    """Bytes become a canonical request, and an answer becomes bytes."""
    reader = toy.reader()
    reader.receive_data(b"0031" + FRAME)
    envelope = toy.open(reader.next_frame(), NOW)
    request = toy.request(envelope, envelope.body)

    assert (envelope.bank_code, request.head.bank_date, request.head.bank_serial) == (
        "301",
        date(2026, 11, 22),
        "S0000007",
    )
    assert request.body == QueryRequest("0900000001", KeyKind.ACCOUNT_NO, 1)
    approved = toy.reply(envelope, Answer(ResponseCode.APPROVED, replace(ACCOUNT, payable_fen=12345)), Sealing(0))
    assert toy.seal(approved, b"") == b"0023Q0000S000000712345     "
    refused = toy.reply(envelope, Answer(ResponseCode.ACCOUNT_NOT_FOUND), Sealing(0))
    assert toy.seal(refused, b"") == b"0013Q2001S0000007"


def test_what_does_not_fit(toy: Any) -> None:
    """The error names the field."""
    envelope = toy.open(FRAME.replace(b"20261122", b"20261322"), NOW)
    with pytest.raises(MessageInvalid, match=r"header\.DATE: no such day"):
        toy.request(envelope, envelope.body)
