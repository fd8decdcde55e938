"""The books: reconciliation and its differences, mandates, debit batches, pushes; what a payment mends."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column and the tables."""
    op.add_column("payments", sa.Column("mends_date", sa.Integer()))
    op.create_index(
        "ix_payments_mends_date",
        "payments",
        ["mends_date"],
        sqlite_where=sa.text("mends_date IS NOT NULL"),
        postgresql_where=sa.text("mends_date IS NOT NULL"),
    )
    _add_reconciliation()
    _add_mandates()
    _add_debit_batches()
    _add_pushes()
    _add_operator_acts()


def _add_reconciliation() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("clearing_date", sa.Integer(), nullable=False),
        sa.Column("batch_no", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(64), nullable=False),
        sa.Column("file_digest", sa.String(64), nullable=False),
        sa.Column("bank_row_count", sa.Integer(), nullable=False),
        sa.Column("bank_total_fen", sa.BigInteger(), nullable=False),
        sa.Column("fep_row_count", sa.Integer(), nullable=False),
        sa.Column("fep_total_fen", sa.BigInteger(), nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("amount_differs_count", sa.Integer(), nullable=False),
        sa.Column("state_differs_count", sa.Integer(), nullable=False),
        sa.Column("only_bank_count", sa.Integer(), nullable=False),
        sa.Column("only_fep_count", sa.Integer(), nullable=False),
        sa.Column("in_flight_count", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bank_code", "clearing_date", name="pk_reconciliations"),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_reconciliations_batch_no", "reconciliations", ["batch_no"], unique=True)
    op.create_table(
        "differences",
        sa.Column("difference_no", sa.BigInteger(), nullable=False),
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("clearing_date", sa.Integer(), nullable=False),
        sa.Column("bank_date", sa.Integer(), nullable=False),
        sa.Column("bank_serial", sa.String(32), nullable=False),
        sa.Column("matching", sa.SmallInteger(), nullable=False),
        sa.Column("bank_account_no", sa.String(32)),
        sa.Column("bank_txn", sa.SmallInteger()),
        sa.Column("bank_amount_fen", sa.BigInteger()),
        sa.Column("bank_state", sa.SmallInteger()),
        sa.Column("fep_account_no", sa.String(32)),
        sa.Column("fep_txn", sa.SmallInteger()),
        sa.Column("fep_amount_fen", sa.BigInteger()),
        sa.Column("fep_state", sa.SmallInteger()),
        sa.Column("fep_serial", sa.BigInteger()),
        sa.Column("other_date", sa.Integer()),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("act", sa.String(24)),
        sa.Column("amount_fen", sa.BigInteger()),
        sa.Column("reason", sa.String(200)),
        sa.Column("proposed_by", sa.String(64)),
        sa.Column("proposed_at", sa.BigInteger()),
        sa.Column("approved_by", sa.String(64)),
        sa.Column("approved_at", sa.BigInteger()),
        sa.Column("adjustment_serial", sa.BigInteger()),
        sa.Column("undo_date", sa.Integer()),
        sa.Column("undo_serial", sa.String(32)),
        sa.PrimaryKeyConstraint("difference_no", name="pk_differences"),
    )
    op.create_index("ix_differences_clearing_date", "differences", ["bank_code", "clearing_date", "state"])
    op.create_index("ix_differences_identity", "differences", ["bank_code", "bank_date", "bank_serial"])


def _add_mandates() -> None:
    op.create_table(
        "mandates",
        sa.Column("account_no", sa.String(32), nullable=False),
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("passbook", sa.String(32)),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("file_date", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_no", name="pk_mandates"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mandates_bank_code", "mandates", ["bank_code", "state", "account_no"])
    op.create_table(
        "mandate_files",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("file_date", sa.Integer(), nullable=False),
        sa.Column("file_digest", sa.String(64), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("bank_code", "file_date", name="pk_mandate_files"),
        sqlite_with_rowid=False,
    )


def _add_debit_batches() -> None:
    op.create_table(
        "debit_batches",
        sa.Column("batch_no", sa.BigInteger(), nullable=False),
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("number_in_month", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("fee_date", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("out_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("result_digest", sa.String(64)),
        sa.Column("debited_count", sa.Integer(), nullable=False),
        sa.Column("debited_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("proposed_by", sa.String(64)),
        sa.Column("proposed_at", sa.BigInteger()),
        sa.Column("approved_by", sa.String(64)),
        sa.PrimaryKeyConstraint("batch_no", name="pk_debit_batches"),
    )
    op.create_index("uq_debit_batches_number", "debit_batches", ["bank_code", "month", "number_in_month"], unique=True)
    op.create_table(
        "debit_rows",
        sa.Column("batch_no", sa.BigInteger(), nullable=False),
        sa.Column("bill_no", sa.String(32), nullable=False),
        sa.Column("account_no", sa.String(32), nullable=False),
        sa.Column("row_no", sa.Integer()),
        sa.Column("name", sa.String(100)),
        sa.Column("passbook", sa.String(32)),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("late_fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("result", sa.String(2)),
        sa.Column("debited_fen", sa.BigInteger(), nullable=False),
        sa.Column("debit_date", sa.Integer()),
        sa.Column("debit_serial", sa.String(32)),
        sa.Column("fep_serial", sa.BigInteger()),
        sa.PrimaryKeyConstraint("batch_no", "bill_no", name="pk_debit_rows"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_debit_rows_account_no", "debit_rows", ["batch_no", "account_no"])


def _add_pushes() -> None:
    op.create_table(
        "pushes",
        sa.Column("bill_no", sa.String(32), nullable=False),
        sa.Column("fep_serial", sa.BigInteger()),
        sa.Column("account_no", sa.String(32), nullable=False),
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("late_fee_fen", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("pushed_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("name", sa.String(100)),
        sa.Column("passbook", sa.String(32)),
        sa.Column("debit_date", sa.Integer()),
        sa.Column("debit_serial", sa.String(32)),
        sa.Column("debited_fen", sa.BigInteger()),
        sa.Column("posted_serial", sa.BigInteger()),
        sa.Column("refusal", sa.String(4)),
        sa.Column("reason", sa.String(24)),
        sa.Column("is_reported", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bill_no", name="pk_pushes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pushes_due_at", "pushes", ["bank_code", "state", "due_at"])
    op.create_index("ix_pushes_account_no", "pushes", ["account_no"])


def _add_operator_acts() -> None:
    op.create_table(
        "operator_acts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("operator", sa.String(64), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("bank_code", sa.String(12)),
        sa.Column("subject", sa.String(100)),
        sa.Column("reason", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_operator_acts"),
    )
    op.create_index("ix_operator_acts_created_at", "operator_acts", ["created_at"])


def downgrade() -> None:
    """Drop them; what they hold is lost."""
    for table in (
        "operator_acts",
        "pushes",
        "debit_rows",
        "debit_batches",
        "mandate_files",
        "mandates",
        "differences",
        "reconciliations",
    ):
        op.drop_table(table)
    op.drop_index("ix_payments_mends_date", table_name="payments")
    op.drop_column("payments", "mends_date")
