"""The clock of the walks: Temporal's test server skips the time.

It skips while nothing is under way, and counts that in locks: one for each workflow task and each
activity. Two kinds it never lets go of, and from then on its time would stand: those of a workflow
that was terminated, and the one with which a workflow tells its parent of its end where the parent
has ended before. Here they are given back, to the number: one too many breaks the server.
https://github.com/temporalio/sdk-java, temporal-test-server, TestWorkflowMutableStateImpl.java
"""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.testservice.v1 import UnlockTimeSkippingRequest
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.testing import WorkflowEnvironment

Run = WorkflowHandle[Any, Any]

STUCK_AFTER = timedelta(seconds=15)
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
        self._parents: list[Run] = []
        self._orphans: list[Run] = []

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

    def watch(self, parent: Run) -> None:
        """Remember a run whose children may outlive it."""
        self._parents.append(parent)

    async def _give_back_of_orphans(self) -> None:
        for parent in list(self._parents):
            seen = await parent.describe()
            if seen.status is not WorkflowExecutionStatus.RUNNING:
                self._parents.remove(parent)
                self._orphans += self._children(seen)
        for orphan in list(self._orphans):
            status = (await orphan.describe()).status
            if status is not WorkflowExecutionStatus.RUNNING:
                self._orphans.remove(orphan)
                if status is not WorkflowExecutionStatus.TERMINATED:
                    await self._unlock()

    def _children(self, parent: WorkflowExecutionDescription) -> list[Run]:
        """Return the children whose end a parent that has ended was not told of."""
        return [
            self._client.get_workflow_handle(child.workflow_id, run_id=child.run_id)
            for child in parent.raw_description.pending_children
        ]

    async def _unlock(self) -> None:
        await self._client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())


def is_under_way(activity: PendingActivityInfo) -> bool:
    """Say whether an activity is not only waiting to be tried again: then it holds no lock."""
    if not activity.HasField("last_attempt_complete_time"):
        return True
    ended = activity.last_attempt_complete_time.ToNanoseconds()
    return activity.last_started_time.ToNanoseconds() > ended


async def _open_tasks(run: Run) -> int:
    is_open = 0
    async for event in run.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            is_open = 1
        elif event.event_type in TASK_IS_OVER:
            is_open = 0
    return is_open
