"""What must hold of all that comes after a payment: refunds, disputes, and what others are told."""

from collections import Counter
from collections.abc import Iterator

from domain.dispute import IN_OUR_FAVOUR
from domain.money import Cents
from domain.order import OrderStatus
from domain.outgoing import OrderState, news
from domain.refund import TAKEN_FROM_THE_REST
from domain.ticket import TicketStatus
from trials.kill.books import Books, Dispute, Order, Refund
from trials.kill.offence import Offence

_UNTOLD = OrderState(OrderStatus.CREATED, Cents(0), disputed=False, needs_attention=False)


def given_back(books: Books) -> Iterator[Offence]:
    """Hold each refund and dispute at Stripe against our rows; one refund for each that we made."""
    at_stripe: list[Refund | Dispute] = [*books.refunds, *books.disputes]
    for what in at_stripe:
        if what.status != what.booked:
            yield Offence(
                "misbooked", what.order_id, f"{what.id} is {what.status}, and here {what.booked}"
            )
    made = Counter(
        (refund.order_id, refund.asked_by)
        for refund in books.refunds
        if refund.asked_by and refund.status in TAKEN_FROM_THE_REST
    )
    for (order_id, asked_by), count in made.items():
        if count > 1:
            yield Offence("refunded twice", order_id, f"{count} refunds for {asked_by}")


def stands_as_at_stripe(order: Order, books: Books) -> Iterator[Offence]:
    """REFUNDED if all was given back, disputed while a bank asks; and tickets that say so."""
    is_all_back = order.amount_refunded_cents == order.total_cents
    if is_all_back and order.status == OrderStatus.PAID:
        yield Offence("misbooked", order.id, "PAID, and all was given back")
    if order.status == OrderStatus.REFUNDED and not is_all_back:
        yield Offence("misbooked", order.id, f"REFUNDED, of {order.amount_refunded_cents} cents")
    disputed = any(
        dispute.order_id == order.id and dispute.status not in IN_OUR_FAVOUR
        for dispute in books.disputes
    )
    if order.disputed != disputed:
        yield Offence("misbooked", order.id, f"disputed is {order.disputed}, at Stripe {disputed}")
    expected = _tickets(order, disputed=disputed)
    if set(order.tickets) != expected:
        yield Offence("misbooked", order.id, f"{order.status} with tickets {order.tickets}")


def _tickets(order: Order, *, disputed: bool) -> set[str]:
    match order.status:
        case OrderStatus.PAID:
            return {TicketStatus.FROZEN if disputed else TicketStatus.VALID}
        case OrderStatus.REFUNDED:
            return {TicketStatus.VOID}
        case _:
            return set()


def told(order: Order, books: Books) -> Iterator[Offence]:
    """Each event that was written has come, in turn; nothing that is to be told is left."""
    written = [event for event in books.told if event.order_id == order.id]
    ids, taken = [event.id for event in written], books.taken.get(order.id, [])
    if ids != taken:
        yield Offence("untold", order.id, f"written: {ids}, taken: {taken}")
    last = written[-1].state if written else _UNTOLD
    now = OrderState(
        OrderStatus(order.status),
        Cents(order.amount_refunded_cents),
        order.disputed,
        order.needs_attention,
    )
    if news(last, now) or last.status != now.status:
        yield Offence("untold", order.id, f"told last: {last}, now: {now}")
