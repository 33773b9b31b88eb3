"""Talking to the checkout workflows, and what their silence means to a client."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from api.problems import Problem, unavailable
from api.services import Services
from database.payability import CheckoutTarget
from domain.checkout import (
    CancelRequest,
    CheckoutOutcome,
    ExtendRequest,
    OrderRef,
    RecheckRequest,
)
from domain.errors import CheckoutOver
from domain.ids import OrderId, checkout_workflow_id, new_suffix
from domain.money import display
from domain.order import OrderStatus
from domain.payment import CheckoutSession, SessionStatus
from workflows import search_attributes
from workflows.checkout import CheckoutWorkflow

ANSWER_WITHIN = timedelta(seconds=10)
SIGNAL_WITHIN = timedelta(seconds=5)
SAME_ANSWER_FOR = timedelta(minutes=1)
NO_ANSWER = (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError)
ENDED = ("AcceptedUpdateCompletedWorkflow", CheckoutOver.code)

SLOW_CHECKOUT = "The checkout is taking longer than usual; please try again."

Start = TypeVar("Start", bound=WithStartWorkflowOperation[Any, Any])
Request = TypeVar("Request")
Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


async def checkout_session(services: Services, target: CheckoutTarget) -> CheckoutSession:
    """Start the order's checkout, or join the one that runs, and return its session.

    Raises Problem: what the workflow refuses, or 503 when it does not answer in time.
    """

    async def ask(update_id: str) -> CheckoutSession:
        async with starting(_start(services, target)) as start:
            return await services.temporal.execute_update_with_start_workflow(
                CheckoutWorkflow.checkout_session,
                start_workflow_operation=start,
                id=update_id,
                rpc_timeout=ANSWER_WITHIN,
            )

    return await answered(ask, f"session-{_state_of(target)}", sorry=SLOW_CHECKOUT)


async def cancel(services: Services, target: CheckoutTarget, request: CancelRequest) -> OrderStatus:
    """Have the order cancelled by its checkout, running or not.

    Raises Problem: what the workflow refuses, or 503 when it does not answer in time.
    """
    update_id = f"cancel-{_state_of(target)}"
    return await _asked(services, target, CheckoutWorkflow.cancel, request, update_id)


async def extend(
    services: Services, target: CheckoutTarget, request: ExtendRequest, key: str
) -> datetime:
    """Have the deadline of the order's checkout moved, running or not; return the new one (UTC).

    The same `key` is the same extension. Raises Problem, as `cancel` does.
    """
    return await _asked(services, target, CheckoutWorkflow.extend, request, f"extend-{key}")


async def recheck(
    services: Services, target: CheckoutTarget, request: RecheckRequest, key: str
) -> SessionStatus:
    """Have the order's checkout, running or not, ask Stripe now; return what Stripe said.

    The same `key` is the same question. Raises Problem, as `cancel` does.
    """
    return await _asked(services, target, CheckoutWorkflow.recheck, request, f"recheck-{key}")


async def _asked(
    services: Services,
    target: CheckoutTarget,
    update: UpdateMethodMultiParam[[CheckoutWorkflow, Request], Answer],
    request: Request,
    update_id: str,
) -> Answer:
    async def ask(update_id: str) -> Answer:
        async with starting(_start(services, target)) as start:
            return await services.temporal.execute_update_with_start_workflow(
                update,
                request,
                start_workflow_operation=start,
                id=update_id,
                rpc_timeout=ANSWER_WITHIN,
            )

    return await answered(ask, update_id, sorry=SLOW_CHECKOUT)


def _state_of(target: CheckoutTarget) -> str:
    """Return what is the same for all calls of a minute that find the order in the same state.

    Temporal answers an update id that it knows with the answer it gave before, also when the
    workflow has ended since: twenty calls at once are one update (it takes ten at a time, and two
    thousand in all), and a call after a refusal is another one. The minute takes a checkout up
    again whose workflow was terminated.
    """
    now = time.time() // SAME_ANSWER_FOR.total_seconds()
    return f"{target.updated_at.timestamp():.6f}-{now:.0f}"


@asynccontextmanager
async def starting(start: Start) -> AsyncIterator[Start]:
    """Lend what starts a workflow with an update, and see to its own copy of what goes wrong."""
    try:
        yield start
    except NO_ANSWER:
        with suppress(*NO_ANSWER):  # asyncio warns of errors that nobody has seen
            await start.workflow_handle()
        raise


def _start(
    services: Services, target: CheckoutTarget
) -> WithStartWorkflowOperation[CheckoutWorkflow, CheckoutOutcome]:
    tickets = "1 ticket" if target.tickets == 1 else f"{target.tickets} tickets"
    bought = f"{tickets}, {display(target.total_cents, target.currency)}"
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


async def answered(
    ask: Callable[[str], Awaitable[Answer]], update_id: str, *, sorry: str
) -> Answer:
    """Return a workflow's answer to an update, of a new one where it ended before answering.

    Raises Problem: what the workflow refuses, or 503 with `sorry` when it does not answer in time.
    """
    with temporal_or_503(sorry):
        try:
            return await ask(update_id)
        except (WorkflowUpdateFailedError, RPCError) as error:
            if not _ended_meanwhile(error):
                raise
            return await ask(f"{update_id}-{new_suffix()}")


@contextmanager
def temporal_or_503(sorry: str) -> Iterator[None]:
    """Turn what Temporal's client raises in the block into what a client of ours understands.

    Raises Problem.
    """
    try:
        yield
    except WorkflowUpdateFailedError as failed:
        raise _problem_of(failed) from failed
    except (*NO_ANSWER, RuntimeError) as error:
        # RuntimeError is what a lazy client raises that cannot connect.
        logger.warning("Temporal did not answer: %s", error)
        raise unavailable(sorry) from error


def _ended_meanwhile(error: WorkflowUpdateFailedError | RPCError) -> bool:
    """Say whether the workflow ended between the call and its answer: another one will do."""
    if isinstance(error, RPCError):
        return error.status is RPCStatusCode.NOT_FOUND
    return isinstance(error.cause, ApplicationError) and error.cause.type in ENDED


def _problem_of(failed: WorkflowUpdateFailedError) -> Problem:
    cause = failed.cause
    if not isinstance(cause, ApplicationError) or not cause.type or _ended_meanwhile(failed):
        return unavailable("The work on this was interrupted; please try again.")
    return Problem(cause.type, cause.message)


async def look_at_stripe(services: Services, order_id: OrderId) -> None:
    """Tell the order's checkout to ask Stripe; one that has ended needs no telling.

    Raises Problem 503 when Temporal cannot take it.
    """
    with temporal_or_503("The checkout cannot be reached now; please try again."):
        try:
            await services.temporal.get_workflow_handle(checkout_workflow_id(order_id)).signal(
                CheckoutWorkflow.look_at_stripe, rpc_timeout=SIGNAL_WITHIN
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
