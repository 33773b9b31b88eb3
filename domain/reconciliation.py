"""What the reconciler finds where Stripe, PostgreSQL and Temporal disagree."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.ids import OrderId
from domain.payment import (
    OPEN_STATUSES,
    SETTLED_STATUSES,
    PaymentReport,
    PaymentStatus,
    SessionStatus,
)

# A session is open for a day at the most; what happens to it later tells of itself by an event.
WINDOW = timedelta(hours=25)
# What is younger may still be on its way by the webhook or the workflow that runs.
GRACE = timedelta(minutes=2)


class DriftKind(StrEnum):
    """The kinds of disagreement."""

    UNSETTLED_PAYMENT = "unsettled_payment"  # paid at Stripe, and no order has taken it
    UNHEARD_HINT = "unheard_hint"  # an event says more of an open attempt than we know
    OVERDUE_CHECKOUT = "overdue_checkout"  # behind its deadline, and no workflow runs for it
    UNWATCHED_PAYMENT = "unwatched_payment"  # delayed, and nobody has asked Stripe for a day
    UNBACKED_ORDER = "unbacked_order"  # PAID here, and Stripe knows of no payment
    ABANDONED_REFUND = "abandoned_refund"  # under way, and no workflow runs for it
    UNHEARD_REFUND = "unheard_refund"  # Stripe says more of a payment's refunds than we know
    UNHEARD_DISPUTE = "unheard_dispute"  # Stripe says more of a dispute than we know
    UNTOLD_EVENT = "untold_event"  # written for another system, and nobody delivers it


@dataclass(frozen=True)
class Drift:
    """One disagreement, written into the order's history."""

    order_id: OrderId
    kind: DriftKind
    what: str


@dataclass(frozen=True)
class Findings:
    """How many of each kind one run found; on a healthy day all of it is 0."""

    unsettled_payment: int = 0
    overdue_checkout: int = 0
    unbacked_order: int = 0
    unheard_hint: int = 0
    unwatched_payment: int = 0
    abandoned_refund: int = 0
    unheard_refund: int = 0
    unheard_dispute: int = 0
    untold_event: int = 0


def is_news(report: PaymentReport, attempt: PaymentStatus | None) -> bool:
    """Say whether a report tells more than the attempt of its session knows, if there is one."""
    match report.status:
        case SessionStatus.PAID:
            return attempt not in SETTLED_STATUSES
        case SessionStatus.PROCESSING:
            return attempt is PaymentStatus.PENDING
        case SessionStatus.EXPIRED | SessionStatus.FAILED:
            return attempt in OPEN_STATUSES
        case SessionStatus.OPEN:
            return False


def goes_further(status: StrEnum, known: StrEnum | None) -> bool:
    """Say whether Stripe tells more of a refund or a dispute than we know, if we know of it.

    Their statuses are declared in the order in which they may follow each other. What an event
    says may be old by now, and is no news then.
    """
    order = list(type(status))
    return known is None or order.index(status) > order.index(known)
