"""Check of a debit result 回盘核对: each listed row is answered once, as it was listed, by what can be posted."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

from dbgate.books.records import Debit, DebitBatch
from dbgate.books.result_staging import ResultStaging, StagedRow
from dbgate.books.states import DebitState
from dbgate.column_types import day_number
from fep.debits.bank_site import BankSite
from fep.debits.file_rows import as_listed, in_order
from fep.language import Text
from fep.progress import ProgressBar
from handlers.terms import AMOUNT_CEILING_FEN
from protocol.files.canonical import DebitResultRow, DebitRow
from protocol.files.errors import Fault, FileInvalid
from protocol.files.names import FileKind

BANK_DAYS_MAX = 1
"""A bank's accounting date may be a day behind in its evening run, or ahead after its own cut-off."""

HEAD_LINES = 1

_LISTED = tuple(each.name for each in dataclasses.fields(DebitRow))


class ResultRefused(Exception):
    """A result is not what our list asks for; nothing of it is posted."""

    def __init__(self, *, en: str, zh: str) -> None:
        self.text = Text(en, zh)
        super().__init__(en)


def stage(
    site: BankSite, batch: DebitBatch, rows: Iterator[DebitResultRow], staging: ResultStaging, bar: ProgressBar
) -> None:
    """Put the rows of a result into ``staging`` and compare them with what was listed.

    Raises:
        ResultRefused, FileInvalid: they are something else; of the first row that is.
    """
    latest = site.today() + timedelta(days=BANK_DAYS_MAX)
    earliest = batch.fee_date - timedelta(days=BANK_DAYS_MAX)
    for line, row in enumerate(rows, HEAD_LINES + 1):
        place = site.place_of(row.account_no)
        if place is None:
            raise ResultRefused(
                en=f"line {line}: the account belongs to no database", zh=f"第 {line} 行: 户号不属于任何数据库"
            )
        if row.is_debited:
            _require_postable(line, row, earliest, latest)
        known = staging.add(_staged(row, line, place))
        if known is not None:
            raise _repeated(line, row, known)
        if line % 1000 == 0:
            bar.at(line)
    _compare(site, batch, staging, bar)


def _repeated(line: int, row: DebitResultRow, known: StagedRow) -> ResultRefused:
    if known.row_no == row.row_no:
        return ResultRefused(
            en=f"line {line}: the row number of line {known.line} again",
            zh=f"第 {line} 行: 序号与第 {known.line} 行重复",
        )
    return ResultRefused(
        en=f"line {line}: debit date and serial of line {known.line} again",
        zh=f"第 {line} 行: 扣款日期和流水号与第 {known.line} 行重复",
    )


def _require_postable(line: int, row: DebitResultRow, earliest: date, latest: date) -> None:
    """Refuse what could be no debit of this batch."""
    assert row.debit_date is not None, "a rule of the layout"
    if not earliest <= row.debit_date <= latest:
        raise ResultRefused(
            en=f"line {line}: debit_date is not between {earliest} and {latest}",
            zh=f"第 {line} 行: 扣款日期应在 {earliest} 至 {latest} 之间",
        )
    if row.debited_fen > AMOUNT_CEILING_FEN:
        raise ResultRefused(en=f"line {line}: debited is above any limit", zh=f"第 {line} 行: 实扣金额超限")


def _staged(row: DebitResultRow, line: int, place: int) -> StagedRow:
    is_debited = row.is_debited and row.debit_date is not None
    return StagedRow(
        row_no=row.row_no,
        line=line,
        place=place,
        account_no=row.account_no,
        name=row.name,
        passbook=row.passbook,
        month=row.month,
        seq=row.seq,
        bill_no=row.bill_no,
        principal_fen=row.principal_fen,
        late_fee_fen=row.late_fee_fen,
        result=row.result.value,
        debited_fen=row.debited_fen,
        debit_date=day_number(row.debit_date) if is_debited and row.debit_date is not None else None,
        debit_serial=row.debit_serial if is_debited else None,
    )


def _compare(site: BankSite, batch: DebitBatch, staging: ResultStaging, bar: ProgressBar) -> None:
    """Look each listed row up; as many rows as were listed, all with other numbers, leave none that was not listed."""
    layout = site.layout(FileKind.DEBIT_LIST)
    places = site.layout(FileKind.DEBIT_RESULT).rows.sheet.places
    with site.reading() as snapshots, closing(in_order(snapshots, batch.batch_no)) as debits:
        for _, debit in debits:
            assert debit.row_no is not None, "a batch that is out is numbered"
            row = staging.row(debit.row_no)
            if row is None:
                number = debit.row_no
                raise ResultRefused(en=f"row {number} of the list is missing", zh=f"缺少出盘第 {number} 号明细")
            listed = as_listed(layout, debit, debit.row_no)
            for attribute in _LISTED:
                if getattr(row, attribute) != getattr(listed, attribute):
                    raise FileInvalid(Fault.OTHER_FILE, row.line, field=places[attribute])
            _require_as_posted(row, debit)
            if debit.row_no % 1000 == 0:
                bar.at(batch.row_count + debit.row_no)


def _require_as_posted(row: StagedRow, debit: Debit) -> None:
    """Refuse a row that says something else than was posted for it before."""
    if debit.state is DebitState.LISTED:
        return
    posted_date = None if debit.debit_date is None else day_number(debit.debit_date)
    posted = (debit.result, debit.debited_fen, posted_date, debit.debit_serial or None)
    if (row.result, row.debited_fen, row.debit_date, row.debit_serial) != posted:
        raise ResultRefused(
            en=f"line {row.line}: another result of this row has been posted",
            zh=f"第 {row.line} 行: 该明细已按其他结果入账",
        )
