"""What each step of a paid order costs: history events, Actions, calls, statements, commits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.buyers import Buyers, buyers_of, crowd
from bench.casting import BARE_WORKFLOW
from bench.figures import Spread
from bench.goals import Goal
from bench.paysaga import PAYSAGA
from bench.postgres_log import StatementLog, log_statements
from bench.report import say_table
from bench.stage import Stage
from bench.temporal_counts import history_counts, server_counts
from bench.variants import Shop, Variant, running
from onebox.processes import Process
from onebox.report import say

_AT_A_TIME = 2
Counts = dict[str, float]


@dataclass(frozen=True)
class Steps:
    """Counts a paid order, by kind. Without Temporal there are only statements."""

    statements: Counts
    events: Counts = field(default_factory=dict)
    actions: Counts = field(default_factory=dict)
    calls: Counts = field(default_factory=dict)


async def count_steps(stage: Stage, variant: Variant, orders: int) -> Steps:
    """Sell that many orders of a variant, all statements logged, and count."""
    await log_statements(stage.site(variant.name).database_url)
    async with running(stage, variant) as shop, buyers_of(stage, shop) as buyers:
        warm_up = await variant.add_orders(shop.site, orders)
        await crowd(buyers.buy, warm_up, _AT_A_TIME)
        order_ids = await variant.add_orders(shop.site, orders)
        if engines := shop.processes.get("temporal"):
            return await _with_temporal(stage, shop, engines[0], buyers, order_ids)
        return Steps(await _statements(stage, buyers, order_ids))


def say_steps(steps: dict[str, Steps]) -> None:
    """Print a table for each sort of step, the variants beside each other."""
    for title, sort in (
        ("history events", "events"),
        ("billable Actions, as Temporal's server counts them", "actions"),
        ("calls of Temporal", "calls"),
        ("statements sent to PostgreSQL", "statements"),
    ):
        counted = {name: getattr(found, sort) for name, found in steps.items()}
        _say_counts(title, {name: counts for name, counts in counted.items() if counts})


def step_goals(steps: dict[str, Steps]) -> list[Goal]:
    """Return whether ours takes the fewest events and Actions of any shop on Temporal."""
    ours = steps.get(PAYSAGA.name)
    no_peers = (PAYSAGA.name, BARE_WORKFLOW.name)
    others = [found for name, found in steps.items() if name not in no_peers and found.events]
    if not ours or not others:
        return []
    return [
        Goal(
            f"{title} per paid order, beside the fewest of the other variants on Temporal",
            Spread.of([_sum(ours, sort)]),
            min(_sum(other, sort) for other in others),
        )
        for title, sort in (("history events", "events"), ("billable Actions", "actions"))
    ]


def _sum(steps: Steps, sort: str) -> float:
    counts: Counts = getattr(steps, sort)
    return sum(counts.values())


async def _with_temporal(
    stage: Stage, shop: Shop, engine: Process, buyers: Buyers, order_ids: Sequence[str]
) -> Steps:
    before = await server_counts(stage.http, engine)
    statements = await _statements(stage, buyers, order_ids)
    counted = await server_counts(stage.http, engine) - before
    return Steps(
        statements,
        _each(await history_counts(shop, order_ids), len(order_ids)),
        _each(counted.actions, len(order_ids)),
        _each(counted.calls, len(order_ids)),
    )


async def _statements(stage: Stage, buyers: Buyers, order_ids: Sequence[str]) -> Counts:
    assert stage.postgres.process
    log = StatementLog(stage.postgres.process)
    await crowd(buyers.buy, order_ids, _AT_A_TIME)
    return _each(log.kinds(), len(order_ids))


def _each(counts: Counter[str], orders: int) -> Counts:
    return {kind: count / orders for kind, count in counts.items()}


def _say_counts(title: str, counts: dict[str, Counts]) -> None:
    if not counts:
        return
    say(f"\n**{title}, a paid order**")
    kinds = sorted({kind for each in counts.values() for kind in each})
    rows = [[kind, *(_short(each.get(kind, 0)) for each in counts.values())] for kind in kinds]
    together = ["**together**", *(f"**{sum(each.values()):.3g}**" for each in counts.values())]
    say_table(["kind", *counts], [*rows, together])


def _short(count: float) -> str:
    return f"{count:.3g}" if count else ""
