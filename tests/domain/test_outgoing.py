"""What an event says."""

import json
from datetime import UTC, datetime

from domain.ids import OrderId, TicketTypeId, UserId
from domain.money import Cents, Currency
from domain.order import Order, OrderItem, OrderStatus
from domain.outgoing import OutgoingType, body_of, payload_of

ORDER = Order(
    id=OrderId("ord_1"),
    user_id=UserId("zoë"),
    status=OrderStatus.PAID,
    currency=Currency("eur"),
    total_cents=Cents(9000),
    items=(OrderItem(TicketTypeId("tkt_1"), "Konzert", 2, Cents(4500)),),
    created_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    updated_at=datetime(2026, 1, 31, 12, 5, 0, 250000, tzinfo=UTC),
    paid_at=datetime(2026, 1, 31, 12, 5, tzinfo=UTC),
    cancelled_at=None,
    amount_refunded_cents=Cents(0),
    disputed=False,
    needs_attention=True,
)


def test_an_event_is_the_order_at_the_moment_of_its_change() -> None:
    assert payload_of(OutgoingType.ORDER_PAID, ORDER) == {
        "type": "order.paid",
        "timestamp": "2026-01-31T12:05:00.250000Z",
        "data": {
            "id": "ord_1",
            "user_id": "zoë",
            "status": "PAID",
            "currency": "eur",
            "total_cents": 9000,
            "items": [
                {
                    "ticket_type_id": "tkt_1",
                    "name": "Konzert",
                    "quantity": 2,
                    "unit_price_cents": 4500,
                }
            ],
            "amount_refunded_cents": 0,
            "disputed": False,
            "needs_attention": True,
            "created_at": "2026-01-31T12:00:00Z",
            "paid_at": "2026-01-31T12:05:00Z",
        },
    }


def test_a_body_does_not_depend_on_how_its_payload_was_stored() -> None:
    payload = payload_of(OutgoingType.ORDER_PAID, ORDER)
    stored = dict(reversed(json.loads(json.dumps(payload)).items()))
    assert body_of(stored) == body_of(payload)
    assert json.loads(body_of(payload)) == payload
    assert "zoë".encode() in body_of(payload)
