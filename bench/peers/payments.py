"""Stripe as every peer uses it: one session for an order, and the verified webhook."""

from typing import Any

import stripe
from sqlalchemy import Row
from stripe.params.checkout import SessionCreateParams

from bench.peers import environment


def session_for(order: Row[Any]) -> tuple[SessionCreateParams, stripe.RequestOptions]:
    """Return what to ask of Stripe for an order; its id is the idempotency key."""
    metadata = {"orderId": order.id, "userId": order.user_id}
    parameters: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": order.id,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": [
            {
                "quantity": order.quantity,
                "price_data": {
                    "currency": order.currency,
                    "unit_amount": order.unit_price_cents,
                    "product_data": {"name": order.name},
                },
            }
        ],
        "success_url": f"{environment.BASE_URL}/return?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{environment.BASE_URL}/cancelled",
    }
    return parameters, {"idempotency_key": order.id}


def paid_order(body: bytes, signature: str) -> str | None:
    """Return the id of the order that an event pays; None for any other event.

    Raises stripe.SignatureVerificationError.
    """
    event = stripe.Webhook.construct_event(body, signature, environment.STRIPE_WEBHOOK_SECRET)
    if event.type != "checkout.session.completed":
        return None
    order_id: str = event.data.object["metadata"]["orderId"]
    return order_id


def connect() -> stripe.StripeClient:
    """Return a client for asyncio that keeps its connections, once an event loop is running."""
    return stripe.StripeClient(
        environment.STRIPE_SECRET_KEY,
        http_client=stripe.AIOHTTPClient(),
        base_addresses={"api": environment.STRIPE_API_BASE},
    )
