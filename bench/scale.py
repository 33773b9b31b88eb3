"""One worker or two, one API process or two: the throughput, and what limits it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from bench.buyers import buyers_of
from bench.cpu import ELSEWHERE
from bench.figures import Spread
from bench.measurement import SATURATED, Measurement, measure
from bench.paysaga import paysaga
from bench.report import say_table
from bench.stage import Stage
from bench.variants import running
from onebox.report import say

_WARM_UP_ORDERS = 50


@dataclass(frozen=True)
class Staff:
    """How many processes of the product there are."""

    workers: int
    apis: int


STAFFS = (Staff(1, 1), Staff(2, 1), Staff(1, 2), Staff(2, 2))
Results = dict[Staff, list[Measurement]]


async def measure_staffs(stage: Stage, *, rounds: int, orders: int) -> Results:
    """Measure each staff at saturation with that many orders, `rounds` times in turn."""
    results: Results = {staff: [] for staff in STAFFS}
    for number in range(rounds):
        for staff, measured in results.items():
            say(f"round {number + 1} of {rounds}: {staff.workers} workers, {staff.apis} APIs")
            variant = paysaga(staff.workers, staff.apis)
            async with running(stage, variant) as shop, buyers_of(stage, shop) as buyers:
                warm_up = await variant.add_orders(shop.site, min(orders, _WARM_UP_ORDERS))
                await measure(shop, buyers, warm_up, SATURATED)
                order_ids = await variant.add_orders(shop.site, orders)
                measured.append(await measure(shop, buyers, order_ids, SATURATED))
    return results


def say_staffs(results: Results) -> None:
    """Print the throughput of each staff, and how many cores which process took."""
    cores = psutil.cpu_count() or 1
    say(f"\n**{SATURATED.at_a_time} at a time, Stripe at 0 ms; cores taken, of {cores}**")
    processes = ("api", "worker", "temporal", "postgres", "stripe", "load", ELSEWHERE)
    columns = ["workers", "APIs", "orders/s", "checkout p50", "p99", *processes, "**together**"]
    say_table(columns, [_row(staff, measured, processes) for staff, measured in results.items()])


def staffs_as_json(results: Results) -> list[dict[str, Any]]:
    """Return every figure of every round."""
    return [
        {
            "workers": staff.workers,
            "apis": staff.apis,
            "rounds": [measurement.as_json() for measurement in measured],
        }
        for staff, measured in results.items()
    ]


def _row(staff: Staff, measured: Sequence[Measurement], processes: Sequence[str]) -> list[object]:
    cores = [Spread.of(m.cores(name) for m in measured) for name in processes]
    together = Spread.of(sum(m.cpu_seconds.values()) / m.seconds for m in measured)
    return [
        staff.workers,
        staff.apis,
        Spread.of(m.orders_per_second for m in measured),
        *(
            Spread.of(m.percentile_ms("checkout", percent) for m in measured)
            for percent in (50, 99)
        ),
        *(f"{taken.median:.2f}" for taken in cores),
        f"**{together.median:.2f}**",
    ]
