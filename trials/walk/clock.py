"""The clock of the walks: Temporal's test server skips the time.

It skips while nothing is under way, and counts that in locks: one for each workflow task and each
activity. Two kinds it never lets go of, and from then on its time would stand: those of a workflow
that was terminated, and the one with which a workflow tells its parent of its end where the parent
has ended before. Here they are given back, to the number: one too many breaks the server.
https://github.com/temporalio/sdk-java, temporal-test-server, TestWorkflowMutableStateImpl.java
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.enums.v1 import WorkflowExecutionStatus as Status
from temporalio.api.testservice.v1 import UnlockTimeSkippingRequest
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    ListClosedWorkflowExecutionsRequest,
    ListOpenWorkflowExecutionsRequest,
)
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

Run = WorkflowHandle[Any, Any]
Listed = TypeVar("Listed")

STUCK_AFTER = timedelta(seconds=15)
LIST_ATTEMPTS = 5
LOOK_EVERY = timedelta(seconds=0.1)
TASK_IS_OVER = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)


class ClockStuck(Exception):
    """The test server skips no more time, in this world: it lost count of what is going on."""


class Clock:
    """Skips time, and keeps the server's count right."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment
        self._client = environment.client
        self._skipping = asyncio.Lock()
        self._ends: dict[str, Status.ValueType] = {}  # by the id of the run
        self._orphans: set[str] = set()  # ids of runs whose parent ended before

    async def skip(self, duration: timedelta) -> None:
        """Skip so much time. Raises ClockStuck."""
        async with self._skipping:  # the server cannot skip for two
            sleeping = asyncio.ensure_future(self._environment.sleep(duration))
            while not sleeping.done():
                began = await self._environment.get_current_time()
                await self._asleep(sleeping)
                passed = await self._environment.get_current_time() - began
                if not sleeping.done() and passed < 2 * STUCK_AFTER:  # as on a clock at the wall
                    sleeping.cancel()
                    raise ClockStuck
            await sleeping

    async def _asleep(self, sleeping: asyncio.Future[None]) -> None:
        for _ in range(STUCK_AFTER // LOOK_EVERY):
            await self._give_back_of_orphans()
            await asyncio.wait([sleeping], timeout=LOOK_EVERY.total_seconds())
            if sleeping.done():
                return

    async def terminate(self, run: Run) -> int:
        """Terminate one run; return how many activities were under way. Raises RPCError."""
        await run.terminate("pressed by an operator")
        left = (await run.describe()).raw_description.pending_activities
        activities = sum(is_under_way(activity) for activity in left)
        for _ in range(activities + await _open_tasks(run)):
            await self._unlock()
        return activities

    async def running(self) -> list[str]:
        """Return the ids of all workflows that have not ended. Raises RPCError."""
        request = ListOpenWorkflowExecutionsRequest(namespace=self._client.namespace)
        service = self._client.workflow_service
        found = await _listed(lambda: service.list_open_workflow_executions(request))
        return [open_one.execution.workflow_id for open_one in found.executions]

    async def failed(self) -> list[str]:
        """Return the ids of the workflows that have failed."""
        return [
            ended.execution.workflow_id
            for ended in await self._ended()
            if ended.status == Status.WORKFLOW_EXECUTION_STATUS_FAILED
        ]

    async def _ended(self) -> Sequence[WorkflowExecutionInfo]:
        request = ListClosedWorkflowExecutionsRequest(namespace=self._client.namespace)
        service = self._client.workflow_service
        found = await _listed(lambda: service.list_closed_workflow_executions(request))
        return found.executions

    async def _give_back_of_orphans(self) -> None:
        for ended in await self._ended():
            run_id = ended.execution.run_id
            if run_id not in self._ends:
                self._orphans.update(await self._children(ended.execution))
                self._ends[run_id] = ended.status
        for run_id in self._orphans & self._ends.keys():
            self._orphans.remove(run_id)
            if self._ends[run_id] != Status.WORKFLOW_EXECUTION_STATUS_TERMINATED:
                await self._unlock()

    async def _children(self, parent: WorkflowExecution) -> list[str]:
        """Return the runs of whose end a parent that has ended is not told."""
        run = self._client.get_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        seen = await run.describe()
        return [child.run_id for child in seen.raw_description.pending_children]

    async def _unlock(self) -> None:
        await self._client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())


def is_under_way(activity: PendingActivityInfo) -> bool:
    """Say whether an activity is not only waiting to be tried again: then it holds no lock."""
    if not activity.HasField("last_attempt_complete_time"):
        return True
    ended = activity.last_attempt_complete_time.ToNanoseconds()
    return activity.last_started_time.ToNanoseconds() > ended


async def _listed(ask: Callable[[], Awaitable[Listed]]) -> Listed:
    """Ask for a list until it comes: a workflow that begins meanwhile makes the server trip."""
    for _ in range(LIST_ATTEMPTS - 1):
        try:
            return await ask()
        except RPCError as error:
            if error.status is not RPCStatusCode.UNKNOWN:
                raise
    return await ask()


async def _open_tasks(run: Run) -> int:
    is_open = 0
    async for event in run.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            is_open = 1
        elif event.event_type in TASK_IS_OVER:
            is_open = 0
    return is_open
