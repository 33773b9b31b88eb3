"""What is said between the API, the checkout workflow and its activities."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import OrderId, PaymentId
from domain.payment import Attempt, PaymentReport

LONGEST_EXTENSION_MINUTES = 24 * 60  # Stripe keeps no session open for longer


@dataclass(frozen=True)
class OrderRef:
    """The order a workflow is about."""

    order_id: OrderId


class CheckoutOutcome(StrEnum):
    """How a checkout ended."""

    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"  # nothing was sold and nothing is held; the order is as it was


@dataclass(frozen=True)
class CancelRequest:
    """Somebody wants the order cancelled; `actor` is written into the audit trail."""

    actor: str
    reason: str


@dataclass(frozen=True)
class ExtendRequest:
    """An operator gives the buyer more time: this much longer than the deadline is now."""

    actor: str
    reason: str
    minutes: int = 15


@dataclass(frozen=True)
class RecheckRequest:
    """An operator wants Stripe to be asked now."""

    actor: str
    reason: str


OperatorRequest = CancelRequest | ExtendRequest | RecheckRequest


@dataclass(frozen=True)
class HoldTickets:
    """Open an attempt at time `at` (UTC), or find the open one; `adopt_only` opens none."""

    order_id: OrderId
    at: datetime
    adopt_only: bool = False


@dataclass(frozen=True)
class Extension:
    """Move an attempt's deadline from the one that it knows to `until` (UTC)."""

    attempt: Attempt
    until: datetime
    actor: str
    reason: str


@dataclass(frozen=True)
class Recheck:
    """Stripe was asked about an order, and what it said."""

    order_id: OrderId
    request: RecheckRequest
    report: PaymentReport


@dataclass(frozen=True)
class ProcessingPayment:
    """A delayed payment that began at time `at` (UTC) and may take days."""

    order_id: OrderId
    payment_id: PaymentId
    at: datetime


@dataclass(frozen=True)
class PaidReport:
    """A report of a paid session, to be held against the order."""

    report: PaymentReport
    actor: str


class CloseReason(StrEnum):
    """Why an attempt was closed unpaid."""

    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    SESSION_EXPIRED = "session_expired"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_MISMATCH = "payment_mismatch"
    REFUSED = "refused"


@dataclass(frozen=True)
class CloseAttempt:
    """Give an attempt's tickets back; `payment_id` is None where nothing was held."""

    order_id: OrderId
    payment_id: PaymentId | None
    reason: CloseReason
    actor: str
    detail: str = ""


@dataclass(frozen=True)
class Attention:
    """A person should look at the order."""

    order_id: OrderId
    reason: str
