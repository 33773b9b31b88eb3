"""Another system that is told of orders; it takes only what `standardwebhooks` verifies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from activities.outgoing import Outbox
from database.orders import lock_order
from database.outbox import add_event
from domain.ids import OrderId
from domain.outgoing import OutgoingType
from onebox.ports import HOST, free_port

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY_OF_ANSWERS = "a text that nobody wants to see in a log"


async def tell(outbox: Outbox, order_id: OrderId, *types: OutgoingType) -> None:
    """Let something happen to an order, and other systems hear of it."""
    async with outbox.transaction(order_id) as connection:
        await lock_order(connection, order_id)
        for event_type in types:
            await add_event(connection, order_id, event_type)


@dataclass(frozen=True)
class Delivery:
    """One request that was rightly signed, and its `webhook-id`."""

    id: str
    body: bytes
    event: dict[str, Any]

    @property
    def order_id(self) -> OrderId:
        """Return which order the event is about."""
        return OrderId(self.event["data"]["id"])


class Receiver:
    """What came, and how it is answered: with the next of `answers`, else 200; 0 is no answer."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}/hooks?of=paysaga"
        self.came: list[Delivery] = []
        self.taken: list[Delivery] = []
        self.answers: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self._something_came = asyncio.Condition()

    def told_of(self, order_id: OrderId) -> list[str]:
        """Return the types of the events of an order that were taken, as they came."""
        return [event.event["type"] for event in self.taken if event.order_id == order_id]

    async def until_came(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with self._something_came:
            await self._something_came.wait_for(lambda: len(self.came) >= count)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Listen for the length of the block."""
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        app.router.add_post("/elsewhere", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, HOST, self._port).start()
        yield
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        event = Webhook(SECRET).verify(body, dict(request.headers))
        delivery = Delivery(request.headers["webhook-id"], body, event)
        async with self._something_came:
            self.came.append(delivery)
            self._something_came.notify_all()
        await self.open.wait()
        status = self.answers.pop(0) if self.answers else 200
        if status == 0 and request.transport:
            request.transport.abort()
        if 200 <= status < 300:
            self.taken.append(delivery)
        return web.Response(
            status=status,
            text=None if status == 204 else BODY_OF_ANSWERS,
            headers={"location": "/elsewhere", "set-cookie": "a=b"},
        )
