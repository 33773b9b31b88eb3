"""All buyers of a run."""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence

from trials.kill.aftermath import Desk
from trials.kill.buyers import Buyer
from trials.kill.client import Diary, NoAnswer
from trials.kill.stage import Stage
from trials.kill.stories import Plan

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

    async def live(
        self, plans: Iterable[Plan], every_seconds: float, longest_seconds: float
    ) -> None:
        """Let them come one by one and carry out their plans; return when the last one is done.

        Where too many wait for an answer, because the machine is slow, nobody joins them; those
        who have not come after the longest time stay at home.
        """
        over_at = time.monotonic() + longest_seconds
        async with asyncio.TaskGroup() as group:
            for number, plan in enumerate(plans):
                async with self._queue:
                    if time.monotonic() > over_at:
                        break
                    self._diary.came += 1
                    group.create_task(self._play(number, plan))
                await asyncio.sleep(every_seconds)

    async def _play(self, number: int, plan: Plan) -> None:
        chance = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
        stripe, diary = self._stage.stripe, self._diary
        client = self._stage.client(f"buyer-{number}", chance, diary)
        buyer = Buyer(plan, client, stripe, diary, chance)
        order_id = await buyer.live(self._tickets, self._hold_seconds, self._queue)
        if order_id is None:
            return
        operator = self._stage.client("desk", chance, diary, "ops")
        desk = Desk(order_id, operator, stripe, diary, chance)
        try:
            await desk.see_to(plan.aftermath, patience_seconds=2 * self._hold_seconds)
        except NoAnswer as asked:
            diary.gave_up[str(asked)] += 1
