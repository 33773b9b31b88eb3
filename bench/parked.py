"""Thousands of checkouts in flight: what one more costs, and how much memory they take."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench.buyers import Buyers, buyers_of, crowd
from bench.measurement import LIGHT, Measurement, measure
from bench.paysaga import paysaga
from bench.stage import Stage
from bench.variants import Shop, running
from onebox.report import say

_HOLD_SECONDS = 6 * 3600
_AT_A_TIME = 50
WEIGHED = ("worker", "api", "temporal")


@dataclass(frozen=True)
class Weight:
    """What the processes weigh with so many checkouts in flight, in MB of resident memory."""

    in_flight: int
    megabytes: dict[str, float]


@dataclass(frozen=True)
class Parked:
    """Measurements at light load before and with the parked checkouts; `late`: paying these."""

    before: Sequence[Measurement]
    beside: Sequence[Measurement]
    late: Measurement
    weights: Sequence[Weight]


async def park(stage: Stage, *, parked: int, rounds: int) -> Parked:
    """Measure `rounds` times at light load, park that many checkouts, measure again."""
    async with (
        running(stage, paysaga(hold_seconds=_HOLD_SECONDS)) as shop,
        buyers_of(stage, shop) as buyers,
    ):
        orders = min(100, parked)
        await _sell(shop, buyers, orders)  # to warm up
        before = [await _sell(shop, buyers, orders) for _ in range(rounds)]
        order_ids = await shop.variant.add_orders(shop.site, parked)
        weights = await _check_out(shop, buyers, order_ids)
        beside = [await _sell(shop, buyers, orders) for _ in range(rounds)]
        late = await measure(shop, buyers, order_ids[:orders], LIGHT)
        return Parked(before, beside, late, weights)


async def _sell(shop: Shop, buyers: Buyers, orders: int) -> Measurement:
    return await measure(shop, buyers, await shop.variant.add_orders(shop.site, orders), LIGHT)


async def _check_out(shop: Shop, buyers: Buyers, order_ids: Sequence[str]) -> list[Weight]:
    """Check all out and pay nothing; return the weights on the way."""
    weights = [_weigh(shop, 0)]
    step = max(1, len(order_ids) // 10)
    for start in range(0, len(order_ids), step):
        chunk = order_ids[start : start + step]
        await crowd(buyers.check_out, chunk, _AT_A_TIME)
        weights.append(_weigh(shop, start + len(chunk)))
        say(f"{weights[-1].in_flight} in flight")
    return weights


def _weigh(shop: Shop, in_flight: int) -> Weight:
    return Weight(
        in_flight,
        {
            name: sum(_resident(psutil.Process(p.pid)) for p in shop.processes[name]) / 1e6
            for name in WEIGHED
        },
    )


def _resident(process: psutil.Process) -> int:
    family = [process, *process.children()]
    return sum(member.memory_info().rss for member in family)
