"""Operators see where the money is, and act on it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from domain.ids import OrderId, checkout_workflow_id
from tests.product.shop import Shop, problem

WHY = "the buyer is on the phone"


async def see(shop: Shop, path: str, **search: Any) -> Any:
    """Return what an operator is shown."""
    query = httpx2.QueryParams(search)
    response = await shop.call("GET", f"/ops/{path}?{query}", user="olga", scope="ops")
    assert response.status_code == 200, response.text
    return response.json()


async def find(shop: Shop, **search: Any) -> list[str]:
    """Return the ids of the orders that an operator finds."""
    return [case["id"] for case in (await see(shop, "orders", **search))["data"]]


async def act(
    shop: Shop, order: str, action: str, expected: str = "CREATED", **more: Any
) -> httpx2.Response:
    """Act on an order as an operator."""
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else None
    return await shop.call(
        "POST",
        f"/ops/orders/{order}/{action}",
        {"reason": WHY, "expected_status": expected, **more},
        user="olga",
        scope="ops",
        headers=headers,
    )


async def last_entry(shop: Shop, order: str) -> dict[str, Any]:
    """Return the last entry of an order's history."""
    entries: list[dict[str, Any]] = (await see(shop, f"orders/{order}"))["history"]
    return entries[-1]


async def terminate(shop: Shop, order: str, reason: str | None = None) -> None:
    """Terminate an order's checkout, which runs no code of ours."""
    checkout = shop.temporal.get_workflow_handle(checkout_workflow_id(OrderId(order)))
    await checkout.terminate(reason=reason)


async def test_a_case_says_where_the_money_is(shop: Shop) -> None:
    order = await shop.order()
    case = (await see(shop, f"orders/{order}"))["case"]
    assert case["money"] == "With the buyer: nothing was asked for yet."
    assert case["payment"] is None
    session = await shop.checkout(order)
    case = (await see(shop, f"orders/{order}"))["case"]
    assert case["money"] == "With the buyer, as far as we have heard: the payment page is open."
    assert case["payment"]["session_id"] == session["session_id"]
    assert case["payment"]["deadline"] == session["expires_at"]
    assert case["links"]["workflow"].endswith(f"/namespaces/default/workflows/checkout-{order}")
    await shop.pay(session)
    await shop.final_status(order)
    story = await see(shop, f"orders/{order}")
    assert story["case"]["money"] == "90.00 EUR here."
    intent = story["payments"][0]["payment_intent"]
    assert story["case"]["links"]["stripe"] == (
        f"https://dashboard.stripe.com/test/payments/{intent}"
    )
    assert [ticket["status"] for ticket in story["tickets"]] == ["VALID", "VALID"]
    assert "code" not in story["tickets"][0]
    assert [entry["action"] for entry in story["history"]][-1] == "order_paid"


