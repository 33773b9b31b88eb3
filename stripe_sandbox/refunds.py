"""Refunds: https://docs.stripe.com/api/refunds."""

from typing import Any

from stripe_sandbox.account import Account
from stripe_sandbox.errors import StripeError, invalid, required
from stripe_sandbox.store import Document

KIND = "refund"


def create(account: Account, params: dict[str, Any]) -> Document:
    """Give a charge back, in part or in full. Raises StripeError as Stripe does."""
    charge = _charge(account, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise StripeError(
            400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = int(params.get("amount", left))
    if not 0 < amount <= left:
        raise invalid("amount", f"Refund amount ({amount}) is greater than unrefunded amount.")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    account.save(charge)
    refund: Document = {
        "id": account.new_id("re"),
        "object": KIND,
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "metadata": params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }
    account.save(refund)
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    return refund


def _charge(account: Account, params: dict[str, Any]) -> Document:
    if "charge" in params:
        return account.find("charge", params["charge"])
    if "payment_intent" not in params:
        raise required("payment_intent")
    intent = account.find("payment_intent", params["payment_intent"])
    if intent["status"] != "succeeded":
        raise StripeError(400, "This PaymentIntent does not have a successful charge to refund.")
    return account.find("charge", intent["latest_charge"])
