"""What a story about refunds can do and see, beside what every story can."""

from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from database.books import books
from database.payments import payments_of
from database.refunds import refunds_of
from database.tickets import tickets_of
from domain.ids import OrderId, RefundId, new_id, refund_workflow_id, stripe_event_workflow_id
from domain.money import Cents
from domain.order import OrderStatus
from domain.payment import PaymentReport
from domain.refund import Refund, RefundRequest, RefundStatus
from domain.stripe_event import StripeEvent
from tests.workflows.saga import TASK_QUEUE, Saga
from workflows.checkout import CheckoutWorkflow
from workflows.refund import RefundWorkflow
from workflows.stripe_event import StripeEventWorkflow

CREATE = "POST /v1/refunds"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LONG_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)

Story = WorkflowHandle[RefundWorkflow, RefundStatus | None]


async def paid(saga: Saga, order_id: OrderId | None = None) -> tuple[OrderId, PaymentReport]:
    """Let an order be paid; return it and the report that paid it."""
    order_id = order_id or await saga.order()
    checkout, session = await saga.checkout(order_id)
    await saga.pay(session)
    report = await saga.report(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, report)
    await checkout.result()
    return order_id, report


async def paid_behind_our_back(saga: Saga, order_id: OrderId) -> PaymentReport:
    """Let a session be paid whose order the database has cancelled meanwhile, by a mistake."""
    checkout, session = await saga.checkout(order_id)
    await saga.until_idle(checkout)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    await saga.cancel_in_database(order_id)
    return await saga.report(session)


def request(order_id: OrderId, amount: int | None = None) -> RefundRequest:
    """Return the request to give an amount back, or all that is left."""
    cents = None if amount is None else Cents(amount)
    return RefundRequest(RefundId(new_id("re")), order_id, cents, "on request", "operator")


async def start(saga: Saga, wanted: RefundRequest) -> Story:
    """Start a refund's workflow, or join the one that runs."""
    story = await saga.environment.client.start_workflow(
        RefundWorkflow.run,
        wanted,
        id=refund_workflow_id(wanted.id),
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    saga.told.append(story)
    return story


async def begin(saga: Saga, order_id: OrderId, amount: int | None = None) -> tuple[Story, Refund]:
    """Give money back; return the story and Stripe's first answer.

    Raises WorkflowUpdateFailedError.
    """
    story = await start(saga, request(order_id, amount))
    return story, await story.execute_update(RefundWorkflow.refund)


async def refund(saga: Saga, order_id: OrderId, amount: int | None = None) -> Refund:
    """Give money back, to the end."""
    wanted = request(order_id, amount)
    await (await start(saga, wanted)).result()
    return next(refund for refund in await refunds(saga, order_id) if refund.id == wanted.id)


async def refusal(saga: Saga, order_id: OrderId, amount: int | None = None) -> str | None:
    """Ask for money back that is refused; return the code."""
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await begin(saga, order_id, amount)
    assert isinstance(refused.value.cause, ApplicationError)
    return refused.value.cause.type


async def next_refunds(saga: Saga, status: str, times: int | None = 1) -> None:
    """Let Stripe's next refunds begin with a status."""
    await saga.sandbox("PUT", "refunds", {"next": status, "times": times})


async def move(saga: Saga, refund: Refund, status: str, **more: str) -> None:
    """Let Stripe move a refund on. No webhook is sent."""
    await saga.sandbox("POST", f"refunds/{refund.stripe_id}/move", {"status": status} | more)


async def in_the_dashboard(saga: Saga, report: PaymentReport, amount: int | None = None) -> str:
    """Let a person give money back in Stripe's dashboard; return Stripe's id of that."""
    how = {} if amount is None else {"amount": amount}
    made = await saga.sandbox("POST", f"payments/{report.payment_intent}/refund", how)
    return str(made["id"])


async def tell(saga: Saga, payment_intent: str | None, event_id: str | None = None) -> str:
    """Start the workflow that takes an event about refunds of a payment; return its id."""
    event = StripeEvent(event_id or new_id("evt"), refunded_payment_intent=payment_intent)
    workflow_id = stripe_event_workflow_id(event.id)
    story = await saga.environment.client.start_workflow(
        StripeEventWorkflow.run, event, id=workflow_id, task_queue=TASK_QUEUE
    )
    saga.told.append(story)
    return workflow_id


async def taken(saga: Saga, payment_intent: str | None) -> None:
    """Let an event about refunds of a payment be taken, to the end."""
    await saga.ended(await tell(saga, payment_intent))


async def refunds(saga: Saga, order_id: OrderId) -> list[Refund]:
    """Return an order's refunds, oldest first."""
    async with saga.database.transaction() as connection:
        return await refunds_of(connection, order_id)


async def late_refund_ended(saga: Saga, order_id: OrderId) -> Refund:
    """Wait for the end of the refund that the product itself began, and return it."""
    (opened,) = await refunds(saga, order_id)
    await saga.ended(refund_workflow_id(opened.id))
    (ended,) = await refunds(saga, order_id)
    return ended


async def ticket_statuses(saga: Saga, order_id: OrderId) -> set[str]:
    """Return the statuses that an order's tickets have."""
    async with saga.database.transaction() as connection:
        return {ticket.status for ticket in await tickets_of(connection, order_id)}


async def wrong_in_the_books(saga: Saga, order_id: OrderId) -> list[str]:
    """Return what the books say is wrong with an order."""
    async with saga.database.transaction() as connection:
        found = await books(connection, LONG_AGO, LONG_AHEAD)
    return [why for subject, why in found.wrong if subject == order_id]


async def assert_given_back(saga: Saga, order_id: OrderId, *, status: OrderStatus) -> None:
    """Check that an order, its payment, its tickets and Stripe agree that all has gone back."""
    order = await saga.see(order_id)
    assert (order.status, order.amount_refunded_cents) == (status, order.total_cents)
    assert sum(await saga.refunded(order_id)) == order.total_cents
    async with saga.database.transaction() as connection:
        payments: list[Any] = await payments_of(connection, order_id)
    assert {payment.status for payment in payments} == {"REFUNDED"}
    assert await ticket_statuses(saga, order_id) <= {"VOID"}
    assert await wrong_in_the_books(saga, order_id) == []
