"""Tables of the books 账务数据表: beside those of ``dbgate.tables``, in the same metadata.

What belongs to an account (mandates, debit rows, pushes) stands in the account's database; what belongs to a bank as a
whole (reconciliations, differences, debit batches, acts of operators) in the first one of the configuration.
"""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, PrimaryKeyConstraint, SmallInteger, Table
from sqlalchemy import String as Key

from dbgate.books.states import (
    BatchState,
    DebitState,
    DifferenceAct,
    DifferenceState,
    MandateState,
    PushReason,
    PushState,
)
from dbgate.column_types import Clock, Day, Flag, Name, Text
from dbgate.tables import ACCOUNT_NO_CHARS, BANK_CODE_CHARS, BANK_SERIAL_CHARS, NAME_CHARS
from dbgate.tables import metadata as metadata  # noqa: PLC0414 - whoever takes it from here has all tables

FILE_NAME_CHARS = 64
OPERATOR_CHARS = 64
REASON_CHARS = 200
OWNER_CHARS = 64
PLACE_CHARS = 200

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("clearing_date", Day, nullable=False),
    Column("batch_no", BigInteger, nullable=False),
    Column("file_name", Key(FILE_NAME_CHARS), nullable=False),
    Column("file_digest", Key(64), nullable=False),
    Column("bank_row_count", Integer, nullable=False),
    Column("bank_total_fen", BigInteger, nullable=False),
    Column("fep_row_count", Integer, nullable=False),
    Column("fep_total_fen", BigInteger, nullable=False),
    Column("matched_count", Integer, nullable=False),
    Column("amount_differs_count", Integer, nullable=False),
    Column("state_differs_count", Integer, nullable=False),
    Column("only_bank_count", Integer, nullable=False),
    Column("only_fep_count", Integer, nullable=False),
    Column("in_flight_count", Integer, nullable=False),
    Column("done_at", Clock, nullable=False),
    PrimaryKeyConstraint("bank_code", "clearing_date", name="pk_reconciliations"),
    Index("uq_reconciliations_batch_no", "batch_no", unique=True),
    sqlite_with_rowid=False,
)

# Both sides as they were when the day was reconciled; a side that lacks the row has NULLs.
differences = Table(
    "differences",
    metadata,
    Column("difference_no", BigInteger, nullable=False),
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("clearing_date", Day, nullable=False),
    Column("bank_date", Day, nullable=False),
    Column("bank_serial", Key(BANK_SERIAL_CHARS), nullable=False),
    Column("matching", SmallInteger, nullable=False),
    Column("bank_account_no", Text(ACCOUNT_NO_CHARS)),
    Column("bank_txn", SmallInteger),
    Column("bank_amount_fen", BigInteger),
    Column("bank_state", SmallInteger),
    Column("fep_account_no", Text(ACCOUNT_NO_CHARS)),
    Column("fep_txn", SmallInteger),
    Column("fep_amount_fen", BigInteger),
    Column("fep_state", SmallInteger),
    Column("fep_serial", BigInteger),
    Column("other_date", Day),
    Column("state", Name(DifferenceState), nullable=False),
    Column("act", Name(DifferenceAct)),
    Column("amount_fen", BigInteger),
    Column("reason", Text(REASON_CHARS)),
    Column("proposed_by", Text(OPERATOR_CHARS)),
    Column("proposed_at", Clock),
    Column("approved_by", Text(OPERATOR_CHARS)),
    Column("approved_at", Clock),
    Column("adjustment_serial", BigInteger),
    # Of a payment that the bank alone has undone: the undo in its file, which has no difference of its own.
    Column("undo_date", Day),
    Column("undo_serial", Text(BANK_SERIAL_CHARS)),
    PrimaryKeyConstraint("difference_no", name="pk_differences"),
    Index("ix_differences_clearing_date", "bank_code", "clearing_date", "state"),
    Index("ix_differences_identity", "bank_code", "bank_date", "bank_serial"),
)

mandates = Table(
    "mandates",
    metadata,
    Column("account_no", Key(ACCOUNT_NO_CHARS), nullable=False),
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("name", Text(NAME_CHARS)),
    Column("passbook", Text(32)),
    Column("state", Name(MandateState), nullable=False),
    Column("file_date", Day, nullable=False),
    Column("changed_at", Clock, nullable=False),
    PrimaryKeyConstraint("account_no", name="pk_mandates"),
    Index("ix_mandates_bank_code", "bank_code", "state", "account_no"),
    sqlite_with_rowid=False,
)

