"""Where is this customer's money? One sentence for each order, for an operator in a hurry."""

from dataclasses import dataclass

from domain.money import Cents, Currency, display
from domain.order import OrderStatus
from domain.payment import PaymentStatus


@dataclass(frozen=True)
class Money:
    """What is known of an order's money, in minor units.

    `refunding` is on its way back, `refunded` has arrived; of disputes `withheld` is what Stripe
    keeps until they are decided, and `lost` what the buyer's bank got. `payment` is the last
    attempt's status.
    """

    order: OrderStatus
    currency: Currency
    captured: Cents
    refunding: Cents
    refunded: Cents
    withheld: Cents
    lost: Cents
    payment: PaymentStatus | None
    has_session: bool
    is_overdue: bool


def whereabouts(money: Money) -> str:
    """Say where the money is."""
    if money.captured or money.refunding or money.refunded:
        return _after_the_payment(money)
    if money.order is OrderStatus.CREATED:
        return _before_the_payment(money)
    return "Nothing was taken."


def _before_the_payment(money: Money) -> str:
    match money.payment:
        case PaymentStatus.PENDING if money.is_overdue:
            return "Unknown: the deadline has passed, and Stripe has not been heard since."
        case PaymentStatus.PENDING if money.has_session:
            return "With the buyer, as far as we have heard: the payment page is open."
        case PaymentStatus.PENDING:
            return "With the buyer: Stripe has not made the payment page yet."
        case PaymentStatus.PROCESSING:
            return "On its way from the buyer's bank, which can take days."
        case None:
            return "With the buyer: nothing was asked for yet."
        case _:
            return "With the buyer: the last attempt came to nothing."


def _after_the_payment(money: Money) -> str:
    here = money.captured - money.refunding - money.refunded - money.withheld - money.lost
    parts = [
        f"{display(Cents(amount), money.currency)} {where}"
        for amount, where in (
            (here, _HERE[money.order]),
            (money.withheld, "at Stripe until a dispute is decided"),
            (money.lost, "lost in a dispute"),
            (money.refunding, "on its way back"),
            (money.refunded, "went back"),
        )
        if amount > 0
    ]
    return f"{', '.join(parts)}."


_HERE = {
    OrderStatus.CREATED: "here, for an order that is not PAID",
    OrderStatus.PAID: "here",
    OrderStatus.CANCELLED: "here, for a cancelled order",
    OrderStatus.REFUNDED: "still here, though it was to go back",
}
