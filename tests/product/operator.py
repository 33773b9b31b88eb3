"""What an operator may press in Temporal's UI, and what becomes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle

from database.engine import Database
from database.models import PaymentRow
from database.payments import IS_OPEN
from domain.checkout import OrderRef
from domain.ids import OrderId, checkout_workflow_id, new_id
from domain.reconciliation import Findings
from tests.interruptions import Interruptions
from workflows.checkout import CheckoutWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.search_attributes import ORDER_STATUS

TASK_QUEUE = "api"


class Operator:
    """Somebody with the right to press every button."""

    def __init__(self, temporal: Client, database: Database, interruptions: Interruptions) -> None:
        self.temporal = temporal
        self.interruptions = interruptions
        self._database = database

    def checkout(self, order_id: str) -> WorkflowHandle[Any, Any]:
        """Return the last run of an order's checkout."""
        return self.temporal.get_workflow_handle(checkout_workflow_id(OrderId(order_id)))

    async def start_checkout(self, order_id: str) -> None:
        """Start an order's checkout as an API does that dies before it has the answer."""
        await self.temporal.start_workflow(
            CheckoutWorkflow.run,
            OrderRef(OrderId(order_id)),
            id=checkout_workflow_id(OrderId(order_id)),
            task_queue=TASK_QUEUE,
        )

    async def request_cancellation(self, order_id: str) -> None:
        """Press the big blue button."""
        await self.checkout(order_id).cancel()

    async def terminate(self, order_id: str) -> None:
        """Press the red one."""
        await self.checkout(order_id).terminate("pressed by mistake")

    async def reset(self, order_id: str) -> None:
        """Let an order's checkout begin anew, from its first workflow task."""
        checkout = self.checkout(order_id)
        history = await checkout.fetch_history()
        await self.temporal.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=self.temporal.namespace,
                workflow_execution=WorkflowExecution(workflow_id=checkout.id),
                reason="to be told again",
                workflow_task_finish_event_id=_end_of_first_task(history.events),
                request_id=new_id("reset"),
            )
        )

    async def shown_status(self, order_id: str) -> str:
        """Return the OrderStatus by which Temporal's UI finds an order's checkout."""
        attributes = (await self.checkout(order_id).describe()).typed_search_attributes
        return attributes[ORDER_STATUS]

    async def let_deadline_pass(self, order_id: str) -> None:
        """Let an order's deadline be past, for whoever reads it from now on."""
        await self.interruptions.all_done()
        async with self._database.transaction() as connection:
            await connection.execute(
                update(PaymentRow)
                .where(PaymentRow.order_id == order_id, IS_OPEN)
                .values(expires_at=datetime.now(UTC) - timedelta(minutes=5))
            )

    async def until_timer_fired(self, order_id: str) -> None:
        """Wait until the deadline of an order's checkout has come, at Temporal."""
        while EventType.EVENT_TYPE_TIMER_FIRED not in await self._history(order_id):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def _history(self, order_id: str) -> set[int]:
        history = await self.checkout(order_id).fetch_history()
        return {event.event_type for event in history.events}

    async def reconcile(self) -> Findings:
        """Let the reconciler's time come."""
        found: Findings = await self.temporal.execute_workflow(
            ReconcileWorkflow.run, id=new_id("reconcile"), task_queue=TASK_QUEUE
        )
        return found


def _end_of_first_task(events: Any) -> int:
    """Return the event at which Temporal's own command line resets to the start."""
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return int(event.event_id)
    scheduled = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
    return next(int(event.event_id) + 1 for event in events if event.event_type == scheduled)
