"""Watching an order through server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from database.engine import Database
from tests.api.world import assert_problem, on_sale, ordered

Client = httpx2.AsyncClient
CANCEL = "UPDATE orders SET status = 'CANCELLED', cancelled_at = now(), updated_at = now()"
TOUCH = "UPDATE orders SET disputed = true, updated_at = now()"


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The API's database, to change orders behind its back."""
    database = Database(database_url)
    yield database
    await database.close()


async def change(database: Database, order_id: str, statement: str) -> None:
    """Change an order as another process would."""
    async with database.transaction() as connection:
        await connection.execute(text(f"{statement} WHERE id = :id"), {"id": order_id})


@asynccontextmanager
async def watching(client: Client, order_id: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Open the event stream of an order; yields the orders it tells of."""

    async def orders(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
        async for line in lines:
            field, _, value = line.partition(": ")
            assert field != "event" or value == "order"
            if field == "data":
                yield json.loads(value)

    async with client.stream("GET", f"/orders/{order_id}/events") as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield orders(response.aiter_lines())


async def test_the_order_comes_at_once_and_after_each_change_until_it_is_final(
    seller: Client, buyer: Client, database: Database
) -> None:
    order_id = await ordered(buyer, await on_sale(seller))
    async with watching(buyer, order_id) as orders:
        assert await anext(orders) == (await buyer.get(f"/orders/{order_id}")).json()
        await change(database, order_id, TOUCH)
        assert (await anext(orders))["disputed"] is True
        await change(database, order_id, CANCEL)
        assert (await anext(orders))["status"] == "CANCELLED"
        assert [order async for order in orders] == []


async def test_a_final_order_is_told_once(
    seller: Client, buyer: Client, database: Database
) -> None:
    order_id = await ordered(buyer, await on_sale(seller))
    await change(database, order_id, CANCEL)
    async with watching(buyer, order_id) as orders:
        assert [order["status"] async for order in orders] == ["CANCELLED"]


async def test_many_watch_many_orders_and_some_go_early(
    seller: Client, buyer: Client, operator: Client, database: Database
) -> None:
    ticket_type_id = await on_sale(seller)
    order_ids = [await ordered(buyer, ticket_type_id, 1) for _ in range(5)]
    everybody_watches = asyncio.Barrier(2 * len(order_ids) + 1)

    async def last_status(client: Client, order_id: str) -> str:
        async with watching(client, order_id) as orders:
            await anext(orders)
            await everybody_watches.wait()
            return [str(order["status"]) async for order in orders][-1]

    async with watching(buyer, order_ids[0]) as orders:
        await anext(orders)
    async with asyncio.TaskGroup() as group:
        watchers = [
            group.create_task(last_status(client, order_id))
            for client in (buyer, operator)
            for order_id in order_ids
        ]
        await everybody_watches.wait()
        for order_id in order_ids:
            await change(database, order_id, CANCEL)
    assert {watcher.result() for watcher in watchers} == {"CANCELLED"}


async def test_an_unknown_order_cannot_be_watched(buyer: Client) -> None:
    assert_problem(await buyer.get("/orders/ord_unknown/events"), 404, "order_not_found")
