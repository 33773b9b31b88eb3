"""Numbers for idempotency keys: a key whose failure Stripe saved is given up for the next."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "payments",
        sa.Column("key_number", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("payments", "key_number")
