"""The queues in which orders wait for an operator's eye."""

from datetime import timedelta
from enum import StrEnum

from domain.reconciliation import GRACE


class Queue(StrEnum):
    """What operators look through."""

    IN_FLIGHT = "in_flight"  # a payment is awaited
    STUCK = "stuck"  # it should have been decided, or Stripe been heard, a while ago
    NEEDS_ATTENTION = "needs_attention"  # a person has to decide
    DRIFT = "drift"  # the reconciler had something to mend lately
    REFUNDS_PENDING = "refunds_pending"
    DISPUTES = "disputes"  # nobody has decided them yet


STUCK_AFTER = GRACE
DRIFT_SHOWN_FOR = timedelta(days=7)
