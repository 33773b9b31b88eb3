"""What a kill run asks of PostgreSQL."""

from sqlalchemy import exists, func, select

from database.models import (
    OrderHistoryRow,
    OrderItemRow,
    OrderRow,
    PaymentRow,
    RefundRow,
    TicketRow,
    TicketTypeRow,
)
from database.refunds import IS_LATE
from domain.order import OrderStatus
from domain.payment import OPEN_STATUSES
from domain.refund import CAME_TO_NOTHING, UNDER_WAY

_ACTIONS = (
    select(func.array_agg(OrderHistoryRow.action))
    .where(OrderHistoryRow.order_id == OrderRow.id)
    .scalar_subquery()
)
_STATUSES = (
    select(func.array_agg(TicketRow.status))
    .where(TicketRow.order_id == OrderRow.id)
    .scalar_subquery()
)
_AWAITS_PAYMENT = exists().where(
    PaymentRow.order_id == OrderRow.id, PaymentRow.status.in_(OPEN_STATUSES)
)
_REFUND_REFUSED = exists().where(
    OrderHistoryRow.order_id == OrderRow.id,
    OrderHistoryRow.action.in_(f"refund_{status}" for status in CAME_TO_NOTHING),
)
ORDERS = select(
    OrderRow.id,
    OrderRow.status,
    OrderRow.total_cents,
    OrderRow.amount_refunded_cents,
    OrderRow.disputed,
    _AWAITS_PAYMENT.label("awaits_payment"),
    exists()
    .where(RefundRow.order_id == OrderRow.id, RefundRow.status.in_(UNDER_WAY))
    .label("awaits_refund"),
    OrderRow.needs_attention,
    _REFUND_REFUSED.label("refund_refused"),
    func.coalesce(_ACTIONS, []).label("actions"),
    func.coalesce(_STATUSES, []).label("tickets"),
)
_QUANTITY = (
    select(func.coalesce(func.sum(OrderItemRow.quantity), 0))
    .join(OrderRow, OrderRow.id == OrderItemRow.order_id)
    .where(OrderItemRow.ticket_type_id == TicketTypeRow.id)
    .correlate(TicketTypeRow)
)
TICKETS = select(
    TicketTypeRow.id,
    TicketTypeRow.capacity,
    TicketTypeRow.available,
    _QUANTITY.where(OrderRow.status == OrderStatus.PAID).scalar_subquery().label("sold"),
    _QUANTITY.where(_AWAITS_PAYMENT).scalar_subquery().label("held"),
)
SET_ASIDE = (
    select(
        OrderHistoryRow.order_id,
        OrderHistoryRow.stripe_ids["session"].astext,
        OrderHistoryRow.stripe_ids["payment_intent"].astext,
    )
    .join(OrderRow, OrderRow.id == OrderHistoryRow.order_id)
    .where(
        OrderHistoryRow.action == "payment_set_aside",
        OrderRow.needs_attention,
        ~exists().where(PaymentRow.provider_ref == OrderHistoryRow.stripe_ids["session"].astext),
    )
)
LATE_INTENTS = select(PaymentRow.payment_intent).where(IS_LATE)
