"""The first schema: accounts, bills, the journal, invoices, counters, clearing dates, audit, numbers."""

import sqlalchemy as sa
from alembic import context, op

from dbgate.errors import SchemaMismatch

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build everything."""
    _accounts()
    _bills()
    _payments()
    _allocations()
    _invoices()
    _invoice_prints()
    _limit_uses()
    _clearing_dates()
    _audit_entries()
    _number_blocks()


def downgrade() -> None:
    """Drop everything, but never a movement of money: a database that holds one is not taken down by a program.

    Raises:
        SchemaMismatch: there are movements, loaded balances included.
    """
    if not context.is_offline_mode() and op.get_bind().scalar(sa.text("SELECT count(*) FROM payments")):
        raise SchemaMismatch("the database holds movements of money; nothing was dropped")
    for table in _TABLES:
        op.drop_table(table)


_TABLES = (
    "accounts",
    "bills",
    "payments",
    "allocations",
    "invoices",
    "invoice_prints",
    "limit_uses",
    "clearing_dates",
    "audit_entries",
    "number_blocks",
)


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_no", sa.String(32), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("address", sa.String(200)),
        sa.Column("meter_no", sa.String(32)),
        sa.Column("passbook", sa.String(32)),
        sa.Column("supply_branch", sa.String(8)),
        sa.Column("user_class", sa.String(24), nullable=False),
        sa.Column("collect_mode", sa.String(24), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("pay_at_utility", sa.SmallInteger(), nullable=False),
        sa.Column("load_digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_no", name="pk_accounts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_accounts_meter_no", "accounts", ["meter_no"])
    op.create_index("ix_accounts_passbook", "accounts", ["passbook"])


def _bills() -> None:
    op.create_table(
        "bills",
        sa.Column("bill_no", sa.String(32), nullable=False),
        sa.Column("account_no", sa.String(32), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("seq", sa.SmallInteger(), nullable=False),
        sa.Column("energy_centikwh", sa.BigInteger(), nullable=False),
        sa.Column("previous_reading_centikwh", sa.BigInteger(), nullable=False),
        sa.Column("this_reading_centikwh", sa.BigInteger(), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_date", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("settled_by", sa.BigInteger()),
        sa.Column("load_digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bill_no", name="pk_bills"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bills_account_no", "bills", ["account_no", "state", "month"])
    op.create_index(
        "ix_bills_settled_by",
        "bills",
        ["settled_by"],
        sqlite_where=sa.text("settled_by IS NOT NULL"),
        postgresql_where=sa.text("settled_by IS NOT NULL"),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("bank_date", sa.Integer(), nullable=False),
        sa.Column("bank_serial", sa.String(32), nullable=False),
        sa.Column("fep_serial", sa.BigInteger()),
        sa.Column("movement", sa.String(24), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("account_no", sa.String(32)),
        sa.Column("account_name", sa.String(100)),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("settled_principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("settled_late_fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("balance_change_fen", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_after_fen", sa.BigInteger(), nullable=False),
        sa.Column("settled_count", sa.Integer(), nullable=False),
        sa.Column("first_month", sa.Integer()),
        sa.Column("last_month", sa.Integer()),
        sa.Column("invoice_no", sa.String(16)),
        sa.Column("original_bank_code", sa.String(12)),
        sa.Column("original_bank_date", sa.Integer()),
        sa.Column("original_bank_serial", sa.String(32)),
        sa.Column("original_fep_serial", sa.BigInteger()),
        sa.Column("outcome", sa.SmallInteger()),
        sa.Column("branch_code", sa.String(12)),
        sa.Column("teller_id", sa.String(8)),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("instrument", sa.SmallInteger()),
        sa.Column("clearing_date", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(32)),
        sa.Column("reason", sa.SmallInteger()),
        sa.PrimaryKeyConstraint("bank_code", "bank_date", "bank_serial", name="pk_payments"),
    )
    op.create_index("uq_payments_fep_serial", "payments", ["fep_serial"], unique=True)
    op.create_index("ix_payments_account_no", "payments", ["account_no", "created_at"])
    op.create_index("ix_payments_clearing_date", "payments", ["bank_code", "clearing_date", "fep_serial"])


def _allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("fep_serial", sa.BigInteger(), nullable=False),
        sa.Column("bill_no", sa.String(32), nullable=False),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("late_fee_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fep_serial", "bill_no", name="pk_allocations"),
        sqlite_with_rowid=False,
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("invoice_no", sa.String(16), nullable=False),
        sa.Column("fep_serial", sa.BigInteger(), nullable=False),
        sa.Column("print_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_no", name="pk_invoices"),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_invoices_fep_serial", "invoices", ["fep_serial"], unique=True)


def _invoice_prints() -> None:
    op.create_table(
        "invoice_prints",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("bank_date", sa.Integer(), nullable=False),
        sa.Column("bank_serial", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(32)),
        sa.Column("invoice_no", sa.String(16), nullable=False),
        sa.Column("fep_serial", sa.BigInteger(), nullable=False),
        sa.Column("print_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bank_code", "bank_date", "bank_serial", name="pk_invoice_prints"),
        sqlite_with_rowid=False,
    )


def _limit_uses() -> None:
    op.create_table(
        "limit_uses",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("clearing_date", sa.Integer(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bank_code", "channel", "clearing_date", name="pk_limit_uses"),
        sqlite_with_rowid=False,
    )


def _clearing_dates() -> None:
    op.create_table(
        "clearing_dates",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("clearing_date", sa.Integer(), nullable=False),
        sa.Column("first_date", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bank_code", name="pk_clearing_dates"),
        sqlite_with_rowid=False,
    )


def _audit_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("bank_date", sa.Integer(), nullable=False),
        sa.Column("bank_serial", sa.String(32), nullable=False),
        sa.Column("transaction_name", sa.String(24), nullable=False),
        sa.Column("account_no", sa.String(32)),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("response_code", sa.String(4), nullable=False),
        sa.Column("branch_code", sa.String(12)),
        sa.Column("teller_id", sa.String(8)),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_created_at", "audit_entries", ["created_at"])
    op.create_index("ix_audit_entries_identity", "audit_entries", ["bank_code", "bank_date", "bank_serial"])


def _number_blocks() -> None:
    op.create_table(
        "number_blocks",
        sa.Column("name", sa.String(24), nullable=False),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_number_blocks"),
        sqlite_with_rowid=False,
    )
