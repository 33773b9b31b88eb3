"""A shop's webhook endpoint, which takes only what Stripe's SDK accepts as signed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe
from aiohttp import web

WEBHOOK_SECRET = "whsec_of_the_tests"


class Receiver:
    """What arrived, and how it is answered."""

    def __init__(self) -> None:
        self.url = ""
        self.events: list[stripe.Event] = []
        self.times: list[float] = []
        self.answers: list[int] = []

    def about(self, object_id: str) -> list[str]:
        """Return the types of the events about an object, as they arrived."""
        return [event.type for event in self.events if event.data.object["id"] == object_id]

    async def take(self, request: web.Request) -> web.Response:
        """Take an event, and answer the next of the answers, or 200 when there are none left."""
        payload, signature = await request.read(), request.headers["Stripe-Signature"]
        event = stripe.Webhook.construct_event(payload, signature, WEBHOOK_SECRET)
        self.events.append(event)
        self.times.append(time.time())
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """An endpoint on a free port for the length of the block."""
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/webhook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    yield receiver
    await runner.cleanup()
