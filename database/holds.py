"""Holding tickets and giving them back: two statements on `ticket_types.available`.

Both lock the rows in the order of their ids first, so that orders for several ticket types never
wait for each other in a circle.
"""

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderItemRow, TicketTypeRow
from domain.errors import SoldOut
from domain.ids import OrderId

_WANTED = (
    select(TicketTypeRow.id, OrderItemRow.quantity)
    .join(OrderItemRow, OrderItemRow.ticket_type_id == TicketTypeRow.id)
    .where(OrderItemRow.order_id == bindparam("of_order"))
    .order_by(TicketTypeRow.id)
    .with_for_update(of=TicketTypeRow)
    .cte("wanted")
)
_HOLD = (
    update(TicketTypeRow)
    .where(TicketTypeRow.id == _WANTED.c.id, TicketTypeRow.available >= _WANTED.c.quantity)
    .values(available=TicketTypeRow.available - _WANTED.c.quantity)
    .returning(select(func.count()).select_from(_WANTED).scalar_subquery())
)
_RELEASE = (
    update(TicketTypeRow)
    .where(TicketTypeRow.id == _WANTED.c.id)
    .values(available=TicketTypeRow.available + _WANTED.c.quantity)
)


async def hold(connection: AsyncConnection, order_id: OrderId) -> None:
    """Take all tickets of an order from what is available.

    Raises SoldOut, and the caller's transaction must roll back, when any line cannot be held.
    """
    wanted = (await connection.execute(_HOLD, {"of_order": order_id})).scalars().all()
    if not wanted or len(wanted) < wanted[0]:
        raise SoldOut


async def release(connection: AsyncConnection, order_id: OrderId) -> None:
    """Give all tickets of an order back; the caller has just closed the attempt that held them."""
    await connection.execute(_RELEASE, {"of_order": order_id})
