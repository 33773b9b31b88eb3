"""What an operator reads about a workflow at the top of its page in Temporal's UI."""

from enum import StrEnum

from domain.ids import OrderId
from domain.money import display
from domain.payment import Attempt
from domain.refund import Refund, RefundStatus


class Scene(StrEnum):
    """Where the story is."""

    HOLDING = "HOLDING"
    CREATING = "CREATING"
    WAITING = "WAITING"
    CLOSING = "CLOSING"
    PROCESSING = "PROCESSING"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"


ENDS = (Scene.PAID, Scene.CANCELLED, Scene.REFUSED)
TITLES = {
    Scene.HOLDING: "Holding the tickets",
    Scene.CREATING: "Asking Stripe for a Checkout Session",
    Scene.WAITING: "Waiting for the buyer to pay",
    Scene.CLOSING: "Closing the session at Stripe; what Stripe then says decides",
    Scene.PROCESSING: "A delayed payment is on its way; Stripe is asked once a day",
    Scene.PAID: "Paid",
    Scene.CANCELLED: "Cancelled, the tickets are back on sale",
    Scene.REFUSED: "Refused: nothing was sold and nothing is held",
}

REFUND_TITLES = {
    RefundStatus.PENDING: "On its way; Stripe is asked once a day",
    RefundStatus.REQUIRES_ACTION: "Stripe waits for the buyer to say where to send the money",
    RefundStatus.SUCCEEDED: "Given back",
    RefundStatus.FAILED: "Failed, the money came back; a new refund may try again",
    RefundStatus.CANCELED: "Canceled, the money stayed here; a new refund may try again",
}


def tell(scene: Scene, order_id: OrderId, attempt: Attempt | None, session_id: str | None) -> str:
    """Return the current details, in Markdown."""
    lines = [f"**{TITLES[scene]}**", "", f"- order `{order_id}`"]
    if attempt:
        lines += [
            f"- {display(attempt.amount_cents, attempt.currency)} by payment `{attempt.id}`",
            f"- deadline {attempt.expires_at:%Y-%m-%d %H:%M:%S} UTC",
        ]
    if session_id:
        lines.append(f"- Stripe session `{session_id}`")
    return "\n".join(lines)


def tell_refund(order_id: OrderId, refund: Refund | None, refusal: str | None) -> str:
    """Return the current details of a refund, in Markdown; `refusal` is why it was not made."""
    lines = [f"**{_title_of(refund, refusal)}**", "", f"- order `{order_id}`"]
    if refund:
        amount = display(refund.amount_cents, refund.currency)
        lines.append(f"- {amount} of `{refund.payment_intent}`: {refund.reason}")
    if refund and refund.stripe_id:
        lines.append(f"- Stripe refund `{refund.stripe_id}`")
    if refund and refund.failure_reason:
        lines.append(f"- `{refund.failure_reason}`")
    return "\n".join(lines)


def _title_of(refund: Refund | None, refusal: str | None) -> str:
    if refusal:
        return f"Refused: {refusal}"
    if refund is None or refund.stripe_id is None:
        return "Asking Stripe to give the money back"
    return REFUND_TITLES[refund.status]
