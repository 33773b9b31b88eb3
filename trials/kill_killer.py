"""Who is killed when. Never the sandbox: it is the witness."""

import asyncio
import random

from trials.kill_machine import Machine
from trials.kill_points import Points, all_points

# Temporal's dev server and PostgreSQL are one each: while they are down, nothing goes on.
_WEIGHTS = {"worker": 4, "api": 3, "postgres": 2, "temporal": 2}
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1, 4
_LONGEST_DOWN_SECONDS = 2
POINT_EVERY_SECONDS = 1.5


async def kill_at_random(machine: Machine, chance: random.Random) -> None:
    """Send SIGKILL to one process after another until cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS))
        kind = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        machine.kill(kind, chance, down_seconds=chance.uniform(0, _LONGEST_DOWN_SECONDS))


async def kill_at_points(points: Points, chance: random.Random) -> None:
    """Arm one point after the other: with all at once, no worker would live to see the later ones.

    Returns when all are armed. Some wait long for a worker to come by.
    """
    for point in chance.sample(all_points(), len(all_points())):
        points.arm(point)
        await asyncio.sleep(POINT_EVERY_SECONDS)
