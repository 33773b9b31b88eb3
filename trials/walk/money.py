"""What must hold of an order's money and its tickets when all is at rest, by Stripe's ledger."""

from collections import Counter

from database.refunds import late_key
from domain.dispute import IN_OUR_FAVOUR, DisputeStatus
from domain.order import OrderStatus
from domain.refund import UNDER_WAY, RefundStatus
from domain.ticket import TicketStatus
from trials.walk.books import SOLD, Books, Captures, Ledger, demand, late_intents
from trials.walk.stage import Stage


def check_refunds(stage: Stage, books: Books, ledger: Ledger, captures: Captures) -> None:
    """Check that our refunds are Stripe's, each once, and all in the audit trail. Raises Broken."""
    (order,) = books.orders
    intents = {capture["payment_intent"] for capture in captures}
    made = {
        refund["id"]: (refund["amount"], refund["status"])
        for refund in ledger.refunds
        if refund["payment_intent"] in intents
    }
    written = {
        row.stripe_id: (row.amount_cents, row.status)
        for row in books.refunds
        if row.stripe_id and row.payment_intent in intents
    }
    demand(written == made, order, f"has refunds {made} at Stripe, and wrote {written}")
    hanging = [row.id for row in books.refunds if row.status in UNDER_WAY]
    demand(not hanging, order, f"has refunds that nobody ends: {hanging}")
    asked = Counter(refund["metadata"].get("reason") for refund in ledger.refunds)
    rows = Counter(row.reason for row in books.refunds)
    for key, refunds in stage.refunds_of_key.items():
        once = max(len(refunds), asked[key], rows[key]) <= 1
        demand(once, order, f"was refunded more than once for one key: {key}")
    told = Counter(row.action for row in books.history)
    late = [row for row in books.refunds if row.idempotency_key == late_key(row.payment_intent)]
    requested = sum(row.idempotency_key == row.id for row in books.refunds)
    given = sum(row.status == RefundStatus.SUCCEEDED for row in late)
    demand(told["refund_opened"] == len(late), order, "has not told of each late refund")
    demand(told["refund_requested"] == requested, order, "has not told of each request")
    demand(given <= told["late_payment_refunded"] <= len(late), order, "told of late money wrongly")


def check_kept(books: Books, captures: Captures, fitting: Captures) -> None:
    """Check that nothing is kept but the price, less what went back of it. Raises Broken.

    `fitting` are those captures that the order could take.
    """
    (order,) = books.orders
    late = late_intents(books)
    came_to_nothing = {
        row.payment_intent
        for row in books.refunds
        if row.status == RefundStatus.FAILED
        or (row.status == RefundStatus.CANCELED and row.stripe_id)
    }
    if came_to_nothing:
        demand(order.needs_attention, order, "kept what was to go back, and nobody is told")
    back = sum(capture["amount_refunded"] for capture in captures)
    own = [
        capture
        for capture in fitting
        if order.status in SOLD and capture["payment_intent"] not in late
    ]
    for capture in fitting:
        kept = capture["amount"] - capture["amount_refunded"]
        excused = capture in own or capture["payment_intent"] in came_to_nothing
        demand(not kept or excused, order, f"is {order.status}, Stripe keeps {kept} too much")
    if order.status in SOLD:
        demand(len(own) == 1, order, f"was paid {len(own)} times")
        back = own[0]["amount_refunded"]
        was_all = back == order.total_cents or own[0]["payment_intent"] in came_to_nothing
        is_refunded = order.status == OrderStatus.REFUNDED
        demand(is_refunded or back < order.total_cents, order, "went back in full, and is PAID")
        demand(was_all or not is_refunded, order, f"is REFUNDED, only {back} went back")
    shown = min(back, order.total_cents)
    demand(order.amount_refunded_cents == shown, order, f"does not show that {shown} went back")


def check_disputes(books: Books, ledger: Ledger, captures: Captures) -> None:
    """Check that disputes stand here as at Stripe, and on the order. Raises Broken."""
    (order,) = books.orders
    intents = {capture["payment_intent"] for capture in captures}
    opened = {
        dispute["id"]: dispute["status"]
        for dispute in ledger.disputes
        if dispute["payment_intent"] in intents
    }
    written = {row.id: row.status for row in books.disputes}
    demand(written.items() >= opened.items(), order, f"has {opened} at Stripe, wrote {written}")
    against_us = any(DisputeStatus(status) not in IN_OUR_FAVOUR for status in written.values())
    demand(order.disputed == against_us, order, f"shows {order.disputed}, disputes are {written}")


def check_tickets(books: Books) -> None:
    """Check that an order's tickets are as it is. Raises Broken."""
    (order,) = books.orders
    if order.status == OrderStatus.REFUNDED:
        expected = TicketStatus.VOID
    else:
        expected = TicketStatus.FROZEN if order.disputed else TicketStatus.VALID
    seats = books.quantities[order.id] if order.status in SOLD else 0
    tickets = [row.status for row in books.tickets]
    demand(tickets == [expected] * seats, order, f"is {order.status}, its tickets are {tickets}")
