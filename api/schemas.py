"""The bodies of requests and answers, as `docs/` and OpenAPI describe them."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.documentation import example
from domain.ids import TicketTypeId
from domain.money import CURRENCIES, MAXIMUM_CENTS, Currency, smallest_step
from domain.order import MAXIMUM_ITEMS, MAXIMUM_QUANTITY, Order, OrderStatus
from domain.payment import PaymentStatus
from domain.refund import RefundStatus
from domain.ticket import TicketStatus

MAXIMUM_CAPACITY = 1_000_000
Item = TypeVar("Item")


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the character NUL")
    return text


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("is not a currency that Stripe takes, in lower case")
    return code


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_without_nul),
]
Id = Annotated[str, StringConstraints(max_length=200), AfterValidator(_without_nul)]
CurrencyCode = Annotated[str, AfterValidator(_known_currency)]


class Body(BaseModel):
    """A request's body: nothing unknown in it, and no number that is not one."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NewTicketType(Body):
    """A kind of ticket to put on sale."""

    model_config = ConfigDict(
        json_schema_extra=example(
            name="Opera, box", unit_price_cents=12000, currency="eur", capacity=8
        )
    )

    name: Text
    unit_price_cents: int = Field(ge=1, le=MAXIMUM_CENTS, description="in the minor unit")
    currency: CurrencyCode
    capacity: int = Field(ge=1, le=MAXIMUM_CAPACITY)

    @model_validator(mode="after")
    def _chargeable(self) -> Self:
        step = smallest_step(Currency(self.currency))
        if self.unit_price_cents % step:
            raise ValueError(f"unit_price_cents must be a multiple of {step} in {self.currency}")
        return self


class TicketTypeView(BaseModel):
    """A kind of ticket on sale; `available` = capacity - sold - held."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="tkt_064f",
            name="Opera, box",
            unit_price_cents=12000,
            currency="eur",
            capacity=8,
            available=6,
        ),
    )

    id: str
    name: str
    unit_price_cents: int
    currency: str
    capacity: int
    available: int


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


class NewRefund(Body):
    """How much to give back, in the currency's minor unit, and why; by default all that is left."""

    model_config = ConfigDict(
        json_schema_extra=example(amount_cents=12000, reason="one guest is ill")
    )

    amount_cents: int | None = Field(default=None, ge=1, le=MAXIMUM_CENTS)
    reason: Text = "on request"


class RefundView(BaseModel):
    """Money on its way back; `failure_reason` says in Stripe's words why it did not get there."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="re_0651",
            order_id="ord_0650",
            amount_cents=12000,
            currency="eur",
            status="succeeded",
            reason="one guest is ill",
            failure_reason=None,
            created_at="2026-02-01T09:00:00Z",
        ),
    )

    id: str
    order_id: str
    amount_cents: int
    currency: str
    status: RefundStatus
    reason: str
    failure_reason: str | None
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


class ListOf(BaseModel, Generic[Item]):
    """Everything there is."""

    data: list[Item]


class PageOf(ListOf[Item], Generic[Item]):
    """A page; with `has_more` the next one starts after the last id of this one."""

    has_more: bool
