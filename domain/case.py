"""A case: an order as operators see it, with what they ask first about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.dispute import DisputeStatus
from domain.order import Order
from domain.payment import PaymentStatus
from domain.whereabouts import Money


@dataclass(frozen=True)
class LastPayment:
    """The last attempt to collect an order's total; only one that is open has a deadline.

    `extendable_until` (UTC) is as far as an operator may move it.
    """

    id: str
    status: PaymentStatus
    session_id: str | None
    payment_intent: str | None
    livemode: bool
    deadline: datetime | None
    extendable_until: datetime | None


@dataclass(frozen=True)
class WhyAttention:
    """Why a person should look: the last entry of the history that asks for it."""

    at: datetime
    actor: str
    action: str
    reason: str | None
    stripe_ids: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """An order, its money, its last payment, its last dispute, and why a person should look."""

    order: Order
    money: Money
    payment: LastPayment | None
    dispute: DisputeStatus | None
    attention: WhyAttention | None
