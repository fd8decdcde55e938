"""Results of debit batches 回盘: read whole, compared with what was listed, posted, closed.

Nothing is posted of a file before all of it has been found to answer our list, row by row. After that each row is
posted by itself, in a transaction with its state, so the file may be posted again from its beginning whatever happened.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from dbgate.books import debit_batches
from dbgate.books.acts import Act
from dbgate.books.debit_lists import debit_sums
from dbgate.books.records import DebitBatch
from dbgate.books.result_staging import ResultStaging, StagedRow
from dbgate.books.states import BatchState, DebitState
from dbgate.column_types import number_day
from dbgate.job import JOB_ACCOUNTS_MAX
from fep.debits.bank_site import BankSite, run_works
from fep.debits.result_check import ResultRefused, stage
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.files.announcements import trouble_with
from fep.files.digests import unchanged
from fep.files.folders import chunks_of, entries_of, open_regular
from fep.language import say
from fep.progress import ProgressBar
from handlers import debit_posting
from handlers.debit_posting import Finding, Posting
from protocol.files.canonical import DebitHead, DebitResult, DebitResultRow
from protocol.files.errors import FileChanged, FileInvalid, FileNameInvalid
from protocol.files.names import FileKind, FileName
from protocol.files.reading import CheckedFile, check_file

ROWS_AT_ONCE = 1_000
"""Rows of one transaction: two bills for each of its accounts."""


@dataclass(slots=True)
class Posted:
    """What posting a result did.

    Attributes:
        batch: as it is afterwards: back, or still out when rows could not be posted.
        is_repeated: the file had been posted whole before; nothing was done.
        findings: by row_no, of the rows that were not simply settled or refused.
    """

    batch: DebitBatch
    is_repeated: bool = False
    findings: dict[int, Finding] = field(default_factory=dict)


def result_names(site: BankSite) -> list[str]:
    """Return the names of the debit results that have come from the bank, by name."""
    site.layout(FileKind.DEBIT_RESULT)
    return sorted(each.name for each in entries_of(site.folder.incoming) if _is_result(site, each.name))


def post_result(site: BankSite, name: str, operator: str, path: Path | None = None) -> Posted:
    """Post a bank's result of a debit batch.

    Args:
        site: of the bank.
        name: the file's, in the bank's folder.
        operator: who posts it.
        path: where it is when it is not in the bank's folder.

    Raises:
        CommandFailed: the file is refused, and nothing of it posted; or another command is at work.
        GateError: a database fails; what is posted stays posted, and the next call goes on.
        OSError: the file cannot be read.
    """
    with site.alone(), _opened(site, name, path) as file:
        try:
            return _post_file(site, name, file, operator, is_answered_for=path is not None)
        except FileInvalid as error:
            where = say(en=f"line {error.line}: {error.reason}", zh=f"第 {error.line} 行: {error.gloss}")
            raise _refused(name, en=where, zh=where) from None
        except ResultRefused as refused:
            raise _refused(name, en=refused.text.en, zh=refused.text.zh) from None
        except FileChanged:
            raise _refused(name, en="the file is being changed", zh="文件正在被改写") from None


def _opened(site: BankSite, name: str, path: Path | None) -> AbstractContextManager[BinaryIO]:
    return site.folder.open_received(name) if path is None else open_regular(path)


def _is_result(site: BankSite, name: str) -> bool:
    try:
        return site.bank.files.read_name(name).kind is FileKind.DEBIT_RESULT
    except FileNameInvalid:
        return False


def _post_file(site: BankSite, name: str, file: BinaryIO, operator: str, *, is_answered_for: bool) -> Posted:
    """Post a file; ``is_answered_for``: the operator knows that it is complete, whatever the bank has said."""
    read_name = _result_name(site, name)
    digest = hashlib.sha256()
    for chunk in chunks_of(file):
        digest.update(chunk)
    batch = _batch_of(site, read_name)
    if batch.state is BatchState.BACK and batch.result_digest == digest.hexdigest():
        return Posted(batch, is_repeated=True)
    _require_out(batch)
    checked: CheckedFile[DebitHead, DebitResultRow] = check_file(
        site.layout(FileKind.DEBIT_RESULT), unchanged(file, digest.hexdigest()), read_name.expected
    )
    if not is_answered_for:
        _require_complete(site, name, digest.hexdigest())
    _require_same_head(batch, checked.head)
    with ResultStaging() as staging:
        with ProgressBar(say(en="comparing", zh="核对回盘"), 2 * batch.row_count) as bar:
            stage(site, batch, checked.rows(chunks_of(file)), staging, bar)
        findings = _post_rows(site, batch, staging)
    return _close(site, batch, digest.hexdigest(), Act(operator, "debit_back", batch.bank_code, name), findings)


def _result_name(site: BankSite, name: str) -> FileName:
    try:
        read_name = site.bank.files.read_name(name)
    except FileNameInvalid:
        raise ResultRefused(en="no name of a debit result", zh="不是回盘文件名") from None
    if read_name.kind is not FileKind.DEBIT_RESULT:
        raise ResultRefused(en="no name of a debit result", zh="不是回盘文件名")
    if read_name.bank_code != site.bank.bank_code:
        raise ResultRefused(en=f"it is of bank {read_name.bank_code}", zh=f"是银行 {read_name.bank_code} 的文件")
    return read_name


def _batch_of(site: BankSite, name: FileName) -> DebitBatch:
    assert isinstance(name.period, int), "a result is of a month"
    with site.reading() as snapshots:
        key = debit_batches.BatchKey(name.bank_code, name.period, name.number)
        batch = debit_batches.batch_of_file(snapshots[0], key)
    if batch is None:
        raise ResultRefused(
            en=f"there is no debit batch {name.number:02d} of {name.period}",
            zh=f"没有 {name.period} 第 {name.number:02d} 号代扣批次",
        )
    return batch


def _require_out(batch: DebitBatch) -> None:
    """Refuse a result of a batch whose result is not waited for."""
    match batch.state:
        case BatchState.PREPARING:
            raise ResultRefused(
                en=f"debit batch {batch.batch_no:012d} is still in preparation: no bank has its list",
                zh=f"代扣批次 {batch.batch_no:012d} 仍在准备, 尚未出盘",
            )
        case BatchState.RELEASED:
            raise ResultRefused(
                en=f"debit batch {batch.batch_no:012d} was released and its bills may be paid otherwise; "
                "what the bank has debited is worked in the reconciliation",
                zh=f"代扣批次 {batch.batch_no:012d} 已释放, 应收可由其他方式收取; 银行已扣款项在对账中处理",
            )
        case BatchState.BACK:
            raise ResultRefused(
                en=f"another result of debit batch {batch.batch_no:012d} has been posted; this one differs: "
                "when that is settled, move it out of in/",
                zh=f"代扣批次 {batch.batch_no:012d} 已回盘, 本文件与已入账的回盘不同; 查清后请将其移出 in/",
            )
        case BatchState.OUT:
            return


def _require_complete(site: BankSite, name: str, sha256: str) -> None:
    """Refuse a file that nothing shows to be complete, of a bank that would have said so."""
    trouble = trouble_with(site.bank, site.folder, name, sha256)
    if trouble is not None:
        raise ResultRefused(en=trouble.en, zh=trouble.zh)


def _require_same_head(batch: DebitBatch, head: DebitHead) -> None:
    same = (head.batch_no, head.row_count, head.total_fen) == (batch.batch_no, batch.row_count, batch.total_fen)
    if not same:
        raise ResultRefused(
            en=f"line 1: batch number, count or total is not that of debit batch {batch.batch_no:012d}",
            zh=f"第 1 行: 批次号、行数或合计与代扣批次 {batch.batch_no:012d} 不符",
        )


def _post_rows(site: BankSite, batch: DebitBatch, staging: ResultStaging) -> dict[int, Finding]:
    """Post all rows, those of some hundred accounts at a time; return what is to be said of them."""
    findings: dict[int, Finding] = {}
    done = 0
    bank, rates = site.bank.terms, site.settings.rules.late_fee
    with ProgressBar(say(en="posting", zh="回盘入账"), batch.row_count) as bar:
        for place in range(len(site.databases)):
            with site.working(place) as works:
                for chunk in _chunks(staging.rows_of(place)):
                    rows = [result_row(each) for each in chunk]
                    asked = [
                        (
                            debit_posting.needs(batch.bank_code, batch.batch_no, row),
                            partial(debit_posting.decide, bank, batch.batch_no, row, rates),
                        )
                        for row in rows
                    ]
                    answers: list[Posting] = run_works(works, asked)
                    pairs = zip(rows, answers, strict=True)
                    findings |= {row.row_no: each.finding for row, each in pairs if each.finding is not None}
                    done += len(rows)
                    bar.at(done)
    return findings


def _chunks(rows: Iterator[StagedRow]) -> Iterator[list[StagedRow]]:
    """Cut rows into lists of few enough accounts and rows for one transaction."""
    chunk: list[StagedRow] = []
    account_nos: set[str] = set()
    for row in rows:
        is_new = row.account_no not in account_nos
        if chunk and (len(chunk) >= ROWS_AT_ONCE or (is_new and len(account_nos) >= JOB_ACCOUNTS_MAX)):
            yield chunk
            chunk, account_nos = [], set()
        chunk.append(row)
        account_nos.add(row.account_no)
    if chunk:
        yield chunk


def result_row(staged: StagedRow) -> DebitResultRow:
    """Return a staged row as it stood in the file; a row that was not debited has no identity."""
    return DebitResultRow(
        row_no=staged.row_no,
        account_no=staged.account_no,
        name=staged.name,
        passbook=staged.passbook,
        month=staged.month,
        seq=staged.seq,
        bill_no=staged.bill_no,
        principal_fen=staged.principal_fen,
        late_fee_fen=staged.late_fee_fen,
        result=DebitResult(staged.result),
        debited_fen=staged.debited_fen,
        debit_date=None if staged.debit_date is None else number_day(staged.debit_date),
        debit_serial=staged.debit_serial or "",
    )


def _close(site: BankSite, batch: DebitBatch, digest: str, act: Act, findings: dict[int, Finding]) -> Posted:
    """End the batch when each of its rows has been posted or refused."""
    with site.reading() as snapshots:
        sums = debit_sums(snapshots, batch.batch_no)
    if any(each.state is DebitState.LISTED for each in sums):
        return Posted(batch, findings=findings)
    debited = [each for each in sums if each.state in {DebitState.SETTLED, DebitState.TO_BALANCE}]
    count, total_fen = sum(each.row_count for each in debited), sum(each.debited_fen for each in debited)
    return Posted(debit_batches.set_back(site.first, batch, digest, count, total_fen, act), findings=findings)


def _refused(name: str, *, en: str, zh: str) -> CommandFailed:
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"{name}: {en}; nothing was posted",
        zh=f"{name}: {zh}; 未入账任何数据",
    )
