"""Payments that Stripe reports while no checkout is running to take them."""

from dataclasses import replace

from domain.ids import stripe_event_workflow_id
from domain.money import Cents
from domain.order import OrderStatus
from domain.payment import PaymentReport, SessionStatus, Settlement
from tests.orders import EUR
from tests.workflows.saga import TASK_QUEUE, Saga
from workflows.stripe_event import StripeEventWorkflow


async def settle(saga: Saga, report: PaymentReport) -> Settlement:
    """Let a workflow of its own settle an event."""
    assert report.event_id
    return await saga.environment.client.execute_workflow(
        StripeEventWorkflow.run,
        report,
        id=stripe_event_workflow_id(report.event_id),
        task_queue=TASK_QUEUE,
    )


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


async def test_a_payment_for_a_cancelled_order_is_set_aside_once(saga: Saga) -> None:
    order = await saga.order()
    _, session = await saga.checkout(order)
    await saga.cancel(order)
    late = PaymentReport(
        order_id=order,
        session_id=session.session_id,
        status=SessionStatus.PAID,
        amount_total=Cents(9000),
        currency=EUR,
        livemode=False,
        payment_intent="pi_late",
        event_id="evt_late",
    )
    for _ in range(2):
        assert await settle(saga, late) is Settlement.SET_ASIDE
    seen = await saga.see(order)
    assert seen.status is OrderStatus.CANCELLED
    assert seen.needs_attention
    assert (await saga.actions(order)).count("payment_set_aside") == 1


async def test_a_session_that_was_not_made_by_us_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    _, session = await saga.checkout(order)
    await saga.pay(session)
    ours = await saga.report(session)
    stranger = replace(ours, session_id="cs_of_somebody_else", event_id="evt_of_somebody_else")
    assert await settle(saga, stranger) is Settlement.SET_ASIDE
    assert (await saga.see(order)).status is OrderStatus.CREATED
    assert await settle(saga, ours) is Settlement.PAID
