"""The promises, held against Stripe's own ledger: what the random walker hunts for breaks of.

They are the invariants of the design: one payable thing, PAID means paid, no money on a dead
order, no seat twice, nothing unseen.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, text

from database.models import OrderHistoryRow, OrderItemRow, OrderRow, PaymentRow, TicketTypeRow
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import OPEN_STATUSES
from trials.walk_stage import Broken, Stage


@dataclass(frozen=True)
class Books:
    """What the database says of a walk's orders, all at one moment."""

    available: int
    capacity: int
    orders: list[Row[Any]]
    quantities: dict[str, int]
    payments: list[Row[Any]]
    history: list[Row[Any]]

    def holding(self) -> set[str]:
        """Return the orders with an open attempt."""
        return {row.order_id for row in self.payments if row.status in OPEN_STATUSES}


async def check_moment(stage: Stage) -> None:
    """Check what must hold at every moment. Raises Broken."""
    books = await _books(stage)
    _no_seat_twice(books)
    for order in books.orders:
        ledger = await stage.ledger(OrderId(order.id))
        payable = [session for session in ledger["sessions"] if session["status"] == "open"]
        _demand(len(payable) <= 1, order, "has two sessions that can be paid")
        if order.status == OrderStatus.PAID:
            _paid_means_paid(order, ledger)
        if order.status == OrderStatus.CANCELLED:
            _demand(not payable, order, "is CANCELLED, and can still be paid")
        _nothing_unseen(books, order)


async def check_rest(stage: Stage) -> Counter[str]:
    """Check what must hold when everything has had its time.

    Returns how many orders ended in which status. Raises Broken.
    """
    if running := await stage.running():
        raise Broken(f"still running: {running}")
    await check_moment(stage)
    books = await _books(stage)
    for order in books.orders:
        ledger = await stage.ledger(OrderId(order.id))
        due = order.total_cents if order.status == OrderStatus.PAID else 0
        kept = sum(_kept(ledger))
        _demand(
            kept == due,
            order,
            f"is {order.status}, Stripe keeps {kept} cents for it and not {due}",
        )
        _demand(order.id not in books.holding(), order, "holds tickets with nobody at work on it")
    return Counter(order.status for order in books.orders)


def _no_seat_twice(books: Books) -> None:
    taken = books.holding() | {row.id for row in books.orders if row.status == OrderStatus.PAID}
    seats = sum(books.quantities[order_id] for order_id in taken)
    if books.available + seats != books.capacity:
        raise Broken(
            f"{books.available} available + {seats} held or sold != capacity {books.capacity}"
        )


def _paid_means_paid(order: Row[Any], ledger: dict[str, Any]) -> None:
    sums = _kept(ledger)
    _demand(order.total_cents in sums, order, f"is PAID, and Stripe has {sums}")
    settled = [capture for capture in ledger["captures"] if capture["amount_refunded"] == 0]
    _demand(settled[0]["currency"] == order.currency, order, f"is PAID in {settled[0]['currency']}")


def _nothing_unseen(books: Books, order: Row[Any]) -> None:
    told = Counter(row.action for row in books.history if row.order_id == order.id)
    attempts = sum(row.order_id == order.id for row in books.payments)
    expected = {
        "order_created": 1,
        "order_paid": int(order.status == OrderStatus.PAID),
        "order_cancelled": int(order.status == OrderStatus.CANCELLED),
        "tickets_held": attempts,
    }
    for action, times in expected.items():
        _demand(told[action] == times, order, f"has {told[action]} entries {action}, not {times}")


def _kept(ledger: dict[str, Any]) -> list[int]:
    return [capture["amount"] - capture["amount_refunded"] for capture in ledger["captures"]]


def _demand(holds: bool, order: Row[Any], otherwise: str) -> None:
    if not holds:
        raise Broken(f"{order.id} {otherwise}")


async def _books(stage: Stage) -> Books:
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
                (OrderHistoryRow, OrderHistoryRow.order_id),
            )
        ]
    return Books(on_sale.available, on_sale.capacity, rows[0], quantities, rows[1], rows[2])
