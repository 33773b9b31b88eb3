"""Ticket types: what is on sale."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import TicketTypeRow
from domain.errors import TicketTypeNotFound
from domain.ids import TicketTypeId
from domain.order import TicketType

_TICKET_TYPE: Select[Any] = select(
    TicketTypeRow.id,
    TicketTypeRow.name,
    TicketTypeRow.unit_price_cents,
    TicketTypeRow.currency,
    TicketTypeRow.capacity,
    TicketTypeRow.available,
)


async def add_ticket_type(connection: AsyncConnection, ticket_type: TicketType) -> None:
    """Put a ticket type on sale."""
    await connection.execute(
        insert(TicketTypeRow).values(
            id=ticket_type.id,
            name=ticket_type.name,
            unit_price_cents=ticket_type.unit_price_cents,
            currency=ticket_type.currency,
            capacity=ticket_type.capacity,
            available=ticket_type.available,
        )
    )


async def ticket_types(connection: AsyncConnection) -> list[TicketType]:
    """Return all ticket types, oldest first."""
    rows = await connection.execute(_TICKET_TYPE.order_by(TicketTypeRow.id))
    return [TicketType(*row) for row in rows]


async def ticket_types_by_id(
    connection: AsyncConnection, ids: Iterable[TicketTypeId]
) -> dict[TicketTypeId, TicketType]:
    """Return the ticket types of these ids.

    Raises TicketTypeNotFound for the first that does not exist.
    """
    wanted = list(ids)
    rows = await connection.execute(_TICKET_TYPE.where(TicketTypeRow.id.in_(wanted)))
    found = {row.id: TicketType(*row) for row in rows}
    for ticket_type_id in wanted:
        if ticket_type_id not in found:
            raise TicketTypeNotFound(ticket_type_id)
    return found
