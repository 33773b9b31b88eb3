"""PostgreSQL, Temporal or Stripe is down: 503, and the next try goes on where the first stopped."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import aiohttp
import asyncpg
import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.client import Client as Temporal
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from api import engine
from api.app import create_app
from database.engine import Database
from domain.ids import OrderId, checkout_workflow_id
from onebox.ports import free_port
from onebox.postgres import PostgresServer
from settings import WorkerSettings
from stripe_sandbox.app import create_app as create_sandbox
from stripe_sandbox.settings import Settings as SandboxSettings
from tests.activities.guarding import Guarded
from tests.api.stripe import send
from tests.api.test_webhook import event
from tests.api.world import (
    STRIPE_KEY,
    TASK_QUEUE,
    api_settings,
    assert_problem,
    caller,
    on_sale,
    ordered,
    started,
)
from tests.conftest import BINARIES, SEARCH_ATTRIBUTES
from tests.serving import served
from worker import build_worker

Client = httpx2.AsyncClient


async def test_without_postgresql_nothing_but_events_is_answered(
    postgres: PostgresServer, seller: Client, buyer: Client, anonymous: Client
) -> None:
    order_id = await ordered(buyer, await on_sale(seller))
    headers = {"Idempotency-Key": secrets.token_hex()}
    postgres.stop()
    try:
        for method, path in (
            ("GET", f"/orders/{order_id}"),
            ("GET", "/ticket-types"),
            ("POST", f"/orders/{order_id}/checkout"),
            ("POST", f"/orders/{order_id}/cancel"),
            ("GET", "/return?session_id=cs_1"),
        ):
            response = await buyer.request(method, path, headers=headers)
            assert_problem(response, 503, "temporarily_unavailable")
        assert (await send(anonymous, event(order_id))).status_code == 200  # Temporal keeps it
        problem = assert_problem(await anonymous.get("/readyz"), 503, "temporarily_unavailable")
        assert "database" in problem["detail"]
        assert (await anonymous.get("/healthz")).status_code == 200
        metrics = (await anonymous.get("/metrics")).text
        assert "paysaga_http_request_seconds" in metrics
        assert "paysaga_drift_found" not in metrics
    finally:
        postgres.start()
    assert (await buyer.get(f"/orders/{order_id}")).status_code == 200
    assert (await anonymous.get("/readyz")).status_code == 200


async def test_an_order_that_postgresql_died_over_is_made_once(
    postgres: PostgresServer, seller: Client, api_url: str, database_url: str
) -> None:
    body = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    key = secrets.token_hex()
    lock = "INSERT INTO idempotency_keys (user_id, key, fingerprint, resource_suffix)"
    database = Database(database_url)
    async with caller(api_url, "unlucky") as buyer:
        with suppress(DBAPIError):  # this transaction dies too
            async with database.transaction() as connection:
                await connection.execute(text(f"{lock} VALUES ('unlucky', '{key}', '', '')"))
                waiting = asyncio.create_task(
                    buyer.post("/orders", json=body, headers={"Idempotency-Key": key})
                )
                await _until_somebody_waits(database)
                postgres.stop()
                try:
                    assert_problem(await waiting, 503, "temporarily_unavailable")
                finally:
                    postgres.start()
        again = await buyer.post("/orders", json=body, headers={"Idempotency-Key": key})
        assert again.status_code == 201
        assert [one["id"] for one in (await buyer.get("/orders")).json()["data"]] == [
            again.json()["id"]
        ]
    await database.close()


async def _until_somebody_waits(database: Database) -> None:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while True:
        async with database.transaction() as connection:
            if (await connection.execute(waiting)).scalar_one():
                return


@pytest.fixture
async def sandbox_url() -> AsyncIterator[str]:
    """The address of a Stripe sandbox."""
    async with served(create_sandbox(SandboxSettings(secret_key=STRIPE_KEY))) as url:
        yield url


@pytest.fixture
def worker_settings(database_url: str, sandbox_url: str) -> WorkerSettings:
    """The environment of a worker."""
    return WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "temporal_task_queue": TASK_QUEUE,
            "stripe_secret_key": STRIPE_KEY,
            "stripe_api_base": sandbox_url,
        }
    )


def leaving(error: Exception) -> Callable[..., Awaitable[None]]:
    """What the driver does while a connection is prepared, with PostgreSQL leaving."""

    async def leave(*_: object, **__: object) -> None:
        raise error

    return leave


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("set_type_codec", leaving(asyncpg.ConnectionDoesNotExistError("in the middle of it"))),
        ("set_type_codec", leaving(asyncpg.InterfaceError("connection is closed"))),
        ("set_type_codec", leaving(asyncpg.InternalClientError("cannot switch to state 12"))),
        ("is_closed", lambda _: True),
    ],
    ids=["in the middle", "before the next step", "between two steps", "at its end"],
)
async def test_postgresql_may_leave_while_it_is_being_connected(
    database_url: str, monkeypatch: pytest.MonkeyPatch, name: str, left: Callable[..., object]
) -> None:
    async with (
        served(create_app(api_settings(database_url))) as url,
        caller(url, "alice") as buyer,
    ):
        await started(url)
        monkeypatch.setattr(asyncpg.Connection, name, left)
        assert_problem(await buyer.get("/ticket-types"), 503, "temporarily_unavailable")
        monkeypatch.undo()
        assert (await buyer.get("/ticket-types")).status_code == 200


async def test_operators_see_an_order_while_temporal_takes_calls_and_is_silent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = Guarded(Database(database_url))
    order_id = await guarded.order()
    await guarded.attempt(order_id)
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
    async with (
        served(create_app(api_settings(database_url))) as url,
        caller(url, "olga", "ops") as operator,
    ):
        await started(url)
        story = (await operator.get(f"/ops/orders/{order_id}")).json()
    silent.close()
    await guarded.database.close()
    assert story["case"]["money"].startswith("With the buyer")
    assert story["unattended"] is None


async def test_a_checkout_goes_on_when_temporal_and_the_worker_come_up(
    database_url: str,
    worker_settings: WorkerSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
    monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(seconds=1))
    async with (
        served(create_app(api_settings(database_url))) as url,
        caller(url, "seller", "catalog:write") as seller,
    ):
        await started(url)
        order_id = await ordered(seller, await on_sale(seller))
        checkout, headers = f"/orders/{order_id}/checkout", {"Idempotency-Key": "once"}
        for path in (checkout, f"/orders/{order_id}/cancel"):
            response = await seller.post(path, headers=headers | {"Idempotency-Key": path})
            assert_problem(response, 503, "temporarily_unavailable")
        assert_problem(await send(seller, event(order_id)), 503, "temporarily_unavailable")
        problem = assert_problem(await seller.get("/readyz"), 503, "temporarily_unavailable")
        assert "temporal" in problem["detail"]

        async with await WorkflowEnvironment.start_local(
            port=port,
            dev_server_existing_path=str(BINARIES / "temporal"),
            search_attributes=SEARCH_ATTRIBUTES,
            dev_server_extra_args=["--log-level", "error"],
        ) as environment:
            response = await seller.post(checkout, headers=headers)
            assert_problem(response, 503, "temporarily_unavailable")  # no worker yet
            monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(seconds=20))
            database = Database(database_url)
            async with (
                aiohttp.ClientSession() as http,
                build_worker(environment.client, database, http, worker_settings),
            ):
                assert (await seller.post(checkout, headers=headers)).status_code == 200
                cancelled = await seller.post(f"/orders/{order_id}/cancel")
                assert cancelled.json()["status"] == "CANCELLED"
            await database.close()


@pytest.fixture
async def sandbox(sandbox_url: str) -> AsyncIterator[Client]:
    """A client of the sandbox's admin API."""
    async with Client(base_url=f"{sandbox_url}/_sandbox") as sandbox:
        yield sandbox


