"""Webhooks: signed, at least once, in no promised order. https://docs.stripe.com/webhooks."""

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import suppress
from typing import Literal

import aiohttp
from pydantic import BaseModel

from stripe_sandbox import agenda
from stripe_sandbox.account import Account
from stripe_sandbox.store import Document

FIRST_RETRY_SECONDS = 1
LONGEST_RETRY_SECONDS = 60
MOST_ATTEMPTS = 20
TIMEOUT_SECONDS = 20
MOST_AT_ONCE = 50
TICK_SECONDS = 0.5
REORDER_WINDOW_SECONDS = 1

Mode = Literal["deliver", "drop", "double", "delay", "hold", "reorder"]


class Webhooks(BaseModel):
    """Where events go, and how badly: `delay_seconds` is for the mode `delay`."""

    url: str | None = None
    mode: Mode = "deliver"
    delay_seconds: float = 0


def webhooks(account: Account) -> Webhooks:
    """Return how events are delivered at the moment."""
    return Webhooks.model_validate(account.setting("webhooks", url=account.settings.webhook_url))


def signature(secret: str, body: str) -> str:
    """Return a Stripe-Signature header: https://docs.stripe.com/webhooks#verify-manually."""
    at = int(time.time())
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Courier:
    """Delivers events, and lets time do what time does: sessions expire, debits settle."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._outbox = account.outbox
        self._few_at_once = asyncio.Semaphore(MOST_AT_ONCE)

    async def run(self) -> None:
        """Work until cancelled; what is under way then is sent again after the next start."""
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as sending:
            while True:
                agenda.keep(self._account)
                self._send_due(http, sending)
                self._outbox.something_to_send.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._outbox.something_to_send.wait(), TICK_SECONDS)

    async def send_now(self, event_id: str) -> int | None:
        """Send one event, whatever the mode; return the receiver's status."""
        event = self._account.find("event", event_id)
        delivery = self._account.store.get("delivery", event_id)
        assert delivery is not None
        async with aiohttp.ClientSession() as http:
            await self._attempt(http, event, delivery)
        self._write_down(event, delivery)
        status: int | None = delivery["last_status"]
        return status

    async def send_once(self, event: Document) -> int | None:
        """Send something that Stripe itself would not know of; return the receiver's status."""
        async with aiohttp.ClientSession() as http:
            return await self._post(http, event)

    def _send_due(self, http: aiohttp.ClientSession, sending: asyncio.TaskGroup) -> None:
        how = webhooks(self._account)
        if how.url is None or how.mode == "hold":
            return
        if how.mode == "reorder":
            # More events may come, and only of several can the order change.
            if self._outbox.waits_since() + REORDER_WINDOW_SECONDS <= time.time():
                sending.create_task(self._send_in_turn(http, self._outbox.take_due()[::-1]))
            return
        for delivery in self._outbox.take_due(how.delay_seconds if how.mode == "delay" else 0):
            if how.mode == "drop":
                delivery["given_up"] = True
                self._outbox.keep(delivery)
            else:
                sending.create_task(self._send(http, delivery, 2 if how.mode == "double" else 1))

    async def _send_in_turn(self, http: aiohttp.ClientSession, deliveries: list[Document]) -> None:
        for delivery in deliveries:
            await self._send(http, delivery, 1)

    async def _send(self, http: aiohttp.ClientSession, delivery: Document, copies: int) -> None:
        event = self._account.find("event", delivery["event"])
        attempts = (self._attempt(http, event, delivery) for _ in range(copies))
        async with self._few_at_once:
            await asyncio.gather(*attempts)
        wait = min(FIRST_RETRY_SECONDS * 2 ** (delivery["attempts"] - 1), LONGEST_RETRY_SECONDS)
        delivery["next_at"] = time.time() + wait
        self._write_down(event, delivery)
        self._outbox.retry(delivery)

    async def _attempt(
        self, http: aiohttp.ClientSession, event: Document, delivery: Document
    ) -> None:
        delivery["attempts"] += 1
        status = delivery["last_status"] = await self._post(http, event)
        delivery["delivered"] |= status is not None and 200 <= status < 300
        delivery["given_up"] |= delivery["attempts"] >= MOST_ATTEMPTS

    def _write_down(self, event: Document, delivery: Document) -> None:
        self._outbox.keep(delivery)
        if delivery["delivered"]:
            event["pending_webhooks"] = 0
            self._account.save(event)

    async def _post(self, http: aiohttp.ClientSession, event: Document) -> int | None:
        body = json.dumps(event, indent=2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(self._account.settings.webhook_secret, body),
            "User-Agent": "Stripe/1.0 (sandbox)",
        }
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        url = webhooks(self._account).url or ""
        try:
            async with http.post(url, data=body, headers=headers, timeout=timeout) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None
