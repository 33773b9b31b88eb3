"""What operators see and who may act, on an API without a worker: every state is written down."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from database.engine import Database
from database.history import record
from database.orders import touch_order
from domain.ids import OrderId, new_id
from tests.api.world import assert_problem, on_sale, ordered

Client = httpx2.AsyncClient
ACTIONS = ("cancel", "extend", "recheck", "resolve")
ACTION = {"reason": "the buyer is on the phone", "expected_status": "CREATED"}
PAYMENT = """
    INSERT INTO payments (id, order_id, provider_ref, payment_intent, amount_cents, captured_cents,
                          currency, status, livemode, base_url, looked_at, expires_at,
                          session_expires_at)
    VALUES (:payment, :order, :session, :intent, 9000, :captured, 'eur', :status, false, '',
            now(), now() + :minutes * interval '1 minute', now() + interval '65 minutes')
"""
REFUND = """
    INSERT INTO refunds (id, order_id, payment_id, payment_intent, idempotency_key, stripe_id,
                         amount_cents, currency, status, reason)
    SELECT :refund, order_id, id, payment_intent, :refund, :stripe, :amount, 'eur', :status, 'asked'
    FROM payments WHERE order_id = :order
"""
DISPUTE = """
    INSERT INTO disputes (id, order_id, payment_id, amount_cents, currency, reason, status)
    SELECT :dispute, order_id, id, 9000, 'eur', 'fraudulent', :status
    FROM payments WHERE order_id = :order
"""
DRIFT = """
    INSERT INTO order_history (order_id, at, actor, action, reason)
    VALUES (:order, now() - :days * interval '1 day', 'reconciler', 'drift_found', 'lost')
