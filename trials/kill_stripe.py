"""The Stripe sandbox as a kill run needs it: its cards, its bad weather, its ledger."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import aiohttp

_WEATHER_CHANGES_AFTER_SECONDS = 2
# Half of the time webhooks come as they should.
_MODES = ("deliver", "deliver", "deliver", "drop", "double", "reorder")
_BANK_ACCOUNT = "000123456789"
_REQUESTS = (
    "POST /v1/checkout/sessions",
    "POST /v1/checkout/sessions/*/expire",
    "GET /v1/checkout/sessions/*",
    "POST /v1/refunds",
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


class Stripe:
    """The sandbox's admin API at `url`."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = f"{url}/_sandbox"

    async def pay(self, session_id: str, card: str) -> bool:
        """Try to pay; False when the card is declined or the session is no longer open."""
        return await self._post(f"sessions/{session_id}/pay", {"card": card})

    async def pay_by_bank(self, session_id: str, seconds: float) -> None:
        """Begin a bank debit if the session is open; it succeeds after some seconds."""
        if await self._post(f"sessions/{session_id}/pay", {"bank_account": _BANK_ACCOUNT}):
            await asyncio.sleep(seconds)
            await self._post(f"sessions/{session_id}/settle", {"succeeds": True})

    async def ledger(self) -> dict[str, Any]:
        """Return the sandbox's own account of the money."""
        async with self._http.get(f"{self._url}/ledger") as answer:
            answer.raise_for_status()
            ledger: dict[str, Any] = await answer.json()
            return ledger

    async def storm(self, chance: random.Random, api_urls: Sequence[str]) -> None:
        """Change the weather again and again until cancelled."""
        while True:
            faults = [
                {"match": chance.choice(_REQUESTS), "times": chance.randint(1, 3)}
                | chance.choice(_FAULTS)
                for _ in range(chance.randint(0, 2))
            ]
            await self._weather(chance.choice(api_urls), chance.choice(_MODES), faults)
            await asyncio.sleep(_WEATHER_CHANGES_AFTER_SECONDS)

    async def calm(self, api_url: str) -> None:
        """Deliver webhooks as they should be, and answer every request."""
        await self._weather(api_url, "deliver", [])

    async def _post(self, path: str, body: dict[str, Any]) -> bool:
        async with self._http.post(f"{self._url}/{path}", json=body) as answer:
            return answer.ok

    async def _weather(self, api_url: str, mode: str, faults: list[dict[str, Any]]) -> None:
        webhooks = {"url": f"{api_url}/webhooks/stripe", "mode": mode}
        for path, body in (("webhooks", webhooks), ("faults", {"faults": faults})):
            async with self._http.put(f"{self._url}/{path}", json=body) as answer:
                answer.raise_for_status()
