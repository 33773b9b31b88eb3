"""Who is killed when, at random. Never the sandbox: it is the witness."""

import asyncio
import random

from trials.kill_machine import Machine

# Temporal's dev server and PostgreSQL are one each: while they are down, nothing goes on.
_WEIGHTS = {"worker": 4, "api": 3, "postgres": 2, "temporal": 2}
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1, 4
_LONGEST_DOWN_SECONDS = 2


async def kill_at_random(machine: Machine, chance: random.Random) -> None:
    """Send SIGKILL to one process after another until cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS))
        kind = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        machine.kill(kind, chance, down_seconds=chance.uniform(0, _LONGEST_DOWN_SECONDS))
