"""Events that come twice, out of order, or to the wrong address."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
from temporalio.service import RPCError

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from domain.payment import Settlement
from tests.orders import PRICE
from tests.workflows.saga import Saga
from tests.workflows.telling import delayed, settle
from tests.workflows.world import fresh
from workflows.checkout import CheckoutWorkflow


@pytest.fixture
async def world(sandbox_url: str, database_url: str) -> AsyncIterator[Saga]:
    """A fresh world for each story: see there."""
    async with fresh(sandbox_url, database_url) as saga:
        yield saga


async def test_the_same_event_twice_pays_once(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    for _ in range(3):
        await checkout.signal(CheckoutWorkflow.payment_completed, report)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.actions(order)).count("order_paid") == 1


async def test_a_payment_is_told_after_an_expiry_that_was_not(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)  # what an event `expired` does
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.actions(order)).count("order_paid") == 1
    assert await saga.refunded(order) == [0]


async def test_completed_after_expired_is_late_money_and_goes_back(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.sandbox("POST", f"sessions/{session.session_id}/expire")
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    await saga.pay(session, late=True)
    assert await settle(saga, await saga.report(session)) is Settlement.LATE
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.refunded(order) == [PRICE * 2]


async def test_completed_right_behind_expired_meets_the_checkout_while_it_decides(
    saga: Saga,
) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.sandbox("POST", f"sessions/{session.session_id}/expire")
    async with saga.interruptions.standing_still("cancel_order", "before") as reached:
        await checkout.signal(CheckoutWorkflow.look_at_stripe)
        await reached
        await saga.pay(session, late=True)
        await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.refunded(order) == [PRICE * 2]
    assert (await saga.see(order)).amount_refunded_cents == PRICE * 2


@pytest.mark.parametrize("failed_first", [True, False])
async def test_a_delayed_payment_that_succeeded_is_also_said_to_have_failed(
    saga: Saga, failed_first: bool
) -> None:
    order, checkout, session = await delayed(saga)
    await saga.settle(session, succeeds=True)
    succeeded = await saga.report(session)
    if failed_first:
        await checkout.signal(CheckoutWorkflow.look_at_stripe)
    await checkout.signal(CheckoutWorkflow.payment_completed, succeeded)
    if not failed_first:
        with suppress(RPCError):  # it may have ended by then
            await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert await saga.payment_statuses(order) == ["SUCCEEDED"]
    assert (await saga.actions(order)).count("order_paid") == 1


async def test_events_of_two_orders_that_are_mixed_up_pay_neither(saga: Saga) -> None:
    orders = [await saga.order(), await saga.order()]
    checkouts = [await saga.checkout(order) for order in orders]
    reports = []
    for _, session in checkouts:
        await saga.pay(session)
        reports.append(await saga.report(session))
    for (checkout, _), order, foreign in zip(checkouts, orders, reversed(reports), strict=True):
        of_the_other = replace(foreign, order_id=order, event_id=f"{foreign.event_id}_mixed_up")
        await checkout.signal(CheckoutWorkflow.payment_completed, of_the_other)
    for (checkout, session), order in zip(checkouts, orders, strict=True):
        assert await checkout.result() is CheckoutOutcome.PAID  # Stripe itself was asked
        paid = [row for row in await saga.entries(order) if row.action == "order_paid"]
        assert [row.stripe_ids["session"] for row in paid] == [session.session_id]
        assert (await saga.actions(order)).count("payment_set_aside") == 1
