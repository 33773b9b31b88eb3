"""Orders in the database, for tests that need no HTTP."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from database.catalogue import add_ticket_type, ticket_types_by_id
from database.engine import Database
from database.history import history_of
from database.models import OrderItemRow, OrderRow, PaymentRow, TicketTypeRow
from database.orders import add_order, order_of
from database.payments import payments_of
from domain.ids import OrderId, TicketTypeId, UserId, new_id
from domain.money import Cents, Currency
from domain.order import Order, OrderStatus, TicketType
from domain.payment import OPEN_STATUSES
from domain.pricing import price

PRICE = Cents(4500)
EUR = Currency("eur")


class Orders:
    """Makes orders and sees what became of them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def ticket_type(self, capacity: int = 10) -> TicketTypeId:
        """Put a ticket type on sale."""
        ticket_type = TicketType(
            TicketTypeId(new_id("tkt")), "Concert", PRICE, EUR, capacity, capacity
        )
        async with self.database.transaction() as connection:
            await add_ticket_type(connection, ticket_type)
        return ticket_type.id

    async def order(self, ticket_type_id: TicketTypeId | None = None, quantity: int = 2) -> OrderId:
        """Order tickets."""
        wanted = {ticket_type_id or await self.ticket_type(): quantity}
        order_id = OrderId(new_id("ord"))
        async with self.database.transaction() as connection:
            priced = price(wanted, await ticket_types_by_id(connection, wanted))
            await add_order(connection, order_id, UserId("buyer"), priced)
        return order_id

    async def see(self, order_id: OrderId) -> Order:
        """Return the order as it is now."""
        async with self.database.transaction() as connection:
            return await order_of(connection, order_id)

    async def actions(self, order_id: OrderId) -> list[str]:
        """Return what the audit trail says happened to an order."""
        return [row.action for row in await self.entries(order_id)]

    async def entries(self, order_id: OrderId) -> Sequence[Row[Any]]:
        """Return the audit trail of an order."""
        async with self.database.transaction() as connection:
            return await history_of(connection, order_id)

    async def payment_statuses(self, order_id: OrderId) -> list[str]:
        """Return the statuses of an order's attempts, oldest first."""
        async with self.database.transaction() as connection:
            return [row.status for row in await payments_of(connection, order_id)]

    async def available(self, ticket_type_id: TicketTypeId) -> int:
        """Return how many tickets of a type are left."""
        async with self.database.transaction() as connection:
            found = await ticket_types_by_id(connection, [ticket_type_id])
        return found[ticket_type_id].available

    async def assert_no_seat_twice(self) -> None:
        """Capacity = available + held by open attempts + sold to PAID orders, for every type."""
        async with self.database.transaction() as connection:
            assert await _wrong_ticket_types(connection) == []


async def _wrong_ticket_types(connection: AsyncConnection) -> list[str]:
    holding = select(PaymentRow.order_id).where(PaymentRow.status.in_(OPEN_STATUSES))
    taken = (
        select(func.coalesce(func.sum(OrderItemRow.quantity), 0))
        .join(OrderRow, OrderRow.id == OrderItemRow.order_id)
        .where(
            OrderItemRow.ticket_type_id == TicketTypeRow.id,
            (OrderRow.status == OrderStatus.PAID) | OrderRow.id.in_(holding),
        )
        .scalar_subquery()
    )
    wrong = select(TicketTypeRow.id).where(
        TicketTypeRow.capacity != TicketTypeRow.available + taken
    )
    return list((await connection.execute(wrong)).scalars())
