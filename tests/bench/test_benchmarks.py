"""Each benchmark, short: that it comes to its figures, not what they are."""

import pytest

from bench.benchmarks import BENCHMARKS, Scale
from bench.buyers import buyers_of
from bench.casting import PEERS
from bench.measurement import LIGHT, measure
from bench.orders import SETTINGS
from bench.paysaga import PAYSAGA
from bench.stage import Stage
from bench.variants import Variant, running

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("variant", [PAYSAGA, *PEERS], ids=lambda variant: variant.name)
async def test_every_variant_brings_orders_to_paid(stage: Stage, variant: Variant) -> None:
    if obstacle := variant.obstacle():
        pytest.skip(obstacle)
    async with running(stage, variant) as shop, buyers_of(stage, shop) as buyers:
        order_ids = await variant.add_orders(shop.site, 3)
        measurement = await measure(shop, buyers, order_ids, LIGHT)
    assert len(measurement.purchases) == 3
    assert measurement.cpu_ms("api") > 0


async def test_the_comparison_measures_in_rounds_and_judges_its_goals(stage: Stage) -> None:
    outcome = await BENCHMARKS["orders"](stage, Scale(1, 4, ("paysaga", "plain")))
    measured = outcome.figures["measurements"]
    assert len(measured) == 2 * len(SETTINGS)
    assert all(len(each["rounds"]) == 1 for each in measured)
    assert outcome.goals


async def test_the_steps_of_a_paid_order_are_counted_and_no_more_than_they_were(
    stage: Stage,
) -> None:
    """Take the limits down with the steps; the reconciler may look in and add a statement each."""
    outcome = await BENCHMARKS["steps"](stage, Scale(orders=10, variants=("paysaga", "plain")))
    ours, plain = outcome.figures["paysaga"], outcome.figures["plain"]
    assert ours["events"]["WORKFLOW_EXECUTION_COMPLETED"] == 1
    assert sum(ours["events"].values()) <= 18
    assert ours["calls"]["ExecuteMultiOperation"] == 1
    assert 1 <= sum(ours["actions"].values()) <= 10
    assert ours["statements"]["INSERT payments"] == 1
    assert sum(ours["statements"].values()) <= 20
    assert plain["statements"]["UPDATE orders"] == 2


async def test_parked_checkouts_are_weighed_and_can_still_be_paid(stage: Stage) -> None:
    outcome = await BENCHMARKS["parked"](stage, Scale(rounds=1, orders=10))
    assert outcome.figures["weights"][-1]["in_flight"] == 10
    assert outcome.figures["late"]["orders"] == 10


async def test_a_rush_sells_exactly_what_there_is(stage: Stage) -> None:
    outcome = await BENCHMARKS["rush"](stage, Scale(orders=40))
    figures = outcome.figures
    assert (figures["tickets"], figures["held"], figures["left"]) == (4, 4, 0)
    assert len(figures["crush"]["sessions"]) == 4
    assert len(figures["crush"]["refused"]) == 36
    assert 4 <= figures["workflows"] <= 40
    assert figures["workflows_of_refusals"] == 0


async def test_more_processes_share_the_work(stage: Stage) -> None:
    outcome = await BENCHMARKS["scale"](stage, Scale(rounds=1, orders=4))
    assert [(each["workers"], each["apis"]) for each in outcome.figures["staffs"]] == [
        (1, 1),
        (2, 1),
        (1, 2),
        (2, 2),
    ]
