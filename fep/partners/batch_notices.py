"""Batch notices 批次通知: what a command tells a bank of a debit list, where the bank is told of files by messages.

A list that is ready may be told of any number of times. A list that is not to be debited any more is certainly not
only when the bank has said so: until then its bills must not be freed.
"""

from collections.abc import Sequence
from datetime import date

from dbgate.database import Database
from dbgate.drawing import draw_fep_serials
from fep.clock import shanghai_now
from fep.config.settings import BankSettings, Settings
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_FINDINGS, CommandFailed
from fep.files.folders import BankFolder, chunks_of
from fep.language import Text
from fep.partners.asking import ask_once
from fep.partners.errors import Certainty, PartnerError
from protocol.canonical.messages import RequestBody
from protocol.dialect import OwnReply
from protocol.files.errors import FileInvalid, FileNameInvalid
from protocol.files.names import FileKind, FileName
from protocol.files.notices import BatchCancel, BatchCancelReply, CancelOutcome, FileNotice
from protocol.files.reading import check_file
from protocol.transactions import Transaction


def is_told_of_files(bank: BankSettings) -> bool:
    """Tell whether a bank is told of files by messages, over connections to its ``partner`` address."""
    return bank.session.announces_files and bank.partner is not None


def notify(settings: Settings, databases: Sequence[Database], bank: BankSettings, file_name: str) -> int:
    """Tell a bank that a debit list 出盘 stands in ``out/`` and return its rows; once more is harmless.

    Args:
        settings: where files stand, and how long a bank may take to answer.
        databases: the first gives the number of the request.
        bank: ``is_told_of_files``.
        file_name: of the list.

    Raises:
        CommandFailed: there is no such list, the bank refuses, or it is not known whether it has been told.
        GateError: the database gave no number; the bank has not been told.
    """
    row_count = _row_count(settings, bank, file_name)
    notice = FileNotice(file_name, FileKind.DEBIT_LIST, row_count)
    unknown = Text(
        "whether it has been told is not known; telling it again is harmless", "是否已通知未知; 重复通知无害"
    )
    _ask(settings, databases, bank, Transaction.FILE_NOTICE, notice, unknown)
    return row_count


def cancel(
    settings: Settings,
    databases: Sequence[Database],
    bank: BankSettings,
    file_name: str,
    row_count: int,
    sent_on: date,
    reason: str,
) -> CancelOutcome:
    """Have a bank not debit a list any more; when this returns it certainly will not.

    Args:
        settings: how long a bank may take to answer.
        databases: the first gives the number of the request.
        bank: ``is_told_of_files``.
        file_name: of the list.
        row_count: its rows.
        sent_on: the day of the list.
        reason: for the bank's operators; what does not fit is cut off.

    Raises:
        CommandFailed: the bank refuses, or it is not known what it does: its rows must stay as they are.
        GateError: the database gave no number; the bank has not been asked.
    """
    asked = BatchCancel(file_name, row_count, sent_on, reason)
    unknown = Text(
        "it may still debit the list, so nothing is freed; ask it again", "银行仍可能扣款, 不释放任何应收; 请再次请求"
    )
    reply = _ask(settings, databases, bank, Transaction.BATCH_CANCEL, asked, unknown)
    assert isinstance(reply.body, BatchCancelReply), "an approved reply says what was done"
    return reply.body.outcome


def _row_count(settings: Settings, bank: BankSettings, file_name: str) -> int:
    """Return the rows of a list, which is read to its end: no bank is told of a file that it could not read."""
    folder = BankFolder(settings.files.directory / bank.bank_code)
    try:
        name = _name_of_list(bank, file_name)
        with open(folder.outgoing / file_name, "rb") as file:
            return check_file(bank.files.layouts[name.kind], chunks_of(file), name.expected).row_count
    except FileNameInvalid as error:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{file_name}: no debit list of {bank.bank_code}: {error}",
            zh=f"{file_name}: 不是该行的出盘文件名",
        ) from None
    except FileNotFoundError:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{folder.outgoing / file_name}: no such file; 'fep debit export' makes it",
            zh=f"{folder.outgoing / file_name}: 无此文件; 由 'fep debit export' 生成",
        ) from None
    except FileInvalid as error:
        raise CommandFailed(
            EXIT_BAD_INPUT, en=f"{file_name}: {error}", zh=f"{file_name}: 第 {error.line} 行: {error.gloss}"
        ) from None


def _name_of_list(bank: BankSettings, file_name: str) -> FileName:
    name = bank.files.read_name(file_name)
    if name.kind is not FileKind.DEBIT_LIST:
        raise FileNameInvalid("the name of a file of another kind")
    return name


def _ask(
    settings: Settings,
    databases: Sequence[Database],
    bank: BankSettings,
    transaction: Transaction,
    body: RequestBody,
    unknown: Text,
) -> OwnReply:
    [serial] = draw_fep_serials(databases[0], 1)
    try:
        reply = ask_once(bank, transaction, body, serial, shanghai_now(), settings.link.partner_timeout)
    except PartnerError as error:
        said = error.reason.text
        nothing = Text("nothing was sent", "未发送")
        certain = nothing if error.reason.certainty is Certainty.NOT_SENT else unknown
        detail = f" ({error.detail})" if error.detail else ""
        raise CommandFailed(
            EXIT_CANNOT_RUN,
            en=f"{bank.bank_code} {bank.partner}: {said.en}{detail}; {certain.en}",
            zh=f"{bank.bank_code} {bank.partner}: {said.zh}{detail}; {certain.zh}",
        ) from None
    if not reply.is_approved:
        raise CommandFailed(
            EXIT_FINDINGS,
            en=f"{bank.bank_code}: the bank refuses with code {reply.code}: {reply.message}",
            zh=f"{bank.bank_code}: 银行拒绝, 返回码 {reply.code}: {reply.message}",
        )
    return reply
