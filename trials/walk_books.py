"""What the database says of a walk's orders, all at one moment, and what Stripe says."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, text

from database.books import books
from database.models import (
    OrderHistoryRow,
    OrderItemRow,
    OrderRow,
    PaymentRow,
    RefundRow,
    TicketTypeRow,
)
from domain.payment import OPEN_STATUSES
from stripe_sandbox.store import Document
from trials.walk_stage import Stage

ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Books:
    """The rows of a walk's orders."""

    available: int
    capacity: int
    quantities: dict[str, int]
    orders: list[Row[Any]]
    payments: list[Row[Any]]
    refunds: list[Row[Any]]
    history: list[Row[Any]]

    def holding(self) -> set[str]:
        """Return the orders with an open attempt."""
        return {row.order_id for row in self.payments if row.status in OPEN_STATUSES}


@dataclass(frozen=True)
class Ledger:
    """Stripe's own account of the sessions and the money in one order's name."""

    sessions: list[Document]
    captures: list[Document]


async def ledgers_of(stage: Stage) -> dict[str, Ledger]:
    """Ask the sandbox for its ledger, and return what it says of each order of a walk."""
    all_of_it = await stage.world.sandbox("GET", "ledger")
    return {
        order_id: Ledger(
            [one for one in all_of_it["sessions"] if one["client_reference_id"] == order_id],
            [one for one in all_of_it["captures"] if one["order_id"] == order_id],
        )
        for order_id in stage.orders
    }


async def books_of(stage: Stage) -> Books:
    """Read the books of a walk."""
    async with stage.world.database.transaction() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        tickets = select(TicketTypeRow.__table__).where(TicketTypeRow.id == stage.tickets)
        on_sale = (await connection.execute(tickets)).one()
        items = select(OrderItemRow.order_id, OrderItemRow.quantity).where(
            OrderItemRow.order_id.in_(stage.orders)
        )
        quantities = {row.order_id: row.quantity for row in await connection.execute(items)}
        rows: list[list[Row[Any]]] = [
            list(
                (
                    await connection.execute(select(table.__table__).where(of.in_(stage.orders)))
                ).all()
            )
            for table, of in (
                (OrderRow, OrderRow.id),
                (PaymentRow, PaymentRow.order_id),
                (RefundRow, RefundRow.order_id),
                (OrderHistoryRow, OrderHistoryRow.order_id),
            )
        ]
    return Books(on_sale.available, on_sale.capacity, quantities, *rows)


async def sentences(stage: Stage) -> list[str]:
    """Return what `python -m database.books` finds wrong with the walk's orders and tickets."""
    async with stage.world.database.transaction() as connection:
        found = await books(connection, *ALWAYS)
    return [f"{of} {why}" for of, why in found.wrong if of in (*stage.orders, stage.tickets)]
