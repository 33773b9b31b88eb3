"""Idempotency-Key: once is once."""

import asyncio
import secrets
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from database.engine import Database
from tests.api.world import CONCERT, assert_problem, caller, on_sale, ordered

Client = httpx2.AsyncClient


def keyed(key: str | bytes | None = None) -> dict[str, Any]:
    """Return the header with a key, by default a fresh one."""
    return {"Idempotency-Key": key or secrets.token_hex()}


async def age(database_url: str, key: str, seconds: int, *, died: bool = False) -> None:
    """Let a key's first request be as old as this; if it died, it left no answer."""
    forget = "status_code = NULL, media_type = NULL, body = NULL," if died else ""
    older = "locked_at = now() - make_interval(secs => :seconds)"
    statement = text(f"UPDATE idempotency_keys SET {forget} {older} WHERE key = :key")
    database = Database(database_url)
    async with database.transaction() as connection:
        await connection.execute(statement, {"seconds": seconds, "key": key})
    await database.close()


async def test_the_same_key_answers_the_same(
    seller: Client, buyer: Client, database_url: str
) -> None:
    body = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    headers = keyed()
    first = await buyer.post("/orders", json=body, headers=headers)
    await age(database_url, headers["Idempotency-Key"], 3600)
    again = await buyer.post("/orders", json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


async def test_twenty_at_once_make_one_order(seller: Client, api_url: str) -> None:
    body = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    headers = keyed()
    async with caller(api_url, "impatient") as buyer:
        answers = await asyncio.gather(
            *(buyer.post("/orders", json=body, headers=headers) for _ in range(20))
        )
        made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        for answer in answers:
            if answer.status_code != 201:
                assert_problem(answer, 409, "idempotency_key_in_use")
        assert [order["id"] for order in (await buyer.get("/orders")).json()["data"]] == list(made)


async def test_another_request_with_the_key_is_refused(seller: Client, buyer: Client) -> None:
    ticket_type_id, headers = await on_sale(seller), keyed()
    body = {"items": [{"ticket_type_id": ticket_type_id, "quantity": 1}]}
    assert (await buyer.post("/orders", json=body, headers=headers)).status_code == 201
    body["items"][0]["quantity"] = 2
    response = await buyer.post("/orders", json=body, headers=headers)
    assert_problem(response, 422, "idempotency_key_reused")
    order_id = await ordered(buyer, ticket_type_id)
    response = await buyer.post(f"/orders/{order_id}/cancel", headers=headers)
    assert_problem(response, 422, "idempotency_key_reused")


async def test_a_refusal_is_an_answer_too(buyer: Client) -> None:
    headers = keyed()
    first = await buyer.post("/orders", json={"items": []}, headers=headers)
    again = await buyer.post("/orders", json={"items": []}, headers=headers)
    assert assert_problem(first, 422, "invalid_request") == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_key_belongs_to_its_user(seller: Client, buyer: Client, stranger: Client) -> None:
    body = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    headers = keyed()
    mine = await buyer.post("/orders", json=body, headers=headers)
    theirs = await stranger.post("/orders", json=body, headers=headers)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_a_key_is_in_use_while_its_request_runs(
    seller: Client, buyer: Client, database_url: str
) -> None:
    body = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    headers = keyed()
    await buyer.post("/orders", json=body, headers=headers)
    await age(database_url, headers["Idempotency-Key"], 50, died=True)
    response = await buyer.post("/orders", json=body, headers=headers)
    assert_problem(response, 409, "idempotency_key_in_use")


async def test_a_request_that_died_before_its_answer_is_repeated_without_doing_it_twice(
    seller: Client, database_url: str
) -> None:
    order = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    for path, body in (("/orders", order), ("/ticket-types", CONCERT)):
        headers = keyed()
        first = await seller.post(path, json=body, headers=headers)
        await age(database_url, headers["Idempotency-Key"], 61, died=True)
        again = await seller.post(path, json=body, headers=headers)
        assert "Idempotent-Replayed" not in again.headers
        assert (again.status_code, again.json()) == (201, first.json())


@pytest.mark.parametrize("key", ["k" * 256, "schlüssel".encode(), b"tab\there"])
async def test_a_key_is_short_and_printable(buyer: Client, key: str | bytes) -> None:
    response = await buyer.post("/orders", json={}, headers=keyed(key))
    assert_problem(response, 400, "idempotency_key_invalid")


async def test_a_key_of_255_characters_is_a_key(seller: Client, buyer: Client) -> None:
    body = {"items": [{"ticket_type_id": await on_sale(seller), "quantity": 1}]}
    response = await buyer.post("/orders", json=body, headers=keyed(secrets.token_hex(128)[:255]))
    assert response.status_code == 201
