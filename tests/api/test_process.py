"""The API as the process that runs in production."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client as Temporal

from onebox.ports import free_port
from tests.api.world import (
    JWT_SECRET,
    STRIPE_KEY,
    TASK_QUEUE,
    WEBHOOK_SECRET,
    caller,
    on_sale,
    ordered,
    started,
)
from tests.conftest import ROOT

Process = asyncio.subprocess.Process


@pytest.fixture
async def api(database_url: str, temporal: Temporal) -> AsyncIterator[tuple[Process, str]]:
    """A process of the API, and its address."""
    environment = {
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal.service_client.config.target_host,
        "TEMPORAL_TASK_QUEUE": TASK_QUEUE,
        "STRIPE_SECRET_KEY": STRIPE_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "AUTH_JWT_SECRET": JWT_SECRET,
    }
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port)),
        cwd=ROOT,
        env=os.environ | environment,
    )
    url = f"http://127.0.0.1:{port}"
    await started(url)
    yield process, url
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_open_event_streams_end_when_the_process_is_told_to_stop(
    api: tuple[Process, str],
) -> None:
    process, url = api
    async with caller(url, "seller", "catalog:write") as seller:
        order_id = await ordered(seller, await on_sale(seller))
        async with seller.stream("GET", f"/orders/{order_id}/events") as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "event: order"
            process.terminate()
            assert [line async for line in lines][-1] == ""  # to its end, not cut off
    await process.wait()
