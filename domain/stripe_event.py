"""Stripe's events: those that we use, https://docs.stripe.com/api/events/types."""

from dataclasses import dataclass

from domain.payment import PaymentReport

DEBIT_FAILED = "checkout.session.async_payment_failed"
DEBIT_ENDS = frozenset(("checkout.session.async_payment_succeeded", DEBIT_FAILED))
SESSION_EVENTS = frozenset(("checkout.session.completed", "checkout.session.expired")) | DEBIT_ENDS
REFUND_EVENTS = frozenset(("refund.created", "refund.updated", "refund.failed", "charge.refunded"))
DISPUTE_EVENTS = frozenset(
    f"charge.dispute.{what}"
    for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
USED_EVENTS = SESSION_EVENTS | REFUND_EVENTS | DISPUTE_EVENTS


@dataclass(frozen=True)
class StripeEvent:
    """What an event is about that no running workflow takes: exactly one subject is set.

    Only a paid session is trusted as it stands in a signed event, because that never changes
    again. Of everything else the event names the subject, and Stripe is asked.
    """

    id: str
    payment: PaymentReport | None = None
    refunded_payment_intent: str | None = None
    dispute_id: str | None = None
