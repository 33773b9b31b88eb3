"""Who may call: tokens that count, tokens that do not, and scopes."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api.app import create_app
from tests.api.world import JWT_SECRET, api_settings, assert_problem, on_sale, started, token
from tests.serving import served

Client = httpx2.AsyncClient
ISSUER, AUDIENCE = "https://issuer.example", "paysaga"
IN_AN_HOUR = timedelta(hours=1)
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


NOT_OURS = {
    "nothing": None,
    "not a bearer": "Basic dXNlcjpwYXNz",
    "empty": "Bearer",
    "not a JWT": "Bearer abc",
    "expired": f"Bearer {token('buyer', exp=datetime.now(UTC) - timedelta(minutes=1))}",
    "not yet valid": f"Bearer {token('buyer', nbf=datetime.now(UTC) + IN_AN_HOUR)}",
    "never expires": f"Bearer {token('buyer', exp=None)}",
    "nobody": f"Bearer {token(None)}",
    "an empty subject": f"Bearer {token('')}",
    "a subject with a NUL": "Bearer " + token("buy\x00er"),
    "a subject with half a character": "Bearer " + token("buy\ud800er"),
    "unsigned": "Bearer "
    + jwt.encode({"sub": "buyer", "exp": 4_000_000_000}, "", algorithm="none"),
    "forged": "Bearer " + jwt.encode({"sub": "buyer", "exp": 4_000_000_000}, "x" * 32),
    "another algorithm": "Bearer "
    + jwt.encode({"sub": "buyer", "exp": 4_000_000_000}, JWT_SECRET, algorithm="HS512"),
    "changed": f"Bearer {token('buyer')[:-4]}AAAA",
}


@pytest.mark.parametrize("authorization", NOT_OURS.values(), ids=NOT_OURS)
async def test_a_call_without_a_good_token_is_refused(
    anonymous: Client, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    assert_problem(await anonymous.get("/orders", headers=headers), 401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ticket-types"),
        ("GET", "/ticket-types"),
        ("GET", "/ticket-types/tkt_x"),
        ("POST", "/orders"),
        ("GET", "/orders"),
        ("GET", "/orders/ord_x"),
        ("GET", "/orders/ord_x/events"),
        ("GET", "/orders/ord_x/payments"),
        ("GET", "/orders/ord_x/history"),
        ("POST", "/orders/ord_x/checkout"),
        ("POST", "/orders/ord_x/cancel"),
    ],
)
async def test_every_route_wants_a_token(anonymous: Client, method: str, path: str) -> None:
    assert_problem(await anonymous.request(method, path), 401, "unauthorized")
    with_key = await anonymous.request(method, path, headers={"Idempotency-Key": "k"})
    assert_problem(with_key, 401, "unauthorized")


async def test_putting_tickets_on_sale_needs_its_scope(buyer: Client, operator: Client) -> None:
    for client in (buyer, operator):
        assert_problem(await client.post("/ticket-types", json={}), 403, "missing_scope")


@pytest.fixture(scope="module")
async def issuer_url() -> AsyncIterator[str]:
    """The address of an issuer with two keys."""
    issuer = FastAPI()
    keys = [
        json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key())) | {"kid": "rsa", "alg": "RS256"},
        json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())) | {"kid": "ec", "alg": "ES256"},
    ]

    @issuer.get("/jwks.json")
    async def jwks() -> dict[str, Any]:
        return {"keys": keys}

    async with served(issuer) as url:
        yield f"{url}/jwks.json"


def issued(key: Any, algorithm: str, kid: str, **claims: Any) -> dict[str, str]:
    """Return the header of a token that the issuer signed."""
    standard = {"sub": "buyer", "exp": datetime.now(UTC) + IN_AN_HOUR} | {
        "iss": ISSUER,
        "aud": AUDIENCE,
    }
    encoded = jwt.encode(standard | claims, key, algorithm=algorithm, headers={"kid": kid})
    return {"Authorization": f"Bearer {encoded}"}


async def test_tokens_of_an_issuer_are_verified_with_its_keys(
    api_url: str, database_url: str, issuer_url: str
) -> None:
    issuer = {"auth_jwks_url": issuer_url, "auth_jwt_secret": None}
    names = {"auth_jwt_issuer": ISSUER, "auth_jwt_audience": AUDIENCE}
    app = create_app(api_settings(database_url, **issuer, **names))
    async with served(app) as url, httpx2.AsyncClient(base_url=url) as client:
        await started(url)

        async def status(headers: dict[str, str]) -> int:
            return (await client.get("/orders", headers=headers)).status_code

        assert await status(issued(RSA_KEY, "RS256", "rsa")) == 200
        assert await status(issued(EC_KEY, "ES256", "ec")) == 200
        another = ec.generate_private_key(ec.SECP256R1())
        assert await status(issued(another, "ES256", "ec")) == 401
        assert await status(issued(RSA_KEY, "RS256", "unknown")) == 401
        assert await status(issued(RSA_KEY, "RS256", "rsa", iss="https://other.example")) == 401
        assert await status(issued(RSA_KEY, "RS256", "rsa", aud="other")) == 401
        assert await status({"Authorization": f"Bearer {token('buyer')}"}) == 401


async def test_tokens_cannot_be_verified_while_their_issuer_is_down(database_url: str) -> None:
    issuer = {"auth_jwks_url": "http://127.0.0.1:1/jwks.json", "auth_jwt_secret": None}
    names = {"auth_jwt_issuer": ISSUER, "auth_jwt_audience": AUDIENCE}
    app = create_app(api_settings(database_url, **issuer, **names))
    async with served(app) as url, httpx2.AsyncClient(base_url=url) as client:
        await started(url)
        response = await client.get("/orders", headers=issued(RSA_KEY, "RS256", "rsa"))
        assert_problem(response, 503, "temporarily_unavailable")


async def test_scopes_are_separated_by_spaces(api_url: str, seller: Client) -> None:
    headers = {"Authorization": f"Bearer {token('seller', 'ops catalog:write')}"}
    async with httpx2.AsyncClient(base_url=api_url, headers=headers) as client:
        await on_sale(client)
