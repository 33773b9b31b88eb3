"""An order: what a buyer wants, at the prices of the moment it was made."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import OrderId, TicketTypeId, UserId
from domain.money import Cents, Currency

MAXIMUM_ITEMS = 100  # Stripe takes at most 100 line items in one session
MAXIMUM_QUANTITY = 10_000


class OrderStatus(StrEnum):
    """Where an order stands. Everything but CREATED is final for its checkout."""

    CREATED = "CREATED"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True)
class TicketType:
    """A kind of ticket on sale. `available` = capacity - sold - held."""

    id: TicketTypeId
    name: str
    unit_price_cents: Cents
    currency: Currency
    capacity: int
    available: int


@dataclass(frozen=True)
class OrderItem:
    """One line of an order; name and price are copies, later changes do not reach them."""

    ticket_type_id: TicketTypeId
    name: str
    quantity: int
    unit_price_cents: Cents


@dataclass(frozen=True)
class Order:
    """An order as its owner sees it; all times in UTC."""

    id: OrderId
    user_id: UserId
    status: OrderStatus
    currency: Currency
    total_cents: Cents
    items: tuple[OrderItem, ...]
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None
    cancelled_at: datetime | None
    amount_refunded_cents: Cents
    disputed: bool
    needs_attention: bool