@pytest.fixture
async def worker(temporal: Temporal, worker_settings: WorkerSettings) -> AsyncIterator[None]:
    """A worker that runs during the test."""
    database = Database(worker_settings.database_url)
    async with (
        aiohttp.ClientSession() as http,
        build_worker(temporal, database, http, worker_settings),
    ):
        yield
    await database.close()


@pytest.mark.usefixtures("worker")
async def test_a_checkout_goes_on_when_stripe_answers_again(
    buyer: Client, order_id: str, sandbox: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = {"match": "POST /v1/checkout/sessions", "kind": "error_before", "status": 503}
    await sandbox.put("/faults", json={"faults": [fault | {"times": None}]})
    monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(seconds=1))
    response = await buyer.post(f"/orders/{order_id}/checkout")
    assert_problem(response, 503, "temporarily_unavailable")
    await sandbox.put("/faults", json={"faults": []})
    monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(seconds=20))
    assert (await buyer.post(f"/orders/{order_id}/checkout")).status_code == 200
    ledger = (await sandbox.get("/ledger", params={"order_id": order_id})).json()
    assert len(ledger["sessions"]) == 1
    await buyer.post(f"/orders/{order_id}/cancel")


@pytest.mark.usefixtures("worker")
async def test_a_terminated_checkout_is_taken_up_by_a_later_call(
    buyer: Client, order_id: str, temporal: Temporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SAME_ANSWER_FOR", timedelta(microseconds=1))
    session = (await buyer.post(f"/orders/{order_id}/checkout")).json()
    checkout = temporal.get_workflow_handle(checkout_workflow_id(OrderId(order_id)))
    await checkout.terminate()
    assert (await buyer.post(f"/orders/{order_id}/checkout")).json() == session
    assert (await checkout.describe()).status is WorkflowExecutionStatus.RUNNING
    await buyer.post(f"/orders/{order_id}/cancel")
