"""The tables. What must never be wrong is a constraint here, not only a rule in Python."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.dispute import DisputeStatus
from domain.order import OrderStatus
from domain.outgoing import OutgoingType
from domain.payment import OPEN_STATUSES, PaymentStatus
from domain.refund import UNDER_WAY, RefundStatus
from domain.ticket import TicketStatus


class Base(DeclarativeBase):
    """Strings are TEXT, times are TIMESTAMPTZ; constraint names follow from what they guard."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own name and form)
        str: Text,
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB,
        bytes: LargeBinary,
    }


def _one_of(column: str, statuses: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(str(status)) for status in statuses)})"


_IS_OPEN = _one_of("status", OPEN_STATUSES)
_IS_UNDER_WAY = _one_of("status", UNDER_WAY)


class TicketTypeRow(Base):
    """Tickets on sale: available = capacity - sold - held."""

    __tablename__ = "ticket_types"
    __table_args__ = (
        CheckConstraint("available >= 0 AND available <= capacity", name="never_oversold"),
        CheckConstraint("unit_price_cents > 0", name="price_positive"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    unit_price_cents: Mapped[int]
    currency: Mapped[str]
    capacity: Mapped[int]
    available: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OrderRow(Base):
    """Orders; never deleted."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(_one_of("status", OrderStatus), name="order_status_known"),
        CheckConstraint("total_cents > 0", name="total_positive"),
        CheckConstraint(
            "amount_refunded_cents BETWEEN 0 AND total_cents", name="refund_within_total"
        ),
        CheckConstraint(
            "(paid_at IS NOT NULL) = (status IN ('PAID', 'REFUNDED'))", name="paid_has_its_time"
        ),
        CheckConstraint(
            "(cancelled_at IS NOT NULL) = (status = 'CANCELLED')", name="cancelled_has_its_time"
        ),
        Index("orders_of_user", "user_id", "id"),
        Index("orders_for_a_person", "id", postgresql_where=text("needs_attention")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=OrderStatus.CREATED)
    currency: Mapped[str]
    total_cents: Mapped[int]
    amount_refunded_cents: Mapped[int] = mapped_column(server_default=text("0"))
    disputed: Mapped[bool] = mapped_column(server_default=text("false"))
    needs_attention: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    paid_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class OrderItemRow(Base):
    """Lines of an order, with the name and the price of the moment it was made."""

    __tablename__ = "order_items"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    ticket_type_id: Mapped[str] = mapped_column(ForeignKey("ticket_types.id"), primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    unit_price_cents: Mapped[int]
    quantity: Mapped[int]


class PaymentRow(Base):
    """Attempts to collect an order's total. `captured_cents` is what Stripe took for it.

    Every parameter of the Stripe call stands in the row or its order, so that a repeated call
    is the same byte for byte: Stripe refuses a key that comes again with other parameters.
    `looked_at` is when Stripe last said how its session stands.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(_one_of("status", PaymentStatus), name="payment_status_known"),
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint("captured_cents >= 0", name="captured_not_negative"),
        CheckConstraint(
            "status <> 'PROCESSING' OR looked_at IS NOT NULL", name="processing_was_looked_at"
        ),
        Index(
            "one_open_attempt_an_order", "order_id", unique=True, postgresql_where=text(_IS_OPEN)
        ),
        Index("open_attempts_by_deadline", "expires_at", postgresql_where=text(_IS_OPEN)),
        Index("payments_of_order", "order_id", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    provider: Mapped[str] = mapped_column(server_default="stripe")
    provider_ref: Mapped[str | None] = mapped_column(unique=True)
    payment_intent: Mapped[str | None] = mapped_column(unique=True)
    session_url: Mapped[str | None]
    key_number: Mapped[int] = mapped_column(server_default=text("1"))
    amount_cents: Mapped[int]
    captured_cents: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=PaymentStatus.PENDING)
    livemode: Mapped[bool]
    base_url: Mapped[str]
    expires_at: Mapped[datetime]
    session_expires_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RefundRow(Base):
    """Money given back. The row comes first, then Stripe, with `idempotency_key` as the key.

    A refund that was made in Stripe's dashboard has the key `stripe-{stripe_id}`.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(_one_of("status", RefundStatus), name="refund_status_known"),
        CheckConstraint("amount_cents > 0", name="refund_positive"),
        Index("refunds_of_order", "order_id", "id"),
        Index("refunds_under_way", "updated_at", postgresql_where=text(_IS_UNDER_WAY)),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"))
    payment_intent: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    stripe_id: Mapped[str | None] = mapped_column(unique=True)
    amount_cents: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=RefundStatus.PENDING)
    reason: Mapped[str]
    failure_reason: Mapped[str | None]
    key_number: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DisputeRow(Base):
    """Disputes, each once, by the id that Stripe gave it."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint(_one_of("status", DisputeStatus), name="dispute_status_known"),
        Index("disputes_of_order", "order_id", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"))
    amount_cents: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TicketRow(Base):
    """Tickets of PAID orders: `number` counts within a line of the order, `code` opens the gate."""

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint(_one_of("status", TicketStatus), name="ticket_status_known"),
        UniqueConstraint("order_id", "ticket_type_id", "number", name="one_ticket_a_seat"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    ticket_type_id: Mapped[str] = mapped_column(ForeignKey("ticket_types.id"))
    number: Mapped[int]
    code: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default=TicketStatus.VALID)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutgoingEventRow(Base):
    """What other systems are told, in the order of `number`; `delivered_at` when one took it."""

    __tablename__ = "outgoing_events"
    __table_args__ = (
        CheckConstraint(_one_of("type", OutgoingType), name="outgoing_type_known"),
        Index("events_of_order", "order_id", "number"),
        Index(
            "undelivered_events",
            "order_id",
            "number",
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivered_at: Mapped[datetime | None]


class OrderHistoryRow(Base):
    """The audit trail: appended in the transaction that changes the state, never altered."""

    __tablename__ = "order_history"
    __table_args__ = (
        Index("history_of_order", "order_id", "id"),
        Index(
            "drift_by_kind",
            text("split_part(reason, ':', 1)"),
            postgresql_where=text("action = 'drift_found'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    action: Mapped[str]
    reason: Mapped[str | None]
    stripe_ids: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class IdempotencyKeyRow(Base):
    """What a client's Idempotency-Key stands for: the request it came with and its answer."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    resource_suffix: Mapped[str]
    locked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status_code: Mapped[int | None]
    media_type: Mapped[str | None]
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
