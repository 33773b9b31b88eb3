"""The filters of Stripe's lists, but for time and cursors, which all lists have."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from stripe_sandbox.account import Account
from stripe_sandbox.store import INDEXED, Document

# What a list can be narrowed to by the value that its objects have.
EQUAL = (*INDEXED, "currency", "status")


def wanted(account: Account, kind: str, params: dict[str, Any]) -> Iterator[Document]:
    """Give the objects of a list that pass its filters, newest first."""
    equal = {name: params[name] for name in EQUAL if name in params}
    types = params.get("types") or ([params["type"]] if "type" in params else None)
    for document in _candidates(account, kind, params):
        if types and not any(fnmatchcase(document["type"], pattern) for pattern in types):
            continue
        if all(document.get(name) == value for name, value in equal.items()):
            yield document


def _candidates(account: Account, kind: str, params: dict[str, Any]) -> Iterable[Document]:
    """Give what may pass, from the index that narrows it down the most."""
    for field in INDEXED:
        if field in params:
            return account.store.having(kind, field, params[field])[::-1]
    match params.get("delivery_success"):
        case "false":
            newest_ids = reversed(account.outbox.not_delivered)
            return (account.find("event", event_id) for event_id in newest_ids)
        case "true":
            newest = account.store.newest("event")
            return (event for event in newest if event["id"] not in account.outbox.not_delivered)
    return account.store.newest(kind)
