"""The tables of the comparison."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from bench.cpu import ELSEWHERE, LOAD
from bench.figures import Spread
from bench.measurement import SATURATED, WAITS, Measurement
from bench.orders import SETTINGS, Results, Setting
from bench.report import say_table
from onebox.report import say

_ENGINES = ("temporal", "restate")
_SERVING = ("api", "worker", *_ENGINES, "postgres")
_Columns = Mapping[str, Callable[[Measurement], float]]


def _waits(percent: int) -> _Columns:
    return {
        f"{wait} p{percent}": partial(Measurement.percentile_ms, wait=wait, percent=percent)
        for wait in WAITS
    }


def _cpu(*processes: str) -> Callable[[Measurement], float]:
    return lambda measurement: measurement.cpu_ms(*processes)


_SPEED: _Columns = {
    "orders/s": lambda m: m.orders_per_second,
    **_waits(50),
    **_waits(99),
    "cores taken elsewhere": lambda m: m.cores(ELSEWHERE),
}
_COST: _Columns = {
    "api": _cpu("api"),
    "worker": _cpu("worker"),
    "engine": _cpu(*_ENGINES),
    "postgres": _cpu("postgres"),
    "together": _cpu(*_SERVING),
    "stripe": _cpu("stripe"),
    "buyers": _cpu(LOAD),
    "elsewhere": _cpu(ELSEWHERE),
}


def say_results(results: Results) -> None:
    """Print throughput and waits, then where the CPU time goes."""
    for setting in SETTINGS:
        load = setting.load
        _say_heading(f"{load.at_a_time} at a time ({load.name})", setting, "waits in ms")
        say_table(["variant", *_SPEED], _rows(results, setting, _SPEED))
    costly = Setting(0, SATURATED)
    _say_heading("CPU-ms an order, saturated", costly, "`elsewhere`: what else the machine did")
    say_table(["variant", *_COST], _rows(results, costly, _COST))


def as_json(results: Results) -> list[dict[str, Any]]:
    """Return every figure of every round."""
    return [
        {
            "variant": name,
            "stripe_ms": setting.latency_ms,
            "load": setting.load.name,
            "at_a_time": setting.load.at_a_time,
            "rounds": [measurement.as_json() for measurement in measurements],
        }
        for name, by_setting in results.items()
        for setting, measurements in by_setting.items()
    ]


def _say_heading(what: str, setting: Setting, note: str) -> None:
    say(f"\n**{what}, Stripe at {setting.latency_ms} ms**: {note}; median (lowest to highest)")


def _rows(results: Results, setting: Setting, columns: _Columns) -> Iterator[list[object]]:
    for name, by_setting in results.items():
        measured = by_setting[setting]
        yield [name, *(Spread.of(map(figure, measured)) for figure in columns.values())]
