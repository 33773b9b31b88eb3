"""The audit trail: who changed an order, how and why, written with the change itself."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderHistoryRow
from domain.ids import OrderId


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
        insert(OrderHistoryRow).values(
            order_id=order_id,
            action=action,
            actor=actor,
            reason=reason,
            stripe_ids={name: value for name, value in stripe_ids.items() if value},
        )
    )


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
