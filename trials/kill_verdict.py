"""What a kill run must never leave behind: each rule is one of the invariants."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from domain.ids import OrderId, checkout_workflow_id
from domain.order import OrderStatus
from trials.kill_books import Books, Order

FINAL_ACTIONS = {OrderStatus.PAID: "order_paid", OrderStatus.CANCELLED: "order_cancelled"}


@dataclass(frozen=True)
class Offence:
    """A broken promise; `subject` is an order, a ticket type or a workflow."""

    rule: str
    subject: str
    what: str


RULES = {
    "lost": "captured at Stripe, and neither PAID nor given back",
    "given away": "PAID, and the money is not there",
    "doubled": "more kept than one total, or two sessions to pay in",
    "hanging": "not final, or still payable",
    "oversold": "tickets that the orders do not account for",
    "unseen": "an end without its entry in the audit trail",
}


def offences(books: Books, acknowledged: Collection[str]) -> list[Offence]:
    """Hold PostgreSQL and Temporal against Stripe's ledger and the orders the API acknowledged."""
    known = {*acknowledged, *(capture.order_id for capture in books.captures)}
    found = [Offence("lost", gone, "no such order") for gone in known - books.orders.keys()]
    for order in books.orders.values():
        found.extend(_money(order, books))
        found.extend(_end(order, books))
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
    kept = sum(
        capture.kept_cents
        for capture in books.captures
        if capture.order_id == order.id and not capture.is_set_aside
    )
    is_paid = order.status == OrderStatus.PAID
    if kept and not is_paid:
        yield Offence("lost", order.id, f"{order.status}, but {kept} cents are kept")
    if is_paid and kept < order.total_cents:
        yield Offence("given away", order.id, f"PAID, but {kept} of {order.total_cents} cents")
    if kept > order.total_cents:
        yield Offence("doubled", order.id, f"{kept} cents kept of {order.total_cents}")
    if books.open_sessions[order.id] > 1:
        yield Offence("doubled", order.id, f"{books.open_sessions[order.id]} open sessions")


def _end(order: Order, books: Books) -> Iterator[Offence]:
    if order.awaits_payment:
        yield Offence("hanging", order.id, f"{order.status} with an open attempt")
    elif books.open_sessions[order.id]:
        yield Offence("hanging", order.id, f"{order.status} with an open session")
    elif checkout_workflow_id(OrderId(order.id)) in books.running:
        yield Offence("hanging", order.id, f"{order.status}, its workflow runs on")
    for status, action in FINAL_ACTIONS.items():
        if order.actions.count(action) != (order.status == status):
            yield Offence("unseen", order.id, f"{order.status}, but the trail says {order.actions}")
