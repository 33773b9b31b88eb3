"""Clocks that are ten minutes wrong. Deadlines are Temporal's; Stripe has a clock of its own.

The worker's and PostgreSQL's clocks are days behind in all stories that skip time. A worker looks
at its own only to make ids, and to sign what it tells other systems.
"""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace

import pytest

from activities.attempts import Attempts
from activities.sessions import Sessions
from database.ops import case_of
from domain.checkout import CheckoutOutcome, CloseAttempt, CloseReason, HoldTickets
from domain.order import OrderStatus
from domain.refund import RefundStatus
from tests.orders import PRICE
from tests.workflows.refunding import refund
from tests.workflows.saga import HOLD, Saga
from tests.workflows.telling import (
    CREATE,
    assert_closed_at_the_deadline,
    pay_and_tell,
    refused_by_stripe,
)

SHORTEST_HOLD, LONGEST_HOLD = timedelta(seconds=1), timedelta(hours=23)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture(autouse=True, params=[TEN_MINUTES, -TEN_MINUTES], ids=["ahead", "behind"])
async def stripes_clock(request: pytest.FixtureRequest, saga: Saga) -> AsyncIterator[None]:
    """Set Stripe's clock ten minutes wrong."""
    saga.stripe_is_ahead = request.param
    yield
    saga.stripe_is_ahead = timedelta()


@pytest.mark.parametrize("hold", [SHORTEST_HOLD, LONGEST_HOLD])
@pytest.mark.parametrize("late", [False, True])
async def test_stripe_accepts_a_session_from_the_first_second_of_a_hold_to_its_last(
    saga: Saga, hold: timedelta, late: bool
) -> None:
    order = await saga.order()
    now = await saga.environment.get_current_time()
    attempts = Attempts(saga.database, hold=hold, base_url="http://shop", livemode=False)
    attempt = await attempts.hold_tickets(HoldTickets(order, now))
    assert attempt
    await saga.set_stripes_clock(attempt.expires_at if late else now)
    session = await Sessions(saga.sdk, saga.database).create_session(attempt)
    assert await saga.stripe_status(session) == "open"
    await saga.sandbox("POST", f"sessions/{session.session_id}/expire")
    await attempts.cancel_order(CloseAttempt(order, attempt.id, CloseReason.DEADLINE, "test"))


async def test_a_paid_order_ends_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_an_order_that_is_paid_just_before_its_deadline_ends_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.skip(HOLD - timedelta(seconds=30))
    await saga.pay(session)
    await saga.skip(timedelta(seconds=30))
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_an_unpaid_order_ends_cancelled_at_its_deadline(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_a_session_that_nobody_heard_of_is_closed_at_the_deadline(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "timeout_after", times=None)
    checkout = await saga.start(order)
    session = await saga.session_at_stripe(order)
    await assert_closed_at_the_deadline(saga, checkout, session)


async def test_an_attempt_of_a_worker_with_a_wrong_clock_is_not_taken_for_the_other(
    saga: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await saga.order()
    wrong_by = saga.stripe_is_ahead // timedelta(microseconds=1) * 1000
    with monkeypatch.context() as clock:
        clock.setattr("domain.ids.time", SimpleNamespace(time_ns=lambda: time.time_ns() + wrong_by))
        await refused_by_stripe(saga, order)
    checkout, session = await saga.checkout(order)
    async with saga.database.transaction() as connection:
        shown = (await case_of(connection, order)).payment
    assert shown
    assert shown.session_id == session.session_id
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.payment_statuses(order))[-2:] == ["FAILED", "SUCCEEDED"]
    assert (await refund(saga, order)).status is RefundStatus.SUCCEEDED
    assert (await saga.see(order)).status is OrderStatus.REFUNDED
    assert await saga.refunded(order) == [PRICE * 2]
