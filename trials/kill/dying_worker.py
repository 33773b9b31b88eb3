"""`python -m trials.kill.dying_worker DIRECTORY`: the product's worker, which dies where told."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import uvloop
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from settings import WorkerSettings, load
from trials.kill.points import ASKS_STRIPE, BEGINS, ENDS, STRIPE_ANSWERED, Points
from worker import serve


class DyingActivities(Interceptor):
    """Comes to a point before and after each activity."""

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
    async with aiohttp.ClientSession(trace_configs=[dying_calls(points)]) as http:
        await serve(load(WorkerSettings), http, [DyingActivities(points)])


if __name__ == "__main__":
    uvloop.run(main(Points(Path(sys.argv[1]))))
