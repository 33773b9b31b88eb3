"""Payments that Stripe reports while no checkout is running to take them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from domain.ids import OrderId, new_id, stripe_event_workflow_id
from domain.order import OrderStatus
from domain.payment import PaymentReport, Settlement
from domain.stripe_event import StripeEvent
from tests.orders import PRICE
from tests.workflows.refunding import late_refund_ended, paid_behind_our_back
from tests.workflows.saga import TASK_QUEUE, Saga
from workflows.stripe_event import StripeEventWorkflow

Settling = WorkflowHandle[StripeEventWorkflow, Settlement | None]


async def start_settling(saga: Saga, report: PaymentReport) -> Settling:
    """Start a workflow of its own that settles an event."""
    assert report.event_id
    handle = await saga.environment.client.start_workflow(
        StripeEventWorkflow.run,
        StripeEvent(report.event_id, payment=report),
        id=stripe_event_workflow_id(report.event_id),
        task_queue=TASK_QUEUE,
    )
    saga.told.append(handle)
    return handle


async def settle(saga: Saga, report: PaymentReport) -> Settlement | None:
    """Let a workflow of its own settle an event."""
    return await (await start_settling(saga, report)).result()


async def test_a_payment_whose_checkout_was_terminated_makes_the_order_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    assert await settle(saga, await saga.report(session)) is Settlement.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_payment_for_a_paid_order_changes_nothing_when_it_is_the_same(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    report = await saga.report(session)
    await settle(saga, report)
    assert await settle(saga, report) is Settlement.PAID
    assert (await saga.actions(order)).count("order_paid") == 1
    assert not (await saga.see(order)).needs_attention


async def test_late_money_goes_back_once_however_often_it_is_reported(saga: Saga) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    for number in range(3):
        again = replace(report, event_id=f"{report.event_id}_{number}")
        assert await settle(saga, again) is Settlement.LATE
    await late_refund_ended(saga, order)
    assert await saga.refunded(order) == [PRICE * 2]
    seen = await saga.see(order)
    assert seen.status is OrderStatus.CANCELLED
    assert seen.amount_refunded_cents == PRICE * 2
    assert not seen.needs_attention
    assert await saga.payment_statuses(order) == ["REFUNDED"]
    actions = await saga.actions(order)
    assert actions.count("refund_opened") == actions.count("late_payment_refunded") == 1


async def test_a_session_that_was_not_made_by_us_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    _, session = await saga.checkout(order)
    await saga.pay(session)
    ours = await saga.report(session)
    stranger = replace(ours, session_id="cs_of_somebody_else", event_id="evt_of_somebody_else")
    assert await settle(saga, stranger) is Settlement.SET_ASIDE
    assert (await saga.see(order)).status is OrderStatus.CREATED
    assert await settle(saga, ours) is Settlement.PAID


async def test_an_event_that_overtook_its_order_waits_for_it(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.until_idle(checkout)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    elsewhere = OrderId(new_id("ord"))
    await saga.rename(order, elsewhere)
    settling = await start_settling(saga, await saga.report(session))
    await saga.skip(timedelta(minutes=5))
    await saga.rename(elsewhere, order)
    assert await settling.result() is Settlement.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_payment_whose_order_never_comes_fails_in_the_open(saga: Saga) -> None:
    session = await saga.session_of_another_shop()
    await saga.pay(session)
    began = await saga.environment.get_current_time()
    settling = await start_settling(saga, await saga.report(session))
    with pytest.raises(WorkflowFailureError) as failed:
        await settling.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "order_not_found"
    ended = (await settling.describe()).close_time
    assert ended
    assert timedelta(hours=1) <= ended - began < timedelta(hours=2)
