"""File notices 文件通知: what FEP and bank tell each other of batch files that go another way than the messages do."""

from dataclasses import field
from datetime import date
from enum import Enum

from protocol.files.names import FileKind
from protocol.record import record


@record
class FileNotice:
    """A file stands ready where the other side gets it.

    Attributes:
        file_name: as its format has it.
        kind: what the message says that it is.
        row_count: of its rows; 0 where the message does not say it.
        debited_count: of a debit result 回盘, the rows that were debited; None where the message does not say it.
        debited_fen: and what came of them.
    """

    file_name: str
    kind: FileKind
    row_count: int = 0
    debited_count: int | None = None
    debited_fen: int | None = None


@record
class BatchCancel:
    """A debit list that the bank is not to debit any more.

    Attributes:
        file_name: of the list.
        row_count: of its rows.
        sent_on: the day of the list.
        reason: for the bank's operators.
    """

    file_name: str
    row_count: int
    sent_on: date
    reason: str = field(repr=False)


class CancelOutcome(Enum):
    """What a bank says of a list that it is not to debit."""

    CANCELLED = "1"
    NO_SUCH_BATCH = "4"


@record
class BatchCancelReply:
    """The bank will not debit the list, whether it had it or not."""

    outcome: CancelOutcome
