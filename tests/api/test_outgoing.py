"""Operators see what other systems are told, and tell them again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from temporalio.client import Client as Temporal

from activities.outgoing import Outbox
from api.app import create_app
from database.engine import Database
from domain.ids import OrderId, outgoing_workflow_id
from domain.outgoing import OutgoingType
from settings import WorkerSettings
from tests.api.world import STRIPE_KEY, TASK_QUEUE, api_settings, assert_problem, on_sale, ordered
from tests.receiver import SECRET, Receiver, tell
from tests.serving import served
from worker import delivering
from workflows.announcer import TemporalAnnouncer

Client = httpx2.AsyncClient
EVENTS = "/ops/outgoing-events"
PAID, REFUNDED = OutgoingType.ORDER_PAID, OutgoingType.ORDER_REFUNDED


@pytest.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The API's database."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def receiver(
    database_url: str, database: Database, temporal: Temporal
) -> AsyncIterator[Receiver]:
    """Another system, and a worker that tells it."""
    receiver = Receiver()
    settings = WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "stripe_secret_key": STRIPE_KEY,
            "temporal_task_queue": TASK_QUEUE,
            "outgoing_webhook_url": receiver.url,
            "outgoing_webhook_secret": SECRET,
        }
    )
    async with receiver.up(), delivering(temporal, database, settings):
        yield receiver


@pytest.fixture
def outbox(database: Database, temporal: Temporal) -> Outbox:
    return Outbox(database, TemporalAnnouncer(temporal, TASK_QUEUE))


@pytest.fixture
async def order_id(seller: Client, buyer: Client) -> OrderId:
    """An order."""
    return OrderId(await ordered(buyer, await on_sale(seller)))


async def events(operator: Client, **filters: Any) -> list[dict[str, Any]]:
    """Return what the API lists."""
    response = await operator.get(EVENTS, params=filters)
    assert response.status_code == 200, response.text
    data: list[dict[str, Any]] = response.json()["data"]
    return data


async def delivered(temporal: Temporal, order_id: OrderId) -> None:
    """Wait until everything that was told of an order is delivered."""
    await temporal.get_workflow_handle(outgoing_workflow_id(order_id)).result()


async def waiting(anonymous: Client) -> float:
    """Return how many events wait, as Prometheus reads it."""
    metrics = (await anonymous.get("/metrics")).text.splitlines()
    (line,) = [line for line in metrics if line.startswith("paysaga_outgoing_events_waiting ")]
    return float(line.partition(" ")[2])


async def test_operators_see_what_was_told_of_an_order(
    operator: Client, order_id: OrderId, outbox: Outbox, receiver: Receiver, temporal: Temporal
) -> None:
    await tell(outbox, order_id, PAID, REFUNDED)
    await delivered(temporal, order_id)
    newest, oldest = await events(operator, order_id=order_id)
    assert (newest["type"], oldest["type"]) == (REFUNDED, PAID)
    assert oldest["payload"] == receiver.taken[0].event
    assert oldest["id"] == receiver.taken[0].id
    assert oldest["delivered_at"] > oldest["created_at"]
    assert await events(operator, order_id=order_id, delivered=False) == []
    assert await events(operator, order_id=order_id, delivered=True) == [newest, oldest]
    page = (await operator.get(EVENTS, params={"order_id": order_id, "limit": 1})).json()
    assert page == {"data": [newest], "has_more": True}
    assert await events(operator, order_id=order_id, starting_after=newest["id"]) == [oldest]


async def test_an_event_is_sent_again_as_it_was_and_that_is_audited(
    operator: Client, order_id: OrderId, outbox: Outbox, receiver: Receiver, temporal: Temporal
) -> None:
    await tell(outbox, order_id, PAID, REFUNDED)
    await delivered(temporal, order_id)
    event = (await events(operator, order_id=order_id))[-1]
    replay, reason = f"{EVENTS}/{event['id']}/replay", {"reason": "it lost its disk"}
    for _ in range(2):
        response = await operator.post(replay, json=reason, headers={"Idempotency-Key": "once"})
        assert response.status_code == 202, response.text
        assert response.json() == event | {"delivered_at": None}
    await delivered(temporal, order_id)
    first, _, again = receiver.taken
    assert (again.id, again.body) == (first.id, first.body)
    assert await events(operator, order_id=order_id, delivered=False) == []
    entries = (await operator.get(f"/orders/{order_id}/history")).json()["data"]
    (entry,) = [entry for entry in entries if entry["action"] == "outgoing_event_replayed"]
    assert entry["actor"] == "operator"
    assert entry["reason"] == f"order.paid {event['id']}: it lost its disk"


async def test_what_waits_is_counted_when_prometheus_asks(
    anonymous: Client, operator: Client, order_id: OrderId, outbox: Outbox, temporal: Temporal
) -> None:
    before = await waiting(anonymous)
    await tell(outbox, order_id, PAID)  # nobody delivers it: there is no worker
    assert await waiting(anonymous) == before + 1
    assert [event["type"] for event in await events(operator, delivered=False, limit=1)] == [PAID]
    await temporal.get_workflow_handle(outgoing_workflow_id(order_id)).terminate()


async def test_metrics_are_answered_while_postgres_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    async with served(create_app(api_settings(nowhere))) as url, Client(base_url=url) as anybody:
        response = await anybody.get("/metrics")
        assert response.status_code == 200
        assert "paysaga_http_request_seconds" in response.text
        assert "paysaga_outgoing_events_waiting" not in response.text


@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}/msg_1/replay"])
async def test_only_operators_may(
    anonymous: Client, buyer: Client, operator: Client, path: str
) -> None:
    method, body = ("GET", None) if path == EVENTS else ("POST", {"reason": "curious"})
    assert_problem(await anonymous.request(method, path, json=body), 401, "unauthorized")
    assert_problem(await buyer.request(method, path, json=body), 403, "missing_scope")


async def test_a_replay_needs_an_event_and_a_reason(operator: Client) -> None:
    unknown = await operator.post(f"{EVENTS}/msg_1/replay", json={"reason": "try"})
    assert_problem(unknown, 404, "outgoing_event_not_found")
    for body in ({}, {"reason": " "}):
        response = await operator.post(f"{EVENTS}/msg_1/replay", json=body)
        assert_problem(response, 422, "invalid_request")
