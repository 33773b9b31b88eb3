"""The table and goals of the rush."""

from dataclasses import asdict
from typing import Any

from bench.figures import Spread
from bench.goals import Goal
from bench.report import say_table
from bench.rush import Rush


def say_rush(found: Rush) -> None:
    """Print what came of the rush."""
    crush = found.crush
    buyers = len(crush.sessions) + len(crush.refused)
    say_table(
        ["what", "how many"],
        [
            ["buyers", buyers],
            ["tickets", found.tickets],
            ["buyers who got a session", len(crush.sessions)],
            ["tickets held", found.held],
            ["tickets left", found.left],
            ["workflows started", found.workflows],
            ["answers of 503, tried again", crush.busy],
            ["seconds until all had an answer", f"{crush.seconds:.1f}"],
            ["answers a second", f"{buyers / crush.seconds:.0f}"],
            ["holds a second, until the last ticket", f"{_holds_per_second(found):.1f}"],
            ["holds a second on the row without Temporal", f"{found.row_holds_per_second:.0f}"],
            ["a refusal: CPU-ms of the API", f"{found.refusal.cpu_ms:.2f}"],
            ["a plain SELECT: CPU-ms of the API", f"{found.plain_select.cpu_ms:.2f}"],
            ["a refusal: p50 in ms, 20 at a time", f"{found.refusal.p50_ms:.1f}"],
            ["a plain SELECT: p50 in ms, 20 at a time", f"{found.plain_select.p50_ms:.1f}"],
        ],
    )


def goals(found: Rush) -> list[Goal]:
    """Return whether exactly the tickets were held, and what a refusal costs."""
    wrong = abs(found.held - found.tickets) + abs(found.left)
    wrong += abs(len(found.crush.sessions) - found.tickets)
    return [
        Goal("rush: tickets held too many or too few", Spread.of([wrong]), 0),
        Goal(
            "rush: CPU-ms of a refusal, as a multiple of a plain SELECT handler",
            Spread.of([found.refusal.cpu_ms / found.plain_select.cpu_ms]),
            2,
        ),
        Goal(
            "rush: workflows started by refusals of what is sold out",
            Spread.of([found.workflows_of_refusals]),
            0,
        ),
    ]


def as_json(found: Rush) -> dict[str, Any]:
    """Return every figure."""
    return asdict(found) | {"holds_per_second": _holds_per_second(found)}


def _holds_per_second(found: Rush) -> float:
    return len(found.crush.sessions) / max(found.crush.sessions)
