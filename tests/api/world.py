"""The world of the API's tests: its settings, and the people who call it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt

from settings import ApiSettings

JWT_SECRET = "a secret of at least sixty-four characters, so that HS512 takes it too"
STRIPE_KEY = "sk_test_api"
WEBHOOK_SECRET = "whsec_today"
NEXT_WEBHOOK_SECRET = "whsec_tomorrow"
TASK_QUEUE = "api-tests"
CONCERT = {"name": "Concert", "unit_price_cents": 4500, "currency": "eur", "capacity": 100}
IN_AN_HOUR = timedelta(hours=1)


def api_settings(database_url: str, **more: Any) -> ApiSettings:
    """Return the environment of an API under test."""
    return ApiSettings.model_validate(
        {
            "database_url": database_url,
            "temporal_task_queue": TASK_QUEUE,
            "stripe_secret_key": STRIPE_KEY,
            "stripe_webhook_secret": f"{WEBHOOK_SECRET}, {NEXT_WEBHOOK_SECRET}",
            "auth_jwt_secret": JWT_SECRET,
        }
        | more
    )


async def started(url: str) -> None:
    """Wait until the API at an address answers."""
    transport = httpx2.AsyncHTTPTransport(retries=10)
    async with httpx2.AsyncClient(transport=transport) as client:
        (await client.get(f"{url}/healthz")).raise_for_status()


def token(sub: str | None, scope: str = "", **claims: Any) -> str:
    """Return a bearer token of the API's issuer; a claim that is None is left out."""
    standard = {"sub": sub, "scope": scope, "exp": datetime.now(UTC) + IN_AN_HOUR}
    kept = {name: value for name, value in (standard | claims).items() if value is not None}
    return jwt.encode(kept, JWT_SECRET, algorithm="HS256")


def caller(api_url: str, sub: str, scope: str = "") -> httpx2.AsyncClient:
    """Return an HTTP client of the API with the token of a user."""
    return httpx2.AsyncClient(
        base_url=api_url, headers={"Authorization": f"Bearer {token(sub, scope)}"}, timeout=30
    )


async def on_sale(seller: httpx2.AsyncClient, **fields: Any) -> str:
    """Put tickets on sale; returns the id of their type."""
    response = await seller.post("/ticket-types", json=CONCERT | fields)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def ordered(buyer: httpx2.AsyncClient, ticket_type_id: str, quantity: int = 2) -> str:
    """Order tickets; returns the order's id."""
    line = {"ticket_type_id": ticket_type_id, "quantity": quantity}
    response = await buyer.post("/orders", json={"items": [line]})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def assert_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that a response is the problem (RFC 9457) it should be; returns its body."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem.items() >= {"type": "about:blank", "status": status, "code": code}.items()
    assert problem["title"]
    assert problem["detail"]
    if status == 503:
        assert int(response.headers["Retry-After"]) > 0
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    return problem
