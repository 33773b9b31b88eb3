"""What other systems are told: https://www.standardwebhooks.com."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from domain.ids import OrderId
from domain.money import Cents
from domain.order import Order, OrderStatus


class OutgoingType(StrEnum):
    """The events, each told of an order."""

    ORDER_PAID = "order.paid"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_REFUNDED = "order.refunded"
    ORDER_DISPUTED = "order.disputed"
    ORDER_NEEDS_ATTENTION = "order.needs_attention"


@dataclass(frozen=True)
class OrderState:
    """What of an order other systems hear of."""

    status: OrderStatus
    amount_refunded_cents: Cents
    disputed: bool
    needs_attention: bool


def news(before: OrderState, after: OrderState) -> list[OutgoingType]:
    """Return what has to be told of a change.

    `order.refunded` tells of each amount that went back, also of a part, as Stripe's
    `charge.refunded` does.
    """
    became = {
        OutgoingType.ORDER_PAID: _became(OrderStatus.PAID, before, after),
        OutgoingType.ORDER_CANCELLED: _became(OrderStatus.CANCELLED, before, after),
        OutgoingType.ORDER_REFUNDED: after.amount_refunded_cents > before.amount_refunded_cents,
        OutgoingType.ORDER_DISPUTED: after.disputed and not before.disputed,
        OutgoingType.ORDER_NEEDS_ATTENTION: after.needs_attention and not before.needs_attention,
    }
    return [event_type for event_type, is_new in became.items() if is_new]


def _became(status: OrderStatus, before: OrderState, after: OrderState) -> bool:
    return after.status is status and before.status is not status


@dataclass(frozen=True)
class WaitingEvent:
    """An event that the receiver has not taken yet; it was written at `created_at` (UTC)."""

    id: str
    order_id: OrderId
    type: OutgoingType
    created_at: datetime


def payload_of(event: OutgoingType, order: Order) -> dict[str, Any]:
    """Return what an event says: the order as the change has left it, at the change's own time."""
    times = {"paid_at": order.paid_at, "cancelled_at": order.cancelled_at}
    return {
        "type": event,
        "timestamp": _rfc3339(order.updated_at),
        "data": {
            "id": order.id,
            "user_id": order.user_id,
            "status": order.status,
            "currency": order.currency,
            "total_cents": order.total_cents,
            "items": [asdict(item) for item in order.items],
            "amount_refunded_cents": order.amount_refunded_cents,
            "disputed": order.disputed,
            "needs_attention": order.needs_attention,
            "created_at": _rfc3339(order.created_at),
        }
        | {name: _rfc3339(at) for name, at in times.items() if at},
    }


def body_of(payload: Mapping[str, Any]) -> bytes:
    """Return the body that is sent and signed: the same bytes whenever a payload is sent."""
    return json.dumps(
        payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    ).encode()


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
