"""The benchmarks by name."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from bench import orders_goals, orders_report
from bench.casting import PEERS
from bench.orders import compare
from bench.paysaga import PAYSAGA
from bench.report import Outcome
from bench.stage import Stage
from bench.steps import count_steps, say_steps, step_goals
from bench.variants import Variant


@dataclass(frozen=True)
class Scale:
    """How much is measured; what is left out is for the benchmark to say."""

    rounds: int | None = None
    orders: int | None = None
    variants: Sequence[str] = ()

    def chosen(self) -> list[Variant]:
        """Return the variants that take part, ours first."""
        every = (PAYSAGA, *PEERS)
        return [v for v in every if not self.variants or v.name in self.variants]


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
        variant.name: await count_steps(stage, variant, scale.orders or 20)
        for variant in scale.chosen()
    }
    say_steps(counted)
    return Outcome({name: asdict(found) for name, found in counted.items()}, step_goals(counted))


Benchmark = Callable[[Stage, Scale], Awaitable[Outcome]]
BENCHMARKS: dict[str, Benchmark] = {"orders": orders, "steps": steps}
