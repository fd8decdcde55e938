"""What is shown of a message to people who only watch: enough to follow it, and nobody's number or name."""

import dataclasses
import json
import re
import typing
from datetime import date, time

import pytest

from protocol.canonical import business, link, messages, push, reconciliation
from protocol.canonical.business import HistoryRequest, PaymentRow, PaymentsReply, QueryRequest
from protocol.canonical.codes import KeyKind, OriginalState
from protocol.canonical.link import KeyRequest, NoBody
from protocol.canonical.messages import Head
from protocol.canonical.push import PushRequest
from protocol.canonical.reconciliation import Page
from protocol.files import canonical as files
from protocol.files import transfer
from protocol.masking import HIDDEN, masked, masked_account, masked_name
from protocol.record import HOLDS, Holds


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("6222021234567890123", "622202*********0123"),
        ("01020304050607", "010203****0607"),
        ("0102030405060", "*********5060"),
        ("0199700001", "******0001"),
        ("12345678", "****5678"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_numbers_keep_first_six_and_last_four(number, shown):
    """A short one keeps less: six and four of ten would be all of it."""
    assert masked_account(number) == shown


def test_names_keep_their_first_character():
    """How long a name is, is not told: so few share a long one."""
    assert (masked_name("张"), masked_name("欧阳锋"), masked_name("")) == ("张**", "欧**", "")


def test_a_message_is_shown_by_its_description():
    """Numbers and names masked, amounts and dates as they are, as values that JSON has."""
    push = PushRequest(
        "0102030405060708", "测试用户", "6222021234567890123", 202611, 1, "B1", 500, 7, date(2026, 11, 30)
    )
    assert masked(push) == {
        "account_no": "010203******0708",
        "name": "测**",
        "passbook": "622202*********0123",
        "month": 202611,
        "seq": 1,
        "bill_no": "B1",
        "principal_fen": 500,
        "late_fee_fen": 7,
        "due_date": "2026-11-30",
    }
    assert masked(QueryRequest("0199700001", KeyKind.ACCOUNT_NO, 1))["key"] == "******0001"
    head = Head("0102", "0001", "T1", date(2026, 11, 22), time(10, 0), 1, "000000000007")
    assert json.dumps(masked(head)).count("2026-11-22") == 1


def test_secrets_and_what_nobody_described_are_not_shown():
    """Random numbers, wrapped keys, pieces of files: a field that is kept out of texts says nothing here either."""
    assert masked(KeyRequest(bytes(16))) == {"client_random": HIDDEN}
    assert masked(NoBody()) == {}
    assert masked(object()) == HIDDEN


def test_long_lists_are_cut():
    """Five rows show what it is of; the rest is a number."""
    row = PaymentRow(date(2026, 11, 22), time(10), 1, 500, 7, "0102", OriginalState.POSTED, 0)
    shown = masked(PaymentsReply("0199700001", "张三", 1, (row,) * 9))
    assert len(shown["rows"]) == 6
    assert shown["rows"][-1] == "9 rows"
    assert shown["rows"][0]["state"] == "posted"
    assert masked(Page(2, 20)) == {"number": 2, "rows_max": 20}
    assert masked(HistoryRequest("", 3, 1))["account_no"] == ""


RECORDS = [
    each
    for module in (business, link, messages, push, reconciliation, files, transfer)
    for each in vars(module).values()
    if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__
]
WANTED = {
    "account_no": Holds.ACCOUNT,
    "passbook": Holds.ACCOUNT,
    "payer_account": Holds.ACCOUNT,
    "key": Holds.ACCOUNT,
    "name": Holds.NAME,
}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_that_names_a_customer_is_described(record):
    """So that a new message cannot forget it: what is called so is kept out of texts and says what it holds."""
    hints = typing.get_type_hints(record)
    for each in dataclasses.fields(record):
        if each.name in WANTED and hints[each.name] is str:
            assert (each.repr, each.metadata.get(HOLDS)) == (False, WANTED[each.name]), f"{record.__name__}.{each.name}"
        if re.fullmatch(r"address|client_random|wrapped_\w+|chunk", each.name):
            assert not each.repr
