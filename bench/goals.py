"""Goals: a figure beside what it must be, and whether it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Spread
from onebox.report import say


@dataclass(frozen=True)
class Goal:
    """What must be at most (or at least) `limit`; it is met by the median.

    `bare` is the same figure of a bare workflow: how far one could get on Temporal.
    """

    what: str
    figure: Spread
    limit: float
    at_least: bool = False
    bare: Spread | None = None

    @property
    def is_met(self) -> bool:
        """Whether the median is on the right side of the limit."""
        if self.at_least:
            return self.figure.median >= self.limit
        return self.figure.median <= self.limit

    @property
    def must_be(self) -> str:
        """The limit, readable."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


def say_goals(goals: Sequence[Goal]) -> None:
    """Print each goal with its figure."""
    if not goals:
        return
    say("\n| goal | must be | is | | a bare workflow |\n| --- | --- | --- | --- | --- |")
    for goal in goals:
        met = "met" if goal.is_met else "**not met**"
        say(f"| {goal.what} | {goal.must_be} | {goal.figure} | {met} | {goal.bare or ''} |")
