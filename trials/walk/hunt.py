"""Hunting for a script that breaks a promise, and for a shorter one that does."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from temporalio.service import RPCError

from trials.walk.clock import ClockStuck
from trials.walk.findings import Findings
from trials.walk.play import play
from trials.walk.scripts import Script, scripts
from trials.walk.shrink import shorten
from trials.walk.stage import Broken
from trials.walk.world import World, world

WALK_WITHIN_SECONDS = 120
SHORTEN_WITHIN_SECONDS = 180
LEAVE_WITHIN_SECONDS = 60
# RuntimeError is the SDK's for a server that is gone; its worker then cancels who began it.
BROKEN_DOWN = (ClockStuck, TimeoutError, RPCError, RuntimeError, asyncio.CancelledError)


class Hunt:
    """Walks in one world after the other; the next one begins where the test server broke down."""

    def __init__(
        self, database_url: str, findings: Findings, ends_at: float = float("inf")
    ) -> None:
        self._database_url = database_url
        self._findings = findings
        self._ends_at = ends_at
        self._world: World | None = None
        self._stack = AsyncExitStack()

    async def run(self, *, seed: int, walks: int) -> None:
        """Walk so many times, or until `ends_at` (monotonic); shorten the first failure."""
        loop = asyncio.get_running_loop()

        @seeded(seed)
        @settings(
            max_examples=walks,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(scripts)
        def search(script: Script) -> None:
            asyncio.run_coroutine_threadsafe(self._walk_until_one_fails(script), loop).result()

        try:
            await asyncio.to_thread(search)
            if self._findings.script is not None:
                self._ends_at = time.monotonic() + SHORTEN_WITHIN_SECONDS
                await shorten(self._findings.script, self._fails)
        finally:
            await self._leave()

    async def _walk_until_one_fails(self, script: Script) -> None:
        if self._findings.script is None:
            await self._fails(script)

    async def _fails(self, script: Script) -> bool:
        """Say whether a script breaks a promise, and remember it then."""
        if time.monotonic() > self._ends_at:
            return False
        self._findings.walks += 1
        self._findings.steps += len(script)
        walk = asyncio.create_task(self._walk(script))
        await asyncio.wait([walk], timeout=WALK_WITHIN_SECONDS)
        walk.cancel()
        try:
            self._findings.reached += await walk
        except Broken as broken:
            self._findings.fail(str(broken), script)
            await self._leave()  # what hangs there would go on
            return True
        except BROKEN_DOWN:
            self._findings.spoilt += 1
            await self._leave()
        return False

    async def _walk(self, script: Script) -> Counter[str]:
        if self._world is None:
            self._world = await self._stack.enter_async_context(world(self._database_url))
        return await play(self._world, script)

    async def _leave(self) -> None:
        """Take the world down; a server that crashed is no reason to stop."""
        self._world = None
        leaving = asyncio.create_task(self._stack.aclose())
        await asyncio.wait([leaving], timeout=LEAVE_WITHIN_SECONDS)
        leaving.cancel()
        with suppress(*BROKEN_DOWN):
            await leaving
