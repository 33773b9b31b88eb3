"""A short kill run, and proof that its verdict can turn red."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from trials.kill_books import Books, Order, Tickets
from trials.kill_run import Scale, run
from trials.kill_verdict import RULES, offences

PAID = Order("ord_1", "PAID", 4500, awaits_payment=False, actions=["tickets_held", "order_paid"])
CREATED = replace(PAID, status="CREATED", actions=["order_created"])
RIGHT = Books(
    orders={"ord_1": PAID},
    tickets=[Tickets("tkt_1", capacity=10, available=9, sold=1, held=0)],
    running=[],
    captures=Counter({"ord_1": 1}),
    kept_cents=Counter({"ord_1": 4500}),
    open_sessions=Counter(),
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that PostgreSQL can pass through when it runs as another user."""
    tmp_path.chmod(0o711)
    return tmp_path


@pytest.mark.timeout(300)
async def test_nothing_is_lost_when_processes_are_killed_under_load(directory: Path) -> None:
    assert await run(Scale(orders=20, seed=1, hold_seconds=5), directory)


def test_books_that_are_right_have_no_offences() -> None:
    assert RIGHT.are_closed
    assert offences(RIGHT, ["ord_1"]) == []


@pytest.mark.parametrize(
    ("rule", "books"),
    [
        ("lost", replace(RIGHT, orders={"ord_1": CREATED})),
        ("lost", replace(RIGHT, orders={})),
        ("lost", replace(RIGHT, captures=Counter({"ord_1": 1, "ord_2": 1}))),
        ("given away", replace(RIGHT, kept_cents=Counter())),
        ("doubled", replace(RIGHT, kept_cents=Counter({"ord_1": 9000}))),
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
