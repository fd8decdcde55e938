"""What closes a clearing day by command, and the slots that batches lock on engines without shared row locks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; a bank's slots are made when its clearing date is next looked at."""
    op.create_table(
        "closings",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("clearing_date", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bank_code", "clearing_date", name="pk_closings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clearing_slots",
        sa.Column("bank_code", sa.String(12), nullable=False),
        sa.Column("slot_no", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bank_code", "slot_no", name="pk_clearing_slots"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop both: what they hold matters while a day is being closed, and not after that."""
    op.drop_table("clearing_slots")
    op.drop_table("closings")
