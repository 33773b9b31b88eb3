"""Every branch of the story of one checkout."""

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from tests.workflows.saga import HOLD, Saga
from tests.workflows.telling import (
    pay_and_tell,
    refusal_of,
)
from workflows.checkout import CheckoutWorkflow


async def test_a_paid_session_makes_the_order_paid(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=5)
    order = await saga.order(tickets, quantity=2)
    checkout, session = await saga.checkout(order)
    assert await saga.available(tickets) == 3
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID
    paid = await saga.see(order)
    assert paid.status is OrderStatus.PAID
    assert paid.paid_at is not None
    assert await saga.available(tickets) == 3
    assert await saga.actions(order) == ["order_created", "tickets_held", "order_paid"]
    assert await saga.payment_statuses(order) == ["SUCCEEDED"]


async def test_a_returning_buyer_needs_no_webhook(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_buyer_who_returns_unpaid_can_still_pay(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    await saga.skip(HOLD / 2)
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_asking_again_answers_the_same_session(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    assert await checkout.execute_update(CheckoutWorkflow.checkout_session) == session
    assert len(await saga.session_ids(order)) == 1


async def test_a_buyer_may_give_up(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    assert await saga.cancel(order) is OrderStatus.CANCELLED
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_an_order_that_was_never_checked_out_can_be_cancelled(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=1)
    order = await saga.order(tickets, quantity=1)
    other = await saga.order(tickets, quantity=1)
    await saga.checkout(other)
    assert await saga.cancel(order) is OrderStatus.CANCELLED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.session_ids(order) == []
    await saga.cancel(other)


async def test_giving_up_too_late_answers_already_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await saga.cancel(order)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "already_paid"
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_cancelling_the_workflow_cancels_the_order(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.cancel()
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_cancelling_the_workflow_of_a_paid_session_makes_the_order_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await checkout.cancel()
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_finished_order_is_refused(saga: Saga) -> None:
    order = await saga.order()
    await saga.checkout(order)
    await saga.cancel(order)
    again = await saga.start(order)
    assert await refusal_of(again) == "order_not_payable"
    assert await again.result() is CheckoutOutcome.REFUSED


async def test_a_checkout_after_a_terminated_one_finds_its_session(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    _, same = await saga.checkout(order)
    assert same == session
    assert len(await saga.session_ids(order)) == 1
    await saga.cancel(order)
