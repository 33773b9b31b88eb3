"""Money that goes back: in full and in part, at once, later, or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from database.models import OrderRow
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.refund import RefundStatus
from tests.orders import PRICE
from tests.workflows.refunding import (
    assert_given_back,
    begin,
    move,
    next_refunds,
    paid,
    refund,
    refunds,
    refusal,
    request,
    start,
    taken,
    ticket_statuses,
    wrong_in_the_books,
)
from tests.workflows.saga import Saga
from workflows.refund import RefundWorkflow

TOTAL = PRICE * 2
HALF = TOTAL // 2
A_DAY = timedelta(days=1)  # so often Stripe is asked what has become of a refund
UNDER_WAY = ["pending", "requires_action"]


async def test_a_full_refund_voids_the_tickets_and_frees_the_seats(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order, _ = await paid(saga, await saga.order(tickets))
    given = await refund(saga, order)
    assert (given.status, given.amount_cents) == (RefundStatus.SUCCEEDED, TOTAL)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)
    assert await saga.available(tickets) == 2
    assert (await saga.actions(order))[-3:] == [
        "refund_requested",
        "refund_succeeded",
        "order_refunded",
    ]
    assert not (await saga.see(order)).needs_attention


async def test_parts_add_up_until_all_is_given_back(saga: Saga) -> None:
    order, _ = await paid(saga)
    for amount in (1000, 2500):
        assert (await refund(saga, order, amount)).status is RefundStatus.SUCCEEDED
    seen = await saga.see(order)
    assert (seen.status, seen.amount_refunded_cents) == (OrderStatus.PAID, 3500)
    assert await saga.payment_statuses(order) == ["PARTIALLY_REFUNDED"]
    assert await ticket_statuses(saga, order) == {"VALID"}
    assert await wrong_in_the_books(saga, order) == []
    assert (await refund(saga, order)).amount_cents == TOTAL - 3500
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_there_is_nothing_to_give_back_of_an_unpaid_order(saga: Saga) -> None:
    order = await saga.order()
    await saga.checkout(order)
    assert await refusal(saga, order) == "nothing_to_refund"
    await saga.cancel(order)
    assert await refusal(saga, order, 1) == "nothing_to_refund"
    assert await refunds(saga, order) == []


async def test_there_is_nothing_left_of_what_was_given_back(saga: Saga) -> None:
    order, _ = await paid(saga)
    await refund(saga, order)
    assert await refusal(saga, order) == "nothing_to_refund"


@pytest.mark.parametrize("status", UNDER_WAY)
async def test_money_on_its_way_is_not_left(saga: Saga, status: str) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, status)
    story, _ = await begin(saga, order, 5000)
    assert (await saga.see(order)).amount_refunded_cents == 0
    assert await refusal(saga, order, TOTAL - 4999) == "amount_too_large"
    assert (await refund(saga, order)).amount_cents == TOTAL - 5000
    assert await refusal(saga, order) == "nothing_to_refund"
    for pending in await refunds(saga, order):
        if pending.status != RefundStatus.SUCCEEDED:
            await move(saga, pending, "succeeded")
    await saga.skip(A_DAY)
    await story.result()
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_a_disputed_payment_is_not_given_back(saga: Saga) -> None:
    order, _ = await paid(saga)
    await dispute_here(saga, order, disputed=True)
    assert await refusal(saga, order) == "payment_disputed"
    await dispute_here(saga, order, disputed=False)
    assert await refunds(saga, order) == []


async def dispute_here(saga: Saga, order: OrderId, *, disputed: bool) -> None:
    """Let an order be disputed, or not any more."""
    async with saga.database.transaction() as connection:
        await connection.execute(
            update(OrderRow).where(OrderRow.id == order).values(disputed=disputed)
        )


async def test_a_dispute_that_only_stripe_knows_of_refuses_the_refund(saga: Saga) -> None:
    order, report = await paid(saga)
    path = f"payments/{report.payment_intent}/dispute"
    dispute = await saga.sandbox("POST", path, {})
    assert await refusal(saga, order) == "payment_disputed"
    (refused,) = await refunds(saga, order)
    assert (refused.status, refused.failure_reason) == (RefundStatus.FAILED, "charge_disputed")
    assert (await saga.see(order)).needs_attention
    await saga.sandbox("POST", f"disputes/{dispute['id']}/close", {"outcome": "won"})
    await refund(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


@pytest.mark.parametrize("status", UNDER_WAY)
async def test_an_event_hints_at_the_end_of_a_refund(saga: Saga, status: str) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, status)
    story, given = await begin(saga, order)
    assert given.status == status
    assert (await saga.see(order)).status is OrderStatus.PAID
    await story.signal(RefundWorkflow.refund_changed)
    await move(saga, given, "succeeded")
    await story.signal(RefundWorkflow.refund_changed)
    assert await story.result() is RefundStatus.SUCCEEDED
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_a_refund_that_no_event_tells_of_is_asked_after_once_a_day(saga: Saga) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, "pending")
    story, given = await begin(saga, order)
    await saga.skip(2 * A_DAY)
    await move(saga, given, "succeeded")
    await saga.skip(A_DAY)
    assert await story.result() is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("first", UNDER_WAY)
async def test_a_refund_that_fails_is_seen_and_can_be_tried_again(saga: Saga, first: str) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, first)
    story, given = await begin(saga, order)
    await move(saga, given, "failed", failure_reason="expired_or_canceled_card")
    await story.signal(RefundWorkflow.refund_changed)
    assert await story.result() is RefundStatus.FAILED
    (failed,) = await refunds(saga, order)
    assert failed.failure_reason == "expired_or_canceled_card"
    seen = await saga.see(order)
    assert (seen.status, seen.needs_attention) == (OrderStatus.PAID, True)
    assert await saga.payment_statuses(order) == ["SUCCEEDED"]
    assert "refund_failed" in await saga.actions(order)
    assert await wrong_in_the_books(saga, order) == []
    await refund(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_a_refund_may_fail_at_once(saga: Saga) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, "failed")
    assert (await refund(saga, order)).failure_reason == "declined"
    assert (await saga.see(order)).needs_attention
    assert (await refund(saga, order)).status is RefundStatus.SUCCEEDED


async def test_a_refund_that_waited_for_the_buyer_may_be_canceled(saga: Saga) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, "requires_action")
    story, given = await begin(saga, order)
    await move(saga, given, "canceled")
    await story.signal(RefundWorkflow.refund_changed)
    assert await story.result() is RefundStatus.CANCELED
    assert (await saga.see(order)).needs_attention
    assert (await refund(saga, order)).amount_cents == TOTAL


async def test_money_that_comes_back_leaves_the_order_refunded_and_can_be_sent_again(
    saga: Saga,
) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order, report = await paid(saga, await saga.order(tickets))
    given = await refund(saga, order)
    await move(saga, given, "failed", failure_reason="declined")
    await taken(saga, report.payment_intent)
    seen = await saga.see(order)
    assert (seen.status, seen.amount_refunded_cents) == (OrderStatus.REFUNDED, 0)
    assert seen.needs_attention
    assert await wrong_in_the_books(saga, order) == ["REFUNDED, but money is kept for it"]
    await refund(saga, order)
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)
    assert (await saga.actions(order)).count("order_refunded") == 1
    assert await saga.available(tickets) == 2


async def test_a_request_to_cancel_the_workflow_stops_no_money(saga: Saga) -> None:
    order, _ = await paid(saga)
    await next_refunds(saga, "pending")
    story, given = await begin(saga, order)
    await story.cancel()
    await move(saga, given, "succeeded")
    await saga.skip(A_DAY)
    assert await story.result() is RefundStatus.SUCCEEDED
    await assert_given_back(saga, order, status=OrderStatus.REFUNDED)


async def test_asking_again_joins_the_refund_that_runs_or_has_ended(saga: Saga) -> None:
    order, _ = await paid(saga)
    wanted = request(order, HALF)
    await next_refunds(saga, "pending")
    first = await start(saga, wanted)
    given = await first.execute_update(RefundWorkflow.refund)
    assert await (await start(saga, wanted)).execute_update(RefundWorkflow.refund) == given
    await move(saga, given, "succeeded")
    await saga.skip(A_DAY)
    await first.result()
    again = await start(saga, wanted)
    assert await again.result() is RefundStatus.SUCCEEDED
    assert await saga.refunded(order) == [HALF]
