"""Checkout Sessions: https://docs.stripe.com/api/checkout/sessions."""

from typing import Any

from stripe_sandbox.account import Account
from stripe_sandbox.errors import StripeError
from stripe_sandbox.store import Document
from stripe_sandbox.validation import Line, new_session

KIND = "checkout.session"


def create(account: Account, params: dict[str, Any], public_url: str) -> Document:
    """Open a session. Raises StripeError for parameters that Stripe would refuse."""
    request = new_session(params, account.now())
    session_id = account.new_id("cs_test", 58)
    session = {
        "id": session_id,
        "object": KIND,
        "amount_subtotal": request.total,
        "amount_total": request.total,
        "cancel_url": request.cancel_url,
        "client_reference_id": request.client_reference_id,
        "created": account.now(),
        "currency": request.currency,
        "customer": None,
        "customer_details": None,
        "customer_email": None,
        "expires_at": request.expires_at,
        "livemode": False,
        "locale": None,
        "metadata": request.metadata,
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": request.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{public_url}/pay/{session_id}",
    }
    account.save(session)
    account.plan("expire session", session_id, request.expires_at)
    intent_metadata = {"id": session_id, "metadata": request.intent_metadata}
    account.store.put("intent_metadata", session_id, intent_metadata)
    items = [_item(account, line, request.currency) for line in request.lines]
    account.store.put("line_items", session_id, {"id": session_id, "data": items})
    return session


def find(account: Account, session_id: str) -> Document:
    """Return a session, expired if its time has come. Raises StripeError 404."""
    session = account.find(KIND, session_id)
    if session["status"] == "open" and session["expires_at"] <= account.now():
        _expire(account, session)
    return session


def expire(account: Account, session_id: str) -> Document:
    """Expire an open session. Raises StripeError 400 for one that is not open."""
    session = find(account, session_id)
    if session["status"] != "open":
        raise StripeError(
            400,
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}.",
        )
    _expire(account, session)
    return session


def reprice(account: Account, session_id: str, amount: int | None, currency: str | None) -> None:
    """Let a session that is not complete cost something else, in minor units."""
    session = find(account, session_id)
    if session["status"] == "complete":
        return
    price = {"amount_total": amount or session["amount_total"]}
    price |= {"amount_subtotal": price["amount_total"], "currency": currency or session["currency"]}
    session |= price
    account.save(session)
    if session["payment_intent"]:
        intent = account.find("payment_intent", session["payment_intent"])
        intent |= {"amount": price["amount_total"], "currency": price["currency"]}
        account.save(intent)


def line_items(account: Account, session_id: str) -> list[Document]:
    """Return the lines of a session."""
    account.find(KIND, session_id)
    found = account.store.get("line_items", session_id)
    return found["data"] if found else []


def intent_metadata(account: Account, session_id: str) -> dict[str, str]:
    """Return what a session's payment intent will carry."""
    found = account.store.get("intent_metadata", session_id)
    return found["metadata"] if found else {}


def close(account: Account, session: Document, status: str) -> None:
    """Move an open session to `complete` or `expired`: nobody can pay in it any more."""
    session["status"], session["url"] = status, None
    account.save(session)


def _item(account: Account, line: Line, currency: str) -> Document:
    amount = line.quantity * line.unit_amount
    return {
        "id": account.new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency,
        "description": line.name,
        "price": {
            "id": account.new_id("price"),
            "object": "price",
            "active": False,
            "currency": currency,
            "product": account.new_id("prod", 14),
            "type": "one_time",
            "unit_amount": line.unit_amount,
        },
        "quantity": line.quantity,
    }


def _expire(account: Account, session: Document) -> None:
    close(account, session, "expired")
    account.emit("checkout.session.expired", session)
