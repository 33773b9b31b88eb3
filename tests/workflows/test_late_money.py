"""Money for an order that is CANCELLED goes back by itself, once, whatever happens meanwhile."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.checkout import CheckoutOutcome
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import CheckoutSession, Settlement
from tests.interruptions import Where
from tests.orders import PRICE
from tests.workflows.refunding import paid_behind_our_back
from tests.workflows.saga import HOLD, Saga
from tests.workflows.telling import REFUND, settle
from tests.workflows.world import fresh


@pytest.fixture
async def world(sandbox_url: str, database_url: str) -> AsyncIterator[Saga]:
    """A fresh world for each story: see there."""
    async with fresh(sandbox_url, database_url) as saga:
        yield saga


async def test_late_money_goes_back_once_however_often_it_is_reported(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    for number in range(3):
        again = replace(report, event_id=f"{report.event_id}_{number}")
        assert await settle(saga, again) is Settlement.LATE
    assert await saga.refunded(order) == [PRICE * 2]
    seen = await saga.see(order)
    assert seen.status is OrderStatus.CANCELLED
    assert seen.amount_refunded_cents == PRICE * 2
    assert not seen.needs_attention
    assert await saga.payment_statuses(order) == ["REFUNDED"]
    actions = await saga.actions(order)
    assert actions.count("refund_opened") == actions.count("late_payment_refunded") == 1


async def test_a_refund_whose_answer_is_lost_is_made_once(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await saga.fault("POST /v1/refunds", "timeout_after")
    assert await settle(saga, report) is Settlement.LATE
    assert await saga.refunded(order) == [PRICE * 2]


async def test_a_refund_that_stripe_refuses_asks_for_attention(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await saga.fault("POST /v1/refunds", "error_before", status=400)
    await settle(saga, report)
    assert await saga.refunded(order) == [0]
    assert (await saga.see(order)).needs_attention


async def test_money_that_comes_an_hour_late_goes_back(saga: Saga) -> None:
    order, session = await lapsed(saga)
    await saga.skip(timedelta(hours=1))
    await saga.pay(session, late=True)
    assert await settle(saga, await saga.report(session)) is Settlement.LATE
    assert await saga.refunded(order) == [PRICE * 2]


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("step", ["mark_paid", "open_late_refund", "carry_out"])
async def test_money_that_comes_a_month_late_goes_back_once_whichever_worker_dies(
    saga: Saga, step: str, where: Where
) -> None:
    """Nobody has the checkout's history any more, and each event is settled anew."""
    order, session = await lapsed(saga)
    await saga.skip(timedelta(days=31))
    await saga.pay(session, late=True)
    report = await saga.report(session)
    saga.interruptions.die(step, where)
    for _ in range(3):
        assert await settle(saga, report) is Settlement.LATE
    assert await saga.refunded(order) == [PRICE * 2]
    assert (await saga.see(order)).amount_refunded_cents == PRICE * 2
    actions = await saga.actions(order)
    assert actions.count("refund_opened") == actions.count("late_payment_refunded") == 1


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "error_before"])
async def test_money_goes_back_once_though_stripe_does_not_answer(saga: Saga, kind: str) -> None:
    order, session = await lapsed(saga)
    await saga.pay(session, late=True)
    await saga.fault(REFUND, kind, times=2)
    assert await settle(saga, await saga.report(session)) is Settlement.LATE
    assert await saga.refunded(order) == [PRICE * 2]


async def lapsed(saga: Saga) -> tuple[OrderId, CheckoutSession]:
    """Return an order whose deadline passed, and its expired session."""
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    return order, session
