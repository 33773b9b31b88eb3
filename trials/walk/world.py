"""The world of the random walks: every part is real but Stripe and the passing of time.

Built from what the tests are built from, so that a walk that failed can become a test.
"""

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import httpx2
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from sqlalchemy import text
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

from activities.stripe_client import connect_stripe
from api.app import create_app
from api.services import Services
from api.watch import OrderWatch
from database.engine import Database
from onebox.postgres import PostgresServer
from onebox.state import ROOT
from settings import WorkerSettings
from stripe_sandbox.account import Account
from stripe_sandbox.app import create_app as create_sandbox
from stripe_sandbox.settings import Settings as SandboxSettings
from tests.api.world import STRIPE_KEY, api_settings, token
from tests.receiver import SECRET, Receiver
from tests.serving import served
from tests.workflows.saga import HOLD, TASK_QUEUE, Saga
from trials.walk.clock import Clock
from worker import build_worker, delivering
from workflows import search_attributes

BUYER = "buyer"
TIME_STEP = timedelta(minutes=30)  # by so much Stripe's clock is behind Temporal's at the most
_TEST_SERVER = Path(sys.executable).with_name("temporal-test-server")


class World(Saga):
    """The API, called as HTTP would call it; Stripe's own books; and the clock of all."""

    api: httpx2.AsyncClient
    stripe: FastAPI
    clock: Clock
    receiver: Receiver

    @property
    def account(self) -> Account:
        """Return the account at Stripe, from the inside."""
        account: Account = self.stripe.state.account
        return account

    async def let_pass(self, duration: timedelta, longest_step: timedelta = TIME_STEP) -> None:
        """Let time pass, at Temporal and at Stripe; whatever is running goes on meanwhile.

        Raises ClockStuck.
        """
        while duration > timedelta():
            step = min(duration, longest_step)
            await self.clock.skip(step)
            await self.set_stripes_clock(await self.environment.get_current_time())
            duration -= step


@contextmanager
def fresh_database() -> Iterator[str]:
    """Start PostgreSQL with our tables in it; gives the database's URL."""
    with (
        tempfile.TemporaryDirectory() as directory,
        PostgresServer(Path(directory), durable=False) as server,
    ):
        server.create_database("walk")
        os.environ["DATABASE_URL"] = server.url("walk")
        command.upgrade(Config(ROOT / "alembic.ini"), "head")
        yield server.url("walk")


@asynccontextmanager
async def world(database_url: str) -> AsyncIterator[World]:
    """Bring up Temporal on skipped time, the Stripe sandbox, a worker and the API."""
    sandbox = create_sandbox(SandboxSettings(secret_key=STRIPE_KEY))
    database = Database(database_url)
    receiver = Receiver()
    async with (
        _skipped_time() as environment,
        served(sandbox) as sandbox_url,
        receiver.up(),
        _working(environment.client, database, database_url, sandbox_url, receiver.url) as http,
        _api(environment.client, database, database_url) as api,
    ):
        await _empty(database)
        sdk = connect_stripe(STRIPE_KEY, sandbox_url, http)
        made = World(environment, database, sdk, http, sandbox_url)
        made.api, made.stripe, made.clock = api, sandbox, Clock(environment)
        made.receiver = receiver
        yield made
    await database.close()


async def _empty(database: Database) -> None:
    """Forget the orders of an earlier world, which this one's Stripe knows nothing of."""
    async with database.transaction() as connection:
        await connection.execute(text("TRUNCATE orders, ticket_types CASCADE"))


@asynccontextmanager
async def _skipped_time() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(_TEST_SERVER)
    ) as environment:
        keys = (
            key for key in vars(search_attributes).values() if isinstance(key, SearchAttributeKey)
        )
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=environment.client.namespace,
                search_attributes={
                    key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys
                },
            )
        )
        yield environment


@asynccontextmanager
async def _api(
    client: Client, database: Database, database_url: str
) -> AsyncIterator[httpx2.AsyncClient]:
    settings = api_settings(database_url, temporal_task_queue=TASK_QUEUE)
    app = create_app(settings)
    app.state.services = Services(settings, database, client, OrderWatch(database))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://api",
        headers={"Authorization": f"Bearer {token(BUYER)}"},
        timeout=30,
    ) as api:
        yield api


@asynccontextmanager
async def _working(
    client: Client, database: Database, database_url: str, sandbox_url: str, receiver_url: str
) -> AsyncIterator[aiohttp.ClientSession]:
    settings = WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "stripe_secret_key": STRIPE_KEY,
            "stripe_api_base": sandbox_url,
            "temporal_task_queue": TASK_QUEUE,
            "checkout_timeout_seconds": HOLD.total_seconds(),
            "outgoing_webhook_url": receiver_url,
            "outgoing_webhook_secret": SECRET,
        }
    )
    async with (
        aiohttp.ClientSession() as http,
        build_worker(client, database, http, settings),
        delivering(client, database, settings),
    ):
        yield http
