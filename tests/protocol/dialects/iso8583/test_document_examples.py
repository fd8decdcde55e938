"""The example messages of docs/iso8583.md: authentic by the bare cipher, read and built to the byte."""

import re
from datetime import date, datetime
from pathlib import Path

import iso8583
import pytest
from iso8583.specs import default_ascii

from protocol.canonical.business import BillRow, PayReply, PayRequest, QueryReply, QueryRequest, UndoReply, UndoRequest
from protocol.canonical.codes import AccountState, BillState, CollectMode, Instrument, KeyKind, PayMode, UndoOutcome
from protocol.canonical.link import KeyReply, KeyRequest
from protocol.canonical.messages import Answer, ReplyBody, RequestBody
from protocol.dialect import Sealing
from protocol.dialects.registry import DIALECTS
from protocol.response_codes import ResponseCode
from tests.support.raw_bank import AK, KEK, kcv, mac, unwrap

DOCS = Path(__file__).parents[4] / "docs"
ISO8583 = DIALECTS["iso8583"]
MAK = bytes.fromhex("61626464676768686B6B6D6D6E6E7070")
RANDOM = bytes(range(16))
TODAY = date(2026, 11, 22)
RECEIVED, ANSWERED = datetime(2026, 11, 22, 10, 15, 30), datetime(2026, 11, 22, 10, 15, 31)  # noqa: DTZ001 - of the link
BILL = BillRow(202610, 1, "B000000000000001", 22_450, 12_345, 150, date(2026, 11, 1), BillState.OPEN)
NAMES = ["sign-on", "query", "payment", "reversal"]


def examples(document: str = "iso8583.md") -> dict[str, bytes]:
    """Return the frames by their names, as bytes of GBK."""
    text = (DOCS / document).read_text("utf-8")
    found = re.findall(r"^([^\n:|]+):\n\n    (\d{4}0\d{3}.*)$", text, re.MULTILINE)
    return {name: frame.encode("gbk") for name, frame in found}


EXAMPLES = examples()
WRAPPED = bytes.fromhex(EXAMPLES["sign-on reply"].split(b"20261122101531")[1][:32].decode())
REQUESTS: dict[str, RequestBody] = {
    "sign-on": KeyRequest(RANDOM),
    "query": QueryRequest("0100000001", KeyKind.ACCOUNT_NO, 1),
    "payment": PayRequest("0100000001", 12_495, PayMode.SETTLE, Instrument.TRANSFER, False, "6222021234567890", 12_495),
    "reversal": UndoRequest(TODAY, "000000000003", "0100000001", 12_495, 0),
}
REPLIES: dict[str, ReplyBody] = {
    "sign-on": KeyReply(RANDOM, 1, 86_400, "20261122101531", WRAPPED, kcv("3des", MAK), bytes(16), bytes(4)),
    "query": QueryReply(
        account_no="0100000001",
        name="王建国",
        address="人民路1号",
        supply_branch="0101",
        account_state=AccountState.ACTIVE,
        collect_mode=CollectMode.COUNTER,
        payable_now=True,
        balance_fen=0,
        principal_due_fen=12_345,
        late_fee_due_fen=150,
        total_due_fen=12_495,
        payable_fen=12_495,
        page=1,
        rows=(BILL,),
    ),
    "payment": PayReply("0100000001", "王建国", 12_495, 12_345, 150, 0, 0, 0, 1, "", 202610, 202610),
    "reversal": UndoReply("0100000001", 12_495, 10_000_000_042, 0, 12_495, UndoOutcome.UNDONE),
}
SERIALS = {"payment": 10_000_000_042, "reversal": 10_000_000_043}


def test_both_documents_have_them() -> None:
    """Nine frames, the same in both languages."""
    assert len(EXAMPLES) == 9
    assert list(examples("iso8583.zh-CN.md").values()) == list(EXAMPLES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_they_are_authentic(name: str) -> None:
    """The length is right, pyiso8583 reads every element, and the MAC is that of the keys in the document."""
    frame = EXAMPLES[name]
    spec = {key: {**element, "data_enc": "latin-1"} for key, element in default_ascii.items()}
    elements, _ = iso8583.decode(frame[4:], spec)
    key = AK if name.startswith("sign-on") else MAK

    assert int(frame[:4]) == len(frame) - 4
    assert bytes.fromhex(elements["128" if "128" in elements else "64"]) == mac("3des", key, frame[4:-16])
    assert unwrap("3des", KEK, WRAPPED) == MAK


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_read(name: str) -> None:
    """Every value of the example arrives."""
    frame = EXAMPLES[name][4:]
    envelope = ISO8583.open(frame, RECEIVED)
    request = ISO8583.request(envelope, envelope.body)

    assert (envelope.bank_code, envelope.signed, envelope.mac.hex().upper()) == (
        "0901",
        frame[:-16],
        frame[-16:].decode(),
    )
    assert (request.head.bank_date, request.head.bank_serial[:11]) == (TODAY, "00000000000")
    assert request.body == REQUESTS[name]


@pytest.mark.parametrize("name", [*NAMES, "refusal"])
def test_a_reply_is_built(name: str) -> None:
    """The same bytes, MAC aside."""
    asked = "payment" if name == "refusal" else name
    envelope = ISO8583.open(EXAMPLES[asked][4:], ANSWERED)
    answer = Answer(ResponseCode.AMOUNT_DIFFERS, clearing_date=TODAY)
    if name != "refusal":
        answer = Answer(ResponseCode.APPROVED, REPLIES[name], fep_serial=SERIALS.get(name), clearing_date=TODAY)
    outgoing = ISO8583.reply(envelope, answer, Sealing(envelope.key_version))
    expected = EXAMPLES[name if name == "refusal" else f"{name} reply"]

    assert outgoing is not None
    assert ISO8583.seal(outgoing, bytes.fromhex(expected[-16:].decode())) == expected
