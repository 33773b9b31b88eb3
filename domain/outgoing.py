"""What other systems are told: https://www.standardwebhooks.com."""

from enum import StrEnum


class OutgoingType(StrEnum):
    """The events, each told of an order."""

    ORDER_PAID = "order.paid"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_REFUNDED = "order.refunded"
    ORDER_DISPUTED = "order.disputed"
    ORDER_NEEDS_ATTENTION = "order.needs_attention"
