"""What operators do to the checkouts of a random walk, and the reconciler."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import WorkflowExecutionSignaledEventAttributes
from temporalio.common import RawValue
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from database.refunds import refunds_of
from domain.checkout import OrderRef
from domain.ids import outgoing_workflow_id, refund_workflow_id
from tests.workflows.saga import TASK_QUEUE
from trials.walk.buyers import MAY_REFUSE
from trials.walk.clock import Run
from trials.walk.stage import Stage
from workflows.checkout import CheckoutWorkflow

Signal = WorkflowExecutionSignaledEventAttributes


@dataclass(frozen=True)
class RequestCancellation:
    """An operator presses Request Cancellation."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Cancel the workflow."""
        with _if_there_is_one():
            await stage.checkout(self.order).cancel()
            stage.saw("cancellations requested")


@dataclass(frozen=True)
class Terminate:
    """An operator presses Terminate."""

    order: int

    async def act(self, stage: Stage) -> None:
        """End the workflow where it stands."""
        with _if_there_is_one():
            await stage.terminate(self.order)


@dataclass(frozen=True)
class TerminateRefund:
    """An operator terminates the workflow of an order's newest refund."""

    order: int

    async def act(self, stage: Stage) -> None:
        """End it where it stands."""
        async with stage.world.database.transaction() as connection:
            opened = await refunds_of(connection, stage.orders[self.order])
        for refund in opened[-1:]:
            with _if_there_is_one():
                await stage.terminate_workflow(refund_workflow_id(refund.id))
                stage.saw("refunds terminated")


@dataclass(frozen=True)
class TerminateDelivery:
    """An operator terminates the delivery of an order's events to another system."""

    order: int

    async def act(self, stage: Stage) -> None:
        """End it where it stands."""
        with _if_there_is_one():
            await stage.terminate_workflow(outgoing_workflow_id(stage.orders[self.order]))
            stage.saw("deliveries terminated")


@dataclass(frozen=True)
class Reset:
    """An operator resets a checkout to its start, whether it runs or has ended.

    The test server cannot reset. What Temporal makes of it is done in its place: the run is
    terminated, and a new one begins with the same input and is told the same signals.
    """

    order: int

    async def act(self, stage: Stage) -> None:
        """Let the workflow begin again."""
        with _if_there_is_one():
            signals = await _signals(stage.checkout(self.order))
            with _if_there_is_one():
                await stage.terminate(self.order)
            await self._begin_again(stage, signals)

    async def _begin_again(self, stage: Stage, signals: list[Signal]) -> None:
        with suppress(WorkflowAlreadyStartedError):  # somebody was faster
            run = await stage.world.environment.client.start_workflow(
                CheckoutWorkflow.run,
                OrderRef(stage.orders[self.order]),
                id=stage.checkout(self.order).id,
                task_queue=TASK_QUEUE,
            )
            stage.saw("resets")
            for signal in signals:
                values = [RawValue(payload) for payload in signal.input.payloads]
                await run.signal(signal.signal_name, args=values)


@dataclass(frozen=True)
class Amid:
    """An operator does something just while an activity of an order's checkout is under way."""

    order: int
    step: RequestCancellation | Terminate | Reset

    async def act(self, stage: Stage) -> None:
        """Wait for an activity, but not for long, and do it."""
        stage.saw("steps amid an activity", await stage.amid_an_activity(self.order))
        await self.step.act(stage)


@dataclass(frozen=True)
class Operate:
    """An operator acts on the operators' page, on an order as he saw it."""

    order: int
    action: Literal["extend", "recheck", "cancel"]
    minutes: int = 15

    async def act(self, stage: Stage) -> None:
        """Ask the API."""
        order_id = stage.orders[self.order]
        seen = await stage.world.see(order_id)
        wanted: dict[str, Any] = {
            "reason": "a customer is on the phone",
            "expected_status": seen.status,
        }
        if self.action == "extend":
            wanted |= {"minutes": self.minutes}
        path = f"/ops/orders/{order_id}/{self.action}"
        response = await stage.operate(path, wanted, MAY_REFUSE)
        done = response is not None and response.status_code == 200
        stage.saw(f"operators {self.action}" if done else f"operators refused {self.action}")


@dataclass(frozen=True)
class Reconcile:
    """The reconciler's time has come."""

    async def act(self, stage: Stage) -> None:
        """Run it."""
        await stage.reconcile()


async def _signals(run: Run) -> list[Signal]:
    return [
        event.workflow_execution_signaled_event_attributes
        async for event in run.fetch_history_events()
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]


@contextmanager
def _if_there_is_one() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
