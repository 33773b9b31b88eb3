"""Reads the books of a kill run."""

from collections import Counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client

from database.engine import Database
from database.history import history_of
from database.models import DisputeRow, OutgoingEventRow, RefundRow
from domain.ids import OrderId
from domain.money import Cents
from domain.order import OrderStatus
from domain.outgoing import OrderState
from trials.kill.books import Books, Capture, Dispute, Order, Refund, Tickets, Told
from trials.kill.queries import LATE_INTENTS, ORDERS, SET_ASIDE, TICKETS
from trials.kill.receiver import Receiver
from trials.kill.stripe import Stripe

# The reconciler itself may run at any time.
STORIES = "ExecutionStatus = 'Running' AND WorkflowType != 'ReconcileWorkflow'"
# How an entry of the audit trail and a line of the ledger name the same money.
_NAMED = ("order_id", "session", "payment_intent")


class Bookkeeper:
    """Reads PostgreSQL, Temporal, the sandbox's ledger and what the receiver took."""

    def __init__(
        self, database: Database, temporal: Client, stripe: Stripe, receiver: Receiver
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._stripe = stripe
        self._receiver = receiver

    async def read(self) -> Books:
        """Read everything. A part that is down raises what it makes its client raise."""
        running = [found.id async for found in self._temporal.list_workflows(STORIES)]
        ledger = await self._stripe.ledger()
        async with self._database.transaction() as connection:
            orders = [Order(**row._mapping) for row in await connection.execute(ORDERS)]
            captures = await _captures(connection, ledger)
            set_aside = {capture.payment_intent for capture in captures if capture.is_set_aside}
            ours = {
                name: [each for each in ledger[name] if each["payment_intent"] not in set_aside]
                for name in ("refunds", "disputes")
            }
            return Books(
                orders={order.id: order for order in orders},
                tickets=[Tickets(**row._mapping) for row in await connection.execute(TICKETS)],
                running=running,
                captures=captures,
                open_sessions=Counter(
                    session["client_reference_id"]
                    for session in ledger["sessions"]
                    if session["status"] == "open"
                ),
                refunds=await _refunds(connection, ours["refunds"]),
                disputes=await _disputes(connection, ours["disputes"]),
                told=await _told(connection),
                taken={order_id: list(ids) for order_id, ids in self._receiver.taken.items()},
            )

    async def story(self, order_id: str) -> list[str]:
        """Return the order's audit trail, one line an entry."""
        async with self._database.transaction() as connection:
            return [
                f"{entry.at:%H:%M:%S.%f} {entry.action} by {entry.actor}, {entry.reason or ''} "
                + " ".join(entry.stripe_ids.values())
                for entry in await history_of(connection, OrderId(order_id))
            ]


async def _captures(connection: AsyncConnection, ledger: dict[str, Any]) -> list[Capture]:
    set_aside = {tuple(row) for row in await connection.execute(SET_ASIDE)}
    late = set((await connection.execute(LATE_INTENTS)).scalars())
    return [
        Capture(
            capture["order_id"],
            capture["payment_intent"],
            kept_cents=capture["amount"] - capture["amount_refunded"],
            disputed_cents=capture["amount_disputed"],
            is_set_aside=tuple(capture[name] for name in _NAMED) in set_aside,
            is_late=capture["payment_intent"] in late,
        )
        for capture in ledger["captures"]
    ]


async def _refunds(connection: AsyncConnection, made: list[dict[str, Any]]) -> list[Refund]:
    rows = await connection.execute(select(RefundRow.stripe_id, RefundRow.status))
    booked = {row.stripe_id: row.status for row in rows}
    return [
        Refund(
            each["id"],
            each["order_id"],
            each["metadata"].get("refundId", ""),
            each["status"],
            booked.get(each["id"]),
        )
        for each in made
    ]


async def _disputes(connection: AsyncConnection, made: list[dict[str, Any]]) -> list[Dispute]:
    rows = await connection.execute(select(DisputeRow.id, DisputeRow.status))
    booked = {row.id: row.status for row in rows}
    return [
        Dispute(each["id"], each["order_id"], each["status"], booked.get(each["id"]))
        for each in made
    ]


async def _told(connection: AsyncConnection) -> list[Told]:
    statement = select(OutgoingEventRow.__table__).order_by(OutgoingEventRow.number)
    return [
        Told(row.id, row.order_id, _state(row.payload["data"]))
        for row in await connection.execute(statement)
    ]


def _state(order: dict[str, Any]) -> OrderState:
    return OrderState(
        status=OrderStatus(order["status"]),
        amount_refunded_cents=Cents(order["amount_refunded_cents"]),
        disputed=order["disputed"],
        needs_attention=order["needs_attention"],
    )
