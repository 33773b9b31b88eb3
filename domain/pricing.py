"""Pricing an order: from what a buyer wants to lines, currency and total."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import InvalidOrder, UnknownTicketType
from domain.ids import TicketTypeId
from domain.money import MAXIMUM_CENTS, Cents, Currency, display, minimum_cents
from domain.order import OrderItem, TicketType


@dataclass(frozen=True)
class PricedOrder:
    """What a buyer wants, at the catalogue's prices of the moment."""

    items: tuple[OrderItem, ...]
    currency: Currency
    total_cents: Cents


def price(
    quantities: Mapping[TicketTypeId, int], catalogue: Mapping[TicketTypeId, TicketType]
) -> PricedOrder:
    """Price an order.

    Raises UnknownTicketType for a type outside the catalogue, and InvalidOrder for an order that
    could never be sold: two currencies, more tickets than there are, or a total outside of what
    Stripe charges (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
    """
    for ticket_type_id in quantities:
        if ticket_type_id not in catalogue:
            raise UnknownTicketType(ticket_type_id)
    items = tuple(
        _line(catalogue[ticket_type_id], quantity)
        for ticket_type_id, quantity in quantities.items()
    )
    currencies = {catalogue[ticket_type_id].currency for ticket_type_id in quantities}
    if len(currencies) > 1:
        raise InvalidOrder("All tickets of an order must have the same currency.")
    currency = currencies.pop()
    total = Cents(sum(item.quantity * item.unit_price_cents for item in items))
    _check_total(total, currency)
    return PricedOrder(items, currency, total)


def _line(ticket_type: TicketType, quantity: int) -> OrderItem:
    if quantity > ticket_type.capacity:
        raise InvalidOrder(f"There are only {ticket_type.capacity} tickets of {ticket_type.id}.")
    return OrderItem(ticket_type.id, ticket_type.name, quantity, ticket_type.unit_price_cents)


def _check_total(total: Cents, currency: Currency) -> None:
    minimum = minimum_cents(currency)
    if total < minimum:
        raise InvalidOrder(f"The least that can be charged is {display(minimum, currency)}.")
    if total > MAXIMUM_CENTS:
        most = display(Cents(MAXIMUM_CENTS), currency)
        raise InvalidOrder(f"The most that can be charged is {most}.")
