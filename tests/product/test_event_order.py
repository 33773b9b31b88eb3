"""Webhooks that come twice, in the wrong order, and after the end."""

from domain.ids import stripe_event_workflow_id
from tests.product.shop import Shop

DEBIT_THAT_SUCCEEDS = "000123456789"


async def test_the_events_of_a_delayed_payment_come_twice_and_backwards(shop: Shop) -> None:
    await shop.deliver_webhooks("hold")
    order = await shop.order()
    session = await shop.checkout(order)
    await shop.pay(session, bank_account=DEBIT_THAT_SUCCEEDS)
    await shop.settle(session, succeeds=True)
    completed, succeeded = await shop.events(order)
    failed = succeeded | {"id": "evt_failed", "type": "checkout.session.async_payment_failed"}
    expired = succeeded | {"id": "evt_expired", "type": "checkout.session.expired"}
    for event in (expired, failed, succeeded, completed, failed, succeeded, completed, expired):
        assert (await shop.event(event)).status_code == 200
    assert await shop.final_status(order) == "PAID"
    history = (await shop.call("GET", f"/orders/{order}/history")).json()["data"]
    assert [entry["action"] for entry in history].count("order_paid") == 1
    assert [one["amount_refunded"] for one in (await shop.ledger(order))["captures"]] == [0]


async def test_completed_twice_pays_once(shop: Shop) -> None:
    await shop.deliver_webhooks("double")
    order = await shop.order()
    session = await shop.checkout(order)
    await shop.pay(session)
    assert await shop.final_status(order) == "PAID"
    [completed] = await shop.events(order)
    assert (await shop.event(completed)).status_code == 200
    history = (await shop.call("GET", f"/orders/{order}/history")).json()["data"]
    assert [entry["action"] for entry in history].count("order_paid") == 1
    assert [one["amount_refunded"] for one in (await shop.ledger(order))["captures"]] == [0]


async def test_the_events_of_a_dispute_come_backwards(shop: Shop) -> None:
    order = await shop.paid_order()
    await shop.deliver_webhooks("hold")
    [capture] = (await shop.ledger(order))["captures"]
    dispute = await shop.sandbox("POST", f"payments/{capture['payment_intent']}/dispute", {})
    await shop.sandbox("POST", f"disputes/{dispute['id']}/close", {"outcome": "won"})
    for what, status in (("closed", "won"), ("created", "needs_response")):
        event_id = f"evt_dispute_{what}"
        event = {
            "id": event_id,
            "type": f"charge.dispute.{what}",
            "data": {"object": {"id": dispute["id"], "object": "dispute", "status": status}},
        }
        assert (await shop.event(event)).status_code == 200
        settling = shop.temporal.get_workflow_handle(stripe_event_workflow_id(event_id))
        await settling.result()
        assert not (await shop.call("GET", f"/orders/{order}")).json()["disputed"]
    tickets = (await shop.call("GET", f"/orders/{order}/tickets")).json()["data"]
    assert {ticket["status"] for ticket in tickets} == {"VALID"}
