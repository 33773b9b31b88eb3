"""How a delivery is begun: by a signal that starts it where none is running."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.checkout import OrderRef
from domain.ids import OrderId, outgoing_workflow_id
from workflows.outgoing import OutgoingEventsWorkflow
from workflows.search_attributes import ORDER_ID

WITHIN = timedelta(seconds=3)  # it is part of steps in the database, which have five


def outgoing_queue(task_queue: str) -> str:
    """Return the queue of the deliveries: a receiver that hangs must not hold up checkouts."""
    return f"{task_queue}-outgoing"


class TemporalAnnouncer:
    """Has events delivered by the workflow of their order."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._queue = outgoing_queue(task_queue)

    async def announce(self, order_id: OrderId) -> None:
        """Have delivered whatever has been written for the order until now. Raises RPCError."""
        await self._start(order_id, signal=OutgoingEventsWorkflow.announce.__name__)

    async def resume(self, order_id: OrderId) -> bool:
        """The same, unless a delivery is under way; False where one is. Raises RPCError."""
        try:
            await self._start(order_id)
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def _start(self, order_id: OrderId, signal: str | None = None) -> None:
        await self._client.start_workflow(
            OutgoingEventsWorkflow.run,
            OrderRef(order_id),
            id=outgoing_workflow_id(order_id),
            task_queue=self._queue,
            start_signal=signal,
            static_summary=f"what happened to {order_id}",
            search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_ID, order_id)]),
            rpc_timeout=WITHIN,
        )
