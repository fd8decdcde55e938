"""A statement as the utility's ledger takes it: valid, adding up, with what a clerk books by."""

# ruff: noqa: DTZ001 - moments are naive Asia/Shanghai by contract

import re
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree

from dbgate.records import Movement, PaymentState
from dbgate.reports.account_statements import Turnover
from dbgate.reports.details import Detail
from fep.statements.camt053 import Statement, write_message
from tests.fep.statements.messages import elements, texts, valid

DAY = date(2026, 11, 22)
CREATED = datetime(2026, 11, 23, 0, 20, 5)
DOCS = Path(__file__).parents[3] / "docs"

PAID = Detail(
    clearing_date=DAY,
    created_at=datetime(2026, 11, 22, 10, 5, 7),
    bank_code="0102",
    bank_date=DAY,
    bank_serial="000000004711",
    fep_serial=10000000042,
    movement=Movement.PAY,
    state=PaymentState.POSTED,
    outcome=None,
    account_no="0100000001",
    account_name="张三",
    amount_fen=12_345,
    principal_fen=12_000,
    late_fee_fen=240,
    balance_change_fen=105,
    outlet="0001",
    teller="T1",
    channel=1,
    instrument=1,
    original_date=None,
    original_serial=None,
    mends_date=None,
)
CANCELLED = PAID._replace(
    created_at=datetime(2026, 11, 22, 10, 9),
    bank_serial="000000004712",
    fep_serial=10000000043,
    movement=Movement.CANCEL,
    outcome=1,
    principal_fen=0,
    late_fee_fen=0,
    balance_change_fen=-105,
    instrument=None,
    original_date=DAY,
    original_serial="000000004711",
)
HEAD = Statement("0102-20261122", 326, "0102", "示例银行", "1001234567890123456", DAY, Turnover(), ())


def of(entries: Sequence[Detail], head: Statement = HEAD) -> Statement:
    turnover = Turnover()
    for entry in entries:
        turnover = turnover.with_row(entry.movement, 1, entry.amount_fen)
    return replace(head, turnover=turnover, entries=entries)


def written(*statements: Statement, with_names: bool = False) -> bytes:
    file = BytesIO()
    write_message(file, "FEP-20261122-0102", CREATED, statements, with_names=with_names)
    return file.getvalue()


def compact(content: bytes) -> bytes:
    """The document without what is between its elements."""
    return etree.tostring(etree.fromstring(content, etree.XMLParser(remove_blank_text=True)))


@pytest.mark.parametrize("page", ["reports.md", "reports.zh-CN.md"])
def test_the_sample_of_the_documentation(page: str) -> None:
    """What docs/reports.md shows is what is written, element by element."""
    sample = re.search(r"```xml\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    assert sample is not None
    content = written(of([PAID, CANCELLED]))
    valid(content)
    assert compact(content) == compact(sample[1].encode())


def test_sums() -> None:
    """The net of the day is what the bank owes; counts and sums are those of the entries, in yuan with two decimals."""
    more = PAID._replace(amount_fen=5, bank_serial="000000004713")
    document = valid(written(of([PAID, CANCELLED, more])))
    assert texts(document, "TtlNtries/NbOfNtries") == ["3"]
    assert texts(document, "TtlNtries/Sum") == ["246.95"]
    assert (texts(document, "TtlCdtNtries/Sum"), texts(document, "TtlDbtNtries/Sum")) == (["123.50"], ["123.45"])
    assert (texts(document, "Bal/Tp/CdOrPrtry/Cd"), texts(document, "Bal/Amt")) == (["OPBD", "CLBD"], ["0.00", "0.05"])
    assert texts(document, "Ntry/CdtDbtInd") == ["CRDT", "DBIT", "CRDT"]


def test_a_day_without_a_payment() -> None:
    """The ledger sees that there was nothing, instead of a gap in the sequence."""
    document = valid(written(of([])))
    assert texts(document, "TtlNtries/NbOfNtries") == ["0"]
    assert elements(document, "Ntry") == []


def test_adjustments_that_take_back_more_than_they_post() -> None:
    """The balance is below zero then: an amount without a sign, and a debit."""
    undone = CANCELLED._replace(mends_date=date(2026, 11, 21))
    document = valid(written(of([undone])))
    assert texts(document, "Bal/CdtDbtInd") == ["CRDT", "DBIT"]
    assert texts(document, "TtlNetNtry/Amt") == ["123.45"]
    assert texts(document, "Refs/Prtry/Tp")[-1] == "MENDS_CLEARING_DATE"
    assert texts(document, "Refs/Prtry/Ref")[-1] == "20261121"


def test_names_when_they_are_asked_for() -> None:
    """Account numbers always, for the ledger books by them; customers' names only with --names."""
    assert "张三".encode() not in written(of([PAID]))
    document = valid(written(of([PAID]), with_names=True))
    assert texts(document, "Dbtr/Pty/Nm") == ["张三"]
    assert texts(document, "CdtrRefInf/Ref") == ["0100000001"]


def test_money_that_came_from_the_balance() -> None:
    """A payment may settle more than it brings."""
    document = valid(written(of([PAID._replace(amount_fen=10_000, balance_change_fen=-2_240)])))
    parts = dict(zip(texts(document, "PrtryAmt/Tp"), texts(document, "PrtryAmt/Amt"), strict=True))
    assert parts == {"PRINCIPAL": "120.00", "LATE_FEE": "2.40", "FROM_BALANCE": "22.40"}


def test_a_bank_without_an_account() -> None:
    """It is named by its code, and said to be so; a bank that the configuration does not know has no name."""
    document = valid(written(of([PAID], replace(HEAD, account="", bank_name=""))))
    assert texts(document, "Acct/Id/Othr/Id") == ["0102"]
    assert texts(document, "Acct/Id/Othr/SchmeNm/Prtry") == ["BANK_CODE"]
    assert texts(document, "FinInstnId/Nm") == []


def test_texts_that_others_sent() -> None:
    """Marks are escaped, what no XML file may have is left out, and what is empty has no element."""
    odd = PAID._replace(account_name="a<b>&\x00\x1b\ufffe乙", outlet="", teller="\x07")
    document = valid(written(of([odd], replace(HEAD, bank_name="银行" * 100)), with_names=True))
    assert texts(document, "Dbtr/Pty/Nm") == ["a<b>&乙"]
    assert texts(document, "Refs/Prtry/Tp") == ["BANK_DATE"]
    assert len(texts(document, "FinInstnId/Nm")[0]) == 140


def test_entries_that_are_not_what_the_head_says() -> None:
    """The message does not end: half a statement would pass for a whole one."""
    with pytest.raises(AssertionError, match="0102-20261122 do not add up"):
        written(replace(of([PAID, CANCELLED]), entries=[PAID]))


def test_a_day_of_any_length_takes_no_memory(tmp_path: Path) -> None:
    """Entries are written as they come."""
    count = 3_000

    def many() -> Iterator[Detail]:
        for number in range(count):
            yield PAID._replace(fep_serial=number)

    statement = replace(HEAD, turnover=Turnover(count, count * PAID.amount_fen), entries=many())
    seen: list[int] = []
    with (tmp_path / "day.xml").open("wb") as file:
        tracemalloc.start()
        write_message(file, "FEP-20261122-0102", CREATED, [statement], progress=seen.append)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (tmp_path / "day.xml").stat().st_size > 3_000_000
    assert peak < 500_000
    assert seen[:2] == [256, 512]
