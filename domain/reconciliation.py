"""What the reconciler finds where Stripe, PostgreSQL and Temporal disagree."""

from dataclasses import dataclass

from domain.ids import OrderId


@dataclass(frozen=True)
class Drift:
    """One disagreement, written into the order's history."""

    order_id: OrderId
    what: str


@dataclass(frozen=True)
class Findings:
    """What one run found; on a healthy day all of it is 0."""

    unsettled_payments: int
    overdue_checkouts: int
    unbacked_orders: int
