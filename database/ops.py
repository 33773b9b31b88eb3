"""Cases: orders as operators see them, each in one row, and the whole story of one."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.history import record
from database.models import DisputeRow, OrderHistoryRow, OrderRow, PaymentRow, RefundRow
from database.orders import ORDER, as_order, lock_order
from database.queues import IS_OVERDUE, Wanted
from domain.case import Case, LastPayment, WhyAttention
from domain.dispute import WITHHELD, DisputeStatus
from domain.errors import OrderNotFound
from domain.ids import OrderId
from domain.money import Cents
from domain.order import OrderStatus
from domain.payment import DEADLINE_BEFORE_EXPIRY, OPEN_STATUSES, PaymentStatus
from domain.refund import UNDER_WAY, RefundStatus
from domain.whereabouts import Money

ASKS_FOR_ATTENTION = (
    "needs_attention",
    "payment_set_aside",
    "refund_failed",
    "refund_canceled",
)

_LAST_PAYMENT = (
    select(PaymentRow.__table__, IS_OVERDUE.label("is_overdue"))
    .where(PaymentRow.order_id == OrderRow.id)
    .order_by(PaymentRow.created_at.desc(), PaymentRow.id.desc())  # ids tell a worker's time
    .limit(1)
    .lateral("last_payment")
)
_ATTENTION = (
    select(
        OrderHistoryRow.at,
        OrderHistoryRow.actor,
        OrderHistoryRow.action,
        OrderHistoryRow.reason,
        OrderHistoryRow.stripe_ids,
    )
    .where(OrderHistoryRow.order_id == OrderRow.id)
    .where(OrderHistoryRow.action.in_(ASKS_FOR_ATTENTION))
    .order_by(OrderHistoryRow.id.desc())
    .limit(1)
    .lateral("attention")
)


def _sum(amount: Any, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.coalesce(func.sum(amount), 0)).where(*conditions).scalar_subquery()


def _refunds_in(*statuses: RefundStatus) -> ColumnElement[int]:
    return _sum(
        RefundRow.amount_cents, RefundRow.order_id == OrderRow.id, RefundRow.status.in_(statuses)
    )


def _disputes_in(*statuses: DisputeStatus) -> ColumnElement[int]:
    return _sum(
        DisputeRow.amount_cents,
        DisputeRow.order_id == OrderRow.id,
        DisputeRow.status.in_(statuses),
    )


_CASE = (
    ORDER.add_columns(
        _sum(PaymentRow.captured_cents, PaymentRow.order_id == OrderRow.id).label("captured"),
        _refunds_in(*UNDER_WAY).label("refunding"),
        _refunds_in(RefundStatus.SUCCEEDED).label("refunded"),
        _disputes_in(*WITHHELD).label("withheld"),
        _disputes_in(DisputeStatus.LOST).label("lost"),
        select(DisputeRow.status)
        .where(DisputeRow.order_id == OrderRow.id)
        .order_by(DisputeRow.created_at.desc())
        .limit(1)
        .scalar_subquery()
        .label("dispute"),
        *(column.label(f"payment_{column.name}") for column in _LAST_PAYMENT.c),
        *(column.label(f"attention_{column.name}") for column in _ATTENTION.c),
    )
    .select_from(OrderRow)
    .outerjoin(_LAST_PAYMENT, true())
    .outerjoin(_ATTENTION, true())
)


async def cases(
    connection: AsyncConnection, wanted: Wanted, limit: int, starting_after: OrderId | None
) -> list[Case]:
    """Return the orders an operator looks for, newest first, from behind `starting_after` on."""
    statement: Select[Any] = (
        _CASE.where(*wanted.conditions()).order_by(OrderRow.id.desc()).limit(limit)
    )
    if starting_after is not None:
        statement = statement.where(OrderRow.id < starting_after)
    return [_case_of(row) for row in await connection.execute(statement)]


async def case_of(connection: AsyncConnection, order_id: OrderId) -> Case:
    """Return an order as operators see it. Raises OrderNotFound."""
    row = (await connection.execute(_CASE.where(OrderRow.id == order_id))).one_or_none()
    if row is None:
        raise OrderNotFound
    return _case_of(row)


def _case_of(row: Row[Any]) -> Case:
    payment = _payment_of(row) if row.payment_id else None
    order = as_order(row)
    money = Money(
        order=order.status,
        currency=order.currency,
        captured=Cents(row.captured),
        refunding=Cents(row.refunding),
        refunded=Cents(row.refunded),
        withheld=Cents(row.withheld),
        lost=Cents(row.lost),
        payment=payment.status if payment else None,
        has_session=payment is not None and payment.session_id is not None,
        is_overdue=bool(row.payment_is_overdue),
    )
    asks = order.needs_attention and row.attention_at is not None
    return Case(
        order=order,
        money=money,
        payment=payment,
        dispute=DisputeStatus(row.dispute) if row.dispute else None,
        attention=_attention_of(row) if asks else None,
    )


def _payment_of(row: Row[Any]) -> LastPayment:
    status = PaymentStatus(row.payment_status)
    can_move = status is PaymentStatus.PENDING and row.payment_provider_ref is not None
    latest = row.payment_session_expires_at - DEADLINE_BEFORE_EXPIRY
    return LastPayment(
        id=row.payment_id,
        status=status,
        session_id=row.payment_provider_ref,
        payment_intent=row.payment_payment_intent,
        livemode=row.payment_livemode,
        deadline=row.payment_expires_at if status in OPEN_STATUSES else None,
        extendable_until=latest if can_move else None,
    )


def _attention_of(row: Row[Any]) -> WhyAttention:
    return WhyAttention(
        row.attention_at,
        row.attention_actor,
        row.attention_action,
        row.attention_reason,
        row.attention_stripe_ids,
    )


async def resolve(
    connection: AsyncConnection, order_id: OrderId, expected: OrderStatus, actor: str, reason: str
) -> bool:
    """Note that a person has dealt with an order; False where nobody is asked to any more."""
    statement = (
        update(OrderRow)
        .where(
            OrderRow.id == order_id,
            OrderRow.status == expected,
            OrderRow.needs_attention.is_(True),
        )
        .values(needs_attention=False, updated_at=func.now())
        .returning(OrderRow.id)
    )
    await lock_order(connection, order_id)
    if (await connection.execute(statement)).one_or_none() is None:
        return False
    await record(connection, order_id, "attention_resolved", actor=actor, reason=reason)
    return True
