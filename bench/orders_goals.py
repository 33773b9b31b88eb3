"""The goals of the comparison, as ratios within each round."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.casting import BARE_WORKFLOW, DBOS, PLAIN, SAMPLES_STYLE
from bench.figures import Spread
from bench.goals import Goal
from bench.measurement import LIGHT, SATURATED, Measurement, Wait
from bench.orders import LATENCIES_MS, Results, Setting
from bench.paysaga import PAYSAGA

OWN = ("api", "worker")
_Figure = Callable[[Measurement], float]


def _ratio(figure: _Figure) -> Callable[[Measurement, Measurement], float]:
    return lambda mine, its: figure(mine) / figure(its)


def _p50(wait: Wait) -> _Figure:
    return lambda measured: measured.percentile_ms(wait, 50)


def _checkout_beyond(latency_ms: int) -> _Figure:
    return lambda measured: measured.percentile_ms("checkout", 50) - latency_ms


def _speed(measured: Measurement) -> float:
    return measured.orders_per_second


@dataclass(frozen=True)
class _Target:
    """What is compared with which peer, and how it must come out."""

    what: str
    limit: float
    setting: Setting
    compared: Callable[[Measurement, Measurement], float]
    peer: str = PLAIN.name
    at_least: bool = False


_AT_SPEED = [
    _Target(
        f"paid orders per second, Stripe at {ms} ms, as a multiple of {peer}",
        limit,
        Setting(ms, SATURATED),
        _ratio(_speed),
        peer,
        at_least=True,
    )
    for peer, limit in ((DBOS.name, 2), (SAMPLES_STYLE.name, 3))
    for ms in LATENCIES_MS
]
_CHECKOUTS = [
    _Target(
        f"checkout p50 at light load beyond Stripe's {ms} ms, as a multiple of plain's",
        4,
        Setting(ms, LIGHT),
        _ratio(_checkout_beyond(ms)),
    )
    for ms in LATENCIES_MS
]
_TARGETS = [
    *_AT_SPEED,
    _Target(
        "CPU-ms per paid order in our own processes, as a multiple of plain",
        3,
        Setting(0, SATURATED),
        _ratio(lambda measured: measured.cpu_ms(*OWN)),
    ),
    *_CHECKOUTS,
    _Target(
        "checkout p99 at light load, as a multiple of its p50",
        4,
        Setting(0, LIGHT),
        lambda mine, _: mine.percentile_ms("checkout", 99) / mine.percentile_ms("checkout", 50),
    ),
    _Target(
        "webhook acknowledged, p50 at light load, as a multiple of plain's",
        3,
        Setting(0, LIGHT),
        _ratio(_p50("webhook")),
    ),
    _Target(
        "webhook to PAID visible, p50 at light load, ms beyond twice plain's webhook",
        20,
        Setting(0, LIGHT),
        lambda mine, plain: _p50("paid")(mine) - 2 * _p50("webhook")(plain),
    ),
]


def goals(results: Results) -> list[Goal]:
    """Return every goal that the measured variants can judge."""
    return [
        Goal(
            target.what,
            _spread(results, PAYSAGA.name, target),
            target.limit,
            target.at_least,
            _spread(results, BARE_WORKFLOW.name, target) if BARE_WORKFLOW.name in results else None,
        )
        for target in _TARGETS
        if PAYSAGA.name in results and target.peer in results
    ]


def _spread(results: Results, name: str, target: _Target) -> Spread:
    pairs = zip(results[name][target.setting], results[target.peer][target.setting], strict=True)
    return Spread.of(target.compared(mine, its) for mine, its in pairs)
