"""Health, metrics, and what is answered to requests for nothing that exists."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from stripe import StripeClient

from activities.attempts import Attempts
from activities.reconciliation import Reconciliation
from activities.settlement import Settlements
from database.engine import Database
from domain.checkout import Attention, HoldTickets
from domain.ids import OrderId
from domain.reconciliation import Drift, DriftKind
from tests.api.world import assert_problem, on_sale, ordered

Client = httpx2.AsyncClient


async def test_the_process_is_alive_and_ready(anonymous: Client) -> None:
    for path in ("/healthz", "/readyz"):
        response = await anonymous.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_metrics_count_requests_by_route(
    anonymous: Client, seller: Client, buyer: Client
) -> None:
    order_id = await ordered(buyer, await on_sale(seller))
    await buyer.get(f"/orders/{order_id}")
    await anonymous.get("/no/such/route")
    metrics = (await anonymous.get("/metrics")).text
    count = "paysaga_http_request_seconds_count"
    assert f'{count}{{method="GET",route="/orders/{{order_id}}",status="200"}}' in metrics
    assert f'{count}{{method="POST",route="/orders",status="201"}}' in metrics
    assert f'{count}{{method="any",route="unknown",status="404"}}' in metrics
    assert order_id not in metrics


def counted(metrics: str, name: str) -> float:
    """Return the value of a metric."""
    [value] = [line.split()[-1] for line in metrics.splitlines() if line.startswith(f"{name} ")]
    return float(value)


async def test_metrics_count_the_trouble_in_the_database(
    anonymous: Client, seller: Client, buyer: Client, database_url: str
) -> None:
    order_id = OrderId(await ordered(buyer, await on_sale(seller)))
    database = Database(database_url)
    attempts = Attempts(database, hold=timedelta(minutes=30), base_url="http://a", livemode=False)
    settlements = Settlements(database, processing=timedelta(days=14))
    reconciliation = Reconciliation(StripeClient("sk_test_1"), database)
    drift = Drift(order_id, DriftKind.OVERDUE_CHECKOUT, "due yesterday")
    before = (await anonymous.get("/metrics")).text
    await attempts.hold_tickets(HoldTickets(order_id, at=datetime.now(UTC) - timedelta(hours=1)))
    await settlements.ask_for_attention(Attention(order_id, "look"))
    assert await reconciliation.record_drift(drift)
    assert not await reconciliation.record_drift(drift)
    after = (await anonymous.get("/metrics")).text
    await database.close()
    for name, more in (
        ('paysaga_drift_found_total{kind="overdue_checkout"}', 1),
        ('paysaga_drift_found_total{kind="unbacked_order"}', 0),
        ("paysaga_orders_needing_attention", 1),
        ("paysaga_overdue_attempts", 1),
    ):
        assert counted(after, name) == counted(before, name) + more


async def test_an_unknown_route_is_a_problem(anonymous: Client) -> None:
    assert_problem(await anonymous.get("/nothing"), 404, "not_found")


async def test_a_method_that_a_route_lacks_is_a_problem(anonymous: Client) -> None:
    response = await anonymous.delete("/orders")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_a_mebibyte_is_refused(buyer: Client, chunked: bool) -> None:
    body = b'{"items": "' + b"x" * 1024 * 1024 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    response = await buyer.post(
        "/orders",
        content=chunks() if chunked else body,
        headers={"Content-Type": "application/json"},
    )
    assert_problem(response, 413, "body_too_large")
