"""What the database says of a walk's orders, all at one moment, and what Stripe says."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, text

from database.books import books
from database.models import (
    DisputeRow,
    OrderHistoryRow,
    OrderItemRow,
    OrderRow,
    OutgoingEventRow,
    PaymentRow,
    RefundRow,
    TicketRow,
    TicketTypeRow,
)
from database.refunds import late_key
from domain.order import OrderStatus
from domain.payment import OPEN_STATUSES
from domain.refund import CAME_TO_NOTHING
from stripe_sandbox.ledger import ledger
from stripe_sandbox.store import Document
from trials.walk.stage import Broken, Stage

Order = Row[Any]
Captures = list[Document]

SOLD = (OrderStatus.PAID, OrderStatus.REFUNDED)  # once it was PAID
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
    disputes: list[Row[Any]]
    tickets: list[Row[Any]]
    outgoing: list[Row[Any]]
    history: list[Row[Any]]

    def of(self, order: Row[Any]) -> "Books":
        """Return the rows of one order."""
        rows = (
            [row for row in table if row.order_id == order.id]
            for table in (
                self.payments,
                self.refunds,
                self.disputes,
                self.tickets,
                self.outgoing,
                self.history,
            )
        )
        return Books(self.available, self.capacity, self.quantities, [order], *rows)

    def holding(self) -> set[str]:
        """Return the orders with an open attempt."""
        return {row.order_id for row in self.payments if row.status in OPEN_STATUSES}


@dataclass(frozen=True)
class Ledger:
    """Stripe's own account of the sessions and the money in one order's name."""

    sessions: list[Document]
    captures: list[Document]
    refunds: list[Document]
    disputes: list[Document]


def ledgers_of(stage: Stage) -> dict[str, Ledger]:
    """Return what the sandbox's ledger says of each order of a walk."""
    found = {order_id: ledger(stage.world.account, order_id) for order_id in stage.orders}
    return {
        order_id: Ledger(said["sessions"], said["captures"], said["refunds"], said["disputes"])
        for order_id, said in found.items()
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
                (DisputeRow, DisputeRow.order_id),
                (TicketRow, TicketRow.order_id),
                (OutgoingEventRow, OutgoingEventRow.order_id),
                (OrderHistoryRow, OrderHistoryRow.order_id),
            )
        ]
    return Books(on_sale.available, on_sale.capacity, quantities, *rows)


async def sentences(stage: Stage, seen: Books) -> list[str]:
    """Return what `python -m database.books` finds wrong with the walk's orders and tickets."""
    async with stage.world.database.transaction() as connection:
        found = await books(connection, *ALWAYS)
    known = {row.order_id for row in seen.refunds if row.status in CAME_TO_NOTHING}
    return [
        f"{of} {why}"
        for of, why in found.wrong
        if of in (*stage.orders, stage.tickets)
        and not (of in known and why.endswith("money is kept for it"))
    ]


def late_intents(books: Books) -> set[str]:
    """Return the payment intents whose money nobody waited for."""
    return {
        row.payment_intent
        for row in books.refunds
        if row.idempotency_key == late_key(row.payment_intent)
    }


def demand(holds: bool, order: Order, otherwise: str) -> None:
    """Raise Broken unless something holds of an order."""
    if not holds:
        raise Broken(f"{order.id} {otherwise}")
