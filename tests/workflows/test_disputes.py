"""Disputes: what Stripe says when asked decides, whatever the events said and in which order."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.disputes import Disputes
from database.disputes import disputes_of
from domain.dispute import DisputeStatus
from domain.ids import OrderId, new_id, stripe_event_workflow_id
from domain.order import OrderStatus
from domain.payment import Settlement
from domain.refund import RefundStatus
from domain.stripe_event import StripeEvent
from tests.workflows.refunding import (
    late_refund_ended,
    paid,
    paid_behind_our_back,
    ticket_statuses,
    wrong_in_the_books,
)
from tests.workflows.saga import TASK_QUEUE, Saga
from tests.workflows.telling import settle
from workflows.checkout import CheckoutWorkflow
from workflows.stripe_event import StripeEventWorkflow


@pytest.fixture
def disputes(saga: Saga) -> Disputes:
    """The activities, called as a workflow would."""
    return Disputes(saga.sdk, saga.database)


async def sold(saga: Saga) -> tuple[OrderId, str]:
    """Sell an order; return it and the payment intent that paid it."""
    order, report = await paid(saga)
    return order, str(report.payment_intent)


async def dispute(saga: Saga, payment_intent: str, **how: Any) -> str:
    """Have the buyer's bank dispute a payment; return the dispute's id."""
    found = await saga.sandbox("POST", f"payments/{payment_intent}/dispute", how)
    return str(found["id"])


async def hear_of(saga: Saga, dispute_id: str) -> None:
    """Let an event about a dispute be taken, to the end."""
    event = StripeEvent(new_id("evt"), dispute_id=dispute_id)
    story = await saga.environment.client.start_workflow(
        StripeEventWorkflow.run,
        event,
        id=stripe_event_workflow_id(event.id),
        task_queue=TASK_QUEUE,
    )
    saga.told.append(story)
    await story.result()


async def dispute_statuses(saga: Saga, order_id: OrderId) -> list[str]:
    async with saga.database.transaction() as connection:
        return [dispute.status for dispute in await disputes_of(connection, order_id)]


async def test_a_dispute_freezes_the_tickets_until_it_is_won(
    saga: Saga, disputes: Disputes
) -> None:
    order, payment_intent = await sold(saga)
    assert await ticket_statuses(saga, order) == {"VALID"}
    dispute_id = await dispute(saga, payment_intent)
    assert await disputes.take_dispute(dispute_id) == order
    assert await dispute_statuses(saga, order) == [DisputeStatus.NEEDS_RESPONSE]
    seen = await saga.see(order)
    assert (seen.status, seen.disputed) == (OrderStatus.PAID, True)
    assert await ticket_statuses(saga, order) == {"FROZEN"}
    await saga.sandbox("POST", f"disputes/{dispute_id}/close", {"outcome": "won"})
    assert await disputes.take_dispute(dispute_id) == order
    assert await dispute_statuses(saga, order) == [DisputeStatus.WON]
    assert not (await saga.see(order)).disputed
    assert await ticket_statuses(saga, order) == {"VALID"}
    assert (await saga.actions(order))[-2:] == ["dispute_opened", "dispute_changed"]


async def test_each_event_of_a_dispute_makes_us_look_whatever_came_before(saga: Saga) -> None:
    order, payment_intent = await sold(saga)
    dispute_id = await dispute(saga, payment_intent)
    await hear_of(saga, dispute_id)
    assert (await saga.see(order)).disputed
    await saga.sandbox("POST", f"disputes/{dispute_id}/close", {"outcome": "won"})
    for _ in range(2):  # what happened last may come first
        await hear_of(saga, dispute_id)
        assert not (await saga.see(order)).disputed
    assert (await saga.actions(order)).count("dispute_changed") == 1


async def test_a_lost_dispute_leaves_the_tickets_frozen(saga: Saga, disputes: Disputes) -> None:
    order, payment_intent = await sold(saga)
    dispute_id = await dispute(saga, payment_intent)
    await saga.sandbox("POST", f"disputes/{dispute_id}/close", {"outcome": "lost"})
    assert await disputes.take_dispute(dispute_id) == order
    assert await dispute_statuses(saga, order) == [DisputeStatus.LOST]
    seen = await saga.see(order)
    assert (seen.status, seen.disputed) == (OrderStatus.PAID, True)
    assert await ticket_statuses(saga, order) == {"FROZEN"}


async def test_an_inquiry_that_comes_to_nothing_is_forgotten(
    saga: Saga, disputes: Disputes
) -> None:
    order, payment_intent = await sold(saga)
    dispute_id = await dispute(saga, payment_intent, inquiry=True)
    await disputes.take_dispute(dispute_id)
    assert (await saga.see(order)).disputed
    await saga.sandbox("POST", f"disputes/{dispute_id}/close", {"outcome": "warning_closed"})
    await disputes.take_dispute(dispute_id)
    assert not (await saga.see(order)).disputed


async def test_many_events_at_once_store_a_dispute_once(saga: Saga, disputes: Disputes) -> None:
    order, payment_intent = await sold(saga)
    dispute_id = await dispute(saga, payment_intent)
    answers = await asyncio.gather(
        *(disputes.take_dispute(dispute_id) for _ in range(8)), return_exceptions=True
    )
    overtaken = [answer for answer in answers if isinstance(answer, ApplicationError)]
    assert {error.type for error in overtaken} <= {"overtaken"}
    assert len(overtaken) < len(answers)
    async with saga.database.transaction() as connection:
        assert [row.id for row in await disputes_of(connection, order)] == [dispute_id]
    assert (await saga.actions(order)).count("dispute_opened") == 1


async def test_of_two_looks_at_once_the_slower_is_taken_again(
    saga: Saga, disputes: Disputes
) -> None:
    order, payment_intent = await sold(saga)
    dispute_id = await dispute(saga, payment_intent)
    await disputes.take_dispute(dispute_id)
    await saga.sandbox("POST", f"disputes/{dispute_id}/close", {"outcome": "won"})
    await saga.fault("GET /v1/disputes/*", "delay", delay_seconds=0.5)
    answers = await asyncio.gather(
        *(disputes.take_dispute(dispute_id) for _ in range(2)), return_exceptions=True
    )
    (overtaken,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(overtaken, ApplicationError)
    assert overtaken.type == "overtaken"
    assert (await saga.actions(order)).count("dispute_changed") == 1


async def test_a_dispute_that_overtook_its_payment_is_asked_for_again(
    saga: Saga, disputes: Disputes
) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    dispute_id = await dispute(saga, str(report.payment_intent))
    with pytest.raises(ApplicationError) as early:
        await disputes.take_dispute(dispute_id)
    assert early.value.type == "too_early"
    await checkout.signal(CheckoutWorkflow.payment_completed, report)
    await checkout.result()
    await disputes.take_dispute(dispute_id)
    assert (await saga.see(order)).disputed


async def test_late_money_that_a_dispute_took_is_not_kept(saga: Saga, disputes: Disputes) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    dispute_id = await dispute(saga, str(report.payment_intent))
    assert await settle(saga, report) is Settlement.LATE
    assert (await late_refund_ended(saga, order)).status is not RefundStatus.SUCCEEDED
    assert await wrong_in_the_books(saga, order) == ["CANCELLED, but money is kept for it"]
    await saga.sandbox("POST", f"disputes/{dispute_id}/close", {"outcome": "lost"})
    await disputes.take_dispute(dispute_id)
    assert await wrong_in_the_books(saga, order) == []
