"""Disputes, from the buyer's bank: https://docs.stripe.com/disputes/how-disputes-work.

A chargeback takes the money at once and gives it back when it is won; an inquiry takes nothing,
unless it becomes a chargeback.
"""

from stripe_sandbox import balance, refunds
from stripe_sandbox.account import Account
from stripe_sandbox.charges import DISPUTED_LATER
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.store import Document

KIND = "dispute"
ANSWERED_WITHIN_SECONDS = 9 * 24 * 60 * 60
REFUNDABLE = (
    "won",
    "prevented",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
)
MOVES = {
    "needs_response": ("under_review",),
    "warning_needs_response": ("warning_under_review", "needs_response"),
    "warning_under_review": ("needs_response",),
}
CLOSES = {
    "needs_response": ("won", "lost", "prevented"),
    "under_review": ("won", "lost", "prevented"),
    "warning_needs_response": ("warning_closed", "prevented"),
    "warning_under_review": ("warning_closed", "prevented"),
}


def create(
    account: Account,
    charge: Document,
    *,
    reason: str = "fraudulent",
    amount: int | None = None,
    inquiry: bool = False,
) -> Document:
    """Dispute an amount of a charge in minor units, by default all that was not given back.

    Refunds that are still under way fail, unless it is only an inquiry. Raises StripeError 400 for
    more than there is, and for a charge that is disputed already.
    """
    if any(found["status"] in CLOSES for found in of(account, charge)):
        raise StripeError(400, f"Charge {charge['id']} is already disputed.")
    if not inquiry:
        _stop_refunds(account, charge)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise invalid("amount", f"A dispute of {amount} does not fit a charge with {left} left.")
    status = "warning_needs_response" if inquiry else "needs_response"
    dispute = {
        "id": account.new_id("du"),
        "object": KIND,
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": account.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": account.now() + ANSWERED_WITHIN_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": status in REFUNDABLE,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": status,
    }
    charge["disputed"] = True
    account.save(charge)
    account.save(dispute)
    account.emit("charge.dispute.created", dispute)
    if not inquiry:
        _withdraw(account, dispute)
    return dispute


def move(account: Account, dispute_id: str, status: str) -> Document:
    """Let a dispute that stays open go on: to its review, or from inquiry to chargeback.

    Raises StripeError 400 where it cannot become that.
    """
    dispute = account.find(KIND, dispute_id)
    before = _enter(account, dispute, status, MOVES)
    account.emit("charge.dispute.updated", dispute, {"status": before})
    if status == "needs_response":
        _stop_refunds(account, account.find("charge", dispute["charge"]))
        _withdraw(account, dispute)
    return dispute


def close(account: Account, dispute_id: str, outcome: str) -> Document:
    """End a dispute. Unless it is lost, what it took comes back.

    Raises StripeError 400 where it cannot end so, or has ended.
    """
    dispute = account.find(KIND, dispute_id)
    _enter(account, dispute, outcome, CLOSES)
    account.emit("charge.dispute.closed", dispute)
    taken = -balance.moved(account, dispute)
    if taken and outcome != "lost":
        back = balance.record(account, "dispute_reversal", dispute, taken)
        _add(account, dispute, back)
        account.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def create_by_itself(account: Account, charge_id: str) -> None:
    """Dispute a payment as its test card wants it, if there is still something to dispute."""
    charge = account.find("charge", charge_id)
    reason, inquiry = DISPUTED_LATER[charge["payment_method_details"]["card"]["last4"]]
    if not charge["disputed"] and not charge["refunded"]:
        create(account, charge, reason=reason, inquiry=inquiry)


def of(account: Account, charge: Document) -> list[Document]:
    """Return the disputes of a charge, oldest first."""
    return account.store.having(KIND, "charge", charge["id"])


def _enter(
    account: Account, dispute: Document, status: str, allowed: dict[str, tuple[str, ...]]
) -> str:
    before: str = dispute["status"]
    if status not in allowed.get(before, ()):
        raise StripeError(400, f"A dispute that is {before} does not become {status}.")
    dispute["status"] = status
    dispute["is_charge_refundable"] = status in REFUNDABLE
    account.save(dispute)
    return before


def _stop_refunds(account: Account, charge: Document) -> None:
    for refund in account.store.having(refunds.KIND, "charge", charge["id"]):
        if refund["status"] in ("pending", "requires_action"):
            why = "charge_for_pending_refund_disputed"
            refunds.move(account, refund["id"], "failed", failure_reason=why)


def _withdraw(account: Account, dispute: Document) -> None:
    amount, fee = dispute["amount"], balance.DISPUTE_FEE
    _add(account, dispute, balance.record(account, "dispute", dispute, -amount, fee))
    account.emit("charge.dispute.funds_withdrawn", dispute)


def _add(account: Account, dispute: Document, transaction: Document) -> None:
    dispute["balance_transactions"].append(transaction)
    account.save(dispute)
