"""Checkout over HTTP: from an order to PAID or CANCELLED."""

import asyncio

import httpx2
import pytest

from domain.ids import OrderId, checkout_workflow_id
from tests.product.operator import Operator
from tests.product.shop import Shop, problem


async def test_an_order_is_paid_and_its_buyer_sees_it(shop: Shop) -> None:
    order = await shop.order()
    session = await shop.checkout(order)
    assert set(session) == {"url", "session_id", "expires_at"}
    assert session["session_id"] in session["url"]
    await shop.pay(session)
    assert await shop.final_status(order) == "PAID"
    seen = (await shop.call("GET", f"/orders/{order}")).json()
    assert seen["paid_at"] is not None
    payments = (await shop.call("GET", f"/orders/{order}/payments")).json()["data"]
    assert [(one["status"], one["provider_ref"]) for one in payments] == [
        ("SUCCEEDED", session["session_id"])
    ]
    history = (await shop.call("GET", f"/orders/{order}/history")).json()["data"]
    assert [entry["action"] for entry in history] == [
        "order_created",
        "tickets_held",
        "order_paid",
    ]
    assert history[-1]["stripe_ids"]["session"] == session["session_id"]


async def test_the_session_carries_what_the_contract_says(shop: Shop) -> None:
    order = await shop.order()
    session = await shop.checkout(order)
    [made] = (await shop.ledger(order))["sessions"]
    assert made["client_reference_id"] == order
    assert made["metadata"] | {"orderId": order, "userId": "alice"} == made["metadata"]
    assert made["mode"] == "payment"
    assert "session_id={CHECKOUT_SESSION_ID}" in made["success_url"]
    assert made["cancel_url"]
    await shop.pay(session)
    assert await shop.final_status(order) == "PAID"


async def test_a_repeated_checkout_answers_the_same_session(shop: Shop) -> None:
    order = await shop.order()
    session = await shop.checkout(order)
    assert await shop.checkout(order) == session
    assert len((await shop.ledger(order))["sessions"]) == 1


@pytest.mark.parametrize("kind", ["delay", "timeout_after", "error_after"])
async def test_twenty_checkouts_at_once_make_one_session_whatever_stripe_does(
    shop: Shop, kind: str
) -> None:
    fault = {"match": "POST /v1/checkout/sessions", "kind": kind, "delay_seconds": 0.2, "times": 2}
    await shop.sandbox("PUT", "faults", {"faults": [fault]})
    order = await shop.order()
    sessions = await asyncio.gather(*(shop.checkout(order) for _ in range(20)))
    assert all(session == sessions[0] for session in sessions)
    assert len((await shop.ledger(order))["sessions"]) == 1


async def test_the_webhook_comes_before_the_activity_that_made_its_session_has_returned(
    shop: Shop, operator: Operator
) -> None:
    order = await shop.order()
    async with operator.interruptions.standing_still("create_session", "after") as reached:
        await operator.start_checkout(order)
        await reached
        [session] = (await shop.ledger(order))["sessions"]
        await shop.pay({"session_id": session["id"]})
        await shop.until_sent(order)
    assert await shop.final_status(order) == "PAID"


async def test_a_checkout_after_a_refusal_is_a_new_one(shop: Shop) -> None:
    order = await shop.order()
    fault = {"match": "POST /v1/checkout/sessions", "kind": "error_before", "status": 400}
    await shop.sandbox("PUT", "faults", {"faults": [fault]})
    response = await shop.call("POST", f"/orders/{order}/checkout")
    assert problem(response) == (502, "session_refused")
    assert await shop.status(order) == "CREATED"
    await shop.pay(await shop.checkout(order))
    assert await shop.final_status(order) == "PAID"


@pytest.mark.parametrize("state", ["paid_order", "cancelled_order"])
async def test_a_finished_order_cannot_be_checked_out(shop: Shop, state: str) -> None:
    order = await getattr(shop, state)()
    response = await shop.call("POST", f"/orders/{order}/checkout")
    assert problem(response) == (409, "order_not_payable")


