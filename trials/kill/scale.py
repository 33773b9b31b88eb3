"""How large a kill run is."""

from collections.abc import Sequence
from dataclasses import dataclass

_ORDERS_PER_SECOND = 2.5
_SECONDS_A_POINT = 2
_SLOWEST = 3  # so many times as long buyers may take to come on a slow machine


@dataclass(frozen=True)
class Scale:
    """How much, and how: the same seed draws the same buyers, faults and kills.

    `points`: at which a worker shall die; without any, processes are killed at random moments.
    `takes_minutes`: whether things may happen that only time cures: events that are lost,
    workflows that are terminated and wait for the reconciler, deadlines that are moved.
    """

    orders: int
    seed: int
    hold_seconds: int = 15
    points: Sequence[str] = ()
    takes_minutes: bool = True

    @property
    def load_seconds(self) -> float:
        """For how long buyers come: as fast as two cores can, or until all points are armed."""
        return max(self.orders / _ORDERS_PER_SECOND, len(self.points) * _SECONDS_A_POINT)

    @property
    def longest_load_seconds(self) -> float:
        """After which nobody comes any more, however slow the machine."""
        return self.load_seconds * _SLOWEST

    @property
    def kills_every_seconds(self) -> float:
        """On average; a long run leaves buyers the time to get somewhere in between."""
        return min(4, max(2, self.load_seconds / 15))

    @property
    def waits_for_reconciler_seconds(self) -> float:
        """For how long, from the start, terminated checkouts are left to the reconciler."""
        return self.load_seconds / 2 if self.takes_minutes else 0

    @property
    def patience_seconds(self) -> float:
        """For how long people wait for an answer.

        A key whose API died is free again after a minute, which is long for a short run.
        """
        return 80 if self.takes_minutes else 20
