"""The audit trail: who changed an order, how and why, written with the change itself."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderHistoryRow
from domain.ids import OrderId

_RECORD = insert(OrderHistoryRow)


async def record(
    connection: AsyncConnection,
    order_id: OrderId,
    action: str,
    *,
    actor: str,
    reason: str | None = None,
    **stripe_ids: str | None,
) -> None:
    """Append to an order's history, in the caller's transaction."""
    await connection.execute(
        _RECORD,
        {
            "order_id": order_id,
            "action": action,
            "actor": actor,
            "reason": reason,
            "stripe_ids": {name: value for name, value in stripe_ids.items() if value},
        },
    )


async def record_once(
    connection: AsyncConnection,
    order_id: OrderId,
    action: str,
    *,
    actor: str,
    reason: str,
    **stripe_ids: str | None,
) -> bool:
    """Append to an order's history; False when the same stands there already, whoever wrote it.

    The caller holds the order's lock.
    """
    named = {name: value for name, value in stripe_ids.items() if value}
    seen = exists().where(
        OrderHistoryRow.order_id == order_id,
        OrderHistoryRow.action == action,
        OrderHistoryRow.reason == reason,
        OrderHistoryRow.stripe_ids == named,
    )
    if (await connection.execute(select(seen))).scalar_one():
        return False
    await record(connection, order_id, action, actor=actor, reason=reason, **named)
    return True


async def history_of(connection: AsyncConnection, order_id: OrderId) -> Sequence[Row[Any]]:
    """Return an order's history, oldest first."""
    statement = (
        select(
            OrderHistoryRow.at,
            OrderHistoryRow.actor,
            OrderHistoryRow.action,
            OrderHistoryRow.reason,
            OrderHistoryRow.stripe_ids,
        )
        .where(OrderHistoryRow.order_id == order_id)
        .order_by(OrderHistoryRow.id)
    )
    return (await connection.execute(statement)).all()
