"""Which scripts a random walk may follow, and how one is played."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import get_args, get_type_hints

from hypothesis import strategies as st

from tests.workflows.saga import HOLD
from trials.walk_rules import check_moment, check_rest
from trials.walk_stage import MOMENT, TICKETS_OF, Stage, set_stage
from trials.walk_steps import (
    AtOnce,
    Cancel,
    Checkout,
    Deliver,
    Fault,
    Pass,
    PassToDeadline,
    Pay,
    Reconcile,
    RequestCancellation,
    Return,
    Settle,
    Step,
    Terminate,
)
from trials.world import World

Script = Sequence[Step]

ENDS_WITHIN = HOLD + timedelta(minutes=10)
DAY = timedelta(days=1)

orders = st.integers(0, len(TICKETS_OF) - 1)
checkout: st.SearchStrategy[Step] = st.builds(Checkout, orders, st.integers(1, 2))
pay: st.SearchStrategy[Step] = st.builds(Pay, orders, st.sampled_from(("good", "declined", "bank")))
requests = st.sampled_from(("create", "create", "create", "expire", "retrieve", "list", "refund"))
fault: st.SearchStrategy[Step] = st.one_of(  # Stripe saves no 429 under a key
    st.builds(Fault, requests, st.just("error_before"), st.integers(1, 3), st.just(429)),
    st.builds(
        Fault,
        requests,
        st.sampled_from(get_args(get_type_hints(Fault)["kind"])),
        st.integers(1, 3),
        st.sampled_from((500, 503)),
    ),
)


def _weighed(steps: Mapping[st.SearchStrategy[Step], int]) -> st.SearchStrategy[Step]:
    """Return one of these strategies, each as often as it weighs; `one_of` knows no weights."""
    bag = [strategy for strategy, weight in steps.items() for _ in range(weight)]
    return st.sampled_from(bag).flatmap(lambda strategy: strategy)


COMMON: dict[st.SearchStrategy[Step], int] = {
    checkout: 6,
    pay: 6,
    st.builds(Deliver, orders, st.integers(-3, -1), st.integers(1, 2)): 3,
    st.builds(Return, orders): 2,
    st.builds(Settle, orders, st.booleans()): 2,
    st.builds(Cancel, orders): 2,
    st.builds(RequestCancellation, orders): 1,
    st.builds(Terminate, orders): 3,
    st.builds(Reconcile): 1,
    st.builds(Pass, st.sampled_from((1, 30, 600, 1900, 90_000))): 1,
    st.builds(PassToDeadline, orders, st.integers(-1, 1)): 2,
    fault: 4,
}
together = st.lists(_weighed(COMMON), min_size=2, max_size=3)
alone = _weighed(COMMON | {st.builds(AtOnce, together): 4})
some_steps = st.lists(alone, max_size=10)
# In pieces, for they are longer than one list on the average, and shrink to nothing all the same.
scripts = st.tuples(
    st.lists(_weighed({checkout: 3, fault: 1}), max_size=4), some_steps, some_steps, some_steps
).map(lambda pieces: [step for piece in pieces for step in piece])


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
    return await check_rest(stage)


async def _come_to_rest(stage: Stage) -> None:
    """Let everything end by itself, without one webhook; then let all of them come, late."""
    await _pass_quietly(stage, ENDS_WITHIN)
    for order in range(len(stage.orders)):
        await Settle(order).act(stage)
    await _pass_quietly(stage, DAY + ENDS_WITHIN)
    for order_id in stage.orders:  # a terminated checkout's delayed payment may take its time
        if deadline := await stage.deadline(order_id):
            now = await stage.world.environment.get_current_time()
            await _pass_quietly(stage, deadline + ENDS_WITHIN - now)
    await check_rest(stage)
    for order, order_id in enumerate(stage.orders):
        for event in range(len(stage.events(order_id))):
            await Deliver(order, event).act(stage)
    await _pass_quietly(stage, ENDS_WITHIN)


async def _pass_quietly(stage: Stage, duration: timedelta) -> None:
    """Let time pass, and then the reconciler run."""
    await stage.world.let_pass(duration, longest_step=DAY)
    await stage.reconcile()
    await stage.world.let_pass(MOMENT)
