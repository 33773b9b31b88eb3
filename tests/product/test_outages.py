"""Temporal or PostgreSQL is down while Stripe delivers: later all is right, by itself."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from onebox.ports import free_port
from onebox.postgres import PostgresServer
from tests.conftest import BINARIES, SEARCH_ATTRIBUTES
from tests.product.operator import Operator
from tests.product.shop import Shop

# Behind the point from which on nothing new is to be seen; see docs/reliability.md.
OUTAGE_SECONDS = float(os.environ.get("PAYSAGA_OUTAGE_SECONDS", "0"))

pytestmark = pytest.mark.timeout(120 + OUTAGE_SECONDS)


class TemporalServer:
    """Temporal's dev server on a port and a file that outlive it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._port = free_port()
        self._running: WorkflowEnvironment | None = None

    async def start(self) -> Client:
        """Start it, or start it again."""
        self._running = await WorkflowEnvironment.start_local(
            port=self._port,
            dev_server_existing_path=str(BINARIES / "temporal"),
            dev_server_database_filename=str(self._file),
            search_attributes=SEARCH_ATTRIBUTES,
            dev_server_extra_args=["--log-level", "never"],
        )
        return self._running.client

    async def stop(self) -> None:
        """Stop it, if it is running."""
        if self._running:
            await self._running.shutdown()
            self._running = None


@pytest.fixture(scope="module")
async def temporal_server() -> AsyncIterator[TemporalServer]:
    """A Temporal of this module's own, to be stopped."""
    with tempfile.TemporaryDirectory() as directory:
        server = TemporalServer(Path(directory) / "temporal.db")
        yield server
        await server.stop()


@pytest.fixture(scope="module")
async def temporal(temporal_server: TemporalServer) -> Client:
    """A client of it."""
    return await temporal_server.start()


async def are_refused(shop: Shop, *order_ids: str) -> bool:
    """Say whether every event of some orders has been answered 503 at least twice."""
    told = await shop.deliveries(*order_ids)
    return len(told) == len(order_ids) and all(
        one["last_status"] == 503 and one["attempts"] > 1 for one in told
    )


async def test_what_stripe_delivers_while_temporal_is_down_is_refused_and_comes_again(
    shop: Shop, temporal_server: TemporalServer
) -> None:
    paid, debited = await shop.order(), await shop.order()
    sessions = {order: await shop.checkout(order) for order in (paid, debited)}
    await temporal_server.stop()
    await shop.pay(sessions[paid])
    await shop.pay(sessions[debited], bank_account="000123456789")
    while not await are_refused(shop, paid, debited):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert {await shop.status(order) for order in sessions} == {"CREATED"}
    await asyncio.sleep(OUTAGE_SECONDS)
    await temporal_server.start()
    assert await shop.final_status(paid) == "PAID"
    await shop.sandbox(
        "POST", f"sessions/{sessions[debited]['session_id']}/settle", {"succeeds": True}
    )
    assert await shop.final_status(debited) == "PAID"


async def test_what_stripe_delivers_while_postgresql_is_down_is_kept_and_done_later(
    shop: Shop, operator: Operator, postgres: PostgresServer
) -> None:
    running, terminated = await shop.order(), await shop.order()
    sessions = {order: await shop.checkout(order) for order in (running, terminated)}
    await operator.terminate(terminated)
    postgres.stop()
    try:
        for order, session in sessions.items():
            await shop.pay(session)
            await shop.until_sent(order)
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        postgres.start()
    assert await shop.final_status(running) == "PAID"
    assert await shop.final_status(terminated) == "PAID"
