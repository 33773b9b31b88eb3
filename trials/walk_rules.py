"""The promises, held against Stripe's own ledger: what the random walker hunts for breaks of.

They are the invariants of the design: one payable thing, PAID means paid, no money on a dead
order, no seat twice, once is once, nothing unseen.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from domain.ids import OrderId, checkout_workflow_id
from domain.order import OrderStatus
from domain.payment import PaymentStatus
from domain.refund import RefundStatus
from stripe_sandbox.store import Document
from trials.walk_books import Books, Ledger, books_of, ledgers_of, sentences
from trials.walk_stage import Broken, Stage

ASKED_ABOUT = timedelta(days=1)  # sessions that the reconciler surely still asks Stripe about
TAKES_LONGER = "the delayed payment takes longer than it should"
OF_EVERY_ORDER = ("order_created", "tickets_held", "order_paid", "order_cancelled")

Order = Row[Any]
Captures = list[Document]


async def check_moment(stage: Stage) -> None:
    """Check what must hold at every moment. Raises Broken."""
    books = await books_of(stage)
    ledgers = await ledgers_of(stage)  # after the database, so that Stripe knows no less
    _no_seat_twice(books)
    for order in books.orders:
        ledger = ledgers[order.id]
        payable = [
            session["id"]
            for session in ledger.sessions
            if session["status"] == "open" and session["id"] not in stage.strangers
        ]
        _demand(len(payable) <= 1, order, "has two sessions that can be paid")
        if order.status == OrderStatus.PAID:
            _paid_means_paid(books, order, _fitting(stage, order, ledger.captures))
        if order.status == OrderStatus.CANCELLED:
            _demand(not payable, order, "is CANCELLED, and can still be paid")
        _nothing_unseen(books, order)


async def nothing_hangs(stage: Stage) -> None:
    """Check that everything is over but payments that take days. Raises Broken."""
    books = await books_of(stage)
    takes_days = {row.order_id for row in books.payments if row.status == PaymentStatus.PROCESSING}
    if hanging := books.holding() - takes_days:
        raise Broken(f"behind their deadline and not done: {hanging}")
    waiting = {checkout_workflow_id(OrderId(order_id)) for order_id in takes_days}
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
    books, ledgers = await books_of(stage), await ledgers_of(stage)
    for order in books.orders:
        ledger = ledgers[order.id]
        captures = _found_by_asking(order, ledger) if unheard else ledger.captures
        _nothing_kept_but_the_price(order, _fitting(stage, order, captures))
        _misfits_are_seen(stage, books, order, captures)
        _refunded_once(books, order, captures)
        _demand(order.id not in books.holding(), order, "holds tickets with nobody at work on it")
    if wrong := await sentences(stage):
        raise Broken(f"the books say: {wrong}")
    return Counter(order.status for order in books.orders) + Counter(
        row.action for row in books.history if row.action not in OF_EVERY_ORDER
    )


def _found_by_asking(order: Order, ledger: Ledger) -> Captures:
    """Leave out money that came for an order's old session: only its event tells of it."""
    made = {session["id"]: session["created"] for session in ledger.sessions}
    return [
        capture
        for capture in ledger.captures
        if capture["amount_refunded"]
        or order.status == OrderStatus.PAID
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
        _demand(asked == (order.total_cents, order.currency), order, f"was charged {asked}")
    return fitting


def _paid_means_paid(books: Books, order: Order, fitting: Captures) -> None:
    kept = {
        (capture["session"], capture["payment_intent"])
        for capture in fitting
        if capture["amount_refunded"] == 0
    }
    taken = [
        (row.provider_ref, row.payment_intent)
        for row in books.payments
        if row.order_id == order.id and row.status == PaymentStatus.SUCCEEDED
    ]
    _demand(len(taken) == 1, order, f"is PAID by {len(taken)} payments")
    _demand(taken[0] in kept, order, f"is PAID by {taken[0]}, and Stripe has {kept or 'nothing'}")


def _nothing_unseen(books: Books, order: Order) -> None:
    told = Counter(row.action for row in books.history if row.order_id == order.id)
    attempts = sum(row.order_id == order.id for row in books.payments)
    expected = {
        "order_created": 1,
        "order_paid": int(order.status == OrderStatus.PAID),
        "order_cancelled": int(order.status == OrderStatus.CANCELLED),
        "tickets_held": attempts,
    }
    for action, times in expected.items():
        _demand(told[action] == times, order, f"has {told[action]} entries {action}, not {times}")


def _nothing_kept_but_the_price(order: Order, fitting: Captures) -> None:
    due = order.total_cents if order.status == OrderStatus.PAID else 0
    kept = sum(capture["amount"] - capture["amount_refunded"] for capture in fitting)
    _demand(
        kept == due, order, f"is {order.status}, Stripe keeps {kept} cents for it and not {due}"
    )


def _misfits_are_seen(stage: Stage, books: Books, order: Order, captures: Captures) -> None:
    """What does not match goes back, or is set aside for a person; what matches never is."""
    aside = {
        row.stripe_ids["session"]
        for row in books.history
        if row.order_id == order.id and row.action == "payment_set_aside"
    }
    _demand(aside <= stage.misfits, order, f"has a payment set aside that matches: {aside}")
    _demand(order.needs_attention or not aside, order, "has money set aside, and nobody is told")
    asked = {
        row.reason
        for row in books.history
        if row.order_id == order.id and row.action == "needs_attention"
    }
    _demand(asked <= {TAKES_LONGER}, order, f"asks for attention without need: {asked}")
    for capture in captures:
        if capture["session"] in stage.misfits and not capture["amount_refunded"]:
            _demand(capture["session"] in aside, order, "keeps money that does not match, unseen")


def _refunded_once(books: Books, order: Order, captures: Captures) -> None:
    given = {
        capture["payment_intent"]: capture["amount_refunded"]
        for capture in captures
        if capture["amount_refunded"]
    }
    written = [
        (row.payment_intent, row.amount_cents)
        for row in books.refunds
        if row.order_id == order.id and row.status == RefundStatus.SUCCEEDED
    ]
    _demand(sorted(written) == sorted(given.items()), order, f"gave {given}, wrote {written}")
    told = Counter(row.action for row in books.history if row.order_id == order.id)
    for action in ("refund_opened", "late_payment_refunded"):
        _demand(told[action] == len(given), order, f"has {told[action]} entries {action}")
    if order.status == OrderStatus.CANCELLED:
        shown = order.amount_refunded_cents > 0
        _demand(shown == bool(given), order, "does not show what was given back for it")


def _demand(holds: bool, order: Order, otherwise: str) -> None:
    if not holds:
        raise Broken(f"{order.id} {otherwise}")
