"""What Stripe's API lets a shop do with refunds: https://docs.stripe.com/api/refunds."""

from typing import Any

from stripe.params import RefundCancelParams, RefundCreateParams, RefundModifyParams

from stripe_sandbox import metadata, refunds
from stripe_sandbox.account import Account
from stripe_sandbox.errors import StripeError, invalid, required
from stripe_sandbox.parameters import check, integer
from stripe_sandbox.store import Document

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(account: Account, params: dict[str, Any]) -> Document:
    """Give a charge back, in part or in full. Raises StripeError as Stripe does."""
    check(params, RefundCreateParams)
    reason = params.get("reason")
    if reason not in (None, *REASONS):
        raise invalid("reason", f"Invalid reason: must be one of {', '.join(REASONS)}")
    amount = integer(params["amount"], "amount") if "amount" in params else None
    labels = metadata.checked(params.get("metadata"))
    charge = charge_of(account, params)
    return refunds.begin(account, charge, amount, reason=reason, metadata=labels)


def update(account: Account, refund_id: str, params: dict[str, Any]) -> Document:
    """Change a refund's metadata, all that can be changed. Raises StripeError."""
    check(params, RefundModifyParams)
    refund = account.find(refunds.KIND, refund_id)
    before = refund["metadata"]
    refund["metadata"] = metadata.updated(before, params.get("metadata"))
    account.save(refund)
    if refund["metadata"] != before:
        account.emit("refund.updated", refund, {"metadata": before})
    return refund


def cancel(account: Account, refund_id: str, params: dict[str, Any]) -> Document:
    """Take back a refund that waits for the buyer. Raises StripeError 400 for any other."""
    check(params, RefundCancelParams)
    status = account.find(refunds.KIND, refund_id)["status"]
    if status != "requires_action":
        raise StripeError(
            400,
            "Only refunds with a status of requires_action can be canceled. "
            f"This refund has a status of {status}.",
        )
    return refunds.move(account, refund_id, "canceled")


def charge_of(account: Account, params: dict[str, Any]) -> Document:
    """Return the charge that parameters name, itself or by its payment intent.

    Raises StripeError: 404 where there is none, 400 where nothing was paid.
    """
    if "charge" in params:
        charge = account.find("charge", params["charge"], "charge")
        if not charge["captured"]:
            raise StripeError(400, "Charge has not been captured.")
        return charge
    if "payment_intent" not in params:
        raise required("payment_intent")
    intent = account.find("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise StripeError(400, "This PaymentIntent does not have a successful charge to refund.")
    return account.find("charge", intent["latest_charge"])
