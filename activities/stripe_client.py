"""The connection to Stripe."""

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
    """Say whether Stripe saved a failure under our key, and repeats it: it will for a day.

    https://docs.stripe.com/api/idempotent_requests
    """
    headers: Mapping[str, str] = error.headers or {}
    return headers.get("Idempotent-Replayed") == "true"
