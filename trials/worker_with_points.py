"""`python -m trials.worker_with_points DIRECTORY`: the product's worker, which dies where told."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import uvloop
from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from database.engine import Database
from settings import WorkerSettings, load
from trials.kill_points import ASKS_STRIPE, BEGINS, ENDS, STRIPE_ANSWERED, Points
from worker import build_worker
from workflows.client import connect
from workflows.schedule import schedule_reconciler


class DyingActivities(ClientInterceptor, Interceptor):
    """Comes to a point before and after each activity; a worker takes it over from its client."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap every activity."""
        return _Dying(next, self._points)


class _Dying(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, points: Points) -> None:
        super().__init__(next)
        self._points = points

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        name = activity.info().activity_type
        self._points.reach(name, BEGINS)
        result = await super().execute_activity(input)
        self._points.reach(name, ENDS)
        return result


def dying_calls(points: Points) -> aiohttp.TraceConfig:
    """Come to a point before and after each call of Stripe."""
    trace = aiohttp.TraceConfig()

    async def asks(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
        points.reach(activity.info().activity_type, ASKS_STRIPE)

    async def answered(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
        points.reach(activity.info().activity_type, STRIPE_ANSWERED)

    trace.on_request_start.append(asks)
    trace.on_request_end.append(answered)
    return trace


async def main(points: Points) -> None:
    """Run until killed."""
    settings = load(WorkerSettings)
    connected = await connect()
    client = Client(**connected.config() | {"interceptors": [DyingActivities(points)]})
    await schedule_reconciler(client, settings.temporal_task_queue)
    database = Database(settings.database_url)
    async with (
        aiohttp.ClientSession(trace_configs=[dying_calls(points)]) as http,
        build_worker(client, database, http, settings),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(Points(Path(sys.argv[1]))))
