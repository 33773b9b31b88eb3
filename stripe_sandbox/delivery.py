"""Webhooks: signed, at least once, in no promised order. https://docs.stripe.com/webhooks."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

import aiohttp
from pydantic import BaseModel

from stripe_sandbox import payments, sessions
from stripe_sandbox.account import Account
from stripe_sandbox.store import Document

FIRST_RETRY_SECONDS = 1
LONGEST_RETRY_SECONDS = 60
MOST_ATTEMPTS = 20
TIMEOUT_SECONDS = 20
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

    async def run(self) -> None:
        """Work until cancelled; what is under way then is sent again after the next start."""
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as sending:
            while True:
                sessions.expire_overdue(self._account)
                payments.settle_due(self._account)
                self._send_due(http, sending)
                self._account.something_to_send.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._account.something_to_send.wait(), TICK_SECONDS)

    async def send_now(self, event_id: str) -> int | None:
        """Send one event, whatever the mode; return the receiver's status."""
        event = self._account.find("event", event_id)
        delivery = self._account.store.get("delivery", event_id)
        assert delivery is not None
        async with aiohttp.ClientSession() as http:
            await self._post(http, event, delivery)
        status: int | None = delivery["last_status"]
        return status

    def _send_due(self, http: aiohttp.ClientSession, sending: asyncio.TaskGroup) -> None:
        how = webhooks(self._account)
        if how.url is None or how.mode == "hold":
            return
        due = _due(self._account.undelivered.values(), how)
        if how.mode == "drop":
            for delivery in due:
                self._finish(delivery, given_up=True)
            return
        for delivery in due:
            delivery["next_at"] = time.time() + TIMEOUT_SECONDS + LONGEST_RETRY_SECONDS
        if how.mode == "reorder":
            sending.create_task(self._post_in_turn(http, due[::-1]))
            return
        for delivery in due * (2 if how.mode == "double" else 1):
            sending.create_task(self._post_in_turn(http, [delivery]))

    async def _post_in_turn(self, http: aiohttp.ClientSession, deliveries: list[Document]) -> None:
        for delivery in deliveries:
            await self._post(http, self._account.find("event", delivery["event"]), delivery)

    async def _post(self, http: aiohttp.ClientSession, event: Document, delivery: Document) -> None:
        body = json.dumps(event, indent=2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(self._account.settings.webhook_secret, body),
            "User-Agent": "Stripe/1.0 (sandbox)",
        }
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        url = webhooks(self._account).url or ""
        delivery["attempts"] += 1
        try:
            async with http.post(url, data=body, headers=headers, timeout=timeout) as response:
                delivery["last_status"] = response.status
        except (aiohttp.ClientError, TimeoutError):
            delivery["last_status"] = None
        self._finish(delivery)

    def _finish(self, delivery: Document, *, given_up: bool = False) -> None:
        delivered = 200 <= (delivery["last_status"] or 0) < 300
        delivery["delivered"] = delivery["delivered"] or delivered
        delivery["given_up"] = given_up or delivery["attempts"] >= MOST_ATTEMPTS
        wait = min(FIRST_RETRY_SECONDS * 2 ** (delivery["attempts"] - 1), LONGEST_RETRY_SECONDS)
        delivery["next_at"] = time.time() + wait
        self._account.store.put("delivery", delivery["event"], delivery)
        if delivery["delivered"] or delivery["given_up"]:
            self._account.undelivered.pop(delivery["event"], None)


def _due(waiting: Iterable[Document], how: Webhooks) -> list[Document]:
    now = time.time()
    due = [delivery for delivery in waiting if delivery["next_at"] <= now]
    if how.mode == "delay":
        return [found for found in due if found["attempts"] or _waited(found, how.delay_seconds)]
    if how.mode == "reorder" and not any(_waited(found, REORDER_WINDOW_SECONDS) for found in due):
        return []  # more events may come, and only of several can the order change
    return due


def _waited(delivery: Document, seconds: float) -> bool:
    return bool(delivery["next_at"] + seconds <= time.time())
