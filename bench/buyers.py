"""Buyers: each checks out an order, pays, delivers Stripe's webhook and waits for PAID."""

import asyncio
import hashlib
import hmac
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from bench.paid_watch import PaidWatch, watching
from bench.stage import Stage
from bench.variants import Shop
from onebox.tokens import bearer_token

BUYER = "bench"
Done = TypeVar("Done")
_PATIENCE_SECONDS = 60


class Unexpected(Exception):
    """An answer that no measurement can go on with."""


@dataclass(frozen=True)
class Purchase:
    """How long a buyer waited, in seconds; `paid` counts from the webhook's sending to PAID."""

    checkout: float
    webhook: float
    paid: float


@dataclass
class Buyers:
    """HTTP clients of one shop; several APIs are called in turn. `busy` counts its 503s."""

    http: aiohttp.ClientSession
    api_urls: Sequence[str]
    token: str
    webhook_secret: str
    watch: PaidWatch
    busy: int = 0
    _calls: int = field(default=0, repr=False)

    async def buy(self, order_id: str) -> Purchase:
        """Go all the way with one order. Raises Unexpected or TimeoutError."""
        checkout, page = await self.check_out(order_id)
        webhook, paid = await self.pay(order_id, page)
        return Purchase(checkout, webhook, paid)

    async def check_out(self, order_id: str) -> tuple[float, str]:
        """Return the seconds until the payment page's address came, and the address."""
        seconds, page = await self.try_checkout(order_id)
        if page is None:
            raise Unexpected(f"{order_id} is sold out")
        return seconds, page

    async def try_checkout(self, order_id: str) -> tuple[float, str | None]:
        """Return the seconds until the answer, and where to pay; None where it is sold out."""
        began = time.perf_counter()
        answer = await self._call(f"/orders/{order_id}/checkout")
        return time.perf_counter() - began, answer.get("url")

    async def pay(self, order_id: str, page: str) -> tuple[float, float]:
        """Pay on the page; return the seconds until the webhook is answered, and until PAID."""
        async with self.http.post(page) as paying:
            event = await paying.read()
        visible = self.watch.wait_for(order_id)
        began = time.perf_counter()
        async with self.http.post(
            f"{self._api_url()}/webhooks/stripe",
            data=event,
            headers=signed(event, self.webhook_secret),
        ) as answer:
            if answer.status != 200:
                raise Unexpected(f"webhook: {answer.status} {await answer.text()}")
        acknowledged = time.perf_counter()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            paid_at = await visible
        return acknowledged - began, paid_at - began

    async def _call(self, path: str) -> dict[str, Any]:
        """POST to the shop until it is not too busy to answer. Raises Unexpected."""
        headers = {"Authorization": f"Bearer {self.token}"}
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            async with self.http.post(
                self._api_url() + path, headers=headers, skip_auto_headers=["Content-Type"]
            ) as answer:
                answered: dict[str, Any] = await answer.json(content_type=None)
                if answer.status == 200 or answered.get("code") == "sold_out":
                    return answered
                if answer.status != 503 or time.monotonic() > give_up_at:
                    raise Unexpected(f"{path}: {answer.status} {answered}")
                wait_seconds = float(answer.headers.get("Retry-After", "1"))
            self.busy += 1
            await asyncio.sleep(wait_seconds)

    def _api_url(self) -> str:
        self._calls += 1
        return self.api_urls[self._calls % len(self.api_urls)]


def signed(event: bytes, secret: str) -> dict[str, str]:
    """Return the headers of a webhook: https://docs.stripe.com/webhooks#verify-manually."""
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"{at}.".encode() + event, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={digest}", "Content-Type": "application/json"}


@asynccontextmanager
async def buyers_of(stage: Stage, shop: Shop) -> AsyncIterator[Buyers]:
    """The buyers of a shop."""
    secrets = shop.site.secrets
    token = bearer_token(secrets.auth_jwt_secret, BUYER)
    async with watching(shop.site.database_url) as watch:
        yield Buyers(stage.http, shop.api_urls, token, secrets.stripe_webhook_secret, watch)


async def crowd(
    visit: Callable[[str], Awaitable[Done]], order_ids: Sequence[str], at_a_time: int
) -> list[Done]:
    """Let that many buyers at a time visit until every order had its visit."""
    waiting, done = deque(order_ids), list[Done]()

    async def buyer() -> None:
        while waiting:
            done.append(await visit(waiting.popleft()))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_a_time):
            group.create_task(buyer())
    return done
