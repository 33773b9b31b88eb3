"""What an operator reads about a checkout at the top of its page in Temporal's UI."""

from enum import StrEnum

from domain.ids import OrderId
from domain.money import display
from domain.payment import Attempt


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
