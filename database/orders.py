"""Orders: making them, and reading them with their items."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from database.history import record
from database.models import OrderItemRow, OrderRow, PaymentRow
from domain.errors import OrderNotFound
from domain.ids import OrderId, TicketTypeId, UserId
from domain.money import Cents, Currency
from domain.order import Order, OrderItem, OrderStatus
from domain.payment import PaymentStatus
from domain.pricing import PricedOrder

ITEMS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(
                    OrderItemRow.ticket_type_id,
                    OrderItemRow.name,
                    OrderItemRow.quantity,
                    OrderItemRow.unit_price_cents,
                    type_=JSONB,
                ),
                OrderItemRow.position,
            ),
            type_=JSONB,
        )
    )
    .where(OrderItemRow.order_id == OrderRow.id)
    .correlate(OrderRow)
    .scalar_subquery()
)
ORDER = select(OrderRow.__table__, ITEMS.label("items"))
_BY_ID = ORDER.where(OrderRow.id == bindparam("order_id"))
_LOCK = select(OrderRow.status).where(OrderRow.id == bindparam("order_id")).with_for_update()


def as_order(row: Row[Any]) -> Order:
    """Return the order that a row of `ORDER` holds."""
    return Order(
        id=OrderId(row.id),
        user_id=UserId(row.user_id),
        status=OrderStatus(row.status),
        currency=Currency(row.currency),
        total_cents=Cents(row.total_cents),
        items=items_of(row.items),
        created_at=row.created_at,
        updated_at=row.updated_at,
        paid_at=row.paid_at,
        cancelled_at=row.cancelled_at,
        amount_refunded_cents=Cents(row.amount_refunded_cents),
        disputed=row.disputed,
        needs_attention=row.needs_attention,
    )


def items_of(lines: Sequence[tuple[str, str, int, int]]) -> tuple[OrderItem, ...]:
    """Return the lines of an order as they come out of `ITEMS`."""
    return tuple(
        OrderItem(TicketTypeId(ticket_type_id), name, quantity, Cents(unit_price_cents))
        for ticket_type_id, name, quantity, unit_price_cents in lines
    )


async def add_order(
    connection: AsyncConnection, order_id: OrderId, user_id: UserId, priced: PricedOrder
) -> None:
    """Store a new order with its items; storing the same id again changes nothing."""
    added = await connection.execute(
        upsert(OrderRow)
        .values(
            id=order_id,
            user_id=user_id,
            currency=priced.currency,
            total_cents=priced.total_cents,
        )
        .on_conflict_do_nothing()
        .returning(OrderRow.id)
    )
    if added.one_or_none() is None:
        return
    lines = [
        {"order_id": order_id, "position": position, **asdict(item)}
        for position, item in enumerate(priced.items)
    ]
    await connection.execute(insert(OrderItemRow), lines)
    await record(connection, order_id, "order_created", actor=user_id)


async def order_of(
    connection: AsyncConnection, order_id: OrderId, user_id: UserId | None = None
) -> Order:
    """Return an order; with `user_id` only if it is this user's.

    Raises OrderNotFound, for foreign orders and unknown ones alike.
    """
    row = (await connection.execute(_BY_ID, {"order_id": order_id})).one_or_none()
    if row is None or user_id not in (None, row.user_id):
        raise OrderNotFound
    return as_order(row)


async def order_of_session(
    connection: AsyncConnection, session_id: str
) -> tuple[Order, PaymentStatus] | None:
    """Return the order that is paid in a Checkout Session, and how far its payment is."""
    statement = (
        ORDER.add_columns(PaymentRow.status.label("payment_status"))
        .join(PaymentRow, PaymentRow.order_id == OrderRow.id)
        .where(PaymentRow.provider_ref == session_id)
    )
    row = (await connection.execute(statement)).one_or_none()
    return (as_order(row), PaymentStatus(row.payment_status)) if row else None


async def orders_of(
    connection: AsyncConnection, user_id: UserId, limit: int, starting_after: OrderId | None
) -> list[Order]:
    """Return a user's orders, newest first, from the one behind `starting_after` on."""
    statement: Select[Any] = (
        ORDER.where(OrderRow.user_id == user_id).order_by(OrderRow.id.desc()).limit(limit)
    )
    if starting_after is not None:
        statement = statement.where(OrderRow.id < starting_after)
    return [as_order(row) for row in await connection.execute(statement)]


async def changed_at(
    connection: AsyncConnection, order_ids: Sequence[OrderId]
) -> dict[OrderId, datetime]:
    """Return when each of these orders last changed (UTC)."""
    rows = await connection.execute(
        select(OrderRow.id, OrderRow.updated_at).where(OrderRow.id.in_(order_ids))
    )
    return {OrderId(row.id): row.updated_at for row in rows}


async def lock_order(connection: AsyncConnection, order_id: OrderId) -> OrderStatus:
    """Lock the order's row for the rest of the transaction; every transition does this first.

    Raises OrderNotFound.
    """
    status = (await connection.execute(_LOCK, {"order_id": order_id})).scalar_one_or_none()
    if status is None:
        raise OrderNotFound
    return OrderStatus(status)


async def touch_order(connection: AsyncConnection, order_id: OrderId, **values: bool) -> None:
    """Note that something about an order has changed, and set flags such as `needs_attention`."""
    await connection.execute(
        update(OrderRow).where(OrderRow.id == order_id).values(updated_at=func.now(), **values)
    )
