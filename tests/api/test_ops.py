"""What operators see, on an API without a worker: every state is written down."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from database.engine import Database
from database.history import record
from database.orders import touch_order
from domain.ids import OrderId, new_id
from tests.api.world import assert_problem

Client = httpx2.AsyncClient
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


async def write(database: Database, statement: str, **values: Any) -> None:
    """Write something down that the product would have."""
    async with database.transaction() as connection:
        await connection.execute(text(statement), values)


async def attempt(
    database: Database, order_id: str, status: str = "PENDING", minutes: int = 30, captured: int = 0
) -> None:
    """Write down an attempt to pay, with its deadline in some minutes."""
    values = {"session": f"cs_{order_id}", "intent": f"pi_{order_id}" if captured else None}
    await write(
        database,
        PAYMENT,
        payment=new_id("pay"),
        order=order_id,
        status=status,
        minutes=minutes,
        captured=captured,
        **values,
    )


async def paid(database: Database, order_id: str) -> None:
    """Write down that an order was paid."""
    await attempt(database, order_id, "SUCCEEDED", captured=9000)
    await write(database, IS_PAID, order=order_id)


async def refund(database: Database, order_id: str, status: str, amount: int = 9000) -> str:
    """Write down a refund; returns its id at Stripe."""
    stripe_id = new_id("re_stripe")
    await write(
        database,
        REFUND,
        refund=new_id("re"),
        order=order_id,
        stripe=stripe_id,
        status=status,
        amount=amount,
    )
    return stripe_id


async def needs_a_person(database: Database, order_id: str, why: str) -> None:
    """Ask for attention as the workflows do."""
    async with database.transaction() as connection:
        await touch_order(connection, OrderId(order_id), needs_attention=True)
        await record(connection, OrderId(order_id), "needs_attention", actor="checkout", reason=why)


async def queues_of(operator: Client, order_id: str) -> set[str]:
    """Return the queues in which an order waits, each of which also counts it."""
    lengths = (await operator.get("/ops/summary")).json()
    found = set()
    for queue, length in lengths.items():
        page = (await operator.get("/ops/orders", params={"queue": queue, "limit": 100})).json()
        ids = [case["id"] for case in page["data"]]
        assert len(ids) == length
        if order_id in ids:
            found.add(queue)
    return found


async def case(operator: Client, order_id: str) -> dict[str, Any]:
    """Return an order as operators see it."""
    response = await operator.get(f"/ops/orders/{order_id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["case"]
    return found


@pytest.mark.parametrize("query", ["queue=all", "status=paid", "limit=0", "limit=101", "q="])
async def test_a_search_that_is_none_is_refused(operator: Client, query: str) -> None:
    assert_problem(await operator.get(f"/ops/orders?{query}"), 422, "invalid_request")


async def test_without_a_worker_an_action_can_be_tried_again(
    operator: Client, order_id: str, database: Database
) -> None:
    await attempt(database, order_id)
    response = await operator.post(f"/ops/orders/{order_id}/recheck", json=ACTION)
    assert_problem(response, 503, "temporarily_unavailable")


@pytest.mark.parametrize("awaited", [True, False])
async def test_a_payment_that_is_awaited_and_has_no_workflow_is_unattended(
    operator: Client, order_id: str, database: Database, *, awaited: bool
) -> None:
    await attempt(database, order_id, "PENDING" if awaited else "FAILED")
    story = (await operator.get(f"/ops/orders/{order_id}")).json()
    gone = {"status": "NOT_FOUND", "since": None, "reason": None}
    assert story["unattended"] == (gone if awaited else None)


async def test_a_new_order_waits_in_no_queue(operator: Client, order_id: str) -> None:
    assert await queues_of(operator, order_id) == set()


async def test_an_attempt_behind_its_deadline_is_stuck(
    operator: Client, order_id: str, database: Database
) -> None:
    await attempt(database, order_id, minutes=-3)
    assert await queues_of(operator, order_id) == {"in_flight", "stuck"}
    assert (await case(operator, order_id))["money"].startswith("Unknown: the deadline has passed")


async def test_an_attempt_without_a_session_is_stuck_after_a_while(
    operator: Client, order_id: str, database: Database
) -> None:
    await attempt(database, order_id)
    nameless = "UPDATE payments SET provider_ref = NULL WHERE order_id = :order"
    await write(database, nameless, order=order_id)
    assert await queues_of(operator, order_id) == {"in_flight"}
    older = "UPDATE payments SET created_at = now() - interval '3 minutes' WHERE order_id = :order"
    await write(database, older, order=order_id)
    assert await queues_of(operator, order_id) == {"in_flight", "stuck"}
    assert (await case(operator, order_id))["payment"]["extendable_until"] is None


async def test_a_delayed_payment_is_in_flight_and_has_no_deadline_to_move(
    operator: Client, order_id: str, database: Database
) -> None:
    await attempt(database, order_id, "PROCESSING", minutes=14 * 24 * 60)
    assert await queues_of(operator, order_id) == {"in_flight"}
    found = await case(operator, order_id)
    assert found["money"] == "On its way from the buyer's bank, which can take days."
    assert found["payment"]["deadline"]
    assert found["payment"]["extendable_until"] is None


async def test_who_needs_attention_says_why_until_it_is_resolved(
    operator: Client, order_id: str, database: Database
) -> None:
    await needs_a_person(database, order_id, "first")
    await needs_a_person(database, order_id, "Stripe refused the refund")
    assert await queues_of(operator, order_id) == {"needs_attention"}
    assert (await case(operator, order_id))["attention"]["reason"] == "Stripe refused the refund"
    response = await operator.post(f"/ops/orders/{order_id}/resolve", json=ACTION)
    assert response.status_code == 200, response.text
    assert response.json()["needs_attention"] is False
    assert response.json()["attention"] is None
    assert await queues_of(operator, order_id) == set()
    history = (await operator.get(f"/orders/{order_id}/history")).json()["data"]
    assert (
        history[-1].items()
        >= {
            "actor": "operator",
            "action": "attention_resolved",
            "reason": ACTION["reason"],
        }.items()
    )
    again = await operator.post(f"/ops/orders/{order_id}/resolve", json=ACTION)
    assert_problem(again, 409, "state_changed")


@pytest.mark.parametrize(("days", "waits"), [(0, True), (6, True), (8, False)])
async def test_what_the_reconciler_mended_is_drift_for_a_week(
    operator: Client, order_id: str, database: Database, days: int, waits: bool
) -> None:
    await write(database, DRIFT, order=order_id, days=days)
    assert await queues_of(operator, order_id) == ({"drift"} if waits else set())


async def test_refunds_on_their_way_are_pending(
    operator: Client, order_id: str, database: Database
) -> None:
    await paid(database, order_id)
    stripe_id = await refund(database, order_id, "requires_action", 3000)
    assert await queues_of(operator, order_id) == {"refunds_pending"}
    found = await case(operator, order_id)
    assert found["money"] == "60.00 EUR here, 30.00 EUR on its way back."
    assert found["refunding_cents"] == 3000
    page = (await operator.get("/ops/orders", params={"q": stripe_id})).json()
    assert [one["id"] for one in page["data"]] == [order_id]
    await write(database, "UPDATE refunds SET status = 'succeeded' WHERE order_id = :o", o=order_id)
    assert await queues_of(operator, order_id) == set()
    assert (await case(operator, order_id))["money"] == "60.00 EUR here, 30.00 EUR went back."


async def test_money_for_a_cancelled_order_is_named(
    operator: Client, order_id: str, database: Database
) -> None:
    await attempt(database, order_id, "EXPIRED", captured=9000)
    await write(database, IS_CANCELLED, order=order_id)
    assert (await case(operator, order_id))["money"] == "90.00 EUR here, for a cancelled order."
    await refund(database, order_id, "failed")
    assert (await case(operator, order_id))["money"] == "90.00 EUR here, for a cancelled order."
    await refund(database, order_id, "pending")
    assert (await case(operator, order_id))["money"] == "90.00 EUR on its way back."


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
    operator: Client, order_id: str, database: Database, expected: tuple[str, bool, str]
) -> None:
    status, waits, money = expected
    await paid(database, order_id)
    dispute = new_id("dp")
    await write(database, DISPUTE, dispute=dispute, order=order_id, status=status)
    assert await queues_of(operator, order_id) == ({"disputes"} if waits else set())
    found = await case(operator, order_id)
    assert (found["dispute"], found["money"]) == (status, money)
    page = (await operator.get("/ops/orders", params={"q": dispute})).json()
    assert [one["id"] for one in page["data"]] == [order_id]
    story = (await operator.get(f"/ops/orders/{order_id}")).json()
    assert [one["reason"] for one in story["disputes"]] == ["fraudulent"]
