"""The promises, held against Stripe's own ledger: what the random walker hunts for breaks of.

They are the invariants of the design: one payable thing, PAID means paid, no money on a dead
order, no seat twice, once is once, nothing unseen.
"""

from collections import Counter
from datetime import timedelta

from domain.ids import OrderId, RefundId, checkout_workflow_id, refund_workflow_id
from domain.order import OrderStatus
from domain.payment import SETTLED_STATUSES, PaymentStatus
from trials.walk.books import (
    SOLD,
    Books,
    Captures,
    Ledger,
    Order,
    books_of,
    demand,
    late_intents,
    ledgers_of,
    sentences,
)
from trials.walk.money import check_disputes, check_kept, check_refunds, check_tickets
from trials.walk.stage import Broken, Stage
from trials.walk.told import check_told, count_told

ASKED_ABOUT = timedelta(days=1)  # sessions that the reconciler surely still asks Stripe about
TAKES_LONGER = "the delayed payment takes longer than it should"
OF_EVERY_ORDER = ("order_created", "tickets_held", "order_paid", "order_cancelled")


async def check_moment(stage: Stage) -> None:
    """Check what must hold at every moment. Raises Broken."""
    books = await books_of(stage)
    ledgers = ledgers_of(stage)  # after the database, so that Stripe knows no less
    _no_seat_twice(books)
    for order in books.orders:
        ledger = ledgers[order.id]
        payable = [
            session["id"]
            for session in ledger.sessions
            if session["status"] == "open" and session["id"] not in stage.strangers
        ]
        demand(len(payable) <= 1, order, "has two sessions that can be paid")
        fitting = _fitting(stage, order, ledger.captures)
        if order.status in SOLD:
            _paid_means_paid(books, order, fitting)
        for capture in ledger.captures:
            too_much = capture["amount_refunded"] > capture["amount"]
            demand(not too_much, order, "got more back than it paid")
        if order.status == OrderStatus.CANCELLED:
            demand(not payable, order, "is CANCELLED, and can still be paid")
        _nothing_unseen(books, order)


async def nothing_hangs(stage: Stage) -> None:
    """Check that everything is over but payments and refunds that take days. Raises Broken."""
    books = await books_of(stage)
    takes_days = {row.order_id for row in books.payments if row.status == PaymentStatus.PROCESSING}
    if hanging := books.holding() - takes_days:
        raise Broken(f"behind their deadline and not done: {hanging}")
    waiting = {checkout_workflow_id(OrderId(order_id)) for order_id in takes_days}
    # These ask Stripe once a day, if no event hints at their end before.
    waiting |= {refund_workflow_id(RefundId(row.id)) for row in books.refunds if row.stripe_id}
    if running := set(await stage.running()) - waiting:
        raise Broken(f"still running: {running}")


async def check_rest(stage: Stage, *, unheard: bool = False) -> Counter[str]:
    """Check what must hold when everything has had its time.

    `unheard`: the events have not come, only the reconciler has looked. Returns how many orders
    ended in which status, and how often each action stands in the audit trail. Raises Broken.
    """
    if running := await stage.running():
        raise Broken(f"still running: {running}")
    await check_moment(stage)
    books, ledgers = await books_of(stage), ledgers_of(stage)
    for order in books.orders:
        ledger = ledgers[order.id]
        its = books.of(order)
        captures = _found_by_asking(its, ledger) if unheard else ledger.captures
        _misfits_are_seen(stage, books, order, captures)
        check_refunds(stage, its, ledger, captures)
        check_kept(its, captures, _fitting(stage, order, captures))
        check_disputes(its, ledger, captures)
        check_tickets(its)
        check_told(stage, its)
        demand(order.id not in books.holding(), order, "holds tickets with nobody at work on it")
    if wrong := await sentences(stage, books):
        raise Broken(f"the books say: {wrong}")
    if not unheard:
        count_told(stage)
    return Counter(order.status for order in books.orders) + Counter(
        row.action for row in books.history if row.action not in OF_EVERY_ORDER
    )


def _found_by_asking(books: Books, ledger: Ledger) -> Captures:
    """Leave out money that came for an order's old session: only its event tells of it."""
    made = {session["id"]: session["created"] for session in ledger.sessions}
    known = {row.payment_intent for row in (*books.payments, *books.refunds)}
    return [
        capture
        for capture in ledger.captures
        if capture["payment_intent"] in known
        or capture["created"] - made[capture["session"]] < ASKED_ABOUT.total_seconds()
    ]


def _no_seat_twice(books: Books) -> None:
    taken = books.holding() | {row.id for row in books.orders if row.status == OrderStatus.PAID}
    seats = sum(books.quantities[order_id] for order_id in taken)
    if books.available + seats != books.capacity:
        raise Broken(
            f"{books.available} available + {seats} held or sold != capacity {books.capacity}"
        )


def _fitting(stage: Stage, order: Order, captures: Captures) -> Captures:
    """Return the captures of sessions that are as we asked for them."""
    fitting = [capture for capture in captures if capture["session"] not in stage.misfits]
    for capture in fitting:
        asked = (capture["amount"], capture["currency"])
        demand(asked == (order.total_cents, order.currency), order, f"was charged {asked}")
    return fitting


def _paid_means_paid(books: Books, order: Order, fitting: Captures) -> None:
    kept = {(capture["session"], capture["payment_intent"]) for capture in fitting}
    late = late_intents(books.of(order))
    taken = [
        (row.provider_ref, row.payment_intent)
        for row in books.payments
        if row.order_id == order.id
        and row.status in SETTLED_STATUSES
        and row.payment_intent not in late
    ]
    demand(len(taken) == 1, order, f"is PAID by {len(taken)} payments")
    demand(taken[0] in kept, order, f"is PAID by {taken[0]}, and Stripe has {kept or 'nothing'}")


def _nothing_unseen(books: Books, order: Order) -> None:
    told = Counter(row.action for row in books.history if row.order_id == order.id)
    attempts = sum(row.order_id == order.id for row in books.payments)
    expected = {
        "order_created": 1,
        "order_paid": int(order.status in SOLD),
        "order_refunded": int(order.status == OrderStatus.REFUNDED),
        "order_cancelled": int(order.status == OrderStatus.CANCELLED),
        "tickets_held": attempts,
    }
    for action, times in expected.items():
        demand(told[action] == times, order, f"has {told[action]} entries {action}, not {times}")


def _misfits_are_seen(stage: Stage, books: Books, order: Order, captures: Captures) -> None:
    """What does not match goes back, or is set aside for a person; what matches never is."""
    aside = {
        row.stripe_ids["session"]
        for row in books.history
        if row.order_id == order.id and row.action == "payment_set_aside"
    }
    demand(aside <= stage.misfits, order, f"has a payment set aside that matches: {aside}")
    demand(order.needs_attention or not aside, order, "has money set aside, and nobody is told")
    asked = {
        row.reason
        for row in books.history
        if row.order_id == order.id and row.action == "needs_attention"
    }
    demand(asked <= {TAKES_LONGER}, order, f"asks for attention without need: {asked}")
    for capture in captures:
        if capture["session"] in stage.misfits and not capture["amount_refunded"]:
            demand(capture["session"] in aside, order, "keeps money that does not match, unseen")
