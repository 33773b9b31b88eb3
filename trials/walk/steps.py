"""The steps of a random walk, and those in which only time passes.

A step prints as the Python that makes it, so that a script which failed can be pasted into a test.
Orders are named by their place on the stage; a step that makes no sense yet does nothing, and one
that did something is counted in what the stage has seen.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from trials.walk.stage import Stage


class Step(Protocol):
    """One thing that happens."""

    async def act(self, stage: Stage) -> None:
        """Let it happen. Raises Broken when the answer must not be."""


@dataclass(frozen=True)
class AtOnce:
    """Several things happen at the same time."""

    steps: Sequence[Step]

    async def act(self, stage: Stage) -> None:
        """Let all happen."""
        await asyncio.gather(*(step.act(stage) for step in self.steps))


@dataclass(frozen=True)
class Pass:
    """Time passes."""

    seconds: int

    async def act(self, stage: Stage) -> None:
        """Skip it."""
        await stage.let_pass(timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class PassToDeadline:
    """Time passes until so many seconds after an order's deadline."""

    order: int
    seconds: int = 0

    async def act(self, stage: Stage) -> None:
        """Skip it."""
        if deadline := await stage.deadline(stage.orders[self.order]):
            now = await stage.world.environment.get_current_time()
            await stage.let_pass(deadline + timedelta(seconds=self.seconds) - now)
