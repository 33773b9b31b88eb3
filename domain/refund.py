"""Money on its way back to a buyer."""

from enum import StrEnum


class RefundStatus(StrEnum):
    """Stripe's words: https://docs.stripe.com/api/refunds/object#refund_object-status."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


UNDER_WAY = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