async def test_tickets_that_are_gone_are_refused_without_a_workflow(shop: Shop) -> None:
    tickets = await shop.ticket_type(capacity=2)
    holder = await shop.order(tickets, 2)
    late = await shop.order(tickets, 1)
    await shop.checkout(holder)
    response = await shop.call("POST", f"/orders/{late}/checkout")
    assert problem(response) == (409, "sold_out")
    handle = shop.temporal.get_workflow_handle(checkout_workflow_id(OrderId(late)))
    with pytest.raises(Exception, match="not found"):
        await handle.describe()
    await shop.call("POST", f"/orders/{holder}/cancel")
    await shop.checkout(late)


async def test_of_two_hundred_buyers_at_once_one_gets_the_last_ticket(shop: Shop) -> None:
    tickets = await shop.ticket_type(capacity=1)
    orders = [await shop.order(tickets, 1) for _ in range(200)]

    async def try_to_buy(order: str) -> tuple[str, httpx2.Response]:
        while True:
            response = await shop.call("POST", f"/orders/{order}/checkout")
            if response.status_code != 503:  # it takes longer than usual: he tries again
                return order, response

    answers = await asyncio.gather(*(try_to_buy(order) for order in orders))
    assert sorted(answer.status_code for _, answer in answers) == [200] + [409] * 199
    refused = {problem(answer) for _, answer in answers if answer.status_code != 200}
    assert refused == {(409, "sold_out")}
    [(winner, session)] = [found for found in answers if found[1].status_code == 200]
    await shop.pay(session.json())
    assert await shop.final_status(winner) == "PAID"
    left = (await shop.call("GET", f"/ticket-types/{tickets}")).json()
    assert left["available"] == 0


async def test_a_buyer_gives_up(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    for _ in range(2):
        response = await shop.call("POST", f"/orders/{order}/cancel")
        assert response.status_code == 200, response.text
        assert response.json()["status"] == "CANCELLED"
    [session] = (await shop.ledger(order))["sessions"]
    assert session["status"] == "expired"


async def test_giving_up_a_paid_order_is_too_late(shop: Shop) -> None:
    order = await shop.paid_order()
    response = await shop.call("POST", f"/orders/{order}/cancel")
    assert problem(response) == (409, "already_paid")


async def test_giving_up_right_after_paying_makes_the_order_paid(shop: Shop) -> None:
    await shop.deliver_webhooks("drop")
    order = await shop.order()
    await shop.pay(await shop.checkout(order))
    response = await shop.call("POST", f"/orders/{order}/cancel")
    assert problem(response) == (409, "already_paid")
    assert await shop.status(order) == "PAID"


async def test_an_operator_cancels_for_a_buyer(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    response = await shop.call("POST", f"/orders/{order}/cancel", user="operator", scope="ops")
    assert response.json()["status"] == "CANCELLED"
    history = (await shop.call("GET", f"/orders/{order}/history")).json()["data"]
    assert history[-1]["actor"] == "operator"


async def test_a_returning_buyer_needs_no_webhook(shop: Shop) -> None:
    await shop.deliver_webhooks("drop")
    order = await shop.order()
    session = await shop.checkout(order)
    await shop.pay(session)
    page = await shop.http.get(f"{shop.api_url}/return?session_id={session['session_id']}")
    assert page.status_code == 200
    assert await shop.final_status(order) == "PAID"


async def test_the_operator_sees_the_story_in_temporal(shop: Shop) -> None:
    order = await shop.order()
    await shop.checkout(order)
    handle = shop.temporal.get_workflow_handle(checkout_workflow_id(OrderId(order)))
    found = await handle.describe()
    attributes = {pair.key.name: pair.value for pair in found.typed_search_attributes}
    assert attributes["OrderId"] == order
    assert attributes["OrderStatus"] == "CREATED"
    assert attributes["UserId"] == "alice"
    assert attributes["AmountCents"] == 9000
    assert attributes["Currency"] == "eur"
    assert "PaymentDeadline" in attributes
    assert await found.static_summary() == "2 tickets, 90.00 EUR"
