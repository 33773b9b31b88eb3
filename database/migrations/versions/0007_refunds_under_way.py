"""Find the refunds that are under way, however many have arrived."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index(
        "refunds_under_way",
        "refunds",
        ["updated_at"],
        postgresql_where=sa.text("status IN ('pending', 'requires_action')"),
    )


def downgrade() -> None:
    op.drop_index("refunds_under_way", table_name="refunds")
