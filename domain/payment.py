"""A payment: one attempt to collect an order's total through one Stripe Checkout Session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.ids import OrderId, PaymentId
from domain.money import Cents, Currency


class PaymentStatus(StrEnum):
    """Where an attempt stands; PENDING and PROCESSING are the open ones, which hold tickets."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"


OPEN_STATUSES = (PaymentStatus.PENDING, PaymentStatus.PROCESSING)
SETTLED_STATUSES = (
    PaymentStatus.SUCCEEDED,
    PaymentStatus.PARTIALLY_REFUNDED,
    PaymentStatus.REFUNDED,
)

# However often a deadline is moved, it is ours that closes the session and not Stripe's own; and
# the clocks may differ by ten minutes.
DEADLINE_BEFORE_EXPIRY = timedelta(minutes=15)


@dataclass(frozen=True)
class Attempt:
    """What a checkout workflow knows of its payment: tickets are held until `expires_at` (UTC)."""

    id: PaymentId
    order_id: OrderId
    amount_cents: Cents
    currency: Currency
    expires_at: datetime
    status: PaymentStatus = PaymentStatus.PENDING


@dataclass(frozen=True)
class CheckoutSession:
    """The Stripe Checkout Session a buyer pays in, until `expires_at` (UTC)."""

    session_id: str
    url: str
    expires_at: datetime


class SessionStatus(StrEnum):
    """What Stripe's `status` and `payment_status` of a session mean for us.

    https://docs.stripe.com/api/checkout/sessions/object
    """

    OPEN = "open"
    EXPIRED = "expired"
    PAID = "paid"
    PROCESSING = "processing"
    FAILED = "failed"


@dataclass(frozen=True)
class PaymentReport:
    """A Checkout Session as Stripe reported it, by a signed event or by answering a request.

    `amount_total` is in minor units; `event_id` is empty where we asked Stripe ourselves.
    """

    order_id: OrderId
    session_id: str
    status: SessionStatus
    amount_total: Cents
    currency: Currency
    livemode: bool
    payment_intent: str | None = None
    event_id: str | None = None


class Settlement(StrEnum):
    """What became of a report that says paid."""

    PAID = "paid"
    LATE = "late"  # it is ours, but the order can no longer be paid: it goes back
    SET_ASIDE = "set_aside"  # it does not match: a person looks at it
