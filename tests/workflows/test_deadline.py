"""The deadline: Stripe is told to close first, and what it then says decides."""

from datetime import timedelta

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from tests.workflows.saga import HOLD, Saga
from tests.workflows.telling import EXPIRE


async def test_an_unpaid_order_is_closed_at_stripe_and_then_cancelled(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=5)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.available(tickets) == 5
    assert await saga.payment_statuses(order) == ["EXPIRED"]
    assert await saga.stripe_status(session) == "expired"


async def test_paying_at_the_last_second_wins_over_the_deadline(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_buyer_pays_while_the_deadline_is_already_closing_his_session(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    async with saga.interruptions.standing_still("close_session", "before") as reached:
        await saga.skip(HOLD)
        await reached
        await saga.pay(session)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert await saga.refunded(order) == [0]


async def test_an_expiry_whose_answer_is_lost_is_still_an_expiry(saga: Saga) -> None:
    order = await saga.order()
    checkout, _ = await saga.checkout(order)
    await saga.fault(EXPIRE, "timeout_after")
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED


async def test_expiring_fails_for_an_hour(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.fault(EXPIRE, "error_before", times=None, status=500)
    await saga.skip(HOLD + timedelta(hours=1))
    assert (await saga.see(order)).status is OrderStatus.CREATED
    await saga.fault("", "", times=0)
    assert await saga.end_of(checkout) is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_a_buyer_pays_while_expiring_fails(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.fault(EXPIRE, "error_before", times=None, status=500)
    await saga.skip(HOLD + timedelta(minutes=1))
    await saga.pay(session)
    await saga.fault("", "", times=0)
    assert await saga.end_of(checkout) is CheckoutOutcome.PAID


async def test_stripe_being_down_until_the_deadline_ends_in_cancelled(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault("* /v1/*", "error_before", times=None, status=503)
    checkout = await saga.start(order)
    await saga.skip(HOLD * 2)
    assert (await saga.see(order)).status is OrderStatus.CREATED
    await saga.fault("", "", times=0)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED


async def test_a_session_that_is_no_longer_open_is_expired_already(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.sandbox("POST", f"sessions/{session.session_id}/expire")
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.payment_statuses(order) == ["EXPIRED"]
