"""Operators at Temporal's UI: one does not wait for the schedule, one presses what there is."""

import asyncio
import random
import time
from contextlib import suppress
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client as Temporal
from temporalio.client import ScheduleOverlapPolicy, WorkflowHandle
from temporalio.service import RPCError

from domain.order import OrderStatus
from trials.kill.bookkeeper import STORIES
from trials.kill.books import Books
from trials.kill.client import Client, Diary, NoAnswer
from trials.kill.scale import Scale
from trials.kill.stripe import Stripe
from workflows.refund import RefundWorkflow
from workflows.schedule import SCHEDULE_ID

_ANSWER_WITHIN = timedelta(seconds=2)
_TEMPORAL_IS_DOWN = (RPCError, RuntimeError)
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1, 4
_CHECKOUT, _REFUND = "checkout-", "refund-"
# What is terminated of the others, only the reconciler takes up.
_CHECKOUTS = f"{STORIES} AND WorkflowType = 'CheckoutWorkflow'"
_ASKS_IN = 0.4
_REASON = "pressed by an operator"

Story = WorkflowHandle[object, object]


async def reconcile_often(temporal: Temporal, every_seconds: float) -> None:
    """Have the reconciler run again and again until cancelled, also beside one that is stuck."""
    schedule = temporal.get_schedule_handle(SCHEDULE_ID)
    while True:
        await asyncio.sleep(every_seconds)
        with suppress(*_TEMPORAL_IS_DOWN):  # the next time will do
            await schedule.trigger(
                overlap=ScheduleOverlapPolicy.ALLOW_ALL, rpc_timeout=_ANSWER_WITHIN
            )


async def let_a_day_pass(temporal: Temporal, books: Books) -> None:
    """Have the refunds that run look at Stripe, which they do once a day by themselves.

    One whose event was lost, and whose row the reconciler has brought to its end, waits for that.
    """
    for workflow_id in books.running:
        if workflow_id.startswith(_REFUND):
            refund = temporal.get_workflow_handle(workflow_id)
            with suppress(*_TEMPORAL_IS_DOWN):  # it has ended meanwhile
                await refund.signal(RefundWorkflow.refund_changed, rpc_timeout=_ANSWER_WITHIN)


async def give_back_by_hand(books: Books, stripe: Stripe) -> int:
    """Refund what Stripe had refused to give back, as the orders ask for; return how many.

    That is money that came late, and what is left of orders that are none any more.
    """
    asking = {order.id: order for order in books.orders.values() if order.refund_refused}
    left = [
        capture.payment_intent
        for capture in books.captures
        if capture.order_id in asking
        and capture.kept_cents > capture.disputed_cents
        and not capture.is_set_aside
        and (capture.is_late or asking[capture.order_id].status != OrderStatus.PAID)
    ]
    return sum([await stripe.refund_in_dashboard(intent) for intent in left])


class Operator:
    """Somebody who requests cancellation of workflows, terminates and resets them.

    For a while he leaves what he terminated to the reconciler, which takes minutes; later on, or
    where nothing may be left to it, he cancels the order through the API.
    """

    def __init__(
        self,
        temporal: Temporal,
        client: Client,
        chance: random.Random,
        diary: Diary,
        scale: Scale,
    ) -> None:
        self._temporal = temporal
        self._client = client
        self._chance = chance
        self._diary = diary
        self._stories = STORIES if scale.takes_minutes else _CHECKOUTS
        self._offered = ("extend", "recheck") if scale.takes_minutes else ("recheck",)
        self._patient_until = time.monotonic() + scale.waits_for_reconciler_seconds

    async def meddle(self) -> None:
        """Press buttons until cancelled."""
        while True:
            pause = self._chance.uniform(_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)
            with suppress(*_TEMPORAL_IS_DOWN, NoAnswer):
                await self._press()

    async def _press(self) -> None:
        asks = self._chance.random() < _ASKS_IN
        stories = _CHECKOUTS if asks else self._stories
        running = [found.id async for found in self._temporal.list_workflows(stories)]
        if not running:
            return
        story = self._temporal.get_workflow_handle(self._chance.choice(sorted(running)))
        if asks:
            self._diary.pressed[await self._ask_for(story.id)] += 1
            return
        button = self._chance.choice((self._request_cancellation, self._terminate, self._reset))
        self._diary.pressed[await button(story)] += 1
        if button == self._terminate:
            await self._call_again(story.id)

    async def _request_cancellation(self, story: Story) -> str:
        await story.cancel(rpc_timeout=_ANSWER_WITHIN)
        return "cancellation requested"

    async def _terminate(self, story: Story) -> str:
        await story.terminate(_REASON, rpc_timeout=_ANSWER_WITHIN)
        return "terminated"

    async def _reset(self, story: Story) -> str:
        """Let it begin again from its first task."""
        async for event in story.fetch_history_events(rpc_timeout=_ANSWER_WITHIN):
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                await self._temporal.workflow_service.reset_workflow_execution(
                    ResetWorkflowExecutionRequest(
                        namespace=self._temporal.namespace,
                        workflow_execution=WorkflowExecution(workflow_id=story.id),
                        workflow_task_finish_event_id=event.event_id,
                        request_id=f"{self._chance.getrandbits(64):x}",
                        reason=_REASON,
                    ),
                    timeout=_ANSWER_WITHIN,
                )
                return "reset"
        return "too early to reset"

    async def _ask_for(self, workflow_id: str) -> str:
        """Do with an order what the operators' page offers."""
        action = self._chance.choice(self._offered)
        body: dict[str, object] = {"reason": _REASON, "expected_status": OrderStatus.CREATED}
        if action == "extend":
            body["minutes"] = 1
        path = f"/ops/orders/{workflow_id.removeprefix(_CHECKOUT)}/{action}"
        answer = await self._client.call("POST", path, body)
        return answer.code or action

    async def _call_again(self, workflow_id: str) -> None:
        if workflow_id.startswith(_CHECKOUT) and time.monotonic() > self._patient_until:
            order_id = workflow_id.removeprefix(_CHECKOUT)
            await self._client.call("POST", f"/orders/{order_id}/cancel")