"""
IS_PAID = "UPDATE orders SET status = 'PAID', paid_at = now() WHERE id = :order"
IS_CANCELLED = "UPDATE orders SET status = 'CANCELLED', cancelled_at = now() WHERE id = :order"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The API's database."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def order(seller: Client, buyer: Client) -> str:
    """An order."""
    return await ordered(buyer, await on_sale(seller))


async def write(database: Database, statement: str, **values: Any) -> None:
    """Write something down that the product would have."""
    async with database.transaction() as connection:
        await connection.execute(text(statement), values)


async def attempt(
    database: Database, order: str, status: str = "PENDING", minutes: int = 30, captured: int = 0
) -> None:
    """Write down an attempt to pay, with its deadline in some minutes."""
    values = {"session": f"cs_{order}", "intent": f"pi_{order}" if captured else None}
    await write(
        database,
        PAYMENT,
        payment=new_id("pay"),
        order=order,
        status=status,
        minutes=minutes,
        captured=captured,
        **values,
    )


async def paid(database: Database, order: str) -> None:
    """Write down that an order was paid."""
    await attempt(database, order, "SUCCEEDED", captured=9000)
    await write(database, IS_PAID, order=order)


async def refund(database: Database, order: str, status: str, amount: int = 9000) -> str:
    """Write down a refund; returns its id at Stripe."""
    stripe_id = new_id("re_stripe")
    await write(
        database,
        REFUND,
        refund=new_id("re"),
        order=order,
        stripe=stripe_id,
        status=status,
        amount=amount,
    )
    return stripe_id


async def needs_a_person(database: Database, order: str, why: str) -> None:
    """Ask for attention as the workflows do."""
    async with database.transaction() as connection:
        await touch_order(connection, OrderId(order), needs_attention=True)
        await record(connection, OrderId(order), "needs_attention", actor="checkout", reason=why)


async def queues_of(operator: Client, order: str) -> set[str]:
    """Return the queues in which an order waits, each of which also counts it."""
    lengths = (await operator.get("/ops/summary")).json()
    found = set()
    for queue, length in lengths.items():
        page = (await operator.get("/ops/orders", params={"queue": queue, "limit": 100})).json()
        ids = [case["id"] for case in page["data"]]
        assert len(ids) == length
        if order in ids:
            found.add(queue)
    return found


async def case(operator: Client, order: str) -> dict[str, Any]:
    """Return an order as operators see it."""
    response = await operator.get(f"/ops/orders/{order}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["case"]
    return found


async def test_only_operators_see_and_act(
    anonymous: Client, buyer: Client, seller: Client, order: str
) -> None:
    for path in ("/ops/orders", "/ops/summary", f"/ops/orders/{order}"):
        assert_problem(await anonymous.get(path), 401, "unauthorized")
        for client in (buyer, seller):
            assert_problem(await client.get(path), 403, "missing_scope")
    for action in ACTIONS:
        path = f"/ops/orders/{order}/{action}"
        assert_problem(await anonymous.post(path, json=ACTION), 401, "unauthorized")
        assert_problem(await buyer.post(path, json=ACTION), 403, "missing_scope")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "without what was expected"},
        {"expected_status": "CREATED"},
        ACTION | {"reason": ""},
        ACTION | {"reason": " \n"},
        ACTION | {"reason": "a" * 201},
        ACTION | {"reason": "\x00"},
        ACTION | {"expected_status": "created"},
        ACTION | {"actor": "somebody else"},
    ],
)
async def test_an_action_has_a_reason_and_an_expectation(
    operator: Client, order: str, action: str, body: dict[str, Any]
) -> None:
    response = await operator.post(f"/ops/orders/{order}/{action}", json=body)
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize("minutes", [0, -1, 1441, 1.5, "15", None])
async def test_an_extension_is_a_number_of_minutes(
    operator: Client, order: str, minutes: Any
) -> None:
    body = ACTION | {"minutes": minutes}
    response = await operator.post(f"/ops/orders/{order}/extend", json=body)
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize("action", ACTIONS)
async def test_nobody_acts_on_an_order_that_does_not_exist(operator: Client, action: str) -> None:
    response = await operator.post(f"/ops/orders/ord_unknown/{action}", json=ACTION)
    assert_problem(response, 404, "order_not_found")
    assert_problem(await operator.get("/ops/orders/ord_unknown"), 404, "order_not_found")


@pytest.mark.parametrize("query", ["queue=all", "status=paid", "limit=0", "limit=101", "q="])
async def test_a_search_that_is_none_is_refused(operator: Client, query: str) -> None:
    assert_problem(await operator.get(f"/ops/orders?{query}"), 422, "invalid_request")


async def test_without_a_worker_an_action_can_be_tried_again(
    operator: Client, order: str, database: Database
) -> None:
    await attempt(database, order)
    response = await operator.post(f"/ops/orders/{order}/recheck", json=ACTION)
    assert_problem(response, 503, "temporarily_unavailable")


async def test_a_new_order_waits_in_no_queue(operator: Client, order: str) -> None:
    assert await queues_of(operator, order) == set()


async def test_an_attempt_behind_its_deadline_is_stuck(
    operator: Client, order: str, database: Database
) -> None:
    await attempt(database, order, minutes=-3)
    assert await queues_of(operator, order) == {"in_flight", "stuck"}
    assert (await case(operator, order))["money"].startswith("Unknown: the deadline has passed")


async def test_an_attempt_without_a_session_is_stuck_after_a_while(
    operator: Client, order: str, database: Database
) -> None:
    await attempt(database, order)
    nameless = "UPDATE payments SET provider_ref = NULL WHERE order_id = :order"
    await write(database, nameless, order=order)
    assert await queues_of(operator, order) == {"in_flight"}
    older = "UPDATE payments SET created_at = now() - interval '3 minutes' WHERE order_id = :order"
    await write(database, older, order=order)
    assert await queues_of(operator, order) == {"in_flight", "stuck"}
    assert (await case(operator, order))["payment"]["extendable_until"] is None


async def test_a_delayed_payment_is_in_flight_and_has_no_deadline_to_move(
    operator: Client, order: str, database: Database
) -> None:
    await attempt(database, order, "PROCESSING", minutes=14 * 24 * 60)
    assert await queues_of(operator, order) == {"in_flight"}
    found = await case(operator, order)
    assert found["money"] == "On its way from the buyer's bank, which can take days."
    assert found["payment"]["deadline"]
    assert found["payment"]["extendable_until"] is None


async def test_who_needs_attention_says_why_until_it_is_resolved(
    operator: Client, order: str, database: Database
) -> None:
    await needs_a_person(database, order, "first")
    await needs_a_person(database, order, "Stripe refused the refund")
    assert await queues_of(operator, order) == {"needs_attention"}
    assert (await case(operator, order))["attention"]["reason"] == "Stripe refused the refund"
    response = await operator.post(f"/ops/orders/{order}/resolve", json=ACTION)
    assert response.status_code == 200, response.text
    assert response.json()["needs_attention"] is False
    assert response.json()["attention"] is None
    assert await queues_of(operator, order) == set()
    history = (await operator.get(f"/orders/{order}/history")).json()["data"]
    assert (
        history[-1].items()
        >= {
            "actor": "operator",
            "action": "attention_resolved",
            "reason": ACTION["reason"],
        }.items()
    )
    again = await operator.post(f"/ops/orders/{order}/resolve", json=ACTION)
    assert_problem(again, 409, "state_changed")


@pytest.mark.parametrize(("days", "waits"), [(0, True), (6, True), (8, False)])
async def test_what_the_reconciler_mended_is_drift_for_a_week(
    operator: Client, order: str, database: Database, days: int, waits: bool
) -> None:
    await write(database, DRIFT, order=order, days=days)
    assert await queues_of(operator, order) == ({"drift"} if waits else set())


async def test_refunds_on_their_way_are_pending(
    operator: Client, order: str, database: Database
) -> None:
    await paid(database, order)
    stripe_id = await refund(database, order, "requires_action", 3000)
    assert await queues_of(operator, order) == {"refunds_pending"}
    found = await case(operator, order)
    assert found["money"] == "60.00 EUR here, 30.00 EUR on its way back."
    assert found["refunding_cents"] == 3000
    page = (await operator.get("/ops/orders", params={"q": stripe_id})).json()
    assert [one["id"] for one in page["data"]] == [order]
    await write(database, "UPDATE refunds SET status = 'succeeded' WHERE order_id = :o", o=order)
    assert await queues_of(operator, order) == set()
    assert (await case(operator, order))["money"] == "60.00 EUR here, 30.00 EUR went back."


async def test_money_for_a_cancelled_order_is_named(
    operator: Client, order: str, database: Database
) -> None:
    await attempt(database, order, "EXPIRED", captured=9000)
    await write(database, IS_CANCELLED, order=order)
    assert (await case(operator, order))["money"] == "90.00 EUR here, for a cancelled order."
    await refund(database, order, "failed")
    assert (await case(operator, order))["money"] == "90.00 EUR here, for a cancelled order."
    await refund(database, order, "pending")
    assert (await case(operator, order))["money"] == "90.00 EUR on its way back."


@pytest.mark.parametrize(
    "expected",
    [
        ("needs_response", True, "90.00 EUR at Stripe until a dispute is decided."),
        ("warning_under_review", True, "90.00 EUR here."),
        ("won", False, "90.00 EUR here."),
        ("lost", False, "90.00 EUR lost in a dispute."),
    ],
)
async def test_disputes_wait_until_they_are_decided(
    operator: Client, order: str, database: Database, expected: tuple[str, bool, str]
) -> None:
    status, waits, money = expected
    await paid(database, order)
    dispute = new_id("dp")
    await write(database, DISPUTE, dispute=dispute, order=order, status=status)
    assert await queues_of(operator, order) == ({"disputes"} if waits else set())
    found = await case(operator, order)
    assert (found["dispute"], found["money"]) == (status, money)
    page = (await operator.get("/ops/orders", params={"q": dispute})).json()
    assert [one["id"] for one in page["data"]] == [order]
    story = (await operator.get(f"/ops/orders/{order}")).json()
    assert [one["reason"] for one in story["disputes"]] == ["fraudulent"]
