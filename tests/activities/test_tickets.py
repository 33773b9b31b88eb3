"""Tickets: one for each seat of an order, never two."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.exc import IntegrityError

from database.engine import Database
from database.tickets import freeze, issue, restore, tickets_of, void
from domain.ids import OrderId
from tests.orders import Orders


@pytest.fixture
async def orders(database_url: str) -> AsyncIterator[Orders]:
    database = Database(database_url)
    yield Orders(database)
    await database.close()


async def issued(orders: Orders, quantity: int = 3) -> OrderId:
    """Order tickets and issue them."""
    order_id = await orders.order(quantity=quantity)
    async with orders.database.transaction() as connection:
        await issue(connection, order_id)
    return order_id


async def statuses(orders: Orders, order_id: OrderId) -> list[str]:
    async with orders.database.transaction() as connection:
        return [ticket.status for ticket in await tickets_of(connection, order_id)]


async def test_every_seat_has_a_ticket_with_a_code_of_its_own(orders: Orders) -> None:
    order_ids = [await issued(orders) for _ in range(2)]
    codes = set()
    async with orders.database.transaction() as connection:
        for order_id in order_ids:
            tickets = await tickets_of(connection, order_id)
            assert [ticket.number for ticket in tickets] == [1, 2, 3]
            codes |= {ticket.code for ticket in tickets}
    assert len(codes) == 6
    assert all(len(code) == 32 for code in codes)


async def test_the_database_itself_issues_no_second_ticket_for_a_seat(orders: Orders) -> None:
    order_id = await issued(orders)
    with pytest.raises(IntegrityError, match="one_ticket_a_seat"):
        async with orders.database.transaction() as connection:
            await issue(connection, order_id)
    assert await statuses(orders, order_id) == ["VALID"] * 3


async def test_a_void_ticket_stays_void(orders: Orders) -> None:
    order_id = await issued(orders)
    async with orders.database.transaction() as connection:
        await freeze(connection, order_id)
        assert await void(connection, order_id)
        assert not await void(connection, order_id)
        await restore(connection, order_id)
    assert await statuses(orders, order_id) == ["VOID"] * 3
