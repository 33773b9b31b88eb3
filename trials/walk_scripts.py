"""Which scripts a random walk may follow, and how one is played."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import get_args, get_type_hints

from hypothesis import strategies as st
from temporalio.client import WorkflowUpdateFailedError

from domain.order import OrderStatus
from tests.workflows.saga import HOLD
from trials.walk_rules import check_end, check_moment
from trials.walk_stage import MOMENT, TICKETS_OF, Broken, Stage, set_stage
from trials.walk_steps import (
    AtOnce,
    Cancel,
    Checkout,
    Deliver,
    Fault,
    Pass,
    PassToDeadline,
    Pay,
    RequestCancellation,
    Return,
    Settle,
    Step,
    Terminate,
)
from trials.world import World

Script = Sequence[Step]

LONGEST_SCRIPT = 20
ENDS_WITHIN = HOLD + timedelta(minutes=10)
DAY = timedelta(days=1)

orders = st.integers(0, len(TICKETS_OF) - 1)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Checkout, orders, st.integers(1, 2)),
    st.builds(Pay, orders, st.sampled_from(("good", "declined", "bank"))),
    st.builds(Deliver, orders, st.integers(-3, -1), st.integers(1, 2)),
    st.builds(Return, orders),
    st.builds(Settle, orders, st.booleans()),
    st.builds(Cancel, orders),
    st.builds(RequestCancellation, orders),
    st.builds(Terminate, orders),
    st.builds(Pass, st.sampled_from((1, 30, 600, 1900, 90_000))),
    st.builds(PassToDeadline, orders, st.integers(-1, 1)),
    st.builds(
        Fault,
        st.sampled_from(get_args(get_type_hints(Fault)["request"])),
        st.sampled_from(get_args(get_type_hints(Fault)["kind"])),
        st.integers(1, 3),
        st.sampled_from((429, 500, 503)),
    ),
)
at_once = st.builds(AtOnce, st.lists(steps, min_size=2, max_size=3))
scripts = st.lists(st.one_of(steps, steps, steps, at_once), min_size=1, max_size=LONGEST_SCRIPT)


async def play(world: World, script: Script) -> Counter[str]:
    """Play a script and see to its end; return how many orders ended in which status.

    Raises Broken where a promise was broken.
    """
    stage = await set_stage(world)
    try:
        for step in script:
            await step.act(stage)
            await world.let_pass(MOMENT)
            await check_moment(stage)
    finally:
        await world.fault("", "", times=0)
    await _come_to_rest(stage)
    return await check_end(stage)


async def _come_to_rest(stage: Stage) -> None:
    """Let everything end by itself, without one webhook; then let all of them come, late."""
    await stage.world.let_pass(ENDS_WITHIN)
    for order in range(len(stage.orders)):
        await Settle(order).act(stage)
    await stage.world.let_pass(DAY + ENDS_WITHIN)
    if running := await stage.running():
        raise Broken(f"still running: {running}")
    await _take_up_terminated(stage)
    await check_moment(stage)
    for order, order_id in enumerate(stage.orders):
        for event in range(len(stage.events(order_id))):
            await Deliver(order, event).act(stage)
    await stage.world.let_pass(ENDS_WITHIN)
    if running := await stage.running():
        raise Broken(f"still running after all events came: {running}")


async def _take_up_terminated(stage: Stage) -> None:
    """Have orders that a terminated checkout left behind taken up again."""
    for order_id in stage.orders:
        seen = await stage.world.see(order_id)
        if seen.status is OrderStatus.CREATED and await stage.deadline(order_id):
            with suppress(WorkflowUpdateFailedError):  # it was paid, as the checks will see
                await stage.within_patience(stage.world.cancel(order_id))
    await stage.world.let_pass(ENDS_WITHIN)
