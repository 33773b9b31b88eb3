"""One measurement: a crowd of buyers at one shop, timed, with the CPU time it took."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bench.buyers import Buyers, Purchase, crowd
from bench.cpu import CpuMeter
from bench.variants import Shop

Wait = Literal["checkout", "webhook", "paid"]
WAITS: tuple[Wait, ...] = get_args(Wait)
_PERCENTS = (50, 90, 99, 100)


@dataclass(frozen=True)
class Load:
    """How many buyers are there at a time, and how often PostgreSQL is asked for PAID orders."""

    name: str
    at_a_time: int
    look_every_seconds: float


LIGHT = Load("light", 2, 0.002)
SATURATED = Load("saturated", 50, 0.02)


@dataclass(frozen=True)
class Measurement:
    """What a crowd did in so many seconds; CPU seconds by process, `busy` are answers of 503."""

    purchases: Sequence[Purchase]
    seconds: float
    cpu_seconds: dict[str, float]
    busy: int = 0

    @property
    def orders_per_second(self) -> float:
        """The throughput."""
        return len(self.purchases) / self.seconds

    def cores(self, process: str) -> float:
        """How many cores a process took on average."""
        return self.cpu_seconds[process] / self.seconds

    def cpu_ms(self, *processes: str) -> float:
        """CPU milliseconds an order of these processes together."""
        used = sum(self.cpu_seconds.get(process, 0.0) for process in processes)
        return 1000 * used / len(self.purchases)

    def percentile_ms(self, wait: Wait, percent: int) -> float:
        """Return what so many percent of the waits are not longer than, in milliseconds."""
        waits = sorted(getattr(purchase, wait) for purchase in self.purchases)
        return 1000 * float(waits[min(len(waits) - 1, len(waits) * percent // 100)])

    def as_json(self) -> dict[str, Any]:
        """Return every figure."""
        return {
            "orders": len(self.purchases),
            "seconds": self.seconds,
            "orders_per_second": self.orders_per_second,
            "busy": self.busy,
            "cpu_ms": {process: self.cpu_ms(process) for process in self.cpu_seconds},
            "waits_ms": {
                wait: {f"p{percent}": self.percentile_ms(wait, percent) for percent in _PERCENTS}
                for wait in WAITS
            },
        }


async def measure(shop: Shop, buyers: Buyers, order_ids: Sequence[str], load: Load) -> Measurement:
    """Let the crowd buy all these orders."""
    meter = CpuMeter(shop.processes)
    buyers.watch.look_every_seconds = load.look_every_seconds
    busy_before, cpu_before, began = buyers.busy, meter.seconds(), time.perf_counter()
    purchases = await crowd(buyers.buy, order_ids, load.at_a_time)
    seconds, cpu = time.perf_counter() - began, meter.seconds()
    used = {name: cpu[name] - before for name, before in cpu_before.items()}
    return Measurement(purchases, seconds, used, buyers.busy - busy_before)
