"""Brings up the world of the story tests."""

import os
from collections.abc import AsyncIterator

import aiohttp
import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.stripe_client import connect_stripe
from database.engine import Database
from settings import WorkerSettings
from stripe_sandbox.app import create_app
from stripe_sandbox.settings import Settings as SandboxSettings
from tests.conftest import BINARIES, SEARCH_ATTRIBUTES
from tests.serving import served
from tests.workflows.recording import record
from tests.workflows.saga import HOLD, TASK_QUEUE, Saga
from worker import build_worker, delivering

SECRET_KEY = "sk_test_stories"


@pytest.fixture(scope="module")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's time-skipping server, which knows our search attributes."""
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
        yield environment


@pytest.fixture(scope="module")
async def sandbox_url() -> AsyncIterator[str]:
    """The address of a Stripe sandbox that sends no webhooks: the tests bring the events."""
    async with served(create_app(SandboxSettings(secret_key=SECRET_KEY))) as url:
        yield url


@pytest.fixture(scope="module")
def worker_settings(sandbox_url: str, database_url: str) -> WorkerSettings:
    """The worker's environment."""
    return WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "stripe_secret_key": SECRET_KEY,
            "stripe_api_base": sandbox_url,
            "temporal_task_queue": TASK_QUEUE,
            "checkout_timeout_seconds": HOLD.total_seconds(),
        }
    )


@pytest.fixture(scope="module")
def workers_client(environment: WorkflowEnvironment) -> Client:
    """The worker's connection to Temporal."""
    return environment.client


@pytest.fixture(scope="module")
async def world(
    environment: WorkflowEnvironment,
    sandbox_url: str,
    worker_settings: WorkerSettings,
    workers_client: Client,
) -> AsyncIterator[Saga]:
    """The whole world, with one worker."""
    database = Database(worker_settings.database_url)
    async with aiohttp.ClientSession() as http:
        sdk = connect_stripe(SECRET_KEY, sandbox_url, http)
        async with (
            build_worker(workers_client, database, http, worker_settings),
            delivering(workers_client, database, worker_settings),
        ):
            yield Saga(environment, database, sdk, http, sandbox_url)
    await database.close()


@pytest.fixture
async def saga(request: pytest.FixtureRequest, world: Saga) -> AsyncIterator[Saga]:
    """The world for one story; afterwards all orders are held against Stripe's ledger."""
    world.told.clear()
    yield world
    await world.fault("", "", times=0)
    await world.assert_books_balance()
    if os.environ.get("PAYSAGA_RECORD"):
        story = request.node.name.removeprefix("test_").replace("[", "_").rstrip("]")
        await record(story, world.told[-1])
