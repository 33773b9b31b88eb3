"""Refunds, and what becomes of them: https://docs.stripe.com/refunds.

The charge counts a refund from the start; the money leaves the balance when it has succeeded.
"""

from stripe_sandbox import balance
from stripe_sandbox.account import SOON_SECONDS, Account
from stripe_sandbox.currencies import shown
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.store import Document

KIND = "refund"
FAILS_LATER, SUCCEEDS_LATER = "5126", "7726"  # the last digits of test cards
ANSWERED_WITHIN_SECONDS = 30 * 24 * 60 * 60
MOVES = {
    "pending": ("requires_action", "succeeded", "failed", "canceled"),
    "requires_action": ("pending", "succeeded", "failed", "canceled"),
    "succeeded": ("failed",),
    "failed": (),
    "canceled": (),
}


def begin(
    account: Account,
    charge: Document,
    amount: int | None,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Document:
    """Give back an amount of a charge in minor units, by default all that is left.

    Raises StripeError 400 as Stripe does: disputed, already refunded, or more than is left.
    """
    amount = _refundable(account, charge, amount)
    status = _first_status(account, charge)
    refund: Document = {
        "id": account.new_id("re"),
        "object": KIND,
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "metadata": metadata or {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    _count(account, charge, amount)
    _enter(account, charge, refund, status, "declined")
    account.emit("refund.created", refund)
    if status == "failed":
        account.emit("refund.failed", refund)
    else:
        account.emit("charge.refunded", charge)
        _plan(account, charge, refund)
    return refund


def move(
    account: Account, refund_id: str, status: str, *, failure_reason: str = "unknown"
) -> Document:
    """Move a refund on. Raises StripeError 400 where it cannot become that."""
    refund = account.find(KIND, refund_id)
    before = refund["status"]
    if status not in MOVES[before]:
        raise StripeError(400, f"A refund that is {before} does not become {status}.")
    charge = account.find("charge", refund["charge"])
    _enter(account, charge, refund, status, failure_reason)
    for type in ("refund.updated", "charge.refund.updated"):
        account.emit(type, refund, {"status": before})
    if status == "failed":
        account.emit("refund.failed", refund)
    return refund


def succeed_by_itself(account: Account, refund_id: str) -> None:
    """End a pending refund well, if nothing else has become of it."""
    if account.find(KIND, refund_id)["status"] == "pending":
        move(account, refund_id, "succeeded")


def fail_by_itself(account: Account, refund_id: str) -> None:
    """Let a refund fail that had succeeded, if nothing else has become of it."""
    if account.find(KIND, refund_id)["status"] == "succeeded":
        move(account, refund_id, "failed", failure_reason="expired_or_canceled_card")


def _refundable(account: Account, charge: Document, amount: int | None) -> int:
    disputes = account.store.having("dispute", "charge", charge["id"])
    if not all(dispute["is_charge_refundable"] for dispute in disputes):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(400, message, code="charge_disputed")
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeError(400, message, code="charge_already_refunded")
    if amount is None:
        return left
    if amount < 1:
        raise invalid("amount", "Invalid positive integer", "parameter_invalid_integer")
    if amount > left:
        is_partly_gone = charge["amount_refunded"]
        whole = "unrefunded amount on charge" if is_partly_gone else "charge amount"
        wanted, rest = shown(amount, charge["currency"]), shown(left, charge["currency"])
        raise invalid("amount", f"Refund amount ({wanted}) is greater than {whole} ({rest})")
    return amount


def _first_status(account: Account, charge: Document) -> str:
    told = account.setting("refunds", next="succeeded", times=0)
    if told["times"] != 0:
        left = told["times"] and told["times"] - 1
        account.store.put("setting", "refunds", told | {"times": left})
        return str(told["next"])
    return "pending" if _comes_later(charge) else "succeeded"


def _comes_later(charge: Document) -> bool:
    return _card(charge) in (None, SUCCEEDS_LATER)


def _card(charge: Document) -> str | None:
    """Return the last digits of the card that paid, None where it was none."""
    last4: str | None = charge["payment_method_details"].get("card", {}).get("last4")
    return last4


def _plan(account: Account, charge: Document, refund: Document) -> None:
    if account.store.get("by_hand", charge["id"]):
        return
    soon = account.now() + SOON_SECONDS
    if refund["status"] == "pending" and _comes_later(charge):
        account.plan("refund succeeds", refund["id"], soon)
    if refund["status"] == "succeeded" and _card(charge) == FAILS_LATER:
        account.plan("refund fails", refund["id"], soon)


def _enter(
    account: Account, charge: Document, refund: Document, status: str, failure_reason: str
) -> None:
    """Set a refund's status, with all that Stripe has in a refund of that status."""
    refund.pop("pending_reason", None)
    refund.pop("next_action", None)
    refund["status"] = status
    match status:
        case "pending":
            refund["pending_reason"] = "processing"
        case "requires_action":
            refund["next_action"] = _question(account.now())
        case "succeeded":
            paid = balance.record(account, "refund", refund, -refund["amount"])
            refund["balance_transaction"] = paid["id"]
        case "failed" | "canceled":
            _count(account, charge, -refund["amount"])
            if status == "failed":
                refund["failure_reason"] = failure_reason
            if refund["balance_transaction"]:
                back = balance.record(account, "refund_failure", refund, refund["amount"])
                refund["failure_balance_transaction"] = back["id"]
    account.save(refund)


def _count(account: Account, charge: Document, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    account.save(charge)


def _question(now: int) -> Document:
    """Return the email that asks a buyer where to send his money."""
    sent = {"email_sent_at": now, "email_sent_to": "buyer@example.com"}
    details = {"email_sent": sent, "expires_at": now + ANSWERED_WITHIN_SECONDS}
    return {"type": "display_details", "display_details": details}
