"""The tables and goals of the parked checkouts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.cpu import ELSEWHERE
from bench.figures import Spread
from bench.goals import Goal
from bench.measurement import WAITS, Measurement, Wait
from bench.parked import WEIGHED, Parked
from bench.report import say_table
from onebox.report import say

_CHECKED: tuple[Wait, ...] = ("checkout", "webhook")
_CACHED_WORKFLOWS = 1000  # temporalio.worker.Worker: max_cached_workflows


def goals(found: Parked) -> list[Goal]:
    """Return how the waits with the parked checkouts compare, and whether memory stays bounded."""
    in_flight = found.weights[-1].in_flight
    ratios = [
        Goal(
            f"{wait} p50 with {in_flight} in flight, beside none",
            Spread.of(
                after.percentile_ms(wait, 50) / before.percentile_ms(wait, 50)
                for before, after in zip(found.before, found.beside, strict=True)
            ),
            1.3,
        )
        for wait in _CHECKED
    ]
    full = [w.megabytes["worker"] for w in found.weights if w.in_flight >= 2 * _CACHED_WORKFLOWS]
    if len(full) < 2:
        return ratios
    grown = Spread.of([full[-1] / full[0]])
    return [
        *ratios,
        Goal("worker's memory at the end, beside that with its cache full", grown, 1.2),
    ]


def say_parked(found: Parked) -> None:
    """Print the waits, and the memory on the way."""
    rows = {
        "none in flight": found.before,
        f"{found.weights[-1].in_flight} in flight": found.beside,
        "the oldest of these are paid": [found.late],
    }
    say("\n**2 at a time, Stripe at 0 ms; waits in ms**")
    columns = [f"{wait} p{percent}" for wait in WAITS for percent in (50, 99)]
    say_table(
        ["", *columns, "cores taken elsewhere"],
        [[what, *_waits(measured)] for what, measured in rows.items()],
    )
    say("\n**memory in MB**")
    say_table(
        ["in flight", *WEIGHED],
        [[w.in_flight, *(f"{w.megabytes[name]:.0f}" for name in WEIGHED)] for w in found.weights],
    )


def _waits(measured: Sequence[Measurement]) -> list[object]:
    waits = [
        Spread.of(m.percentile_ms(wait, percent) for m in measured)
        for wait in WAITS
        for percent in (50, 99)
    ]
    return [*waits, Spread.of(m.cores(ELSEWHERE) for m in measured)]


def as_json(found: Parked) -> dict[str, Any]:
    """Return every figure."""
    return {
        "before": [measurement.as_json() for measurement in found.before],
        "beside": [measurement.as_json() for measurement in found.beside],
        "late": found.late.as_json(),
        "weights": [asdict(weight) for weight in found.weights],
    }
