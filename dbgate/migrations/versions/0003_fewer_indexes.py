"""Bills without an index by what settled them: allocations say it, and each payment had to write the index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_bills_settled_by", table_name="bills")


def downgrade() -> None:
    """Make it again."""
    op.create_index(
        "ix_bills_settled_by",
        "bills",
        ["settled_by"],
        sqlite_where=sa.text("settled_by IS NOT NULL"),
        postgresql_where=sa.text("settled_by IS NOT NULL"),
    )
