"""Another system that is told of orders: now and then it refuses, or does not answer at all."""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from onebox.ports import HOST, free_port

_REFUSES_IN, _HANGS_IN = 0.1, 0.03
_HANGS_SECONDS = 20  # longer than any sender waits


class Receiver:
    """Takes what `standardwebhooks` verifies; `taken` holds the ids it took, each order's apart.

    `strange` counts what no sender should send: a wrong signature, an id with another body.
    """

    def __init__(self, chance: random.Random) -> None:
        self.url = f"http://{HOST}:{free_port()}/hooks"
        self.secret = f"whsec_{base64.b64encode(chance.randbytes(32)).decode()}"
        self.taken: dict[str, list[str]] = {}
        self.requests = 0
        self.strange: Counter[str] = Counter()
        self.is_calm = False
        self._chance = chance
        self._bodies: dict[str, bytes] = {}

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Listen for the length of the block."""
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, HOST, int(self.url.split(":")[2].split("/")[0])).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.read()
        try:
            event = Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.strange["an outgoing event with a wrong signature"] += 1
            return web.Response(status=400)
        event_id = request.headers["webhook-id"]
        if self._bodies.setdefault(event_id, body) != body:
            self.strange["an outgoing event that came with two bodies"] += 1
        drawn = 1.0 if self.is_calm else self._chance.random()
        if drawn < _HANGS_IN:
            await asyncio.sleep(_HANGS_SECONDS)
        if drawn < _REFUSES_IN:
            return web.Response(status=500)
        taken = self.taken.setdefault(event["data"]["id"], [])
        if event_id not in taken:
            taken.append(event_id)
        return web.Response()
