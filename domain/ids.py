"""Identifiers: opaque strings whose prefix says what they name."""

import re
import secrets
import time
from typing import NewType

OrderId = NewType("OrderId", str)
TicketTypeId = NewType("TicketTypeId", str)
PaymentId = NewType("PaymentId", str)
RefundId = NewType("RefundId", str)
UserId = NewType("UserId", str)

_ORDER_ID = re.compile(r"ord_[0-9a-f]{30}")


def new_suffix() -> str:
    """Return what a fresh id ends with; such endings sort by the time they were made."""
    microseconds = time.time_ns() // 1000
    return f"{microseconds:014x}{secrets.token_hex(8)}"


def new_id(prefix: str) -> str:
    """Return a fresh id such as `ord_064f…`."""
    return f"{prefix}_{new_suffix()}"


def has_our_form(order_id: OrderId) -> bool:
    """Say whether an id looks like one of our orders'; other shops of an account have others."""
    return _ORDER_ID.fullmatch(order_id) is not None


def checkout_workflow_id(order_id: OrderId) -> str:
    """Return the id of the order's checkout workflow: at most one of them is open."""
    return f"checkout-{order_id}"


def stripe_event_workflow_id(event_id: str) -> str:
    """Return the id of the workflow that settles an event no running checkout takes."""
    return f"stripe-event-{event_id}"


def outgoing_workflow_id(order_id: OrderId) -> str:
    """Return the id of the workflow that delivers the order's events: at most one is open."""
    return f"outgoing-{order_id}"


def refund_workflow_id(refund_id: RefundId) -> str:
    """Return the id of the workflow that brings a refund to its end."""
    return f"refund-{refund_id}"
