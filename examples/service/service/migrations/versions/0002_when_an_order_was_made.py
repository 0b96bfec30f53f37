"""When an order was made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; for the orders that are there it is now."""
    with op.batch_alter_table("order_") as table:
        table.add_column(
            sa.Column("made", sa.DateTime(), nullable=False, server_default=sa.func.now())
        )


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("order_") as table:
        table.drop_column("made")
