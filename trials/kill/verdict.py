"""What a kill run must never leave behind: each rule is one of the invariants."""

from collections.abc import Collection, Iterator

from domain.ids import OrderId, checkout_workflow_id
from domain.order import OrderStatus
from trials.kill.books import Books, Order
from trials.kill.offence import Offence
from trials.kill.verdict_after import given_back, stands_as_at_stripe, told

# Which of the actions an order has behind it, each once, by where it ended.
FINAL_ACTIONS = {
    "order_paid": (OrderStatus.PAID, OrderStatus.REFUNDED),
    "order_cancelled": (OrderStatus.CANCELLED,),
    "order_refunded": (OrderStatus.REFUNDED,),
}
RULES = {
    "lost": "captured at Stripe, and neither PAID nor given back",
    "given away": "PAID, and the money is not there",
    "doubled": "more kept than the order costs now, or two sessions to pay in",
    "refunded twice": "two refunds at Stripe where one was asked for",
    "misbooked": "a refund, a dispute or a ticket that stands otherwise than at Stripe",
    "hanging": "not final, or still payable",
    "oversold": "tickets that the orders do not account for",
    "unseen": "an end without its entry in the audit trail",
    "untold": "an event that other systems should have got, or not in its order",
}


def offences(books: Books, acknowledged: Collection[str]) -> list[Offence]:
    """Hold PostgreSQL and Temporal against Stripe's ledger and the orders the API acknowledged."""
    known = {*acknowledged, *(capture.order_id for capture in books.captures)}
    found = [Offence("lost", gone, "no such order") for gone in known - books.orders.keys()]
    for order in books.orders.values():
        found.extend(_money(order, books))
        found.extend(_end(order, books))
        found.extend(stands_as_at_stripe(order, books))
        found.extend(told(order, books))
    found.extend(given_back(books))
    found.extend(_sum(books))
    found.extend(
        Offence("hanging", workflow_id, "a workflow of no order is running")
        for workflow_id in books.running
        if not workflow_id.startswith("checkout-")
    )
    for tickets in books.tickets:
        missing = tickets.capacity - tickets.available - tickets.sold - tickets.held
        if missing:
            found.append(Offence("oversold", tickets.id, f"{missing} unaccounted: {tickets}"))
    return found


def _money(order: Order, books: Books) -> Iterator[Offence]:
    kept, due = books.kept(order), _due(order)
    if kept and order.status != OrderStatus.PAID:
        yield Offence("lost", order.id, f"{order.status}, but {kept} cents are kept")
    elif kept < due:
        yield Offence("given away", order.id, f"PAID, but {kept} of {due} cents")
    elif kept > due:
        yield Offence("doubled", order.id, f"{kept} cents kept of {due}")
    if books.open_sessions[order.id] > 1:
        yield Offence("doubled", order.id, f"{books.open_sessions[order.id]} open sessions")


def _due(order: Order) -> int:
    """Return what has to be kept for an order, in cents: nothing unless it is valid."""
    is_valid = order.status == OrderStatus.PAID
    return order.total_cents - order.amount_refunded_cents if is_valid else 0


def _sum(books: Books) -> Iterator[Offence]:
    kept = sum(books.kept(order) for order in books.orders.values())
    due = sum(_due(order) for order in books.orders.values())
    if kept != due:
        yield Offence("lost" if kept > due else "given away", "all", f"{kept} kept, {due} due")


def _end(order: Order, books: Books) -> Iterator[Offence]:
    if order.awaits_refund:
        yield Offence("hanging", order.id, f"{order.status} with a refund under way")
    if order.awaits_payment:
        yield Offence("hanging", order.id, f"{order.status} with an open attempt")
    elif books.open_sessions[order.id]:
        yield Offence("hanging", order.id, f"{order.status} with an open session")
    elif checkout_workflow_id(OrderId(order.id)) in books.running:
        yield Offence("hanging", order.id, f"{order.status}, its workflow runs on")
    for action, statuses in FINAL_ACTIONS.items():
        if order.actions.count(action) != (order.status in statuses):
            yield Offence("unseen", order.id, f"{order.status}, but the trail says {order.actions}")
