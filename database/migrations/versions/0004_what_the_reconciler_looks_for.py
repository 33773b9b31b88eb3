"""When Stripe was last asked about an attempt, and what lets drift be found and counted quickly."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

IS_OPEN = sa.text("status IN ('PENDING', 'PROCESSING')")


def upgrade() -> None:
    op.add_column("payments", sa.Column("looked_at", postgresql.TIMESTAMP(timezone=True)))
    op.create_index(
        "open_attempts_by_deadline", "payments", ["expires_at"], postgresql_where=IS_OPEN
    )
    op.create_index(
        "orders_for_a_person", "orders", ["id"], postgresql_where=sa.text("needs_attention")
    )
    op.create_index(
        "drift_by_kind",
        "order_history",
        [sa.text("split_part(reason, ':', 1)")],
        postgresql_where=sa.text("action = 'drift_found'"),
    )


def downgrade() -> None:
    op.drop_index("drift_by_kind", table_name="order_history")
    op.drop_index("orders_for_a_person", table_name="orders")
    op.drop_index("open_attempts_by_deadline", table_name="payments")
    op.drop_column("payments", "looked_at")
