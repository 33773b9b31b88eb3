"""Proof that the verdict of a kill run can turn red."""

from collections import Counter
from dataclasses import replace

import pytest

from domain.money import Cents
from domain.order import OrderStatus
from domain.outgoing import OrderState
from trials.kill.books import Books, Capture, Dispute, Order, Refund, Tickets, Told
from trials.kill.verdict import RULES, offences

PAID = Order(
    "ord_1",
    "PAID",
    4500,
    amount_refunded_cents=0,
    disputed=False,
    awaits_payment=False,
    awaits_refund=False,
    needs_attention=False,
    refund_refused=False,
    actions=["tickets_held", "order_paid"],
    tickets=["VALID", "VALID"],
)
PAYMENT = Capture("ord_1", "pi_1", kept_cents=4500)
CREATED = replace(PAID, status="CREATED", actions=["order_created"], tickets=[])
REFUNDED = replace(
    PAID,
    status="REFUNDED",
    amount_refunded_cents=4500,
    actions=[*PAID.actions, "order_refunded"],
    tickets=["VOID", "VOID"],
)
TOLD_PAID = Told("msg_1", "ord_1", OrderState(OrderStatus.PAID, Cents(0), False, False))
TOLD_REFUNDED = Told("msg_2", "ord_1", OrderState(OrderStatus.REFUNDED, Cents(4500), False, False))
REFUND = Refund("re_1", "ord_1", asked_by="re_ours", status="succeeded", booked="succeeded")
WON = Dispute("du_1", "ord_1", status="won", booked="won")
DISPUTE = Dispute("du_1", "ord_1", status="lost", booked="lost")
RIGHT = Books(
    orders={"ord_1": PAID},
    tickets=[Tickets("tkt_1", capacity=10, available=9, sold=1, held=0)],
    running=[],
    captures=[PAYMENT],
    open_sessions=Counter(),
    told=[TOLD_PAID],
    taken={"ord_1": ["msg_1"]},
)
RIGHT_REFUNDED = replace(
    RIGHT,
    orders={"ord_1": REFUNDED},
    tickets=[Tickets("tkt_1", capacity=10, available=10, sold=0, held=0)],
    captures=[replace(PAYMENT, kept_cents=0)],
    refunds=[REFUND],
    told=[TOLD_PAID, TOLD_REFUNDED],
    taken={"ord_1": ["msg_1", "msg_2"]},
)
TOLD_DISPUTED = Told("msg_2", "ord_1", OrderState(OrderStatus.PAID, Cents(0), True, False))
RIGHT_DISPUTED = replace(
    RIGHT,
    orders={"ord_1": replace(PAID, disputed=True, tickets=["FROZEN", "FROZEN"])},
    captures=[replace(PAYMENT, disputed_cents=4500)],
    disputes=[DISPUTE],
    told=[TOLD_PAID, TOLD_DISPUTED],
    taken={"ord_1": ["msg_1", "msg_2"]},
)


@pytest.mark.parametrize(
    "books",
    [
        RIGHT,
        replace(RIGHT, captures=[PAYMENT, Capture("ord_1", "pi_1", kept_cents=0)]),
        replace(RIGHT, captures=[PAYMENT, replace(PAYMENT, is_set_aside=True)]),
        RIGHT_REFUNDED,
        RIGHT_DISPUTED,
        replace(RIGHT, captures=[PAYMENT, replace(PAYMENT, is_late=True, disputed_cents=4500)]),
        replace(RIGHT, orders={"ord_1": replace(PAID, disputed=False)}, disputes=[WON]),
    ],
    ids=[
        "paid",
        "paid, and late money given back",
        "paid, and a stranger's money set aside",
        "given back",
        "disputed, and lost",
        "paid, and late money in the hands of a bank",
        "disputed in vain",
    ],
)
def test_books_that_are_right_have_no_offences(books: Books) -> None:
    assert books.are_closed
    assert offences(books, ["ord_1"]) == []


@pytest.mark.parametrize(
    ("rule", "books"),
    [
        ("lost", replace(RIGHT, orders={"ord_1": CREATED})),
        ("lost", replace(RIGHT, orders={})),
        ("lost", replace(RIGHT, captures=[PAYMENT, replace(PAYMENT, order_id="ord_2")])),
        ("given away", replace(RIGHT, captures=[])),
        ("given away", replace(RIGHT, captures=[replace(PAYMENT, is_set_aside=True)])),
        ("doubled", replace(RIGHT, captures=[PAYMENT, PAYMENT])),
        ("doubled", replace(RIGHT, open_sessions=Counter({"ord_1": 2}))),
        ("hanging", replace(RIGHT, open_sessions=Counter({"ord_1": 1}))),
        ("hanging", replace(RIGHT, running=["checkout-ord_1"])),
        ("hanging", replace(RIGHT, running=["stripe-event-evt_1"])),
        ("hanging", replace(RIGHT, orders={"ord_1": replace(CREATED, awaits_payment=True)})),
        ("oversold", replace(RIGHT, tickets=[replace(RIGHT.tickets[0], sold=2)])),
        ("unseen", replace(RIGHT, orders={"ord_1": replace(PAID, actions=["tickets_held"])})),
        ("unseen", replace(RIGHT_REFUNDED, orders={"ord_1": replace(REFUNDED, actions=[])})),
        ("hanging", replace(RIGHT, orders={"ord_1": replace(PAID, awaits_refund=True)})),
        ("hanging", replace(RIGHT, running=["refund-re_1"])),
        ("lost", replace(RIGHT_REFUNDED, captures=[PAYMENT])),
        ("given away", replace(RIGHT, captures=[replace(PAYMENT, kept_cents=3000)])),
        ("doubled", replace(RIGHT, orders={"ord_1": replace(PAID, amount_refunded_cents=1500)})),
        ("refunded twice", replace(RIGHT_REFUNDED, refunds=[REFUND, replace(REFUND, id="re_2")])),
        ("misbooked", replace(RIGHT_REFUNDED, refunds=[replace(REFUND, booked="pending")])),
        ("misbooked", replace(RIGHT_REFUNDED, refunds=[replace(REFUND, booked=None)])),
        ("misbooked", replace(RIGHT, orders={"ord_1": replace(PAID, amount_refunded_cents=4500)})),
        (
            "misbooked",
            replace(RIGHT_REFUNDED, orders={"ord_1": replace(REFUNDED, tickets=["VALID"])}),
        ),
        (
            "misbooked",
            replace(RIGHT_REFUNDED, orders={"ord_1": replace(REFUNDED, amount_refunded_cents=1)}),
        ),
        ("misbooked", replace(RIGHT_DISPUTED, disputes=[])),
        (
            "misbooked",
            replace(RIGHT_DISPUTED, disputes=[replace(DISPUTE, booked="needs_response")]),
        ),
        ("misbooked", replace(RIGHT, disputes=[DISPUTE])),
        ("untold", replace(RIGHT, told=[], taken={})),
        ("untold", replace(RIGHT, taken={})),
        ("untold", replace(RIGHT_REFUNDED, taken={"ord_1": ["msg_2", "msg_1"]})),
        ("untold", replace(RIGHT_REFUNDED, told=[TOLD_PAID], taken={"ord_1": ["msg_1"]})),
    ],
)
def test_each_broken_promise_is_found(rule: str, books: Books) -> None:
    assert rule in RULES
    assert rule in {offence.rule for offence in offences(books, ["ord_1"])}
