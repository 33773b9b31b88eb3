"""The balance and each transaction on it: https://docs.stripe.com/api/balance_transactions.

Fees are a simple rule: 2.9 % and 30 minor units of a payment, rounded half up, which a refund does
not bring back, and 1500 minor units for a dispute, which winning does not bring back.
"""

from typing import Literal

from stripe_sandbox.account import Account
from stripe_sandbox.store import Document

KIND = "balance_transaction"
DISPUTE_FEE = 1500

Category = Literal["charge", "refund", "refund_failure", "dispute", "dispute_reversal"]
# The type of a transaction by its category: on a card payment, and on any other.
TYPES: dict[Category, tuple[str, str]] = {
    "charge": ("charge", "payment"),
    "refund": ("refund", "payment_refund"),
    "refund_failure": ("refund_failure", "refund_failure"),
    "dispute": ("adjustment", "adjustment"),
    "dispute_reversal": ("adjustment", "adjustment"),
}


def payment_fee(amount: int) -> int:
    """Return the fee of a payment, both in minor units."""
    return (amount * 29 + 500) // 1000 + 30


def record(
    account: Account, category: Category, source: Document, amount: int, fee: int = 0
) -> Document:
    """Move an amount for a charge, a refund or a dispute: in when it is positive, else out."""
    charge = account.find("charge", source["charge"]) if "charge" in source else source
    by_card = charge["payment_method_details"]["type"] == "card"
    transaction = {
        "id": account.new_id("txn"),
        "object": KIND,
        "amount": amount,
        "available_on": account.now(),
        "balance_type": "payments",
        "created": account.now(),
        "currency": charge["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_fee_detail(fee, charge["currency"])] if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "status": "available",
        "type": TYPES[category][0 if by_card else 1],
    }
    account.save(transaction)
    return transaction


def moved(account: Account, source: Document) -> int:
    """Return what an object has brought in or taken out so far, before fees, in minor units."""
    return sum(found["amount"] for found in account.store.having(KIND, "source", source["id"]))


def _fee_detail(fee: int, currency: str) -> Document:
    return {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
