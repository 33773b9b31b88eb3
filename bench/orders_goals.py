"""The goals of the comparison, as ratios within each round."""

from collections.abc import Callable, Iterator

from bench.casting import BARE_WORKFLOW, DBOS, PLAIN, SAMPLES_STYLE
from bench.figures import Spread
from bench.goals import Goal
from bench.measurement import LIGHT, SATURATED, Measurement, Wait
from bench.orders import LATENCIES_MS, Results, Setting
from bench.paysaga import PAYSAGA

OWN = ("api", "worker")
_PEERS_AT_SPEED = ((DBOS.name, 2), (SAMPLES_STYLE.name, 3))
_Figure = Callable[[Measurement], float]
_Compared = Callable[[Measurement, Measurement], float]


def goals(results: Results) -> list[Goal]:
    """Return every goal that the measured variants can judge."""
    if PAYSAGA.name not in results:
        return []
    return [*_at_speed(results), *(_beside_plain(results) if PLAIN.name in results else [])]


def _at_speed(results: Results) -> Iterator[Goal]:
    for peer, limit in _PEERS_AT_SPEED:
        for ms in LATENCIES_MS if peer in results else ():
            yield _goal(
                results,
                f"paid orders per second, Stripe at {ms} ms, as a multiple of {peer}",
                Setting(ms, SATURATED),
                _ratio(lambda measured: measured.orders_per_second),
                limit,
                peer=peer,
                at_least=True,
            )


def _beside_plain(results: Results) -> Iterator[Goal]:
    light = Setting(0, LIGHT)
    yield _goal(
        results,
        "CPU-ms per paid order in our own processes, as a multiple of plain",
        Setting(0, SATURATED),
        _ratio(lambda measured: measured.cpu_ms(*OWN)),
        3,
    )
    for ms in LATENCIES_MS:
        yield _goal(
            results,
            f"checkout p50 at light load beyond Stripe's {ms} ms, as a multiple of plain's",
            Setting(ms, LIGHT),
            _ratio(_checkout_beyond(ms)),
            4,
        )
    yield _goal(
        results,
        "checkout p99 at light load, as a multiple of its p50",
        light,
        lambda mine, _: mine.percentile_ms("checkout", 99) / mine.percentile_ms("checkout", 50),
        4,
    )
    yield _goal(
        results,
        "webhook acknowledged, p50 at light load, as a multiple of plain's",
        light,
        _ratio(_p50("webhook")),
        3,
    )
    yield _goal(
        results,
        "webhook to PAID visible, p50 at light load, ms beyond twice plain's webhook",
        light,
        lambda mine, plain: _p50("paid")(mine) - 2 * _p50("webhook")(plain),
        20,
    )


def _goal(
    results: Results,
    what: str,
    setting: Setting,
    compared: _Compared,
    limit: float,
    *,
    peer: str = PLAIN.name,
    at_least: bool = False,
) -> Goal:
    """Compare the product with a peer, round by round, and a bare workflow with it, too."""

    def spread(name: str) -> Spread:
        pairs = zip(results[name][setting], results[peer][setting], strict=True)
        return Spread.of(compared(mine, its) for mine, its in pairs)

    bare = spread(BARE_WORKFLOW.name) if BARE_WORKFLOW.name in results else None
    return Goal(what, spread(PAYSAGA.name), limit, at_least, bare)


def _ratio(figure: _Figure) -> _Compared:
    return lambda mine, plain: figure(mine) / figure(plain)


def _p50(wait: Wait) -> _Figure:
    return lambda measurement: measurement.percentile_ms(wait, 50)


def _checkout_beyond(latency_ms: int) -> _Figure:
    return lambda measurement: measurement.percentile_ms("checkout", 50) - latency_ms
