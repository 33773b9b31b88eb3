"""Ticket types: what is on sale."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import TicketTypeRow
from domain.ids import TicketTypeId
from domain.order import TicketType

_TICKET_TYPE: Select[Any] = select(  # type: ignore[assignment]
    TicketTypeRow.id,
    TicketTypeRow.name,
    TicketTypeRow.unit_price_cents,
    TicketTypeRow.currency,
    TicketTypeRow.capacity,
    TicketTypeRow.available,
)


async def add_ticket_type(connection: AsyncConnection, ticket_type: TicketType) -> None:
    """Put a ticket type on sale; putting the same id on sale again changes nothing."""
    await connection.execute(
        upsert(TicketTypeRow).values(asdict(ticket_type)).on_conflict_do_nothing()
    )


async def ticket_types(connection: AsyncConnection) -> list[TicketType]:
    """Return all ticket types, oldest first."""
    rows = await connection.execute(_TICKET_TYPE.order_by(TicketTypeRow.id))
    return [TicketType(*row) for row in rows]


async def ticket_types_by_id(
    connection: AsyncConnection, ids: Iterable[TicketTypeId]
) -> dict[TicketTypeId, TicketType]:
    """Return the ticket types of these ids, as far as they exist."""
    rows = await connection.execute(_TICKET_TYPE.where(TicketTypeRow.id.in_(list(ids))))
    return {row.id: TicketType(*row) for row in rows}
