"""The goals of the comparison, as ratios within each round."""

from collections.abc import Callable

from bench.figures import Spread
from bench.goals import Goal
from bench.measurement import LIGHT, SATURATED, Measurement, Wait
from bench.orders import Results, Setting
from bench.paysaga import PAYSAGA

OWN = ("api", "worker")
_FIGURE = Callable[[Measurement], float]
_PEERS_AT_SPEED = (("dbos", 2), ("samples_style", 3))


def goals(results: Results) -> list[Goal]:
    """Return every goal that the measured variants can judge."""
    if PAYSAGA.name not in results:
        return []
    found = [
        Goal(
            f"paid orders per second, Stripe at {ms} ms, as a multiple of {peer}",
            _ratio(results, peer, Setting(ms, SATURATED), lambda m: m.orders_per_second),
            limit,
            at_least=True,
        )
        for peer, limit in _PEERS_AT_SPEED
        if peer in results
        for ms in (0, 150)
    ]
    return found + (_beside_plain(results) if "plain" in results else [])


def _beside_plain(results: Results) -> list[Goal]:
    light, ours, plain = Setting(0, LIGHT), results[PAYSAGA.name], results["plain"]
    return [
        Goal(
            "CPU-ms per paid order in our own processes, as a multiple of plain",
            _ratio(results, "plain", Setting(0, SATURATED), lambda m: m.cpu_ms(*OWN)),
            3,
        ),
        *(
            Goal(
                f"checkout p50 at light load beyond Stripe's {ms} ms, as a multiple of plain's",
                _ratio(results, "plain", Setting(ms, LIGHT), _checkout_beyond(ms)),
                4,
            )
            for ms in (0, 150)
        ),
        Goal(
            "checkout p99 at light load, as a multiple of its p50",
            Spread.of(
                m.percentile_ms("checkout", 99) / m.percentile_ms("checkout", 50)
                for m in ours[light]
            ),
            4,
        ),
        Goal(
            "webhook acknowledged, p50 at light load, as a multiple of plain's",
            _ratio(results, "plain", light, _p50("webhook")),
            3,
        ),
        Goal(
            "webhook to PAID visible, p50 at light load, ms beyond twice plain's webhook",
            Spread.of(
                mine.percentile_ms("paid", 50) - 2 * its.percentile_ms("webhook", 50)
                for mine, its in zip(ours[light], plain[light], strict=True)
            ),
            20,
        ),
    ]


def _ratio(results: Results, peer: str, setting: Setting, figure: _FIGURE) -> Spread:
    pairs = zip(results[PAYSAGA.name][setting], results[peer][setting], strict=True)
    return Spread.of(figure(mine) / figure(its) for mine, its in pairs)


def _p50(wait: Wait) -> _FIGURE:
    return lambda measurement: measurement.percentile_ms(wait, 50)


def _checkout_beyond(latency_ms: int) -> _FIGURE:
    return lambda measurement: measurement.percentile_ms("checkout", 50) - latency_ms
