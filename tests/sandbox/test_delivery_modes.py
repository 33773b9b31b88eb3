"""The ways in which webhooks can go wrong do what their names say."""

import time

import pytest
from stripe.checkout import Session

from tests.sandbox.buying import Sandbox, until
from tests.sandbox.receiver import Receiver

TOLD_OF_A_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


@pytest.fixture
def sandbox(fresh_sandbox: Sandbox) -> Sandbox:
    """A sandbox of the test's own, so that no other test's events arrive."""
    return fresh_sandbox


async def paid(sandbox: Sandbox) -> Session:
    """Return a session that has been paid."""
    session = await sandbox.open()
    await sandbox.pay(session)
    return session


async def arrive(receiver: Receiver, number: int) -> None:
    """Wait until this many events have arrived."""

    async def arrived() -> bool:
        return len(receiver.events) >= number

    await until(arrived)


async def test_a_dropped_event_is_never_sent(sandbox: Sandbox, receiver: Receiver) -> None:
    async def dropped() -> bool:
        return bool((await sandbox.delivery(session))["given_up"])

    await sandbox.send_events(receiver.url, "drop")
    session = await paid(sandbox)
    await until(dropped)
    await sandbox.send_events(receiver.url, "deliver")
    other = await paid(sandbox)
    await arrive(receiver, 4)
    assert receiver.about(session.id) == []
    assert receiver.about(other.id) == ["checkout.session.completed"]
    delivery = await sandbox.delivery(session)
    assert (delivery["attempts"], delivery["delivered"]) == (0, False)


async def test_a_doubled_event_comes_twice_the_same(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send_events(receiver.url, "double")
    await paid(sandbox)
    await arrive(receiver, 8)
    ids = [event.id for event in receiver.events]
    assert {ids.count(event_id) for event_id in ids} == {2}


async def test_a_doubled_event_that_fails_is_doubled_again_no_more(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    async def delivered() -> bool:
        return all(found["delivered"] for found in (await sandbox.ledger())["deliveries"])

    receiver.answers = [500] * 4
    await sandbox.send_events(receiver.url, "double")
    await sandbox.sessions.expire_async((await sandbox.open()).id)
    await until(delivered)
    assert len(receiver.events) == 6


async def test_held_events_come_when_they_are_released(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.send_events(receiver.url, "hold")
    session = await paid(sandbox)
    event = await sandbox.completed(session)
    await sandbox.admin("POST", f"events/{event.id}/send")
    assert [found.id for found in receiver.events] == [event.id]
    await sandbox.admin("POST", "webhooks/release")
    await arrive(receiver, 4)
    assert sorted(found.type for found in receiver.events) == sorted(TOLD_OF_A_PAYMENT)
    assert (await sandbox.admin("GET", "webhooks"))["mode"] == "deliver"


async def test_reordered_events_come_last_first(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send_events(receiver.url, "reorder")
    await paid(sandbox)
    await arrive(receiver, 4)
    assert [event.type for event in receiver.events] == TOLD_OF_A_PAYMENT[::-1]


async def test_delayed_events_come_later(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send_events(receiver.url, "delay", delay_seconds=0.7)
    before = time.time()
    await paid(sandbox)
    await arrive(receiver, 4)
    assert min(receiver.times) >= before + 0.7


async def test_what_is_set_for_one_thing_leaves_the_others(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.send_events(receiver.url)
    await sandbox.admin("PUT", "webhooks", {"mode": "double"})
    assert await sandbox.admin("GET", "webhooks") == {
        "url": receiver.url,
        "mode": "double",
        "delay_seconds": 0,
    }
