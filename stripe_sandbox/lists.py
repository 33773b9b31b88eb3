"""Stripe's lists: newest first, with cursors. https://docs.stripe.com/api/pagination."""

import operator
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from stripe_sandbox.errors import invalid
from stripe_sandbox.parameters import integer
from stripe_sandbox.store import Document

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100
COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def page(documents: Iterable[Document], params: Mapping[str, Any], url: str) -> Document:
    """Return one page of these documents, which come newest first; no more of them are looked at.

    Raises StripeError 400 for a limit, a cursor or a bound that makes no sense.
    """
    limit = _limit(params.get("limit", DEFAULT_LIMIT))
    found = created_within(documents, params.get("created"))
    if "ending_before" in params and "starting_after" not in params:
        before = list(_until(found, params["ending_before"], "ending_before"))
        return _list(before[-limit:], url, has_more=len(before) > limit)
    if "starting_after" in params:
        for _ in _until(found, params["starting_after"], "starting_after"):
            pass
    data = list(islice(found, limit + 1))
    return _list(data[:limit], url, has_more=len(data) > limit)


def created_within(documents: Iterable[Document], bounds: Any) -> Iterator[Document]:
    """Give the documents that were created at a time, or within bounds, in Unix seconds.

    Raises StripeError 400 for bounds that are no whole numbers.
    """
    if bounds is None:
        return iter(documents)
    if not isinstance(bounds, dict):
        at = integer(bounds, "created")
        return (document for document in documents if document["created"] == at)
    checks = [
        (COMPARE[name], integer(bound, f"created[{name}]"))
        for name, bound in bounds.items()
        if name in COMPARE
    ]
    return (
        document
        for document in documents
        if all(holds(document["created"], bound) for holds, bound in checks)
    )


def _list(data: list[Document], url: str, *, has_more: bool) -> Document:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _limit(value: Any) -> int:
    limit = integer(value, "limit")
    if not 1 <= limit <= LARGEST_LIMIT:
        raise invalid("limit", "This value must be between 1 and 100.")
    return limit


def _until(documents: Iterator[Document], cursor: str, param: str) -> Iterator[Document]:
    """Give the documents before the cursor, and take the cursor itself."""
    for document in documents:
        if document["id"] == cursor:
            return
        yield document
    raise invalid(param, f"No such object: '{cursor}'", "resource_missing")
