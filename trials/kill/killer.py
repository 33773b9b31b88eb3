"""Who is killed when. Never the sandbox: it is the witness."""

import asyncio
import random
import time
from collections.abc import Sequence

from trials.kill.machine import Machine
from trials.kill.points import Points

# Temporal's dev server and PostgreSQL are one each: while they are down, nothing goes on.
_WEIGHTS = {"worker": 4, "api": 3, "postgres": 2, "temporal": 2}
_LONGEST_DOWN_SECONDS = 2
_TICK_SECONDS = 0.1
_NEXT_POINT_AFTER_SECONDS = 3
_ALL_MET_WITHIN_SECONDS = 240


async def kill_at_random(machine: Machine, chance: random.Random, every_seconds: float) -> None:
    """Send SIGKILL to one process after another until cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * every_seconds)
        kind = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        machine.kill(kind, chance, down_seconds=chance.uniform(0, _LONGEST_DOWN_SECONDS))


async def kill_at_points(points: Points, chance: random.Random) -> None:
    """Arm one point after the other: with all at once, no worker would live to see the later ones.

    Returns when a worker has died at each of them, or not for long enough.
    """
    give_up_at = time.monotonic() + _ALL_MET_WITHIN_SECONDS
    for point in chance.sample(points.wanted, len(points.wanted)):
        points.arm(point)
        await _wait_until_met([point], points, time.monotonic() + _NEXT_POINT_AFTER_SECONDS)
    await _wait_until_met(points.wanted, points, give_up_at)


async def _wait_until_met(wanted: Sequence[str], points: Points, give_up_at: float) -> None:
    while not points.met() >= set(wanted) and time.monotonic() < give_up_at:  # noqa: ASYNC110
        await asyncio.sleep(_TICK_SECONDS)
