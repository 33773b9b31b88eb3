"""A short kill run, and proof that its verdict can turn red."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from trials.kill_books import Books, Capture, Order, Tickets
from trials.kill_run import run
from trials.kill_scale import Scale
from trials.kill_verdict import RULES, offences

PAID = Order(
    "ord_1",
    "PAID",
    4500,
    awaits_payment=False,
    needs_attention=False,
    refund_refused=False,
    actions=["tickets_held", "order_paid"],
)
PAYMENT = Capture("ord_1", "pi_1", kept_cents=4500)
CREATED = replace(PAID, status="CREATED", actions=["order_created"])
RIGHT = Books(
    orders={"ord_1": PAID},
    tickets=[Tickets("tkt_1", capacity=10, available=9, sold=1, held=0)],
    running=[],
    captures=[PAYMENT],
    open_sessions=Counter(),
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that PostgreSQL can pass through when it runs as another user."""
    tmp_path.chmod(0o711)
    return tmp_path


@pytest.mark.timeout(300)
async def test_nothing_is_lost_when_processes_are_killed_under_load(directory: Path) -> None:
    scale = Scale(orders=20, seed=1, hold_seconds=5, leaves_to_reconciler=False)
    assert await run(scale, directory)


@pytest.mark.timeout(300)
async def test_nothing_is_lost_when_workers_are_killed_before_and_after_an_effect(
    directory: Path,
) -> None:
    points = ("hold_tickets.ends", "create_session.stripe-answered", "mark_paid.begins")
    scale = Scale(orders=12, seed=1, hold_seconds=5, points=points, leaves_to_reconciler=False)
    assert await run(scale, directory)
    assert not list((directory / "points").iterdir()), "a worker died at each of them"


@pytest.mark.parametrize(
    "books",
    [
        RIGHT,
        replace(RIGHT, captures=[PAYMENT, Capture("ord_1", "pi_1", kept_cents=0)]),
        replace(RIGHT, captures=[PAYMENT, replace(PAYMENT, is_set_aside=True)]),
    ],
    ids=["paid", "paid, and late money given back", "paid, and a stranger's money set aside"],
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
    ],
)
def test_each_broken_promise_is_found(rule: str, books: Books) -> None:
    assert rule in RULES
    assert rule in {offence.rule for offence in offences(books, ["ord_1"])}
