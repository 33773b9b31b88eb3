"""Figures of several rounds: the median, with the lowest and the highest beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The median of several values, and how far they lie apart."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Return the spread of at least one value."""
        known = sorted(values)
        return cls(median(known), known[0], known[-1])

    def __str__(self) -> str:
        middle = _short(self.median)
        if self.lowest == self.highest:
            return middle
        return f"{middle} ({_short(self.lowest)} to {_short(self.highest)})"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{round(value, 2):.3g}"
