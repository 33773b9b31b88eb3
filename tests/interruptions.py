"""A worker's life in the tests: it dies, or stands still, before or after an activity's effect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

Where = Literal["before", "after"]


class Died(Exception):
    """What Temporal hears of a worker that died over an activity: that it should be tried again."""


@dataclass
class Pause:
    """An activity that stands still: `reached` when it does, until `over`."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Interruptions(ClientInterceptor, Interceptor):
    """Comes between a worker and its activities; a worker takes it over from its client."""

    def __init__(self) -> None:
        self._deaths: list[tuple[str, Where]] = []
        self._pauses: dict[tuple[str, Where], Pause] = {}
        self._running = 0

    def client(self, client: Client) -> Client:
        """Return a client whose workers are interrupted."""
        config = client.config()
        return Client(**config | {"interceptors": [*config["interceptors"], self]})

    def die(self, activity: str, where: Where) -> None:
        """Let the worker die at the next activity of this name, before or after its effect."""
        self._deaths.append((activity, where))

    @asynccontextmanager
    async def standing_still(self, activity: str, where: Where) -> AsyncIterator[Awaitable[Any]]:
        """Let activities of this name stand still during the block; gives what waits for one."""
        pause = self._pauses[activity, where] = Pause()
        try:
            yield pause.reached.wait()
        finally:
            del self._pauses[activity, where]
            pause.over.set()

    async def all_done(self) -> None:
        """Wait until no activity is running."""
        while self._running:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap every activity."""
        return _Interrupted(next, self)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count an activity while it is running."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def come_to(self, name: str, where: Where) -> None:
        """Die or stand still here, if that was asked for."""
        if pause := self._pauses.get((name, where)):
            pause.reached.set()
            await pause.over.wait()
        if (name, where) in self._deaths:
            self._deaths.remove((name, where))
            raise Died(f"{where} {name}")


class _Interrupted(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, interruptions: Interruptions) -> None:
        super().__init__(next)
        self._interruptions = interruptions

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        name = activity.info().activity_type
        with self._interruptions.running():
            await self._interruptions.come_to(name, "before")
            result = await super().execute_activity(input)
            await self._interruptions.come_to(name, "after")
            return result
