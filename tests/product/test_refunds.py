"""Refunds over HTTP, with Stripe's webhooks: from a request to the money being back."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from api import engine
from tests.product.shop import Shop, problem

TOTAL = 9000
CREATE = "POST /v1/refunds"


async def refund(shop: Shop, order_id: str, body: Any = None, key: str | None = None) -> Response:
    """Ask for money back as an operator."""
    headers = {"Idempotency-Key": key} if key else None
    return await shop.call(
        "POST", f"/orders/{order_id}/refunds", body, user="olga", scope="ops", headers=headers
    )


async def made(shop: Shop, order_id: str, body: Any = None, key: str | None = None) -> Any:
    """Ask for money back that is given back; return the refund."""
    response = await refund(shop, order_id, body, key)
    assert response.status_code == 201, response.text
    return response.json()


async def refunds(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    """Return an order's refunds as its buyer sees them."""
    response = await shop.call("GET", f"/orders/{order_id}/refunds")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


async def until_refunded(shop: Shop, order_id: str, amount: int) -> dict[str, Any]:
    """Wait until so much has gone back; return the order."""
    while True:
        order: dict[str, Any] = (await shop.call("GET", f"/orders/{order_id}")).json()
        if order["amount_refunded_cents"] == amount:
            return order
        await asyncio.sleep(0.05)


async def at_stripe(shop: Shop, order_id: str) -> list[int]:
    """Return the amounts that Stripe gave back."""
    return [refund["amount"] for refund in (await shop.ledger(order_id))["refunds"]]


async def test_all_that_is_left_goes_back(shop: Shop) -> None:
    order = await shop.paid_order()
    part = await made(shop, order, {"amount_cents": 2500, "reason": "one guest is ill"})
    assert (
        part.items()
        >= {
            "order_id": order,
            "amount_cents": 2500,
            "currency": "eur",
            "status": "succeeded",
            "reason": "one guest is ill",
            "failure_reason": None,
        }.items()
    )
    assert part["id"].startswith("re_")
    assert (await made(shop, order))["amount_cents"] == TOTAL - 2500
    seen = await until_refunded(shop, order, TOTAL)
    assert seen["status"] == "REFUNDED"
    assert [found["amount_cents"] for found in await refunds(shop, order)] == [2500, 6500]
    assert problem(await refund(shop, order)) == (409, "nothing_to_refund")
    history = (await shop.call("GET", f"/orders/{order}/history")).json()["data"]
    asked = next(entry for entry in history if entry["action"] == "refund_requested")
    assert (asked["actor"], asked["reason"]) == ("olga", "25.00 EUR: one guest is ill")


async def test_twenty_requests_with_one_key_give_the_money_back_once(shop: Shop) -> None:
    order, key = await shop.paid_order(), secrets.token_hex()
    body = {"amount_cents": 1000}
    answers = await asyncio.gather(*(refund(shop, order, body, key) for _ in range(20)))
    first = next(answer.json() for answer in answers if answer.status_code == 201)
    for answer in answers:
        if answer.status_code != 201:
            assert problem(answer) == (409, "idempotency_key_in_use")
    assert await made(shop, order, body, key) == first
    assert await at_stripe(shop, order) == [1000]
    assert len(await refunds(shop, order)) == 1


async def test_a_retry_joins_the_refund_that_was_too_slow(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, key = await shop.paid_order(), secrets.token_hex()
    fault = {"match": CREATE, "kind": "timeout_after", "times": 2}
    await shop.sandbox("PUT", "faults", {"faults": [fault]})
    monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(milliseconds=500))
    response = await refund(shop, order, {"amount_cents": 1000}, key)
    assert problem(response) == (503, "temporarily_unavailable")
    assert response.headers["Retry-After"]
    monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(seconds=20))
    given = await made(shop, order, {"amount_cents": 1000}, key)
    assert [found["id"] for found in await refunds(shop, order)] == [given["id"]]
    assert await at_stripe(shop, order) == [1000]


async def test_a_slow_refund_ends_with_its_event(shop: Shop) -> None:
    order = await shop.paid_order()
    await shop.sandbox("PUT", "refunds", {"next": "pending"})
    given = await made(shop, order)
    assert given["status"] == "pending"
    [waiting] = (await shop.ledger(order))["refunds"]
    await shop.sandbox("POST", f"refunds/{waiting['id']}/move", {"status": "succeeded"})
    await until_refunded(shop, order, TOTAL)
    assert [found["status"] for found in await refunds(shop, order)] == ["succeeded"]


async def test_a_refund_that_fails_long_after_is_seen(shop: Shop) -> None:
    order = await shop.paid_order()
    await made(shop, order, {"amount_cents": 1000})
    await until_refunded(shop, order, 1000)
    [given] = (await shop.ledger(order))["refunds"]
    failure = {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    await shop.sandbox("POST", f"refunds/{given['id']}/move", failure)
    await until_refunded(shop, order, 0)
    [failed] = await refunds(shop, order)
    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")


@pytest.mark.parametrize("mode", ["deliver", "double", "reorder"])
async def test_a_refund_in_the_dashboard_is_known_by_its_events(shop: Shop, mode: str) -> None:
    order = await shop.paid_order()
    await shop.deliver_webhooks(mode)
    [capture] = (await shop.ledger(order))["captures"]
    await shop.sandbox("POST", f"payments/{capture['payment_intent']}/refund", {"amount": 4000})
    seen = await until_refunded(shop, order, 4000)
    assert seen["status"] == "PAID"
    assert [found["amount_cents"] for found in await refunds(shop, order)] == [4000]


async def test_what_cannot_be_given_back_is_refused(shop: Shop) -> None:
    unpaid = await shop.order()
    assert problem(await refund(shop, unpaid)) == (409, "nothing_to_refund")
    order = await shop.paid_order()
    too_much = {"amount_cents": TOTAL + 1}
    assert problem(await refund(shop, order, too_much)) == (422, "amount_too_large")
    [capture] = (await shop.ledger(order))["captures"]
    await shop.deliver_webhooks("drop")
    await shop.sandbox("POST", f"payments/{capture['payment_intent']}/dispute", {})
    assert problem(await refund(shop, order)) == (409, "payment_disputed")
    await shop.deliver_webhooks()
    another = await shop.paid_order()
    fault = {"match": CREATE, "kind": "error_before", "times": 1, "status": 400}
    await shop.sandbox("PUT", "faults", {"faults": [fault]})
    assert problem(await refund(shop, another)) == (502, "refund_refused")
