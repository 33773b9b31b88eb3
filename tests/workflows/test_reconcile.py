"""The reconciler mends what events, workflows and people have left behind."""

from datetime import UTC, datetime, timedelta

from domain.ids import checkout_workflow_id, new_id, stripe_event_workflow_id
from domain.order import OrderStatus
from domain.reconciliation import Findings
from tests.workflows.refunding import late_refund_ended
from tests.workflows.saga import TASK_QUEUE, Saga
from workflows.checkout import CheckoutWorkflow
from workflows.reconcile import ReconcileWorkflow

NOTHING = Findings(0, 0, 0)


async def reconcile(saga: Saga) -> Findings:
    """Run the reconciler once."""
    await saga.set_stripes_clock(await saga.environment.get_current_time())
    return await saga.environment.client.execute_workflow(
        ReconcileWorkflow.run, id=new_id("reconcile"), task_queue=TASK_QUEUE
    )


async def test_on_a_healthy_day_it_finds_nothing(saga: Saga) -> None:
    paid = await saga.order()
    checkout, session = await saga.checkout(paid)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    await checkout.result()
    waiting = await saga.order()
    await saga.checkout(waiting)
    assert await reconcile(saga) == NOTHING
    await saga.cancel(waiting)


async def test_a_lost_event_is_made_good_before_the_deadline(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    assert await reconcile(saga) == Findings(1, 0, 0)
    await checkout.result()
    assert (await saga.see(order)).status is OrderStatus.PAID
    assert "drift_found" in await saga.actions(order)
    assert await reconcile(saga) == NOTHING


async def test_a_terminated_checkout_is_closed_and_decided(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.alter_attempt(order, expires_at=datetime.now(UTC) - timedelta(minutes=5))
    assert await reconcile(saga) == Findings(0, 1, 0)
    await saga.ended(checkout_workflow_id(order))
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.stripe_status(session) == "expired"
    assert await saga.available(tickets) == 2
    assert await reconcile(saga) == NOTHING


async def test_a_terminated_checkout_that_was_paid_makes_the_order_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    assert await reconcile(saga) == Findings(1, 0, 0)
    await saga.ended(stripe_event_workflow_id(session.session_id))
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_late_money_whose_event_was_lost_goes_back(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    await saga.cancel_in_database(order)
    assert await reconcile(saga) == Findings(1, 0, 0)
    await saga.ended(stripe_event_workflow_id(session.session_id))
    await late_refund_ended(saga, order)
    assert await saga.refunded(order) == [9000]
    assert await reconcile(saga) == NOTHING


async def test_an_order_that_stripe_knows_no_payment_of_asks_for_attention(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    now = await saga.environment.get_current_time()
    await saga.pretend_paid(order, begun=now - timedelta(minutes=5))
    assert await reconcile(saga) == Findings(0, 0, 1)
    assert (await saga.see(order)).needs_attention
    assert await reconcile(saga) == NOTHING
    await saga.pay(session)
