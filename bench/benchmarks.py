"""The benchmarks by name."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.casting import PEERS
from bench.orders import compare
from bench.orders_goals import goals
from bench.orders_report import as_json, say_results
from bench.paysaga import PAYSAGA
from bench.report import Outcome
from bench.stage import Stage


@dataclass(frozen=True)
class Scale:
    """How much is measured; what is left out is for the benchmark to say."""

    rounds: int | None = None
    orders: int | None = None
    variants: Sequence[str] = ()


async def orders(stage: Stage, scale: Scale) -> Outcome:
    """Compare all variants: from an order's row to PAID."""
    variants = [v for v in (PAYSAGA, *PEERS) if not scale.variants or v.name in scale.variants]
    results = await compare(stage, variants, rounds=scale.rounds or 5, orders=scale.orders or 200)
    say_results(results)
    return Outcome({"measurements": as_json(results)}, goals(results))


Benchmark = Callable[[Stage, Scale], Awaitable[Outcome]]
BENCHMARKS: dict[str, Benchmark] = {"orders": orders}
