"""Stripe's lists: newest first, with cursors. https://docs.stripe.com/api/pagination."""

from collections.abc import Mapping, Sequence
from typing import Any

from stripe_sandbox.errors import invalid
from stripe_sandbox.parameters import integer
from stripe_sandbox.store import Document

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100
COMPARE = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def page(documents: Sequence[Document], params: Mapping[str, Any], url: str) -> Document:
    """Return one page of these documents, which come newest first."""
    limit = _limit(params.get("limit", DEFAULT_LIMIT))
    found = [document for document in documents if _was_created(document, params.get("created"))]
    ids = [document["id"] for document in found]
    if "starting_after" in params:
        found = found[_place(ids, params, "starting_after") + 1 :]
    elif "ending_before" in params:
        before = found[: _place(ids, params, "ending_before")]
        return _list(before[-limit:], url, has_more=len(before) > limit)
    return _list(found[:limit], url, has_more=len(found) > limit)


def _list(data: list[Document], url: str, *, has_more: bool) -> Document:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _limit(value: Any) -> int:
    limit = integer(value, "limit")
    if not 1 <= limit <= LARGEST_LIMIT:
        raise invalid("limit", "This value must be between 1 and 100.")
    return limit


def _place(ids: list[str], params: Mapping[str, Any], param: str) -> int:
    if params[param] not in ids:
        raise invalid(param, f"No such object: '{params[param]}'", "resource_missing")
    return ids.index(params[param])


def _was_created(document: Document, bounds: Any) -> bool:
    if bounds is None:
        return True
    if not isinstance(bounds, dict):
        return bool(document["created"] == integer(bounds, "created"))
    return all(
        COMPARE[name](document["created"], integer(bound, f"created[{name}]"))
        for name, bound in bounds.items()
        if name in COMPARE
    )
