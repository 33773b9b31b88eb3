"""The trouble of a run: buyers, operators, bad weather and kills, all at once."""

import asyncio
import random
from itertools import chain, takewhile

from trials.kill.client import Diary
from trials.kill.crowd import Crowd
from trials.kill.killer import kill_at_points, kill_at_random
from trials.kill.operator import Operator
from trials.kill.points import Points
from trials.kill.scale import Scale
from trials.kill.stage import Stage
from trials.kill.stories import draw, far_reaching
from trials.kill.weather import calm, storm


async def make_trouble(scale: Scale, stage: Stage, points: Points) -> Diary:
    """Let everybody come and everything fail; return what they saw, when all is calm again.

    Buyers go on coming until a worker has died at each of the `points`, or not for long enough.
    """
    chance, diary = _child(random.Random(scale.seed)), Diary()  # noqa: S311
    ticket_types = await stage.put_on_sale(scale.orders)
    plans = draw(_child(chance), scale.orders, len(ticket_types))
    latecomers = far_reaching(_child(chance), len(ticket_types))
    crowd = Crowd(stage, ticket_types, scale.hold_seconds, diary)
    async with asyncio.TaskGroup() as group:
        killing = group.create_task(
            kill_at_points(points, _child(chance))
            if points.wanted
            else kill_at_random(stage.machine, _child(chance), scale.kills_every_seconds)
        )
        others = [
            group.create_task(
                storm(
                    stage.stripe,
                    _child(chance),
                    stage.machine.api_urls,
                    loses=scale.takes_minutes,
                )
            ),
            group.create_task(_operator(scale, stage, _child(chance), diary).meddle()),
        ]
        late = takewhile(lambda _: bool(points.wanted) and not killing.done(), latecomers)
        await crowd.live(
            chain(plans, late), scale.load_seconds / scale.orders, scale.longest_load_seconds
        )
        await asyncio.sleep(scale.hold_seconds)  # the last deadlines shall see kills too
        for task in (killing, *others):
            task.cancel()
    stage.receiver.is_calm = True
    await calm(stage.stripe, stage.machine.site.api_url)
    return diary


def _operator(scale: Scale, stage: Stage, chance: random.Random, diary: Diary) -> Operator:
    client = stage.client("operator", chance, diary, "ops")
    return Operator(stage.temporal, client, chance, diary, scale)


def _child(chance: random.Random) -> random.Random:
    """Return chances that do not depend on how many others take theirs meanwhile."""
    return random.Random(chance.getrandbits(64))  # noqa: S311 - to be repeated, not to be secret
