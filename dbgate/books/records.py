"""Records of the books 账务记录: rows as handlers see them; whatever names a customer is left out of ``repr``.

Money is int fen, a month int YYYYMM, moments are naive Asia/Shanghai wall-clock time.
"""

from dataclasses import field
from datetime import date, datetime

from dbgate.books.states import BatchState, DebitState, MandateState, PushReason, PushState
from dbgate.record import record


@record
class Mandate:
    """A mandate 代扣协议: through which bank an account is debited; ``file_date`` of the file that said so last."""

    account_no: str = field(repr=False)
    bank_code: str
    name: str = field(repr=False)
    passbook: str = field(repr=False)
    state: MandateState
    file_date: date
    changed_at: datetime


@record
class DebitBatch:
    """A debit batch 代扣批次.

    Attributes:
        number_in_month: 1 to 99, as its file's name has it.
        fee_date: the day that its late fees are of.
        row_count, total_fen: of its file; 0 until its rows are numbered.
        result_digest: SHA-256 of the result that was posted, hexadecimal.
        debited_count, debited_fen: what the bank has debited.
        reason, proposed_by, proposed_at, approved_by: of its release.
    """

    batch_no: int
    bank_code: str
    month: int
    number_in_month: int
    state: BatchState
    fee_date: date
    row_count: int
    total_fen: int
    made_at: datetime
    out_at: datetime | None = None
    ended_at: datetime | None = None
    result_digest: str = ""
    debited_count: int = 0
    debited_fen: int = 0
    reason: str = ""
    proposed_by: str = ""
    proposed_at: datetime | None = None
    approved_by: str = ""

    @property
    def is_numbered(self) -> bool:
        """Whether what it lists is settled: no bill joins it any more."""
        return self.row_count > 0


@record
class Debit:
    """One bill of a debit batch 代扣明细, and what became of it.

    Attributes:
        row_no: in the batch's file, from 1; None until the batch is numbered.
        late_fee_fen: as of the batch's ``fee_date``.
        result: the bank's, as its file says it.
        debited_fen, debit_date, debit_serial: what it debited and under which identity.
        fep_serial: of the movement that posted it.
    """

    batch_no: int
    bill_no: str
    account_no: str = field(repr=False)
    row_no: int | None
    name: str = field(repr=False)
    passbook: str = field(repr=False)
    month: int
    seq: int
    principal_fen: int
    late_fee_fen: int
    state: DebitState
    result: str = ""
    debited_fen: int = 0
    debit_date: date | None = None
    debit_serial: str = ""
    fep_serial: int | None = None

    @property
    def due_fen(self) -> int:
        """Principal and late fee: what the bank is to debit."""
        return self.principal_fen + self.late_fee_fen


@record
class Push:
    """A pushed bill 实时划拨, and what became of it.

    Attributes:
        fep_serial: numbers the request, the first time and every later one; None until then.
        late_fee_fen, name, passbook: as at the first push; they stay, so that each request is the same.
        created_at: when the bill was loaded.
        pushed_at: when it was pushed last.
        due_at: when it is to be looked at again; what a daemon has taken on is nobody else's until then.
        tries: how often it may have reached the bank.
        owner: the daemon that has taken it on, for whoever reads the table; of a dead one, who proposes to drop it.
        debit_date, debit_serial, debited_fen: what the bank debited and under which identity.
        posted_serial: fep_serial of the payment that it became.
        refusal: the bank's own code.
        is_reported: not all of what was debited has settled the bill.
    """

    bill_no: str
    fep_serial: int | None
    account_no: str = field(repr=False)
    bank_code: str
    state: PushState
    late_fee_fen: int | None
    created_at: datetime
    pushed_at: datetime | None
    due_at: datetime
    tries: int
    owner: str = ""
    name: str = field(default="", repr=False)
    passbook: str = field(default="", repr=False)
    debit_date: date | None = None
    debit_serial: str = ""
    debited_fen: int | None = None
    posted_serial: int | None = None
    refusal: str = ""
    reason: PushReason | None = None
    is_reported: bool = False

    @property
    def is_under_way(self) -> bool:
        """Whether the bank may know of it, or somebody has taken it on to send it, and it is not over."""
        is_sent = self.tries > 0 or bool(self.owner)
        return self.state is PushState.ACCEPTED or (self.state is PushState.WAITING and is_sent)
