"""An operator who does not wait for the reconciler's schedule."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from workflows.schedule import SCHEDULE_ID

_ANSWER_WITHIN = timedelta(seconds=2)


async def reconcile_often(temporal: Client, every_seconds: float) -> None:
    """Have the reconciler run again and again until cancelled."""
    schedule = temporal.get_schedule_handle(SCHEDULE_ID)
    while True:
        await asyncio.sleep(every_seconds)
        with suppress(RPCError, RuntimeError):  # Temporal is down; the next time will do
            await schedule.trigger(rpc_timeout=_ANSWER_WITHIN)
