"""What several stories tell alike."""

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.checkout import CheckoutOutcome
from domain.ids import OrderId, new_id, stripe_event_workflow_id
from domain.payment import CheckoutSession, PaymentReport, Settlement
from domain.reconciliation import Findings
from domain.stripe_event import StripeEvent
from tests.workflows.saga import DEBIT_THAT_SUCCEEDS, HOLD, TASK_QUEUE, Checkout, Saga
from workflows.checkout import CheckoutWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.stripe_event import StripeEventWorkflow

CREATE = "POST /v1/checkout/sessions"
EXPIRE = "POST /v1/checkout/sessions/*/expire"
REFUND = "POST /v1/refunds"

Settling = WorkflowHandle[StripeEventWorkflow, Settlement | None]


async def refusal_of(checkout: Checkout) -> str | None:
    """Return the code with which the checkout refuses to answer a session."""
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await checkout.execute_update(CheckoutWorkflow.checkout_session)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type


async def refused_by_stripe(saga: Saga, order: OrderId) -> None:
    """Let a checkout of an order end because Stripe refuses its session."""
    await saga.fault(CREATE, "error_before", times=None, status=400)
    refused = await saga.start(order)
    assert await refusal_of(refused) == "session_refused"
    await refused.result()
    await saga.fault("", "", times=0)


async def pay_and_tell(saga: Saga, checkout: Checkout, session: CheckoutSession) -> None:
    """Pay a session, and let the checkout hear of it by its event."""
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))


async def begin_debit(
    saga: Saga, order: OrderId, checkout: Checkout, session: CheckoutSession
) -> None:
    """Pay by bank debit, and wait until the workflow knows that this takes days."""
    await saga.pay(session, bank_account=DEBIT_THAT_SUCCEEDS)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    await saga.until_processing(order)
    await saga.until_idle(checkout)


async def delayed(saga: Saga) -> tuple[OrderId, Checkout, CheckoutSession]:
    """Return an order that waits for its bank debit."""
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    return order, checkout, session


async def assert_closed_at_the_deadline(
    saga: Saga, checkout: Checkout, session: CheckoutSession
) -> None:
    """Let the deadline come and Stripe work again: the session that we lost is closed."""
    await saga.skip(HOLD)
    await saga.fault("", "", times=0)
    assert await saga.end_of(checkout) is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def start_reconciling(saga: Saga) -> WorkflowHandle[ReconcileWorkflow, Findings]:
    """Start the reconciler."""
    await saga.set_stripes_clock(await saga.environment.get_current_time())
    return await saga.environment.client.start_workflow(
        ReconcileWorkflow.run, id=new_id("reconcile"), task_queue=TASK_QUEUE
    )


async def reconcile(saga: Saga) -> Findings:
    """Run the reconciler once."""
    run = await start_reconciling(saga)
    found = await run.result()
    if found != Findings():
        saga.told.append(run)
    return found


async def start_settling(saga: Saga, report: PaymentReport) -> Settling:
    """Start a workflow of its own that settles an event, as the webhook does."""
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