# Which mandate files have been taken, by their content: sent twice changes nothing, sent changed is refused. A row
# without ``loaded_at`` is of a file that was begun and is to be gone through again.
mandate_files = Table(
    "mandate_files",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("file_date", Day, nullable=False),
    Column("file_digest", Key(64), nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("loaded_at", Clock),
    PrimaryKeyConstraint("bank_code", "file_date", name="pk_mandate_files"),
    sqlite_with_rowid=False,
)

debit_batches = Table(
    "debit_batches",
    metadata,
    Column("batch_no", BigInteger, nullable=False),
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("month", Integer, nullable=False),
    Column("number_in_month", SmallInteger, nullable=False),
    Column("state", Name(BatchState), nullable=False),
    Column("fee_date", Day, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("total_fen", BigInteger, nullable=False),
    Column("made_at", Clock, nullable=False),
    Column("out_at", Clock),
    Column("ended_at", Clock),
    Column("result_digest", Text(64)),
    Column("debited_count", Integer, nullable=False),
    Column("debited_fen", BigInteger, nullable=False),
    Column("reason", Text(REASON_CHARS)),
    Column("proposed_by", Text(OPERATOR_CHARS)),
    Column("proposed_at", Clock),
    Column("approved_by", Text(OPERATOR_CHARS)),
    PrimaryKeyConstraint("batch_no", name="pk_debit_batches"),
    Index("uq_debit_batches_number", "bank_code", "month", "number_in_month", unique=True),
)

debit_rows = Table(
    "debit_rows",
    metadata,
    Column("batch_no", BigInteger, nullable=False),
    Column("bill_no", Key(32), nullable=False),
    Column("account_no", Key(ACCOUNT_NO_CHARS), nullable=False),
    Column("row_no", Integer),
    Column("name", Text(NAME_CHARS)),
    Column("passbook", Text(32)),
    Column("month", Integer, nullable=False),
    Column("seq", SmallInteger, nullable=False),
    Column("principal_fen", BigInteger, nullable=False),
    Column("late_fee_fen", BigInteger, nullable=False),
    Column("state", Name(DebitState), nullable=False),
    Column("result", Text(2)),
    Column("debited_fen", BigInteger, nullable=False),
    Column("debit_date", Day),
    Column("debit_serial", Text(BANK_SERIAL_CHARS)),
    Column("fep_serial", BigInteger),
    PrimaryKeyConstraint("batch_no", "bill_no", name="pk_debit_rows"),
    Index("ix_debit_rows_account_no", "batch_no", "account_no"),
    sqlite_with_rowid=False,
)

pushes = Table(
    "pushes",
    metadata,
    Column("bill_no", Key(32), nullable=False),
    Column("fep_serial", BigInteger),
    Column("account_no", Key(ACCOUNT_NO_CHARS), nullable=False),
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("state", Name(PushState), nullable=False),
    Column("late_fee_fen", BigInteger),
    Column("created_at", Clock, nullable=False),
    Column("pushed_at", Clock),
    Column("due_at", Clock, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("owner", Text(OWNER_CHARS)),
    # As at the first push: a bank that is asked again is asked the same.
    Column("name", Text(NAME_CHARS)),
    Column("passbook", Text(32)),
    Column("debit_date", Day),
    Column("debit_serial", Text(BANK_SERIAL_CHARS)),
    Column("debited_fen", BigInteger),
    Column("posted_serial", BigInteger),
    Column("refusal", Text(4)),
    Column("reason", Name(PushReason)),
    Column("is_reported", Flag, nullable=False),
    PrimaryKeyConstraint("bill_no", name="pk_pushes"),
    Index("ix_pushes_due_at", "bank_code", "state", "due_at"),
    Index("ix_pushes_account_no", "account_no"),
    sqlite_with_rowid=False,
)

# What operators have done: rows are added, never changed.
operator_acts = Table(
    "operator_acts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), nullable=False),
    Column("created_at", Clock, nullable=False),
    Column("operator", Key(OPERATOR_CHARS), nullable=False),
    Column("act", Key(32), nullable=False),
    Column("bank_code", Text(BANK_CODE_CHARS)),
    Column("subject", Text(100)),
    Column("reason", Text(REASON_CHARS)),
    PrimaryKeyConstraint("id", name="pk_operator_acts"),
    Index("ix_operator_acts_created_at", "created_at"),
)

# Where audit logs have been sealed: rows are added, never changed.
audit_seals = Table(
    "audit_seals",
    metadata,
    Column("chain", Key(16), nullable=False),
    Column("line_no", BigInteger, nullable=False),
    Column("line_hash", Key(64), nullable=False),
    Column("place", Key(PLACE_CHARS), nullable=False),
    Column("sealed_at", Clock, nullable=False),
    PrimaryKeyConstraint("chain", "line_no", name="pk_audit_seals"),
    sqlite_with_rowid=False,
)
