"""How a script is played, and how its walk comes to rest."""

from collections import Counter
from datetime import timedelta

from activities.attempts import SESSION_OUTLIVES_HOLD
from domain.payment import DEADLINE_BEFORE_EXPIRY
from tests.workflows.saga import HOLD
from trials.walk.buyers import Settle
from trials.walk.refunds import end_refunds
from trials.walk.rules import check_moment, check_rest, nothing_hangs
from trials.walk.scripts import Script
from trials.walk.stage import MOMENT, Broken, Stage, set_stage
from trials.walk.stripe import Deliver, no_more_faults
from trials.walk.world import World

LONGEST_EXTENSION = SESSION_OUTLIVES_HOLD - DEADLINE_BEFORE_EXPIRY
ENDS_WITHIN = HOLD + LONGEST_EXTENSION + timedelta(minutes=10)
DAY = timedelta(days=1)
A_WHILE = timedelta(minutes=2)


async def play(world: World, script: Script) -> Counter[str]:
    """Play a script and see to its end; return what was reached, and how often.

    Raises Broken where a promise was broken.
    """
    stage = await set_stage(world)
    try:
        await _play(stage, script)
        await _come_to_rest(stage)
        return await check_rest(stage) + stage.seen
    except Broken as broken:
        raise Broken(stage.by_place(str(broken))) from broken


async def _play(stage: Stage, script: Script) -> None:
    try:
        for step in script:
            await step.act(stage)
            await stage.world.let_pass(MOMENT)
            await check_moment(stage)
    finally:
        no_more_faults(stage)


async def _come_to_rest(stage: Stage) -> None:
    """Let everything end by itself, without one webhook; then let all of them come, late."""
    await _pass_quietly(stage, ENDS_WITHIN)
    await nothing_hangs(stage)
    for order in range(len(stage.orders)):
        await Settle(order).act(stage)
    for _ in range(2):  # a refund that was begun in the first day ends in the second
        await _pass_quietly(stage, DAY + ENDS_WITHIN)
    for order_id in stage.orders:  # a terminated checkout's delayed payment may take its time
        if deadline := await stage.deadline(order_id):
            now = await stage.world.environment.get_current_time()
            await _pass_quietly(stage, deadline + ENDS_WITHIN - now)
    await check_rest(stage, unheard=True)
    lost = [event for event in stage.all_events() if event["id"] not in stage.delivered]
    stage.saw("events late or lost", len(lost))
    for events in ("forwards", "backwards"):
        for order, order_id in enumerate(stage.orders):
            for event in range(len(stage.events(order_id))):
                await Deliver(order, event if events == "forwards" else -1 - event).act(stage)
    await _pass_quietly(stage, ENDS_WITHIN)
    await _pass_quietly(stage, DAY + ENDS_WITHIN)  # refunds of what was only heard of now


async def _pass_quietly(stage: Stage, duration: timedelta) -> None:
    """Let time pass, refunds end, and then the reconciler run."""
    await stage.world.let_pass(duration, longest_step=DAY)
    end_refunds(stage)
    await stage.reconcile()
    await stage.world.let_pass(A_WHILE)  # what it took up ends
