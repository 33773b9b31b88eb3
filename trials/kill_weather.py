"""Bad weather at Stripe: webhooks go astray, requests fail before or after their effect."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from trials.kill_stripe import Stripe

_CHANGES_AFTER_SECONDS = 2
# Half of the time webhooks come as they should.
_MODES = ("deliver", "deliver", "deliver", "drop", "double", "reorder")
_CREATE, _REFUND = "POST /v1/checkout/sessions", "POST /v1/refunds"
_REQUESTS = (
    *(_CREATE, "POST /v1/checkout/sessions/*/expire", "GET /v1/checkout/sessions*"),
    _REFUND,
)
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "error_before", "status": 500},
    {"kind": "error_before", "status": 503},
    {"kind": "error_saved"},
    {"kind": "error_after"},
    {"kind": "timeout_before"},
    {"kind": "timeout_after"},
    {"kind": "rate_limit"},
)
# What Stripe refuses, no retry cures: the checkout ends, the refund is for a person to look at.
_REFUSAL: dict[str, Any] = {"kind": "error_before", "status": 400}
_REFUSES_IN = 0.4


async def storm(stripe: Stripe, chance: random.Random, api_urls: Sequence[str]) -> None:
    """Change the weather again and again until cancelled."""
    while True:
        faults = [
            {"match": chance.choice(_REQUESTS), "times": chance.randint(1, 3)}
            | chance.choice(_FAULTS)
            for _ in range(chance.randint(0, 2))
        ]
        if chance.random() < _REFUSES_IN:
            faults.append({"match": chance.choice((_CREATE, _REFUND))} | _REFUSAL)
        await _change(stripe, chance.choice(api_urls), chance.choice(_MODES), faults)
        await asyncio.sleep(_CHANGES_AFTER_SECONDS)


async def calm(stripe: Stripe, api_url: str) -> None:
    """Deliver webhooks as they should be, and answer every request."""
    await _change(stripe, api_url, "deliver", [])


async def _change(stripe: Stripe, api_url: str, mode: str, faults: list[dict[str, Any]]) -> None:
    await stripe.put("webhooks", {"url": f"{api_url}/webhooks/stripe", "mode": mode})
    await stripe.put("faults", {"faults": faults})
