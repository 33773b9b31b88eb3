"""How large a kill run is."""

from dataclasses import dataclass

from trials.kill_points import all_points

_ORDERS_PER_SECOND = 4
_SECONDS_A_POINT = 2


@dataclass(frozen=True)
class Scale:
    """How much, and how: the same seed draws the same buyers, faults and kills.

    `leaves_to_reconciler`: whether some terminated checkouts wait for it, which takes minutes.
    """

    orders: int
    seed: int
    hold_seconds: int = 15
    at_points: bool = False
    leaves_to_reconciler: bool = True

    @property
    def load_seconds(self) -> float:
        """For how long buyers come: as fast as two cores can, or until all points are armed."""
        seconds = self.orders / _ORDERS_PER_SECOND
        return max(seconds, len(all_points()) * _SECONDS_A_POINT) if self.at_points else seconds

    @property
    def patience_seconds(self) -> float:
        """For how long, from the start, terminated checkouts are left to the reconciler."""
        return self.load_seconds / 2 if self.leaves_to_reconciler else 0
