"""The comparison: from an order's row to PAID, every variant in turn, round by round."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.buyers import Buyers, buyers_of
from bench.measurement import LIGHT, SATURATED, Load, Measurement, measure
from bench.stage import Stage
from bench.variants import Shop, Variant, running
from onebox.report import say

LATENCIES_MS = (0, 150)
_WARM_UP_ORDERS = 30


@dataclass(frozen=True)
class Setting:
    """Under which conditions a measurement is made."""

    latency_ms: int
    load: Load


SETTINGS = [Setting(ms, load) for ms in LATENCIES_MS for load in (LIGHT, SATURATED)]
Results = dict[str, dict[Setting, list[Measurement]]]


async def compare(
    stage: Stage, variants: Sequence[Variant], *, rounds: int, orders: int
) -> Results:
    """Measure all variants `rounds` times, each time in another order, with `orders` orders.

    At light load it is half as many.
    """
    results: Results = {variant.name: defaultdict(list) for variant in variants}
    for number in range(rounds):
        for variant in [*variants[number % len(variants) :], *variants[: number % len(variants)]]:
            say(f"round {number + 1} of {rounds}: {variant.name}")
            async with running(stage, variant) as shop, buyers_of(stage, shop) as buyers:
                await _take_turn(stage, shop, buyers, orders, results[variant.name])
    return results


async def _take_turn(
    stage: Stage,
    shop: Shop,
    buyers: Buyers,
    orders: int,
    results: dict[Setting, list[Measurement]],
) -> None:
    await stage.set_latency(0)
    warm_up = await shop.variant.add_orders(shop.site, min(orders, _WARM_UP_ORDERS))
    await measure(shop, buyers, warm_up, SATURATED)
    for setting in SETTINGS:
        count = orders if setting.load is SATURATED else max(1, orders // 2)
        order_ids = await shop.variant.add_orders(shop.site, count)
        await stage.set_latency(setting.latency_ms)
        results[setting].append(await measure(shop, buyers, order_ids, setting.load))
