"""The sandbox's own account of the money: the witness that tests hold the orders against."""

from typing import Any

from stripe_sandbox import agenda, balance, disputes, refunds, sessions
from stripe_sandbox.account import Account
from stripe_sandbox.store import Document


def ledger(account: Account, order_id: str | None) -> dict[str, Any]:
    """Return all that is known, or what belongs to the sessions of one order."""
    agenda.keep(account)
    store = account.store
    found = (
        store.all(sessions.KIND)
        if order_id is None
        else store.having(sessions.KIND, "client_reference_id", order_id)
    )
    paid = {session["payment_intent"]: session for session in found if session["payment_intent"]}
    charges = [
        charge
        for intent in paid
        for charge in store.having("charge", "payment_intent", intent)
        if charge["captured"]
    ]
    charges.sort(key=lambda charge: charge["created"])
    given_back = [
        refund
        for charge in charges
        for refund in store.having(refunds.KIND, "charge", charge["id"])
    ]
    disputed = [dispute for charge in charges for dispute in disputes.of(account, charge)]
    return {
        "sessions": found,
        "captures": [
            _capture(account, charge, paid[charge["payment_intent"]]) for charge in charges
        ],
        "refunds": [_with_order(account, refund) for refund in given_back],
        "disputes": [_with_order(account, dispute) for dispute in disputed],
        "balance_transactions": [
            transaction
            for source in (*charges, *given_back, *disputed)
            for transaction in store.having(balance.KIND, "source", source["id"])
        ],
        "deliveries": store.all("delivery"),
        "requests": {count["id"]: count["requests"] for count in store.all("count")},
    }


def _capture(account: Account, charge: Document, session: Document) -> Document:
    """Return one payment; its amounts in minor units are those that have really moved."""
    given_back = account.store.having(refunds.KIND, "charge", charge["id"])
    return {
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "session": session["id"],
        "order_id": session["client_reference_id"],
        "amount": charge["amount_captured"],
        "currency": charge["currency"],
        "created": charge["created"],
        "amount_refunded": _taken(account, given_back),
        "amount_disputed": _taken(account, disputes.of(account, charge)),
    }


def _taken(account: Account, sources: list[Document]) -> int:
    return -sum(balance.moved(account, source) for source in sources)


def _with_order(account: Account, document: Document) -> Document:
    """Return a refund or a dispute, with the order that its payment intent names."""
    intent = account.find("payment_intent", document["payment_intent"])
    return document | {"order_id": intent["metadata"].get("orderId")}
