"""What the API tests do: a client with tokens, and the sandbox's admin API."""

import asyncio
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
from temporalio.client import Client

from domain.stripe_event import SESSION_EVENTS

SECRET_KEY = "sk_test_api"
WEBHOOK_SECRET = "whsec_api"
JWT_SECRET = "a-secret-of-at-least-thirty-two-bytes"


def token(user: str = "alice", scope: str = "", **claims: Any) -> str:
    """Return a bearer token that the API accepts, unless the claims say otherwise."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    return jwt.encode({"sub": user, "exp": expires, "scope": scope} | claims, JWT_SECRET)


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> str:
    """Return the Stripe-Signature of a body."""
    at = int(time.time()) - age_seconds
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Shop:
    """A client of the API."""

    def __init__(
        self, http: httpx2.AsyncClient, api_url: str, sandbox_url: str, temporal: Client
    ) -> None:
        self.http = http
        self.api_url = api_url
        self.temporal = temporal
        self._sandbox_url = sandbox_url

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "alice",
        scope: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """Call the API as a user."""
        return await self.http.request(
            method,
            f"{self.api_url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token(user, scope)}"} | (headers or {}),
        )

    async def ticket_type(self, **changes: Any) -> str:
        """Put a ticket type on sale and return its id."""
        body = {"name": "Concert", "unit_price_cents": 4500, "currency": "eur", "capacity": 10}
        response = await self.call("POST", "/ticket-types", body | changes, scope="catalog:write")
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def order(self, ticket_type_id: str | None = None, quantity: int = 2) -> str:
        """Order tickets and return the order's id."""
        item = {"ticket_type_id": ticket_type_id or await self.ticket_type(), "quantity": quantity}
        response = await self.call("POST", "/orders", {"items": [item]})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def checkout(self, order_id: str) -> dict[str, Any]:
        """Start an order's checkout and return its session."""
        response = await self.call("POST", f"/orders/{order_id}/checkout")
        assert response.status_code == 200, response.text
        session: dict[str, Any] = response.json()
        return session

    async def pay(self, session: dict[str, Any], **how: str) -> None:
        """Pay a session, by default with the card that always works."""
        await self.sandbox("POST", f"sessions/{session['session_id']}/pay", how)

    async def paid_order(self) -> str:
        """Return an order that has been paid."""
        order_id = await self.order()
        await self.pay(await self.checkout(order_id))
        assert await self.final_status(order_id) == "PAID"
        return order_id

    async def cancelled_order(self) -> str:
        """Return an order that has been cancelled."""
        order_id = await self.order()
        response = await self.call("POST", f"/orders/{order_id}/cancel")
        assert response.json()["status"] == "CANCELLED", response.text
        return order_id

    async def status(self, order_id: str) -> str:
        """Return an order's status."""
        return str((await self.call("GET", f"/orders/{order_id}")).json()["status"])

    async def final_status(self, order_id: str) -> str:
        """Watch an order's event stream to its end and return the last status."""
        headers = {"Authorization": f"Bearer {token()}"}
        url = f"{self.api_url}/orders/{order_id}/events"
        status = "no event"
        async with self.http.stream("GET", url, headers=headers) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    status = json.loads(line.removeprefix("data:"))["status"]
        return status

    async def event(self, event: Any, **signing: Any) -> httpx2.Response:
        """Send an event to the webhook, signed."""
        body = json.dumps(event).encode()
        return await self.raw_event(body, {"Stripe-Signature": signed(body, **signing)})

    async def raw_event(self, body: bytes, headers: dict[str, str]) -> httpx2.Response:
        """Send any body to the webhook."""
        url = f"{self.api_url}/webhooks/stripe"
        return await self.http.post(url, content=body, headers=headers)

    async def deliver_webhooks(self, mode: str = "deliver") -> None:
        """Set how the sandbox delivers its webhooks to the API."""
        url = f"{self.api_url}/webhooks/stripe"
        await self.sandbox("PUT", "webhooks", {"url": url, "mode": mode})

    async def events(self, *order_ids: str) -> list[dict[str, Any]]:
        """Return Stripe's events about the sessions of some orders, oldest first."""
        found = await self.http.get(
            f"{self._sandbox_url}/v1/events",
            params={"limit": 100} | {f"types[{i}]": kind for i, kind in enumerate(SESSION_EVENTS)},
            headers={"Authorization": f"Bearer {SECRET_KEY}"},
        )
        return [
            event
            for event in reversed(found.json()["data"])
            if event["data"]["object"]["client_reference_id"] in order_ids
        ]

    async def deliveries(self, *order_ids: str) -> list[dict[str, Any]]:
        """Return how the deliveries of these events stand."""
        wanted = {event["id"] for event in await self.events(*order_ids)}
        ledger = await self.sandbox("GET", "ledger")
        return [delivery for delivery in ledger["deliveries"] if delivery["event"] in wanted]

    async def until_sent(self, order_id: str) -> None:
        """Wait until what Stripe has to tell of an order was delivered, or dropped."""
        while await self._is_telling(order_id):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def _is_telling(self, order_id: str) -> bool:
        sent = [one["delivered"] or one["given_up"] for one in await self.deliveries(order_id)]
        return not sent or not all(sent)

    async def settle(self, session: dict[str, Any], *, succeeds: bool) -> None:
        """Let a delayed payment end."""
        how = {"succeeds": succeeds}
        await self.sandbox("POST", f"sessions/{session['session_id']}/settle", how)

    async def set_clock(self, ahead: timedelta) -> None:
        """Set the sandbox's clock ahead of the others."""
        await self.sandbox("PUT", "clock", {"offset_seconds": ahead.total_seconds()})

    async def ledger(self, order_id: str) -> dict[str, Any]:
        """Return what the sandbox knows of an order."""
        found: dict[str, Any] = await self.sandbox("GET", f"ledger?order_id={order_id}")
        return found

    async def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's admin API."""
        url = f"{self._sandbox_url}/_sandbox/{path}"
        response = await self.http.request(method, url, json=body)
        assert response.is_success, response.text
        return response.json()


def problem(response: httpx2.Response) -> tuple[int, str]:
    """Return status and code of an error, which must be problem+json."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "detail", "code"} <= set(body)
    return response.status_code, body["code"]
