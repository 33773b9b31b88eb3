"""Talking to the checkout workflows, and what their silence means to a client."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api.problems import Problem, refused, unavailable
from api.services import Services
from database.payability import CheckoutTarget
from domain.checkout import CancelRequest, CheckoutOutcome, OrderRef
from domain.ids import checkout_workflow_id, new_suffix
from domain.money import display
from domain.order import OrderStatus
from domain.payment import CheckoutSession
from workflows import search_attributes
from workflows.checkout import CheckoutWorkflow

ANSWER_WITHIN = timedelta(seconds=10)
SIGNAL_WITHIN = timedelta(seconds=5)
CUT_OFF = "AcceptedUpdateCompletedWorkflow"

Start = WithStartWorkflowOperation[CheckoutWorkflow, CheckoutOutcome]
Answer = TypeVar("Answer")


async def checkout_session(services: Services, target: CheckoutTarget) -> CheckoutSession:
    """Start the order's checkout, or join the one that runs, and return its session.

    Raises Problem: what the workflow refuses, or 503 when it does not answer in time.
    """

    async def ask(update_id: str) -> CheckoutSession:
        return await services.temporal.execute_update_with_start_workflow(
            CheckoutWorkflow.checkout_session,
            start_workflow_operation=_start(services, target),
            id=update_id,
            rpc_timeout=ANSWER_WITHIN,
        )

    return await _answered(ask, f"session-{_state_of(target)}")


async def cancel(services: Services, target: CheckoutTarget, request: CancelRequest) -> OrderStatus:
    """Have the order cancelled by its checkout, running or not.

    Raises Problem: what the workflow refuses, or 503 when it does not answer in time.
    """

    async def ask(update_id: str) -> OrderStatus:
        return await services.temporal.execute_update_with_start_workflow(
            CheckoutWorkflow.cancel,
            request,
            start_workflow_operation=_start(services, target),
            id=update_id,
            rpc_timeout=ANSWER_WITHIN,
        )

    return await _answered(ask, f"cancel-{_state_of(target)}")


def _state_of(target: CheckoutTarget) -> str:
    """Return what is the same for all calls that find the order in the same state.

    Temporal answers an update id that it knows with the answer it gave before, also when the
    workflow has ended since: twenty calls at once are one update, and a call after a refusal is
    another one.
    """
    return f"{target.updated_at.timestamp():.6f}"


def _start(services: Services, target: CheckoutTarget) -> Start:
    bought = f"{target.tickets} tickets, {display(target.total_cents, target.currency)}"
    return WithStartWorkflowOperation(
        CheckoutWorkflow.run,
        OrderRef(target.order_id),
        id=checkout_workflow_id(target.order_id),
        task_queue=services.settings.temporal_task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=bought,
        static_details=f"**{bought}** for the user `{target.user_id}`",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(search_attributes.ORDER_ID, target.order_id),
                SearchAttributePair(search_attributes.ORDER_STATUS, OrderStatus.CREATED),
                SearchAttributePair(search_attributes.USER_ID, target.user_id),
                SearchAttributePair(search_attributes.AMOUNT_CENTS, target.total_cents),
                SearchAttributePair(search_attributes.CURRENCY, target.currency),
            ]
        ),
    )


async def _answered(ask: Callable[[str], Awaitable[Answer]], update_id: str) -> Answer:
    try:
        try:
            return await ask(update_id)
        except WorkflowUpdateFailedError as failed:
            if not _was_cut_off(failed):
                raise
            return await ask(f"{update_id}-{new_suffix()}")
    except WorkflowUpdateFailedError as failed:
        raise _problem_of(failed) from failed
    except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise unavailable("The checkout is taking longer than usual; please try again.") from error


def _was_cut_off(failed: WorkflowUpdateFailedError) -> bool:
    return isinstance(failed.cause, ApplicationError) and failed.cause.type == CUT_OFF


def _problem_of(failed: WorkflowUpdateFailedError) -> Problem:
    cause = failed.cause
    if not isinstance(cause, ApplicationError) or not cause.type or _was_cut_off(failed):
        return unavailable("The checkout was interrupted; please try again.")
    return refused(cause.type, cause.message)


async def look_at_stripe(services: Services, workflow_id: str) -> None:
    """Tell a running checkout to ask Stripe; one that has ended needs no telling.

    Raises RPCError when Temporal cannot take it.
    """
    handle = services.temporal.get_workflow_handle(workflow_id)
    try:
        await handle.signal(CheckoutWorkflow.look_at_stripe, rpc_timeout=SIGNAL_WITHIN)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
