"""Events for other systems: written with the change they tell of, kept after their delivery."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderRow, OutgoingEventRow
from database.orders import order_of
from domain.errors import OrderNotFound
from domain.ids import OrderId, new_id
from domain.money import Cents
from domain.order import OrderStatus
from domain.outgoing import OrderState, OutgoingType, WaitingEvent, payload_of

_IS_WAITING = OutgoingEventRow.delivered_at.is_(None)
_EVENT = select(OutgoingEventRow.__table__)
_LOCKED_STATE = (
    select(
        OrderRow.status,
        OrderRow.amount_refunded_cents,
        OrderRow.disputed,
        OrderRow.needs_attention,
    )
    .where(OrderRow.id == bindparam("order_id"))
    .with_for_update()
)
_HAS_WAITING = select(
    exists().where(OutgoingEventRow.order_id == bindparam("order_id"), _IS_WAITING)
)


@dataclass(frozen=True)
class Backlog:
    """How many events wait for the receiver, and for how long the oldest of them has."""

    events: int
    oldest_seconds: float


async def locked_state(connection: AsyncConnection, order_id: OrderId) -> OrderState:
    """Lock an order's row and return what other systems hear of it. Raises OrderNotFound."""
    row = (await connection.execute(_LOCKED_STATE, {"order_id": order_id})).one_or_none()
    if row is None:
        raise OrderNotFound
    return OrderState(
        status=OrderStatus(row.status),
        amount_refunded_cents=Cents(row.amount_refunded_cents),
        disputed=row.disputed,
        needs_attention=row.needs_attention,
    )


async def add_event(
    connection: AsyncConnection, order_id: OrderId, event_type: OutgoingType
) -> None:
    """Write an event, in the transaction of the change and behind the change itself.

    The caller holds the order's lock, so that the numbers of an order's events are in the order
    in which its changes are committed.
    """
    order = await order_of(connection, order_id)
    await connection.execute(
        insert(OutgoingEventRow).values(
            id=new_id("msg"),
            order_id=order_id,
            type=event_type,
            payload=payload_of(event_type, order),
        )
    )


async def has_waiting(connection: AsyncConnection, order_id: OrderId) -> bool:
    """Say whether an event of the order waits for its delivery."""
    return bool((await connection.execute(_HAS_WAITING, {"order_id": order_id})).scalar_one())


async def waiting_events(connection: AsyncConnection, order_id: OrderId) -> list[WaitingEvent]:
    """Return what has to be delivered for an order, the first to be sent first."""
    statement = _EVENT.where(OutgoingEventRow.order_id == order_id, _IS_WAITING).order_by(
        OutgoingEventRow.number
    )
    return [
        WaitingEvent(row.id, OrderId(row.order_id), OutgoingType(row.type), row.created_at)
        for row in await connection.execute(statement)
    ]


async def payload_to_deliver(connection: AsyncConnection, event_id: str) -> dict[str, Any] | None:
    """Return what an event says; None when it has been delivered already."""
    statement = select(OutgoingEventRow.payload).where(OutgoingEventRow.id == event_id, _IS_WAITING)
    payload: dict[str, Any] | None = (await connection.execute(statement)).scalar_one_or_none()
    return payload


async def mark_delivered(connection: AsyncConnection, event_id: str) -> None:
    """Note that the receiver has taken an event."""
    await connection.execute(
        update(OutgoingEventRow)
        .where(OutgoingEventRow.id == event_id, _IS_WAITING)
        .values(delivered_at=func.now())
    )


async def let_wait_again(connection: AsyncConnection, event_id: str) -> Row[Any] | None:
    """Note that an event shall be delivered once more; None when there is no such event."""
    statement = (
        update(OutgoingEventRow)
        .where(OutgoingEventRow.id == event_id)
        .values(delivered_at=None)
        .returning(*OutgoingEventRow.__table__.columns)
    )
    return (await connection.execute(statement)).one_or_none()


async def events_of(
    connection: AsyncConnection,
    *,
    order_id: OrderId | None,
    delivered: bool | None,
    limit: int,
    starting_after: str | None,
) -> list[Row[Any]]:
    """Return events, newest first, from the one behind `starting_after` on."""
    statement = _EVENT.order_by(OutgoingEventRow.number.desc()).limit(limit)
    if order_id is not None:
        statement = statement.where(OutgoingEventRow.order_id == order_id)
    if delivered is not None:
        statement = statement.where(_IS_WAITING.is_(not delivered))
    if starting_after is not None:
        last = select(OutgoingEventRow.number).where(OutgoingEventRow.id == starting_after)
        statement = statement.where(OutgoingEventRow.number < last.scalar_subquery())
    return list((await connection.execute(statement)).all())


async def orders_with_waiting_events(
    connection: AsyncConnection, before: datetime, limit: int
) -> list[OrderId]:
    """Return orders with an event that was written before a time (UTC) and still waits.

    They are drawn at random: while a receiver is down, the many whose delivery is under way must
    not hide for ever the few that nobody delivers.
    """
    statement = (
        select(OutgoingEventRow.order_id)
        .where(_IS_WAITING, OutgoingEventRow.created_at < before)
        .group_by(OutgoingEventRow.order_id)
        .order_by(func.random())
        .limit(limit)
    )
    return [OrderId(order_id) for order_id in (await connection.execute(statement)).scalars()]


async def backlog(connection: AsyncConnection) -> Backlog:
    """Return how much waits for the receiver."""
    age = func.extract("epoch", func.now() - func.min(OutgoingEventRow.created_at))
    statement = select(func.count(), func.coalesce(age, 0)).where(_IS_WAITING)
    events, oldest_seconds = (await connection.execute(statement)).one()
    return Backlog(events, float(oldest_seconds))
