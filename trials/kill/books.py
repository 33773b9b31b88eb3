"""What a kill run leaves behind: PostgreSQL and Temporal on one side, Stripe's ledger on the other.

The ledger is the witness: nothing that was killed has written it.
"""

from collections import Counter
from dataclasses import dataclass, field

from domain.order import OrderStatus
from domain.outgoing import OrderState


@dataclass(frozen=True)
class Order:
    """One order as PostgreSQL has it; `actions` are those of its audit trail.

    `refund_refused`: a person was asked to give its money back, since Stripe did not do so.
    `tickets`: the status of each of them.
    """

    id: str
    status: str
    total_cents: int
    amount_refunded_cents: int
    disputed: bool
    awaits_payment: bool
    awaits_refund: bool
    needs_attention: bool
    refund_refused: bool
    actions: list[str]
    tickets: list[str]


@dataclass(frozen=True)
class Capture:
    """Money that Stripe took in the name of an order, less what it has given back.

    `is_set_aside`: in a session that no attempt of ours has made, and shown to a person.
    `is_late`: it was to go back. `disputed_cents` are in the hands of the buyer's bank.
    """

    order_id: str
    payment_intent: str
    kept_cents: int
    disputed_cents: int = 0
    is_set_aside: bool = False
    is_late: bool = False


@dataclass(frozen=True)
class Tickets:
    """One ticket type, in tickets."""

    id: str
    capacity: int
    available: int
    sold: int
    held: int


@dataclass(frozen=True)
class Refund:
    """A refund at Stripe; `booked` is the status that we know, None where we have no row.

    `asked_by`: our refund that it was made for, empty for one of the dashboard's.
    """

    id: str
    order_id: str
    asked_by: str
    status: str
    booked: str | None


@dataclass(frozen=True)
class Dispute:
    """A dispute at Stripe; `booked` is the status that we know, None where we have no row."""

    id: str
    order_id: str
    status: str
    booked: str | None


@dataclass(frozen=True)
class Told:
    """An event for other systems, as it was written: what it tells of its order."""

    id: str
    order_id: str
    state: OrderState


@dataclass(frozen=True)
class Books:
    """Everything, at one moment.

    `told` holds the events of all orders as they were written, `taken` the ids of those that the
    receiver took, each order's apart and as they came.
    """

    orders: dict[str, Order]
    tickets: list[Tickets]
    running: list[str]
    captures: list[Capture]
    open_sessions: Counter[str]
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    taken: dict[str, list[str]] = field(default_factory=dict)

    @property
    def are_closed(self) -> bool:
        """Whether nothing is in flight any more."""
        return not (self.running or self.await_money or self.open_sessions)

    @property
    def await_money(self) -> bool:
        """Whether money is on its way to us, or back to a buyer."""
        return any(order.awaits_payment or order.awaits_refund for order in self.orders.values())

    def kept(self, order: Order) -> int:
        """Return what Stripe has kept for an order, in cents.

        What a bank has taken back of late money, or of a dead order's, nobody has to give back.
        """
        is_dead = order.status != OrderStatus.PAID
        return sum(
            capture.kept_cents - (capture.disputed_cents if capture.is_late or is_dead else 0)
            for capture in self.captures
            if capture.order_id == order.id and not capture.is_set_aside
        )
