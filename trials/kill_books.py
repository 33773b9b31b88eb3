"""What a kill run leaves behind: PostgreSQL and Temporal on one side, Stripe's ledger on the other.

The ledger is the witness: nothing that was killed has written it.
"""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from temporalio.client import Client

from database.engine import Database
from database.history import history_of
from database.models import OrderHistoryRow, OrderItemRow, OrderRow, PaymentRow, TicketTypeRow
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import OPEN_STATUSES
from trials.kill_stripe import Stripe

# The reconciler itself may run at any time.
STORIES = "ExecutionStatus = 'Running' AND WorkflowType != 'ReconcileWorkflow'"


@dataclass(frozen=True)
class Order:
    """One order as PostgreSQL has it; `actions` are those of its audit trail.

    `refund_refused`: a person was asked to give its money back, since Stripe would not do so.
    """

    id: str
    status: str
    total_cents: int
    awaits_payment: bool
    needs_attention: bool
    refund_refused: bool
    actions: list[str]


@dataclass(frozen=True)
class Capture:
    """Money that Stripe took in the name of an order, and has not given back.

    `is_set_aside`: in a session that no attempt of ours has made, and shown to a person.
    """

    order_id: str
    payment_intent: str
    kept_cents: int
    is_set_aside: bool = False


@dataclass(frozen=True)
class Tickets:
    """One ticket type, in tickets."""

    id: str
    capacity: int
    available: int
    sold: int
    held: int


@dataclass(frozen=True)
class Books:
    """Everything, at one moment."""

    orders: dict[str, Order]
    tickets: list[Tickets]
    running: list[str]
    captures: list[Capture]
    open_sessions: Counter[str]

    @property
    def are_closed(self) -> bool:
        """Whether nothing is in flight any more."""
        awaited = any(order.awaits_payment for order in self.orders.values())
        return not (self.running or awaited or self.open_sessions)


class Bookkeeper:
    """Reads the books."""

    def __init__(self, database: Database, temporal: Client, stripe: Stripe) -> None:
        self._database = database
        self._temporal = temporal
        self._stripe = stripe

    async def read(self) -> Books:
        """Read everything. A part that is down raises what it makes its client raise."""
        running = [found.id async for found in self._temporal.list_workflows(STORIES)]
        ledger = await self._stripe.ledger()
        async with self._database.transaction() as connection:
            orders = [Order(**row._mapping) for row in await connection.execute(_ORDERS)]
            tickets = [Tickets(**row._mapping) for row in await connection.execute(_TICKETS)]
            set_aside = {tuple(row) for row in await connection.execute(_SET_ASIDE)}
        return Books(
            orders={order.id: order for order in orders},
            tickets=tickets,
            running=running,
            captures=[
                Capture(
                    capture["order_id"],
                    capture["payment_intent"],
                    capture["amount"] - capture["amount_refunded"],
                    tuple(capture[name] for name in _NAMED) in set_aside,
                )
                for capture in ledger["captures"]
            ],
            open_sessions=Counter(
                session["client_reference_id"]
                for session in ledger["sessions"]
                if session["status"] == "open"
            ),
        )

    async def story(self, order_id: str) -> list[str]:
        """Return the order's audit trail, one line an entry."""
        async with self._database.transaction() as connection:
            return [
                f"{entry.at:%H:%M:%S.%f} {entry.action} by {entry.actor}, {entry.reason or ''} "
                + " ".join(entry.stripe_ids.values())
                for entry in await history_of(connection, OrderId(order_id))
            ]


_ACTIONS = (
    select(func.array_agg(OrderHistoryRow.action))
    .where(OrderHistoryRow.order_id == OrderRow.id)
    .scalar_subquery()
)
_AWAITS_PAYMENT = exists().where(
    PaymentRow.order_id == OrderRow.id, PaymentRow.status.in_(OPEN_STATUSES)
)
_REFUND_REFUSED = exists().where(
    OrderHistoryRow.order_id == OrderRow.id,
    OrderHistoryRow.action == "needs_attention",
    OrderHistoryRow.reason.startswith("Stripe refused the refund"),
)
_ORDERS = select(
    OrderRow.id,
    OrderRow.status,
    OrderRow.total_cents,
    _AWAITS_PAYMENT.label("awaits_payment"),
    OrderRow.needs_attention,
    _REFUND_REFUSED.label("refund_refused"),
    func.coalesce(_ACTIONS, []).label("actions"),
)
_QUANTITY = (
    select(func.coalesce(func.sum(OrderItemRow.quantity), 0))
    .join(OrderRow, OrderRow.id == OrderItemRow.order_id)
    .where(OrderItemRow.ticket_type_id == TicketTypeRow.id)
    .correlate(TicketTypeRow)
)
_TICKETS = select(
    TicketTypeRow.id,
    TicketTypeRow.capacity,
    TicketTypeRow.available,
    _QUANTITY.where(OrderRow.status == OrderStatus.PAID).scalar_subquery().label("sold"),
    _QUANTITY.where(_AWAITS_PAYMENT).scalar_subquery().label("held"),
)
# How an entry of the audit trail and a line of the ledger name the same money.
_NAMED = ("order_id", "session", "payment_intent")
_SET_ASIDE = (
    select(
        OrderHistoryRow.order_id,
        OrderHistoryRow.stripe_ids["session"].astext,
        OrderHistoryRow.stripe_ids["payment_intent"].astext,
    )
    .join(OrderRow, OrderRow.id == OrderHistoryRow.order_id)
    .where(
        OrderHistoryRow.action == "payment_set_aside",
        OrderRow.needs_attention,
        ~exists().where(PaymentRow.provider_ref == OrderHistoryRow.stripe_ids["session"].astext),
    )
)