async def test_a_payment_that_nobody_waits_for_any_more_says_why(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    assert (await see(shop, f"orders/{order}"))["unattended"] is None
    await terminate(shop, order, reason="cleaning up")
    unattended = (await see(shop, f"orders/{order}"))["unattended"]
    assert (unattended["status"], unattended["reason"]) == ("TERMINATED", "cleaning up")
    assert datetime.fromisoformat(unattended["since"]) <= datetime.now(UTC)
    assert (await act(shop, order, "recheck")).json()["stripe_says"] == "open"
    assert (await see(shop, f"orders/{order}"))["unattended"] is None


async def test_an_order_is_found_by_whatever_names_it(shop: Shop) -> None:
    order = await shop.paid_order()
    [payment] = (await see(shop, f"orders/{order}"))["payments"]
    for name in (
        order,
        order[:-3],
        f"checkout-{order}",
        payment["id"],
        payment["provider_ref"],
        payment["payment_intent"],
    ):
        assert await find(shop, q=name) == [order], name
    assert order in await find(shop, q="alice")
    assert order in await find(shop, q="ali", status="PAID")
    assert await find(shop, q=order, status="CANCELLED") == []
    assert await find(shop, q=order, needs_attention="true") == []
    for nothing in ("ord_nobody", "%", "_", "pi_", "'; --"):
        assert await find(shop, q=nothing) == []


async def test_orders_come_newest_first_page_by_page(shop: Shop) -> None:
    orders = [await shop.order() for _ in range(3)]
    page = await see(shop, "orders", limit=2)
    assert [case["id"] for case in page["data"]] == [orders[2], orders[1]]
    assert page["has_more"]
    assert (await find(shop, limit=1, starting_after=orders[1])) == [orders[0]]


async def test_an_open_checkout_is_in_flight(shop: Shop) -> None:
    order = await shop.order()
    before = await see(shop, "summary")
    await shop.checkout(order)
    assert order in await find(shop, queue="in_flight")
    assert (await see(shop, "summary"))["in_flight"] == before["in_flight"] + 1
    assert order not in await find(shop, queue="stuck")


async def until_it_waits(shop: Shop, order: str, queue: str, *, waits: bool = True) -> Any:
    """Wait until an order is in a queue, or no longer; return the case."""
    while (order in await find(shop, queue=queue)) is not waits:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return (await see(shop, f"orders/{order}"))["case"]


async def test_a_refund_that_stripe_is_slow_with_waits_in_its_queue(shop: Shop) -> None:
    order = await shop.paid_order()
    await shop.sandbox("PUT", "refunds", {"next": "pending"})
    body = {"amount_cents": 3000, "reason": WHY}
    asked = await shop.call("POST", f"/orders/{order}/refunds", body, user="olga", scope="ops")
    assert asked.status_code == 201, asked.text
    case = await until_it_waits(shop, order, "refunds_pending")
    assert case["money"] == "60.00 EUR here, 30.00 EUR on its way back."
    [refund] = (await see(shop, f"orders/{order}"))["refunds"]
    assert await find(shop, q=refund["id"]) == await find(shop, q=refund["stripe_id"]) == [order]
    await shop.sandbox("POST", f"refunds/{refund['stripe_id']}/move", {"status": "succeeded"})
    case = await until_it_waits(shop, order, "refunds_pending", waits=False)
    assert case["money"] == "60.00 EUR here, 30.00 EUR went back."


async def test_a_dispute_waits_in_its_queue(shop: Shop) -> None:
    order = await shop.paid_order()
    [capture] = (await shop.ledger(order))["captures"]
    await shop.sandbox("POST", f"payments/{capture['payment_intent']}/dispute", {})
    case = await until_it_waits(shop, order, "disputes")
    assert case["money"] == "90.00 EUR at Stripe until a dispute is decided."
    [dispute] = (await see(shop, f"orders/{order}"))["disputes"]
    assert await find(shop, q=dispute["id"]) == [order]


async def test_an_extension_reaches_the_buyer(shop: Shop) -> None:
    order = await shop.order()
    session = await shop.checkout(order)
    response = await act(shop, order, "extend", minutes=20)
    assert response.status_code == 200, response.text
    until = datetime.fromisoformat(session["expires_at"]) + timedelta(minutes=20)
    assert datetime.fromisoformat(response.json()["payment"]["deadline"]) == until
    assert datetime.fromisoformat((await shop.checkout(order))["expires_at"]) == until
    entry = await last_entry(shop, order)
    assert (entry["action"], entry["actor"]) == ("deadline_extended", "olga")
    assert entry["reason"].endswith(WHY)


async def test_an_extension_that_is_asked_for_twice_is_one(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    first = await act(shop, order, "extend", key=f"extend {order}")
    again = await act(shop, order, "extend", key=f"extend {order}")
    assert first.json() == again.json()
    history = (await see(shop, f"orders/{order}"))["history"]
    assert [entry["action"] for entry in history].count("deadline_extended") == 1


async def test_an_extension_too_far_says_how_far_it_may_go(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    response = await act(shop, order, "extend", minutes=31)
    assert problem(response) == (409, "not_extendable")
    assert response.json()["detail"].startswith("Stripe's session allows a deadline of ")
    latest = (await see(shop, f"orders/{order}"))["case"]["payment"]["extendable_until"]
    at = f"{datetime.fromisoformat(latest):%Y-%m-%d %H:%M:%S}"
    assert at in response.json()["detail"]


async def test_without_an_open_attempt_there_is_nothing_to_extend(shop: Shop) -> None:
    order = await shop.order()
    assert problem(await act(shop, order, "extend")) == (409, "not_extendable")
    paid = await shop.paid_order()
    assert problem(await act(shop, paid, "extend", "PAID")) == (409, "not_extendable")


async def test_a_recheck_finds_a_payment_whose_webhook_was_lost(shop: Shop) -> None:
    await shop.deliver_webhooks("drop")
    order = await shop.order()
    session = await shop.checkout(order)
    open_ = await act(shop, order, "recheck")
    assert (open_.status_code, open_.json()["stripe_says"]) == (200, "open")
    await shop.pay(session)
    paid = await act(shop, order, "recheck")
    assert (paid.json()["stripe_says"], paid.json()["status"]) == ("paid", "PAID")
    history = (await see(shop, f"orders/{order}"))["history"]
    assert [(entry["action"], entry["actor"]) for entry in history][-2:] == [
        ("stripe_asked", "olga"),
        ("order_paid", "checkout"),
    ]


async def test_a_recheck_takes_up_a_checkout_whose_workflow_is_gone(shop: Shop) -> None:
    await shop.deliver_webhooks("drop")
    order = await shop.order()
    session = await shop.checkout(order)
    await terminate(shop, order)
    await shop.pay(session)
    assert (await act(shop, order, "recheck")).json()["status"] == "PAID"


async def test_a_recheck_where_nothing_is_awaited_asks_nothing(shop: Shop) -> None:
    untouched, paid = await shop.order(), await shop.paid_order()
    for order, status in ((untouched, "CREATED"), (paid, "PAID")):
        response = await act(shop, order, "recheck", status)
        assert response.status_code == 200, response.text
        assert (response.json()["stripe_says"], response.json()["status"]) == (None, status)
    assert (await last_entry(shop, untouched))["action"] == "order_created"


async def test_an_operator_cancels(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    response = await act(shop, order, "cancel")
    assert (response.status_code, response.json()["status"]) == (200, "CANCELLED")
    assert response.json()["money"] == "Nothing was taken."
    entry = await last_entry(shop, order)
    assert (entry["actor"], entry["reason"]) == ("olga", f"cancelled: {WHY}")
    [session] = (await shop.ledger(order))["sessions"]
    assert session["status"] == "expired"


async def test_cancelling_after_the_payment_makes_the_order_paid(shop: Shop) -> None:
    await shop.deliver_webhooks("drop")
    order = await shop.order()
    await shop.pay(await shop.checkout(order))
    assert problem(await act(shop, order, "cancel")) == (409, "already_paid")
    assert await shop.status(order) == "PAID"
    assert problem(await act(shop, order, "cancel", "PAID")) == (409, "already_paid")


@pytest.mark.parametrize("action", ["cancel", "extend", "recheck", "resolve"])
async def test_a_stale_page_cannot_act(shop: Shop, action: str) -> None:
    order = await shop.paid_order()
    response = await act(shop, order, action, "CREATED")
    assert problem(response) == (409, "state_changed")
    assert response.json()["detail"] == "The order is PAID and no longer CREATED."
    assert (await last_entry(shop, order))["action"] == "order_paid"


async def test_many_operators_cancel_at_once(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    answers = await asyncio.gather(*(act(shop, order, "cancel") for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await shop.status(order) == "CANCELLED"
    history = (await see(shop, f"orders/{order}"))["history"]
    assert [entry["action"] for entry in history].count("order_cancelled") == 1
