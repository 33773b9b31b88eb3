"""The named points of the story at which a worker can be told to die.

A point is armed by a file of its name. Whichever worker comes to it first takes the file away and
dies on the spot; so each arming kills once, whatever the number of workers.
"""

import inspect
import os
from collections.abc import Sequence
from pathlib import Path

from activities.attempts import Attempts
from activities.deliveries import Deliveries
from activities.disputes import Disputes
from activities.lost_disputes import LostDisputes
from activities.lost_refunds import LostRefunds
from activities.outgoing import Outbox
from activities.reconciliation import Reconciliation
from activities.refund_requests import RefundRequests
from activities.refunds import Refunds
from activities.sessions import Sessions
from activities.settlement import Settlements

EXIT_CODE = 86
_AT_STRIPE = (Sessions, Reconciliation, Refunds, LostRefunds, Disputes, LostDisputes)
_OWNERS = (Attempts, Settlements, RefundRequests, Outbox, Deliveries, *_AT_STRIPE)
# Where in an activity; Stripe has done what it was asked before the second of its two.
BEGINS, ASKS_STRIPE, STRIPE_ANSWERED, ENDS = "begins", "asks-stripe", "stripe-answered", "ends"
# What these do not ask of Stripe, they write down.
_DATABASE_ONLY = ("abandoned_checkouts", "abandoned_refunds", "record_drift")


class Points:
    """Points, armed in a directory. A run wants a worker to die at each of those `wanted`."""

    def __init__(self, directory: Path, wanted: Sequence[str] = ()) -> None:
        self.directory = directory
        self.wanted = wanted
        self._armed: list[str] = []

    def arm(self, point: str) -> None:
        """Let the next worker that comes to the point die."""
        (self.directory / point).touch()
        self._armed.append(point)

    def met(self) -> set[str]:
        """Return the points at which a worker died."""
        return set(self._armed) - set(os.listdir(self.directory))

    def reach(self, activity: str, where: str) -> None:
        """Die here, at once and without a word, if the point is armed."""
        try:
            (self.directory / _point(activity, where)).unlink()
        except FileNotFoundError:
            return
        os._exit(EXIT_CODE)


def all_points() -> Sequence[str]:
    """Return every point: both ends of each activity, and both ends of what it asks of Stripe."""
    points = []
    for owner in _OWNERS:
        for activity, member in vars(owner).items():
            if inspect.iscoroutinefunction(member) and not activity.startswith("_"):
                asks = owner in _AT_STRIPE and activity not in _DATABASE_ONLY
                calls = (ASKS_STRIPE, STRIPE_ANSWERED) if asks else ()
                points += [_point(activity, where) for where in (BEGINS, *calls, ENDS)]
    return points


def _point(activity: str, where: str) -> str:
    return f"{activity}.{where}"
