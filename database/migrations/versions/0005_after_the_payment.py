"""Tickets, disputes, events for other systems, and refunds in all their states."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "payments",
        sa.Column("captured_cents", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.create_check_constraint("captured_not_negative", "payments", "captured_cents >= 0")
    op.execute(
        "UPDATE payments SET captured_cents = amount_cents "
        "WHERE status IN ('SUCCEEDED', 'REFUNDED', 'PARTIALLY_REFUNDED')"
    )
    op.add_column("refunds", sa.Column("failure_reason", sa.Text(), nullable=True))
    op.add_column(
        "refunds",
        sa.Column("key_number", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
    _create_disputes()
    _create_tickets()
    _create_outgoing_events()


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.CheckConstraint(
            "status IN ('warning_needs_response', 'warning_under_review', 'warning_closed', "
            "'needs_response', 'under_review', 'won', 'lost', 'prevented')",
            name="dispute_status_known",
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("disputes_of_order", "disputes", ["order_id", "id"])


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("ticket_type_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="VALID", nullable=False),
        _time("created_at"),
        sa.CheckConstraint("status IN ('VALID', 'FROZEN', 'VOID')", name="ticket_status_known"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["ticket_type_id"], ["ticket_types.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("order_id", "ticket_type_id", "number", name="one_ticket_a_seat"),
    )
    op.execute(
        """
        INSERT INTO tickets (id, order_id, ticket_type_id, number, code)
        SELECT 'tic_' || replace(gen_random_uuid()::text, '-', ''), i.order_id, i.ticket_type_id,
               number, upper(replace(gen_random_uuid()::text, '-', ''))
        FROM order_items i JOIN orders o ON o.id = i.order_id AND o.status = 'PAID',
             generate_series(1, i.quantity) number
        """
    )


def _create_outgoing_events() -> None:
    op.create_table(
        "outgoing_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        _time("created_at"),
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "type IN ('order.paid', 'order.cancelled', 'order.refunded', 'order.disputed', "
            "'order.needs_attention')",
            name="outgoing_type_known",
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(
        "undelivered_events",
        "outgoing_events",
        ["order_id", "number"],
        postgresql_where=sa.text("delivered_at IS NULL"),
    )


def _time(name: str) -> sa.Column[object]:
    return sa.Column(
        name,
        postgresql.TIMESTAMP(timezone=True),
        server_default=sa.text("now()"),
        nullable=False,
    )


def downgrade() -> None:
    op.drop_table("outgoing_events")
    op.drop_table("tickets")
    op.drop_table("disputes")
    op.drop_column("refunds", "key_number")
    op.drop_column("refunds", "failure_reason")
    op.drop_column("payments", "captured_cents")
