"""Fields that a request wants made whole: https://docs.stripe.com/api/expanding_objects."""

import copy
from typing import Any

from stripe_sandbox import refunds, sessions
from stripe_sandbox.account import Account
from stripe_sandbox.errors import invalid
from stripe_sandbox.lists import page
from stripe_sandbox.store import Document

EXPANDABLE = {
    "balance_transaction": ("source",),
    "charge": ("balance_transaction", "payment_intent"),
    "checkout.session": ("payment_intent",),
    "dispute": ("balance_transactions", "charge", "payment_intent"),
    "list": ("data",),
    "payment_intent": ("latest_charge",),
    "refund": ("balance_transaction", "charge", "failure_balance_transaction", "payment_intent"),
}
KINDS = {
    "ch": "charge",
    "du": "dispute",
    "pi": "payment_intent",
    "re": "refund",
    "txn": "balance_transaction",
}


def expanded(account: Account, document: Document, params: dict[str, Any]) -> Document:
    """Return a document with the fields that `expand` names made whole.

    Raises StripeError 400 for a field that Stripe does not expand.
    """
    result = copy.deepcopy(document)
    for path in params.get("expand") or []:
        _expand(account, result, path.split("."))
    return result


def _expand(account: Account, node: Any, path: list[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(account, item, path)
    elif path and isinstance(node, dict):
        name = path[0]
        if (items := _items(account, node, name)) is not None:
            node[name] = items
        elif name not in EXPANDABLE.get(node["object"], ()):
            raise invalid("expand", f"This property cannot be expanded ({name}).")
        elif name in node:
            node[name] = _whole(account, node[name])
        _expand(account, node.get(name), path[1:])


def _items(account: Account, node: Document, name: str) -> Document | None:
    """Return a list that an object has only when it is asked for."""
    match node["object"], name:
        case sessions.KIND, "line_items":
            items = sessions.line_items(account, node["id"])
            return page(items, {}, f"/v1/checkout/sessions/{node['id']}/line_items")
        case "charge", "refunds":
            given_back = account.store.having(refunds.KIND, "charge", node["id"])[::-1]
            return copy.deepcopy(page(given_back, {}, f"/v1/charges/{node['id']}/refunds"))
    return None


def _whole(account: Account, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return copy.deepcopy(account.find(KINDS[value.split("_")[0]], value))
