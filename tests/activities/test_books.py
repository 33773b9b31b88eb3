"""The books hold, and say where they do not."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from database.books import Books, books
from database.engine import Database
from database.models import OrderRow, TicketTypeRow
from domain.order import OrderStatus
from tests.conftest import ROOT
from tests.orders import Orders

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def read(orders: Orders, since: datetime = LONG_AGO) -> Books:
    async with orders.database.transaction() as connection:
        return await books(connection, since, TOMORROW)


async def test_the_books_name_every_equation_that_does_not_hold(database_url: str) -> None:
    orders = Orders(Database(database_url))
    tickets = await orders.ticket_type(capacity=5)
    order = await orders.order(tickets, 2)
    before = await read(orders)
    assert before.wrong == []
    assert [(row["currency"], row["orders"], row["created"]) for row in before.totals] == [
        ("eur", 1, 1)
    ]
    assert (await read(orders, since=datetime.now(UTC) + timedelta(hours=1))).totals == []

    async with orders.database.transaction() as connection:
        await connection.execute(
            update(OrderRow)
            .where(OrderRow.id == order)
            .values(status=OrderStatus.PAID, paid_at=datetime.now(UTC))
        )
        await connection.execute(
            update(TicketTypeRow).where(TicketTypeRow.id == tickets).values(available=4)
        )
    assert [subject for subject, _ in (await read(orders)).wrong] == [order, tickets]
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "database.books"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await command.communicate()
    assert command.returncode == 1
    assert f"WRONG {order}" in printed.decode()
    await orders.database.close()
