"""Tickets: issued with the payment, one for each seat that an order bought.

A ticket is sold while it is VALID or FROZEN; a VOID one has given its seat back.
"""

from typing import Any

from sqlalchemy import Row, Text, bindparam, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderItemRow, TicketRow
from domain.ids import OrderId
from domain.ticket import TicketStatus

# PostgreSQL draws the bits of a random UUID from a cryptographic source: nobody guesses a code.
_RANDOM = func.replace(func.gen_random_uuid().cast(Text), "-", "")
_NUMBER = (
    func.generate_series(1, OrderItemRow.quantity).table_valued("number").render_derived().lateral()
)
_ISSUE = insert(TicketRow).from_select(
    ["id", "order_id", "ticket_type_id", "number", "code"],
    select(
        literal("tic_") + _RANDOM,
        OrderItemRow.order_id,
        OrderItemRow.ticket_type_id,
        _NUMBER.c.number,
        func.upper(_RANDOM),
    )
    .join(_NUMBER, literal(True))
    .where(OrderItemRow.order_id == bindparam("of_order")),
)


async def issue(connection: AsyncConnection, order_id: OrderId) -> None:
    """Issue all tickets of an order, in the transaction that marks it PAID."""
    await connection.execute(_ISSUE, {"of_order": order_id})


async def void(connection: AsyncConnection, order_id: OrderId) -> bool:
    """Void all tickets of an order; False when they were void already.

    The caller gives their seats back, once: in the same transaction and only after True.
    """
    return await _move(
        connection, order_id, TicketStatus.VOID, TicketStatus.VALID, TicketStatus.FROZEN
    )


async def freeze(connection: AsyncConnection, order_id: OrderId) -> None:
    """Freeze the valid tickets of an order: its payment is disputed."""
    await _move(connection, order_id, TicketStatus.FROZEN, TicketStatus.VALID)


async def restore(connection: AsyncConnection, order_id: OrderId) -> None:
    """Make the frozen tickets of an order valid again."""
    await _move(connection, order_id, TicketStatus.VALID, TicketStatus.FROZEN)


async def tickets_of(connection: AsyncConnection, order_id: OrderId) -> list[Row[Any]]:
    """Return all tickets of an order, as its lines are ordered."""
    statement = (
        select(TicketRow.__table__)
        .join(
            OrderItemRow,
            (OrderItemRow.order_id == TicketRow.order_id)
            & (OrderItemRow.ticket_type_id == TicketRow.ticket_type_id),
        )
        .where(TicketRow.order_id == order_id)
        .order_by(OrderItemRow.position, TicketRow.number)
    )
    return list((await connection.execute(statement)).all())


async def _move(
    connection: AsyncConnection, order_id: OrderId, to: TicketStatus, *since: TicketStatus
) -> bool:
    moved = await connection.execute(
        update(TicketRow)
        .where(TicketRow.order_id == order_id, TicketRow.status.in_(since))
        .values(status=to)
        .returning(TicketRow.id)
    )
    return bool(moved.scalars().all())
