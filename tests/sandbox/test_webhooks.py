"""Webhooks: signed as Stripe signs, sent until somebody takes them."""

import time

import pytest
import stripe

from tests.sandbox.buying import DECLINED_CARD, GOOD_ACCOUNT, Sandbox, until
from tests.sandbox.receiver import Receiver

NOBODY_LISTENS = "http://127.0.0.1:9/webhook"


@pytest.fixture
def sandbox(fresh_sandbox: Sandbox) -> Sandbox:
    """A sandbox of the test's own, so that no other test's events arrive."""
    return fresh_sandbox


async def test_a_paid_session_is_told_signed_and_whole(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.send_events(receiver.url)
    session = await sandbox.open()
    await sandbox.pay(session)

    async def arrived() -> bool:
        return receiver.about(session.id) == ["checkout.session.completed"]

    await until(arrived)
    event = next(event for event in receiver.events if event.data.object["id"] == session.id)
    assert (event.api_version, event.livemode) == (stripe.api_version, False)
    assert event.data.object["payment_status"] == "paid"
    assert event.data.object["metadata"]["orderId"] == "ord_1"
    kept = await sandbox.sdk.v1.events.retrieve_async(event.id)
    assert (event.pending_webhooks, kept.pending_webhooks) == (1, 0)
    assert kept.to_dict() == event.to_dict() | {"pending_webhooks": 0}


async def test_each_step_of_a_payment_is_told(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send_events(receiver.url)
    session = await sandbox.open()
    await sandbox.type_in(session, DECLINED_CARD)
    await sandbox.pay(session, bank_account=GOOD_ACCOUNT)
    await sandbox.admin("POST", f"sessions/{session.id}/settle", {"succeeds": True})

    async def all_arrived() -> bool:
        return sorted(event.type for event in receiver.events) == [
            "charge.failed",
            "charge.succeeded",
            "checkout.session.async_payment_succeeded",
            "checkout.session.completed",
            "payment_intent.created",
            "payment_intent.payment_failed",
            "payment_intent.processing",
            "payment_intent.succeeded",
        ]

    await until(all_arrived)


async def test_an_event_keeps_what_was_so_when_it_happened(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.send_events(receiver.url, "hold")
    session = await sandbox.open()
    await sandbox.pay(session, bank_account=GOOD_ACCOUNT)
    await sandbox.admin("POST", f"sessions/{session.id}/settle", {"succeeds": True})
    await sandbox.admin("POST", "webhooks/release")

    async def arrived() -> bool:
        return len(receiver.about(session.id)) == 2

    await until(arrived)
    told = {
        event.type: event.data.object["payment_status"]
        for event in receiver.events
        if event.data.object["id"] == session.id
    }
    assert told["checkout.session.completed"] == "unpaid"
    assert told["checkout.session.async_payment_succeeded"] == "paid"


async def test_an_expired_session_is_told(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send_events(receiver.url)
    by_hand, by_itself = (
        await sandbox.open(),
        await sandbox.open(expires_at=int(time.time()) + 2000),
    )
    await sandbox.admin("POST", f"sessions/{by_hand.id}/expire")
    await sandbox.skip(2001)

    async def both_arrived() -> bool:
        return [receiver.about(session.id) for session in (by_hand, by_itself)] == [
            ["checkout.session.expired"]
        ] * 2

    await until(both_arrived)


async def test_an_event_is_sent_again_ever_later_until_it_is_taken(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.send_events(receiver.url)
    session = await sandbox.open()
    receiver.answers = [500, 302]
    await sandbox.sessions.expire_async(session.id)

    async def taken() -> bool:
        return bool((await sandbox.ledger())["deliveries"][0]["delivered"])

    await until(taken)
    assert receiver.about(session.id) == ["checkout.session.expired"] * 3
    first, second, third = receiver.times
    assert second - first >= 1
    assert third - second >= 2


async def test_an_event_waits_for_a_receiver_that_is_down(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.send_events(NOBODY_LISTENS)
    session = await sandbox.open()
    await sandbox.sessions.expire_async(session.id)

    async def tried() -> bool:
        return bool((await sandbox.ledger())["deliveries"][0]["attempts"])

    async def arrived() -> bool:
        return receiver.about(session.id) == ["checkout.session.expired"]

    await until(tried)
    assert (await sandbox.ledger())["deliveries"][0]["last_status"] is None
    await sandbox.send_events(receiver.url)
    await until(arrived)


async def test_events_that_nobody_took_can_be_listed_and_sent_again(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    async def untaken() -> list[str]:
        events = sandbox.sdk.v1.events
        found = await events.list_async(
            {"delivery_success": False, "types": ["checkout.session.completed"]}
        )
        return [event.id for event in found.data]

    async def dropped() -> bool:
        return bool((await sandbox.delivery(session))["given_up"])

    await sandbox.send_events(receiver.url, "drop")
    session = await sandbox.open()
    await sandbox.pay(session)
    await until(dropped)
    event = await sandbox.completed(session)
    assert await untaken() == [event.id]
    receiver.answers = [500]
    assert await sandbox.admin("POST", f"events/{event.id}/send") == {"status": 500}
    assert await untaken() == [event.id]
    assert await sandbox.admin("POST", f"events/{event.id}/send") == {"status": 200}
    assert await untaken() == []
    taken = await sandbox.sdk.v1.events.list_async({"delivery_success": True, "limit": 100})
    assert event.id in [found.id for found in taken.data]
