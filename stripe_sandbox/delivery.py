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

from stripe_sandbox import payments, sessions
from stripe_sandbox.account import Account
from stripe_sandbox.store import Document

FIRST_RETRY_SECONDS = 1
LONGEST_RETRY_SECONDS = 60
MOST_ATTEMPTS = 20
TIMEOUT_SECONDS = 20
TICK_SECONDS = 0.5
REORDER_WINDOW_SECONDS = 2

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
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with aiohttp.ClientSession() as http:
            while True:
                sessions.expire_overdue(self._account)
                payments.settle_due(self._account)
                self._send_due(http)
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

    def _send_due(self, http: aiohttp.ClientSession) -> None:
        how = webhooks(self._account)
        if how.url is None or how.mode == "hold":
            return
        due = [found for found in self._account.undelivered.values() if _is_due(found, how)]
        if how.mode == "reorder":
            due.reverse()
        for delivery in due:
            if how.mode == "drop":
                self._finish(delivery, given_up=True)
                continue
            delivery["next_at"] = time.time() + TIMEOUT_SECONDS + LONGEST_RETRY_SECONDS
            for _ in range(2 if how.mode == "double" else 1):
                event = self._account.find("event", delivery["event"])
                task = asyncio.create_task(self._post(http, event, delivery))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)

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


def _is_due(delivery: Document, how: Webhooks) -> bool:
    wait = how.delay_seconds if how.mode == "delay" and not delivery["attempts"] else 0
    if how.mode == "reorder" and not delivery["attempts"]:
        wait = REORDER_WINDOW_SECONDS
    return bool(delivery["next_at"] + wait <= time.time())
