"""Bad weather at Stripe: webhooks go astray, requests fail before or after their effect."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from domain.refund import UNDER_WAY
from trials.kill.stripe import Stripe

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
# How the next refunds begin, whoever makes them.
_REFUNDS = ("pending", "pending", "requires_action", "failed")
_SLOW_REFUNDS_IN = 0.3
_BANKS_WORK_EVERY_SECONDS = 4
_ENDS = ("succeeded", "succeeded", "succeeded", "succeeded", "failed", "canceled")


async def storm(
    stripe: Stripe, chance: random.Random, api_urls: Sequence[str], *, loses: bool
) -> None:
    """Change the weather again and again until cancelled; webhooks get lost only if it `loses`."""
    modes = [mode for mode in _MODES if loses or mode != "drop"]
    while True:
        faults = [
            {"match": chance.choice(_REQUESTS), "times": chance.randint(1, 3)}
            | chance.choice(_FAULTS)
            for _ in range(chance.randint(0, 2))
        ]
        if chance.random() < _REFUSES_IN:
            faults.append({"match": chance.choice((_CREATE, _REFUND))} | _REFUSAL)
        await _change(stripe, chance.choice(api_urls), chance.choice(modes), faults)
        if chance.random() < _SLOW_REFUNDS_IN:
            await stripe.put("refunds", {"next": chance.choice(_REFUNDS), "times": 1})
        await asyncio.sleep(_CHANGES_AFTER_SECONDS)


async def calm(stripe: Stripe, api_url: str) -> None:
    """Deliver webhooks as they should be, and answer every request."""
    await _change(stripe, api_url, "deliver", [])
    await stripe.put("refunds", {"next": "succeeded", "times": 0})


async def settle_refunds(stripe: Stripe, chance: random.Random) -> None:
    """Let refunds that wait for a bank or for the buyer come to their ends, until cancelled."""
    while True:
        await asyncio.sleep(_BANKS_WORK_EVERY_SECONDS)
        for refund in (await stripe.ledger())["refunds"]:
            if refund["status"] in UNDER_WAY:
                await stripe.move_refund(refund["id"], chance.choice(_ENDS))


async def _change(stripe: Stripe, api_url: str, mode: str, faults: list[dict[str, Any]]) -> None:
    await stripe.put("webhooks", {"url": f"{api_url}/webhooks/stripe", "mode": mode})
    await stripe.put("faults", {"faults": faults})
