"""Refunds against a Stripe that fails, and against people who are faster than we are."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.ids import OrderId, refund_workflow_id
from domain.order import OrderStatus
from domain.payment import Settlement
from domain.refund import Refund, RefundStatus
from tests.orders import PRICE
from tests.workflows.refunding import (
    CREATE,
    assert_given_back,
    in_the_dashboard,
    late_refund_ended,
    move,
    next_refunds,
    paid,
    paid_behind_our_back,
    refund,
    refunds,
    refusal,
    request,
    start,
    taken,
    tell,
    wrong_in_the_books,
)
from tests.workflows.saga import Saga
from tests.workflows.telling import settle
from tests.workflows.world import fresh
from workflows.checkout import CheckoutWorkflow


@pytest.fixture
async def world(sandbox_url: str, database_url: str) -> AsyncIterator[Saga]:
    """A fresh world for each story: see there."""
    async with fresh(sandbox_url, database_url) as saga:
        yield saga


TOTAL = PRICE * 2
PART = 4000
FAULTS = ["timeout_before", "timeout_after", "error_before", "error_after", "error_saved"]


@pytest.mark.parametrize("kind", FAULTS)
async def test_whatever_goes_wrong_the_money_goes_back_once(saga: Saga, kind: str) -> None:
    order, _ = await paid(saga)
    await saga.fault(CREATE, kind, times=2)
    given = await refund(saga, order, PART)
    assert given.status is RefundStatus.SUCCEEDED
    assert await saga.refunded(order) == [PART]
    assert len(await refunds(saga, order)) == 1


@pytest.mark.parametrize("failing", ["GET /v1/refunds", CREATE])
async def test_stripe_being_down_delays_a_refund(saga: Saga, failing: str) -> None:
    order, _ = await paid(saga)
    await saga.fault(failing, "error_before", times=8, status=503)
    assert await saga.end_of(await start(saga, request(order))) is RefundStatus.SUCCEEDED
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_a_refund_that_stripe_refuses_asks_for_attention(saga: Saga) -> None:
    order, _ = await paid(saga)
    await saga.fault(CREATE, "error_before", status=400)
    assert await refusal(saga, order) == "refund_refused"
    (refused,) = await refunds(saga, order)
    assert (refused.status, refused.failure_reason) == (RefundStatus.FAILED, "invalid_request")
    assert (await saga.see(order)).needs_attention
    await refund(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_a_refund_made_in_the_dashboard_is_adopted_once(saga: Saga) -> None:
    order, report = await paid(saga)
    stripe_id = await in_the_dashboard(saga, report, PART)
    at_once = [await tell(saga, report.payment_intent) for _ in range(3)]
    for workflow_id in at_once:
        await saga.ended(workflow_id)
    (adopted,) = await refunds(saga, order)
    assert (adopted.stripe_id, adopted.amount_cents) == (stripe_id, PART)
    assert (await saga.see(order)).amount_refunded_cents == PART
    assert (await saga.actions(order)).count("refund_succeeded") == 1
    await in_the_dashboard(saga, report)
    await taken(saga, report.payment_intent)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_a_refund_in_the_dashboard_may_be_slow_and_fail(saga: Saga) -> None:
    order, report = await paid(saga)
    await next_refunds(saga, "pending")
    await in_the_dashboard(saga, report, PART)
    await taken(saga, report.payment_intent)
    assert await refusal(saga, order, TOTAL - PART + 1) == "amount_too_large"
    (adopted,) = await refunds(saga, order)
    await move(saga, adopted, "failed", failure_reason="declined")
    await taken(saga, report.payment_intent)
    assert (await saga.see(order)).needs_attention
    await refund(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


@pytest.mark.parametrize(
    ("in_dashboard", "code"), [(PART, "amount_too_large"), (None, "nothing_to_refund")]
)
async def test_what_went_back_in_the_dashboard_unheard_of_is_gone(
    saga: Saga, in_dashboard: int | None, code: str
) -> None:
    order, report = await paid(saga)
    await in_the_dashboard(saga, report, in_dashboard)
    assert await refusal(saga, order) == code
    refused, adopted = await refunds(saga, order)
    assert (refused.status, refused.stripe_id) == (RefundStatus.CANCELED, None)
    assert adopted.status is RefundStatus.SUCCEEDED
    assert await wrong_in_the_books(saga, order) == []
    assert not (await saga.see(order)).needs_attention


async def test_a_refund_of_a_payment_that_is_not_ours_ends_quietly(saga: Saga) -> None:
    await taken(saga, "pi_of_another_shop")


async def test_a_refund_that_overtakes_its_payment_waits_for_it(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    await in_the_dashboard(saga, report, PART)
    event = await tell(saga, report.payment_intent)
    await checkout.signal(CheckoutWorkflow.payment_completed, report)
    await checkout.result()
    await saga.ended(event)
    seen = await saga.see(order)
    assert (seen.status, seen.amount_refunded_cents) == (OrderStatus.PAID, PART)


async def test_a_refund_of_a_payment_that_was_set_aside_ends_quietly(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    await checkout.terminate("pressed by mistake")
    await saga.alter_attempt(order, currency="usd")
    assert await settle(saga, report) is Settlement.SET_ASIDE
    await in_the_dashboard(saga, report)
    await taken(saga, report.payment_intent)
    assert await refunds(saga, order) == []


@pytest.mark.parametrize("amount", [PART, None])
async def test_a_payment_that_went_back_stays_paid_when_it_is_reported_again(
    saga: Saga, amount: int | None
) -> None:
    order, report = await paid(saga)
    await refund(saga, order, amount)
    assert await settle(saga, report) is Settlement.PAID
    assert await saga.refunded(order) == [amount or TOTAL]
    assert len(await refunds(saga, order)) == 1


async def test_late_money_that_goes_back_slowly_is_followed_to_its_end(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await next_refunds(saga, "pending")
    assert await settle(saga, report) is Settlement.LATE
    opened = await made_at_stripe(saga, order)
    assert await wrong_in_the_books(saga, order) == []
    await move(saga, opened, "succeeded")
    await saga.skip(timedelta(days=1))
    await late_refund_ended(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.CANCELLED)
    assert await settle(saga, report) is Settlement.LATE


async def made_at_stripe(saga: Saga, order: OrderId) -> Refund:
    """Wait until Stripe has made the refund that the product itself began."""
    while not (found := await refunds(saga, order))[0].stripe_id:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return found[0]


@pytest.mark.parametrize("kind", FAULTS)
async def test_late_money_goes_back_once_whatever_goes_wrong(saga: Saga, kind: str) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await saga.fault(CREATE, kind, times=2)
    assert await settle(saga, report) is Settlement.LATE
    assert (await late_refund_ended(saga, order)).status is RefundStatus.SUCCEEDED
    await assert_given_back(saga, order, status=OrderStatus.CANCELLED)


async def test_late_money_that_does_not_go_back_is_seen_and_can_be_sent_again(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await next_refunds(saga, "failed")
    await settle(saga, report)
    assert (await late_refund_ended(saga, order)).status is RefundStatus.FAILED
    assert (await saga.see(order)).needs_attention
    assert await wrong_in_the_books(saga, order) == ["CANCELLED, but money is kept for it"]
    await refund(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.CANCELLED)


async def test_late_money_that_stripe_refuses_to_give_back_asks_for_attention(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await saga.fault(CREATE, "error_before", status=400)
    await settle(saga, report)
    assert (await late_refund_ended(saga, order)).status is RefundStatus.FAILED
    assert (await saga.see(order)).needs_attention


@pytest.mark.parametrize("in_dashboard", [PART, None])
async def test_late_money_goes_back_for_the_rest_where_somebody_was_faster(
    saga: Saga, in_dashboard: int | None
) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await in_the_dashboard(saga, report, in_dashboard)
    assert await settle(saga, report) is Settlement.LATE
    opened = min(await refunds(saga, order), key=lambda found: found.created_at)
    await saga.ended(refund_workflow_id(opened.id))
    await assert_given_back(saga, order, status=OrderStatus.CANCELLED)
    assert not (await saga.see(order)).needs_attention
