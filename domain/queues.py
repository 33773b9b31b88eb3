"""The queues in which orders wait for an operator's eye."""

from datetime import timedelta
from enum import StrEnum


class Queue(StrEnum):
    """What operators look through."""

    IN_FLIGHT = "in_flight"  # a payment is awaited
    STUCK = "stuck"  # it should have been decided, or Stripe been heard, a while ago
    NEEDS_ATTENTION = "needs_attention"  # a person has to decide
    DRIFT = "drift"  # the reconciler had something to mend lately
    REFUNDS_PENDING = "refunds_pending"
    DISPUTES = "disputes"  # nobody has decided them yet


# What is younger is still being worked on; the reconciler waits as long.
STUCK_AFTER = timedelta(minutes=2)
DRIFT_SHOWN_FOR = timedelta(days=7)
