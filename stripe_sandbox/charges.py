"""Charges: money taken, or not. https://docs.stripe.com/api/charges."""

from stripe_sandbox import balance
from stripe_sandbox.account import SOON_SECONDS, Account
from stripe_sandbox.errors import StripeError
from stripe_sandbox.store import Document

# By the last four digits: what the buyer says, and whether it is only an inquiry.
DISPUTED_LATER = {
    "0259": ("fraudulent", False),
    "2685": ("product_not_received", False),
    "1976": ("fraudulent", True),
}


def capture(account: Account, intent: Document, method: Document, *, by_hand: bool) -> None:
    """Take the money of a payment intent. `by_hand`: nothing follows by itself later."""
    charge = _new(account, intent) | {
        "status": "succeeded",
        "paid": True,
        "captured": True,
        "amount_captured": intent["amount"],
        "payment_method_details": method,
    }
    if by_hand:
        account.store.put("by_hand", charge["id"], {"id": charge["id"]})
    elif method.get("card", {}).get("last4") in DISPUTED_LATER:
        account.plan("dispute", charge["id"], account.now() + SOON_SECONDS)
    amount = intent["amount"]
    paid = balance.record(account, "charge", charge, amount, balance.payment_fee(amount))
    charge["balance_transaction"] = paid["id"]
    account.save(charge)
    intent["status"] = "succeeded"
    intent["last_payment_error"] = None
    intent["amount_received"] = intent["amount"]
    intent["latest_charge"] = charge["id"]
    account.save(intent)
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)


def decline(
    account: Account, intent: Document, code: str, decline_code: str | None, message: str
) -> StripeError:
    """Take no money; return the 402 that says why."""
    charge = _new(account, intent) | {
        "status": "failed",
        "failure_code": code,
        "failure_message": message,
    }
    account.save(charge)
    error = {"type": "card_error", "code": code, "message": message}
    if decline_code:
        error["decline_code"] = decline_code
    intent["status"] = "requires_payment_method"
    intent["last_payment_error"] = error
    intent["latest_charge"] = charge["id"]
    account.save(intent)
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    return StripeError(402, message, type="card_error", code=code)


def _new(account: Account, intent: Document) -> Document:
    return {
        "id": account.new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": False,
        "created": account.now(),
        "currency": intent["currency"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "refunded": False,
    }
