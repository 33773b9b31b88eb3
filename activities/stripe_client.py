"""The connection to Stripe, and what is common to all that is asked there."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import aiohttp
import stripe
from stripe.params import EventListParams, EventListParamsCreated
from temporalio import activity

TIMEOUT_SECONDS = 20

Listed = TypeVar("Listed", bound=stripe.StripeObject)
Events = AsyncIterator[list[dict[str, Any]]]


def connect_stripe(
    secret_key: str, api_base: str | None, http: aiohttp.ClientSession
) -> stripe.StripeClient:
    """Return a client that tries each call once: Temporal does the retrying, with our keys.

    `api_base` is another address of Stripe's API, such as a sandbox's.
    """
    return stripe.StripeClient(
        secret_key,
        http_client=stripe.AIOHTTPClient(timeout=TIMEOUT_SECONDS, session=http),
        base_addresses={"api": api_base} if api_base else {},
        max_network_retries=0,
    )


def is_repeated(error: stripe.APIError) -> bool:
    """Say whether Stripe repeats a failure that it saved under our key, as it would for a day.

    https://docs.stripe.com/api/idempotent_requests. What was asked for may have been done all the
    same: only when it was not, the request may be made again under another key.
    """
    headers: Mapping[str, str] = error.headers or {}
    return headers.get("Idempotent-Replayed") == "true"


async def pages(listed: stripe.ListObject[Listed]) -> AsyncIterator[list[Listed]]:
    """Yield a list page after page, with a heartbeat of the activity for each.

    https://docs.stripe.com/api/pagination
    """
    while not listed.is_empty:
        activity.heartbeat()
        yield listed.data
        listed = await listed.next_page_async()


def undelivered(client: stripe.StripeClient, types: Iterable[str], until: datetime) -> Events:
    """Yield the events made until a time (UTC) that no endpoint of ours took, page after page.

    Also those that reached us another way.
    """
    made: EventListParamsCreated = {"lte": int(until.timestamp())}
    return _events(client, {"types": sorted(types), "delivery_success": False, "created": made})


def events_since(client: stripe.StripeClient, types: Iterable[str], since: datetime) -> Events:
    """Yield the events made since a time (UTC), delivered or not, page after page."""
    return _events(client, {"types": sorted(types), "created": {"gte": int(since.timestamp())}})


async def _events(client: stripe.StripeClient, which: EventListParams) -> Events:
    """Yield events that Stripe lists, for 30 days: https://docs.stripe.com/api/events/list."""
    listed = await client.v1.events.list_async(which | {"limit": 100})
    async for events in pages(listed):
        yield [event.to_dict() for event in events]
