"""The connection to Stripe, and what is common to all that is asked there."""

from collections.abc import Mapping

import aiohttp
import stripe

TIMEOUT_SECONDS = 20


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
