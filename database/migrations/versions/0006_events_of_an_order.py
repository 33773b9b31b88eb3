"""Find all events that were told of an order, however many there are of others."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("events_of_order", "outgoing_events", ["order_id", "number"])


def downgrade() -> None:
    op.drop_index("events_of_order", table_name="outgoing_events")
