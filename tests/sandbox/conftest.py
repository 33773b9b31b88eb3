"""Brings up a sandbox with the real SDK in front of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx2
import pytest

from activities.stripe_client import connect_stripe
from stripe_sandbox.app import create_app
from stripe_sandbox.settings import Settings
from tests.sandbox.buying import SECRET_KEY, Sandbox, until
from tests.sandbox.receiver import WEBHOOK_SECRET, Receiver, receiving
from tests.serving import served


@asynccontextmanager
async def running(database: str = ":memory:") -> AsyncIterator[Sandbox]:
    """A sandbox for the length of the block."""
    settings = Settings(SECRET_KEY, WEBHOOK_SECRET, database=database)
    async with (
        served(create_app(settings)) as url,
        aiohttp.ClientSession() as http,
        httpx2.AsyncClient() as browser,
    ):
        sandbox = Sandbox(url, connect_stripe(SECRET_KEY, url, http), browser)
        await until(sandbox.is_up)
        yield sandbox


@pytest.fixture(scope="module")
async def shared_sandbox() -> AsyncIterator[Sandbox]:
    """One sandbox for all tests of a module."""
    async with running() as sandbox:
        yield sandbox


@pytest.fixture
async def sandbox(shared_sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    """The module's sandbox; what a test turned is turned back."""
    yield shared_sandbox
    await shared_sandbox.skip(0)
    await shared_sandbox.admin("PUT", "faults", {"faults": []})
    await shared_sandbox.admin("PUT", "refunds", {"next": "succeeded", "times": 0})


@pytest.fixture
async def fresh_sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox that nobody has used."""
    async with running() as sandbox:
        yield sandbox


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook endpoint that no sandbox knows yet."""
    async with receiving() as receiver:
        yield receiver
