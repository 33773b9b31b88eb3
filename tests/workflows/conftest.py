"""Brings up the world of the story tests."""

import os
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from stripe_sandbox.app import create_app
from stripe_sandbox.settings import Settings as SandboxSettings
from tests.serving import served
from tests.workflows.recording import record
from tests.workflows.saga import Saga
from tests.workflows.world import SECRET_KEY, skipped_time, telling, working


@pytest.fixture(scope="module")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's time-skipping server."""
    async with skipped_time() as environment:
        yield environment


@pytest.fixture(scope="module")
async def sandbox_url() -> AsyncIterator[str]:
    """The address of a Stripe sandbox that sends no webhooks: the tests bring the events."""
    async with served(create_app(SandboxSettings(secret_key=SECRET_KEY))) as url:
        yield url


@pytest.fixture(scope="module")
async def world(
    environment: WorkflowEnvironment, sandbox_url: str, database_url: str
) -> AsyncIterator[Saga]:
    """The whole world, with one worker."""
    async with (
        telling(environment, sandbox_url, database_url) as saga,
        working(saga, database_url),
    ):
        yield saga


@pytest.fixture(autouse=True)
def a_moment_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the reconciler's second look follow the first at once."""
    monkeypatch.setattr("workflows.reconcile.ON_ITS_WAY", timedelta(milliseconds=100))


@pytest.fixture
async def saga(request: pytest.FixtureRequest, world: Saga) -> AsyncIterator[Saga]:
    """The world for one story; afterwards all orders are held against Stripe's ledger."""
    world.told.clear()
    yield world
    await world.fault("", "", times=0)
    await world.assert_books_balance()
    if os.environ.get("PAYSAGA_RECORD") and world.told:
        story = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).rstrip("_")
        await record(story, world.told[-1])
