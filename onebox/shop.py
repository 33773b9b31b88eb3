"""The public API as a front end calls it. Nothing here knows how the product works inside."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

_KEEP_TRYING_SECONDS = 20
_FINAL_WITHIN_SECONDS = 60


class ShopError(Exception):
    """The API answered something else than was hoped for."""


SHOP_TROUBLE = (ShopError, aiohttp.ClientError, TimeoutError)


@dataclass(frozen=True)
class Shop:
    """The API at `url`, called with one user's bearer token."""

    http: aiohttp.ClientSession
    url: str
    token: str

    async def ticket_types(self) -> list[dict[str, Any]]:
        """Everything that is on sale."""
        found: dict[str, Any] = await self._call("GET", "/ticket-types")
        return list(found["data"])

    async def add_ticket_type(self, ticket_type: dict[str, Any]) -> dict[str, Any]:
        """Put tickets on sale (scope `catalog:write`)."""
        return await self._call("POST", "/ticket-types", ticket_type)

    async def order(self, ticket_type_id: str, quantity: int = 1) -> dict[str, Any]:
        """Order tickets of one type."""
        items = [{"ticket_type_id": ticket_type_id, "quantity": quantity}]
        return await self._call("POST", "/orders", {"items": items})

    async def checkout(self, order_id: str) -> dict[str, Any]:
        """Start paying."""
        return await self._call("POST", f"/orders/{order_id}/checkout")

    async def final_order(self, order_id: str) -> dict[str, Any]:
        """Follow the order's event stream until it ends; return the order as it then is.

        Raises TimeoutError after 60 s.
        """
        order: dict[str, Any] = {}
        url = f"{self.url}/orders/{order_id}/events"
        async with (
            asyncio.timeout(_FINAL_WITHIN_SECONDS),
            self.http.get(url, headers=self._headers, timeout=aiohttp.ClientTimeout()) as stream,
        ):
            stream.raise_for_status()
            async for line in stream.content:
                field, _, value = line.decode().partition(":")
                if field == "data":
                    order = json.loads(value)
        return order

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        give_up_at = time.monotonic() + _KEEP_TRYING_SECONDS
        while True:
            async with self.http.request(
                method, self.url + path, json=body, headers=self._headers
            ) as answer:
                if answer.ok:
                    answered: dict[str, Any] = await answer.json()
                    return answered
                if answer.status != 503 or time.monotonic() > give_up_at:
                    raise ShopError(f"{method} {path}: {answer.status} {await answer.text()}")
                wait_seconds = float(answer.headers.get("Retry-After", "1"))
            await asyncio.sleep(wait_seconds)
