"""An event of Stripe's that no running workflow takes."""

from dataclasses import dataclass

from domain.payment import PaymentReport


@dataclass(frozen=True)
class StripeEvent:
    """What an event is about: exactly one of its subjects is set.

    Only a paid session is trusted as it stands in a signed event, because that never changes
    again. Of everything else the event names the subject, and Stripe is asked.
    """

    id: str
    payment: PaymentReport | None = None
    refunded_payment_intent: str | None = None
    dispute_id: str | None = None
