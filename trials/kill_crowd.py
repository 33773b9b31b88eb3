"""All buyers of a run."""

import asyncio
import random
from collections.abc import Iterable, Sequence

from trials.kill_buyers import Buyer
from trials.kill_client import Diary
from trials.kill_stage import Stage
from trials.kill_stories import Plan

_LONGEST_QUEUE = 30


class Crowd:
    """Buyers who choose among `tickets` and write into one diary."""

    def __init__(
        self, stage: Stage, tickets: Sequence[str], hold_seconds: float, diary: Diary
    ) -> None:
        self._stage = stage
        self._tickets = tickets
        self._hold_seconds = hold_seconds
        self._diary = diary
        self._queue = asyncio.Semaphore(_LONGEST_QUEUE)

    async def live(self, plans: Iterable[Plan], every_seconds: float) -> None:
        """Let them come one by one and carry out their plans; return when the last one is done.

        Where too many wait for an answer, because the machine is slow, nobody joins them.
        """
        async with asyncio.TaskGroup() as group:
            for number, plan in enumerate(plans):
                async with self._queue:
                    buyer = self._buyer(number, plan)
                    group.create_task(buyer.live(self._tickets, self._hold_seconds, self._queue))
                await asyncio.sleep(every_seconds)

    def _buyer(self, number: int, plan: Plan) -> Buyer:
        chance = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
        client = self._stage.client(f"buyer-{number}", chance, self._diary)
        return Buyer(plan, client, self._stage.stripe, self._diary, chance)
