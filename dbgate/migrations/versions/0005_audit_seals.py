"""Seals of the audit logs: a log that was cut off or replaced is found by what stands here."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "audit_seals",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("line_hash", sa.String(64), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "line_no", name="pk_audit_seals"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it; what it holds is lost."""
    op.drop_table("audit_seals")
