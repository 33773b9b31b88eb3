"""The benchmarks by name."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from bench import orders_goals, orders_report, parked_report, rush_report
from bench.casting import PEERS
from bench.orders import compare
from bench.parked import park
from bench.paysaga import PAYSAGA
from bench.report import Outcome
from bench.rush import sell_out
from bench.scale import measure_staffs, say_staffs, staffs_as_json
from bench.stage import Stage
from bench.steps import count_steps, say_steps, step_goals
from bench.variants import Variant
from onebox.report import say

VARIANTS = (PAYSAGA, *PEERS)


@dataclass(frozen=True)
class Scale:
    """How much is measured; what is left out is for the benchmark to say."""

    rounds: int | None = None
    orders: int | None = None
    variants: Sequence[str] = ()

    def chosen(self) -> list[Variant]:
        """Return the variants that take part, ours first; say which of them cannot."""
        able = []
        for variant in VARIANTS:
            if self.variants and variant.name not in self.variants:
                continue
            if obstacle := variant.obstacle():
                say(f"{variant.name} does not run here: {obstacle}")
            else:
                able.append(variant)
        return able


async def orders(stage: Stage, scale: Scale) -> Outcome:
    """Compare all variants: from an order's row to PAID."""
    results = await compare(
        stage, scale.chosen(), rounds=scale.rounds or 5, orders=scale.orders or 200
    )
    orders_report.say_results(results)
    return Outcome({"measurements": orders_report.as_json(results)}, orders_goals.goals(results))


async def steps(stage: Stage, scale: Scale) -> Outcome:
    """Count what each step of a paid order costs."""
    counted = {
        variant.name: await count_steps(stage, variant, scale.orders or 100)
        for variant in scale.chosen()
    }
    say_steps(counted)
    return Outcome({name: asdict(found) for name, found in counted.items()}, step_goals(counted))


async def parked(stage: Stage, scale: Scale) -> Outcome:
    """Leave 20,000 checkouts in flight, and measure what one more costs."""
    found = await park(stage, parked=scale.orders or 20_000, rounds=scale.rounds or 3)
    parked_report.say_parked(found)
    return Outcome(parked_report.as_json(found), parked_report.goals(found))


async def rush(stage: Stage, scale: Scale) -> Outcome:
    """Let 5,000 buyers come for 500 tickets."""
    found = await sell_out(stage, buyers=scale.orders or 5_000)
    rush_report.say_rush(found)
    return Outcome(rush_report.as_json(found), rush_report.goals(found))


async def staff(stage: Stage, scale: Scale) -> Outcome:
    """Work with one worker and two, one API process and two."""
    results = await measure_staffs(stage, rounds=scale.rounds or 3, orders=scale.orders or 300)
    say_staffs(results)
    return Outcome({"staffs": staffs_as_json(results)})


Benchmark = Callable[[Stage, Scale], Awaitable[Outcome]]
BENCHMARKS: dict[str, Benchmark] = {
    "orders": orders,
    "steps": steps,
    "parked": parked,
    "rush": rush,
    "scale": staff,
}
