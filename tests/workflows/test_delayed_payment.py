"""Delayed payments, such as bank debits: complete now, paid or failed days later."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.checkout import CheckoutOutcome
from tests.workflows.saga import HOLD, Saga
from tests.workflows.telling import begin_debit, delayed
from workflows.checkout import CheckoutWorkflow


async def test_a_delayed_payment_keeps_the_tickets_until_it_succeeds(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    await saga.skip(HOLD * 4)
    assert await saga.available(tickets) == 0
    assert await saga.payment_statuses(order) == ["PROCESSING"]
    await saga.settle(session, succeeds=True)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_delayed_payment_that_fails_cancels_the_order(saga: Saga) -> None:
    order, checkout, session = await delayed(saga)
    with pytest.raises(WorkflowUpdateFailedError):
        await saga.cancel(order)
    await saga.settle(session, succeeds=False)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.payment_statuses(order) == ["FAILED"]


async def test_a_delayed_payment_is_asked_after_once_a_day(saga: Saga) -> None:
    _, checkout, session = await delayed(saga)
    await saga.settle(session, succeeds=True)
    await saga.skip(timedelta(days=1))
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_delayed_payment_survives_its_terminated_checkout(saga: Saga) -> None:
    order, checkout, session = await delayed(saga)
    await checkout.terminate("pressed by mistake")
    await saga.settle(session, succeeds=True)
    again = await saga.start(order)
    assert await again.result() is CheckoutOutcome.PAID
