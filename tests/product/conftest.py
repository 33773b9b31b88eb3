"""The whole product as a client meets it: API, worker, Stripe sandbox, all on real parts."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from temporalio.client import Client

from api.app import create_app
from database.engine import Database
from settings import ApiSettings, WorkerSettings
from stripe_sandbox.app import create_app as create_sandbox
from stripe_sandbox.settings import Settings as SandboxSettings
from tests.interruptions import Interruptions
from tests.orders import Orders
from tests.product.operator import TASK_QUEUE, Operator
from tests.product.shop import JWT_SECRET, SECRET_KEY, WEBHOOK_SECRET, Shop
from tests.product.working import working
from tests.serving import served


@pytest.fixture(scope="module")
async def sandbox_url() -> AsyncIterator[str]:
    """The address of a Stripe sandbox."""
    settings = SandboxSettings(SECRET_KEY, WEBHOOK_SECRET)
    async with served(create_sandbox(settings)) as url:
        yield url


@pytest.fixture(scope="module")
def interruptions() -> Interruptions:
    """What interrupts the worker."""
    return Interruptions()


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The worker's database."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="module")
def worker_settings(database_url: str, sandbox_url: str) -> WorkerSettings:
    """The worker's environment."""
    return WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "temporal_task_queue": TASK_QUEUE,
            "stripe_secret_key": SECRET_KEY,
            "stripe_api_base": sandbox_url,
            "checkout_timeout_seconds": 1800,
        }
    )


@pytest.fixture(scope="module")
async def worker(
    temporal: Client,
    database: Database,
    interruptions: Interruptions,
    worker_settings: WorkerSettings,
) -> AsyncIterator[None]:
    """A worker."""
    async with working(interruptions.client(temporal), database, worker_settings):
        yield


@pytest.fixture(scope="module")
async def api_url(
    database_url: str, temporal: Client, monkeypatch_module: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of the API."""
    monkeypatch_module.setenv("TEMPORAL_ADDRESS", temporal.service_client.config.target_host)
    settings = ApiSettings.model_validate(
        {
            "database_url": database_url,
            "temporal_task_queue": TASK_QUEUE,
            "stripe_secret_key": SECRET_KEY,
            "stripe_webhook_secret": f"whsec_rolled_out,{WEBHOOK_SECRET}",
            "auth_jwt_secret": JWT_SECRET,
        }
    )
    async with served(create_app(settings)) as url:
        yield url


@pytest.fixture
async def shop(
    worker: None, api_url: str, sandbox_url: str, temporal: Client
) -> AsyncIterator[Shop]:
    """A client of the API, and the sandbox behind it, which delivers webhooks to the API."""
    async with httpx2.AsyncClient(timeout=30) as http:
        shop = Shop(http, api_url, sandbox_url, temporal)
        await shop.deliver_webhooks()
        yield shop
        await shop.sandbox("PUT", "faults", {"faults": []})


@pytest.fixture
async def operator(
    temporal: Client, database: Database, interruptions: Interruptions
) -> AsyncIterator[Operator]:
    """An operator; afterwards no seat may be taken twice."""
    yield Operator(temporal, database, interruptions)
    await Orders(database).assert_no_seat_twice()
