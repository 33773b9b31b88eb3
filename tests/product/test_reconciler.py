"""The reconciler as a worker schedules it."""

import asyncio

from temporalio.client import ScheduleActionExecutionStartWorkflow

from domain.reconciliation import Findings
from tests.product.operator import TASK_QUEUE
from tests.product.shop import Shop
from workflows.schedule import SCHEDULE_ID, schedule_reconciler


async def test_every_worker_may_schedule_it_and_it_runs(shop: Shop) -> None:
    for _ in range(2):
        await schedule_reconciler(shop.temporal, TASK_QUEUE)
    schedule = shop.temporal.get_schedule_handle(SCHEDULE_ID)
    await shop.paid_order()
    await schedule.trigger()
    while not (runs := (await schedule.describe()).info.recent_actions):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    action = runs[0].action
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    run = shop.temporal.get_workflow_handle(action.workflow_id, result_type=Findings)
    assert await run.result() == Findings()
    await schedule.delete()
