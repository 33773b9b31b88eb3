"""When the reconciler runs."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from workflows.reconcile import ReconcileWorkflow

SCHEDULE_ID = "reconcile"
EVERY = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(hours=1)  # one that is stuck must not keep the next from running


async def schedule_reconciler(client: Client, task_queue: str) -> None:
    """Have the reconciler run every few minutes; where it is scheduled already, leave that be."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            ReconcileWorkflow.run,
            id=SCHEDULE_ID,
            task_queue=task_queue,
            execution_timeout=GIVEN_UP_AFTER,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
    )
    try:
        await client.create_schedule(SCHEDULE_ID, schedule)
    except ScheduleAlreadyRunningError:
        return
