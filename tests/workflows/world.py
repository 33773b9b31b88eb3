"""What the story tests stand on: skipped time, Stripe, PostgreSQL, and workers that come and go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.stripe_client import connect_stripe
from database.engine import Database
from settings import WorkerSettings
from tests.conftest import BINARIES, SEARCH_ATTRIBUTES
from tests.workflows.saga import HOLD, TASK_QUEUE, Saga
from worker import build_worker, delivering

SECRET_KEY = "sk_test_stories"


@asynccontextmanager
async def skipped_time() -> AsyncIterator[WorkflowEnvironment]:
    """Start Temporal's time-skipping server, which knows our search attributes.

    Only `Saga.skip` skips time: left to itself, the server leaps to whatever timer comes next, if
    need be to the timeout of a run in ten years, while a test waits for a result and a workflow
    is about to set a nearer one.
    """
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(BINARIES / "temporal-test-server")
    ) as environment:
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=environment.client.namespace,
                search_attributes={
                    key.name: IndexedValueType.ValueType(key.indexed_value_type)
                    for key in SEARCH_ATTRIBUTES
                },
            )
        )
        with environment.auto_time_skipping_disabled():
            yield environment


@asynccontextmanager
async def telling(
    environment: WorkflowEnvironment, sandbox_url: str, database_url: str
) -> AsyncIterator[Saga]:
    """Bring up the world, without a worker yet."""
    database = Database(database_url)
    async with aiohttp.ClientSession() as http:
        sdk = connect_stripe(SECRET_KEY, sandbox_url, http)
        yield Saga(environment, database, sdk, http, sandbox_url)
    await database.close()


@asynccontextmanager
async def working(
    saga: Saga, database_url: str, client: Client | None = None, **environment: str
) -> AsyncIterator[None]:
    """Run a worker during the block, with `environment` beside what every worker here has."""
    settings = WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "stripe_secret_key": SECRET_KEY,
            "stripe_api_base": saga.sandbox_url,
            "temporal_task_queue": TASK_QUEUE,
            "checkout_timeout_seconds": HOLD.total_seconds(),
            **environment,
        }
    )
    client = saga.interruptions.client(client or saga.environment.client)
    async with (
        build_worker(client, saga.database, saga.http, settings),
        delivering(client, saga.database, settings),
    ):
        yield


@asynccontextmanager
async def fresh(sandbox_url: str, database_url: str) -> AsyncIterator[Saga]:
    """Bring up a world for one story in which a workflow leaves a child behind.

    The test server skips no more time after that.
    """
    async with (
        skipped_time() as environment,
        telling(environment, sandbox_url, database_url) as saga,
        working(saga, database_url),
    ):
        yield saga
