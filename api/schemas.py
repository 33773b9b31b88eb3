"""Orders and what belongs to them, as clients see them."""

from collections import Counter
from datetime import datetime
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from api.bodies import Body, Text
from api.documentation import example
from domain.ids import TicketTypeId
from domain.order import MAXIMUM_ITEMS, MAXIMUM_QUANTITY, Order, OrderStatus
from domain.payment import PaymentStatus
from domain.ticket import TicketStatus


class NewItem(Body):
    """How many tickets of which type."""

    ticket_type_id: Text
    quantity: int = Field(ge=1, le=MAXIMUM_QUANTITY)


class NewOrder(Body):
    """What a buyer wants; the prices come from the catalogue."""

    model_config = ConfigDict(
        json_schema_extra=example(items=[{"ticket_type_id": "tkt_064f", "quantity": 2}])
    )

    items: list[NewItem] = Field(min_length=1, max_length=MAXIMUM_ITEMS)

    def quantities(self) -> dict[TicketTypeId, int]:
        """Return how many tickets of which type; lines for the same type add up."""
        total: Counter[TicketTypeId] = Counter()
        for item in self.items:
            total[TicketTypeId(item.ticket_type_id)] += item.quantity
        return dict(total)


class OrderItemView(BaseModel):
    """One line of an order, at the price of the moment it was made."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            ticket_type_id="tkt_064f", name="Opera, box", quantity=2, unit_price_cents=12000
        ),
    )

    ticket_type_id: str
    name: str
    quantity: int
    unit_price_cents: int


class OrderView(BaseModel):
    """An order; times are RFC 3339 in UTC."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="ord_0650",
            user_id="alice",
            status="PAID",
            currency="eur",
            total_cents=24000,
            items=[
                {
                    "ticket_type_id": "tkt_064f",
                    "name": "Opera, box",
                    "quantity": 2,
                    "unit_price_cents": 12000,
                }
            ],
            created_at="2026-01-31T12:00:00Z",
            updated_at="2026-01-31T12:05:00Z",
            paid_at="2026-01-31T12:05:00Z",
            cancelled_at=None,
            amount_refunded_cents=0,
            disputed=False,
        ),
    )

    id: str
    user_id: str
    status: OrderStatus
    currency: str
    total_cents: int
    items: list[OrderItemView]
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    amount_refunded_cents: int
    disputed: bool

    @classmethod
    def of(cls, order: Order) -> Self:
        """Return how an order is shown to its owner."""
        return cls.model_validate(order)


class CheckoutSessionView(BaseModel):
    """Where to pay, and until when (UTC)."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "url": "https://checkout.stripe.com/c/pay/cs_test_a1",
                "session_id": "cs_test_a1",
                "expires_at": "2026-01-31T12:30:00Z",
            }
        },
    )

    url: str
    session_id: str
    expires_at: datetime


class PaymentView(BaseModel):
    """One attempt to collect an order's total; `provider_ref` is Stripe's session id."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="pay_0650",
            order_id="ord_0650",
            provider="stripe",
            provider_ref="cs_test_a1",
            amount_cents=24000,
            currency="eur",
            status="PENDING",
            created_at="2026-01-31T12:00:00Z",
        ),
    )

    id: str
    order_id: str
    provider: str
    provider_ref: str | None
    amount_cents: int
    currency: str
    status: PaymentStatus
    created_at: datetime


class TicketView(BaseModel):
    """A ticket: a gate lets in whoever shows the `code` of a VALID one."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="tic_5f0c",
            ticket_type_id="tkt_064f",
            code="9B2E6C1D0A7F4E55B3A1C8D2E4F60718",
            status="VALID",
        ),
    )

    id: str
    ticket_type_id: str
    code: str
    status: TicketStatus


class HistoryEntry(BaseModel):
    """One entry of the audit trail: who did what, why, and the Stripe objects it is about."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            at="2026-01-31T12:05:00Z",
            actor="stripe",
            action="order_paid",
            reason=None,
            stripe_ids={"session": "cs_test_a1", "payment_intent": "pi_1", "event": "evt_1"},
        ),
    )

    at: datetime
    actor: str
    action: str
    reason: str | None
    stripe_ids: dict[str, Any]
