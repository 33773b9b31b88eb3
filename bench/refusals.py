"""What it costs to say no, beside a handler that does one SELECT and says what it found."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.buyers import Buyers, Unexpected, crowd
from bench.casting import PLAIN
from bench.cpu import CpuMeter
from bench.stage import Stage
from bench.variants import Shop, running

_AT_A_TIME = 20
_WARM_UP_REQUESTS = 100


@dataclass(frozen=True)
class Requests:
    """What requests cost: the API's CPU milliseconds for each, and the median wait."""

    cpu_ms: float
    p50_ms: float


async def refusals(shop: Shop, buyers: Buyers, order_ids: Sequence[str]) -> Requests:
    """Check out orders whose tickets are gone. Raises Unexpected if one is sold after all."""

    async def be_refused(order_id: str) -> float:
        seconds, page = await buyers.try_checkout(order_id)
        if page:
            raise Unexpected(f"{order_id} was sold")
        return seconds

    return await _measure(shop, be_refused, order_ids)


async def plain_selects(stage: Stage, requests: int) -> Requests:
    """See orders of the plain handler."""
    async with running(stage, PLAIN) as shop:
        order_ids = await shop.variant.add_orders(shop.site, requests)

        async def see(order_id: str) -> float:
            began = time.perf_counter()
            async with stage.http.get(f"{shop.api_urls[0]}/orders/{order_id}") as answer:
                answer.raise_for_status()
                await answer.read()
            return time.perf_counter() - began

        return await _measure(shop, see, order_ids)


async def _measure(
    shop: Shop, request: Callable[[str], Awaitable[float]], order_ids: Sequence[str]
) -> Requests:
    await crowd(request, order_ids[:_WARM_UP_REQUESTS], _AT_A_TIME)
    meter = CpuMeter({"api": shop.processes["api"]})
    before = meter.seconds()["api"]
    waits = await crowd(request, order_ids, _AT_A_TIME)
    cpu_seconds = meter.seconds()["api"] - before
    return Requests(1000 * cpu_seconds / len(waits), 1000 * median(waits))
