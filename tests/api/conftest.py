"""Brings up the API without a worker, and the people who call it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from temporalio.client import Client

from api.app import create_app
from tests.api.world import api_settings, caller, on_sale, ordered, started
from tests.serving import served


@pytest.fixture(scope="module")
async def api_url(
    database_url: str, temporal: Client, monkeypatch_module: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of an API with a database of its own."""
    monkeypatch_module.setenv("TEMPORAL_ADDRESS", temporal.service_client.config.target_host)
    async with served(create_app(api_settings(database_url))) as url:
        await started(url)
        yield url


@pytest.fixture(scope="module")
async def anonymous(api_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without a token."""
    async with httpx2.AsyncClient(base_url=api_url) as client:
        yield client


@pytest.fixture(scope="module")
async def buyer(api_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A user."""
    async with caller(api_url, "buyer") as client:
        yield client


@pytest.fixture(scope="module")
async def stranger(api_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Another user."""
    async with caller(api_url, "stranger") as client:
        yield client


@pytest.fixture(scope="module")
async def seller(api_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Who puts tickets on sale."""
    async with caller(api_url, "seller", "catalog:write") as client:
        yield client


@pytest.fixture(scope="module")
async def operator(api_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Who may see and cancel everybody's orders."""
    async with caller(api_url, "operator", "other ops") as client:
        yield client


@pytest.fixture
async def order_id(seller: httpx2.AsyncClient, buyer: httpx2.AsyncClient) -> str:
    """An order of the user's."""
    return await ordered(buyer, await on_sale(seller))
