"""The public API as a front end calls it. Nothing here knows how the product works inside."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

_TRIES_WHILE_UNAVAILABLE = 10
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
        for _ in range(_TRIES_WHILE_UNAVAILABLE):
            async with self.http.request(
                method, self.url + path, json=body, headers=self._headers
            ) as answer:
                if answer.status == 503:
                    await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
                    continue
                if not answer.ok:
                    raise ShopError(f"{method} {path}: {answer.status} {await answer.text()}")
                answered: dict[str, Any] = await answer.json()
                return answered
        raise ShopError(f"{method} {path}: still 503 after {_TRIES_WHILE_UNAVAILABLE} tries")
