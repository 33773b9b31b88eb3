"""Payments that nobody waits for: the workflow of their checkout is gone."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistoryEventFilterType,
)
from temporalio.service import RPCError, RPCStatusCode

from api.services import Services
from domain.case import Case
from domain.ids import checkout_workflow_id

ANSWER_WITHIN = timedelta(seconds=2)
# One that has completed has decided just now; the order that was read before did not say so yet.
NOT_GONE = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)


class UnattendedView(BaseModel):
    """How the workflow ended, as Temporal calls it; NOT_FOUND where Temporal knows of none.

    `reason` is what the person wrote who terminated it.
    """

    status: str
    since: datetime | None = None
    reason: str | None = None


async def unattended(services: Services, case: Case) -> UnattendedView | None:
    """Return how the checkout of a payment that is awaited ended; None while somebody waits.

    Also None where Temporal does not answer: then nobody knows.
    """
    if case.payment is None or case.payment.deadline is None:
        return None
    checkout = services.temporal.get_workflow_handle(checkout_workflow_id(case.order.id))
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):  # with all that the SDK repeats
            return await _end_of(checkout)
    except RPCError as error:
        is_unknown = error.status is RPCStatusCode.NOT_FOUND
        return UnattendedView(status="NOT_FOUND") if is_unknown else None
    except (RuntimeError, TimeoutError):  # the first is of a lazy client that cannot connect
        return None


async def _end_of(checkout: WorkflowHandle[Any, Any]) -> UnattendedView | None:
    found = await checkout.describe()
    if found.status is None or found.status in NOT_GONE:
        return None
    reason = await _reason_of_termination(checkout)
    return UnattendedView(status=found.status.name, since=found.close_time, reason=reason)


async def _reason_of_termination(checkout: WorkflowHandle[Any, Any]) -> str | None:
    last_events = checkout.fetch_history_events(
        event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT
    )
    async for event in last_events:
        return event.workflow_execution_terminated_event_attributes.reason or None
    return None
